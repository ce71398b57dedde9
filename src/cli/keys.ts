import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Hex, isHex, size } from 'viem'
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { BitCdnError } from '../errors.ts'
import type { Settings } from './settings.ts'

/*
 * A wallet key is a file of 64 hex digits that only its owner may read (mode 0600), in `keys/` of the data folder.
 * Keys are never taken from arguments, which other users of a machine can see.
 */

/** Where the key `name` is kept; anything with a slash or a dot in it is a path of its own. */
export function keyPath(settings: Settings, name: string): string {
  return /[/\\.]/.test(name) ? resolve(name) : settings.path('keys', `${name}.key`)
}

/** Where a new key goes: always into `keys/` of the data folder, which is what people back up. */
export function newKeyPath(settings: Settings, name: string): string {
  if (/^[\w-][\w.-]*$/.test(name)) return settings.path('keys', `${name}.key`)
  throw new BitCdnError('usage', `"${name}" is no name for a key.`, {
    advice: 'Use letters, digits, "-", "_" and "."; the key is kept in the data folder (--home).',
  })
}

/** Makes a key, or keeps the given one. Never overwrites: a lost key is lost money. */
export function saveKey(path: string, key: Hex = generatePrivateKey()): PrivateKeyAccount {
  const account = accountOf(key, path)
  if (existsSync(path)) {
    throw new BitCdnError('usage', `There is a key at ${path} already; it is not overwritten.`, {
      advice: 'Choose another name, or move the old file away if you are sure that it holds no money.',
    })
  }
  try {
    writeFileSync(path, `${key.slice(2)}\n`, { mode: 0o600, flag: 'wx' })
    chmodSync(path, 0o600)
  } catch (cause) {
    throw new BitCdnError('disk-failed', `The key cannot be written to ${path}: ${(cause as Error).message}`, { cause })
  }
  return account
}

export function loadKey(settings: Settings): PrivateKeyAccount {
  const name = settings.required('key')
  const path = keyPath(settings, name)
  let content: string
  try {
    const found = statSync(path)
    if (!found.isFile() || found.size > 200) {
      throw new BitCdnError('file-invalid', `${path} is no key file.`, {
        advice: 'Name a key of the data folder, or a file of 64 hex digits.',
      })
    }
    const mode = found.mode & 0o077
    if (mode !== 0 && process.platform !== 'win32') {
      throw new BitCdnError(
        'file-invalid',
        `Others may read the key file ${path} (mode ${(mode | 0o600).toString(8)}).`,
        {
          advice: `Run: chmod 600 ${path}`,
        },
      )
    }
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof BitCdnError) throw cause
    throw new BitCdnError('file-missing', `There is no wallet key at ${path}.`, {
      advice: `Make one with "bitcdn key new${name === 'default' ? '' : ` ${name}`}", bring one with "bitcdn key import", or name another with --key.`,
      cause,
    })
  }
  return accountOf(parseKey(content, path), path)
}

/** Reads 64 hex digits, with or without 0x and white space around them. Never repeats them in an error. */
export function parseKey(content: string, source: string): Hex {
  const digits = content.trim().replace(/^0x/, '')
  const key: Hex = `0x${digits}`
  if (!isHex(key) || size(key) !== 32) {
    throw new BitCdnError('file-invalid', `${source} does not hold a private key of 64 hex digits.`)
  }
  return key
}

function accountOf(key: Hex, source: string): PrivateKeyAccount {
  try {
    return privateKeyToAccount(key)
  } catch {
    throw new BitCdnError('file-invalid', `${source} holds 64 hex digits that are no valid private key.`)
  }
}
