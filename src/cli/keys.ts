import { existsSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Address, getAddress, type Hex, isHex, size } from 'viem'
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { BitCdnError } from '../errors.ts'
import { rememberSecret } from '../secrets.ts'
import { readPrivateFile, writePrivateFile } from './files.ts'
import type { CommandIo } from './io.ts'
import { decryptKey, encryptKey, isKeystore, statedAddress } from './keystore.ts'
import { passwordFor } from './password.ts'
import type { Settings } from './settings.ts'

/*
 * A wallet key is a file that only its owner may read (mode 0600), in `keys/` of the data folder: a keystore (version 3)
 * under a password, or 64 hex digits. Keys are never taken from arguments, which other users of a machine can see.
 */

/** Where the key `name` is kept; anything with a slash or a dot in it is a path of its own. */
export function keyPath(settings: Settings, name: string): string {
  return /[/\\.]/.test(name) ? resolve(name) : join(settings.home, 'keys', `${name}.key`)
}

/** Where a new key goes: always into `keys/` of the data folder, which is what people back up. */
export function newKeyPath(settings: Settings, name: string): string {
  if (/^[\w-][\w.-]*$/.test(name)) return settings.path('keys', `${name}.key`)
  throw new BitCdnError('usage', `"${name}" is no name for a key.`, {
    advice: 'Use letters, digits, "-", "_" and "."; the key is kept in the data folder (--home).',
  })
}

/** Throws `usage` where a key is kept already: a lost key is lost money. */
export function refuseOverwriting(path: string): void {
  if (!existsSync(path)) return
  throw new BitCdnError('usage', `There is a key at ${path} already; it is not overwritten.`, {
    advice: 'Choose another name, or move the old file away if you are sure that it holds no money.',
  })
}

export function newKey(): Hex {
  return generatePrivateKey()
}

/** Keeps a key, encrypted where there is a password. Never overwrites. */
export async function saveKey(path: string, key: Hex, password: string | null): Promise<PrivateKeyAccount> {
  const account = accountOf(key, path)
  refuseOverwriting(path)
  writePrivateFile(path, await keyFile(key, password), 'key')
  return account
}

/** Puts the same key in the place of an old file, whole or not at all. */
export async function replaceKey(path: string, key: Hex, password: string | null): Promise<void> {
  const next = `${path}.new`
  rmSync(next, { force: true })
  writePrivateFile(next, await keyFile(key, password), 'key')
  renameSync(next, path)
}

/** What a key file holds. */
export async function keyFile(key: Hex, password: string | null): Promise<string> {
  return `${password === null ? key.slice(2) : await encryptKey(key, password)}\n`
}

/** The wallet key that the settings name. Throws `file-missing`, `file-invalid`, `usage`, `wrong-password`. */
export async function loadKey(settings: Settings, io: CommandIo): Promise<PrivateKeyAccount> {
  const { key, path } = await openKey(settings, io, settings.required('key'))
  return accountOf(key, path)
}

/**
 * The address of the key that the settings name. A keystore states its own, which takes no password; it is proven
 * whenever the key signs.
 */
export async function keyAddress(settings: Settings, io: CommandIo): Promise<{ address: Address; encrypted: boolean }> {
  const name = settings.required('key')
  const content = readPrivateFile(keyPath(settings, name), 'wallet key', howToGetKey(name))
  const stated = isKeystore(content) ? statedAddress(content) : null
  if (stated !== null) return { address: getAddress(stated), encrypted: true }
  const { key, path, encrypted } = await openKey(settings, io, name)
  return { address: accountOf(key, path).address, encrypted }
}

/** One key of the data folder, with what its file holds. */
export async function openKey(
  settings: Settings,
  io: CommandIo,
  name: string,
): Promise<{ key: Hex; path: string; encrypted: boolean }> {
  const path = keyPath(settings, name)
  const content = readPrivateFile(path, 'wallet key', howToGetKey(name))
  if (!isKeystore(content)) return { key: parseKey(content, path), path, encrypted: false }
  const password = await passwordFor(settings, io, `the key ${path}`)
  const key = await decryptKey(content, password, path)
  rememberSecret(key)
  return { key, path, encrypted: true }
}

function howToGetKey(name: string): string {
  const own = name === 'default' ? '' : ` ${name}`
  return `Make one with "bitcdn key new${own}", bring one with "bitcdn key import", or name another with --key.`
}

/** Reads 64 hex digits, with or without 0x and white space around them. Never repeats them in an error. */
export function parseKey(content: string, source: string): Hex {
  const digits = content.trim().replace(/^0x/, '')
  const key: Hex = `0x${digits}`
  if (!isHex(key) || size(key) !== 32) {
    throw new BitCdnError('file-invalid', `${source} does not hold a private key of 64 hex digits, nor a keystore.`)
  }
  rememberSecret(key)
  return key
}

/** Throws `file-invalid` when the digits are zero or above the order of the curve. */
export function accountOf(key: Hex, source: string): PrivateKeyAccount {
  try {
    return privateKeyToAccount(key)
  } catch {
    throw new BitCdnError('file-invalid', `${source} holds 64 hex digits that are no valid private key.`)
  }
}
