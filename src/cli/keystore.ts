// Keys encrypted under a password, as Ethereum wallets exchange them: Web3 Secret Storage version 3. Written with
// scrypt; read with scrypt and PBKDF2. The library is loaded only where a keystore is met: commands start without it.
import type { Hex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { BitCdnError } from '../errors.ts'
import { scrypt } from './scrypt.ts'

/** The JSON text of a new keystore. */
export async function encryptKey(privateKey: Hex, password: string): Promise<string> {
  const { encryptKeystoreJson } = await library()
  return encryptKeystoreJson({ address: privateKeyToAddress(privateKey), privateKey }, password)
}

/** Throws `wrong-password`, or `file-invalid` when `text` is no keystore; `source` names the file in the message. */
export async function decryptKey(text: string, password: string, source: string): Promise<Hex> {
  const { decryptKeystoreJson } = await library()
  try {
    return (await decryptKeystoreJson(text, password)).privateKey as Hex
  } catch (error) {
    if (error instanceof Error && /incorrect password/.test(error.message)) {
      throw new BitCdnError('wrong-password', `The password does not open the key in ${source}.`, {
        advice: 'Try again; nothing was changed. Without the password nobody can open this key.',
      })
    }
    throw new BitCdnError('file-invalid', `${source} is no keystore of version 3 that can be read here.`, {
      advice: 'Export the key again from where it came from; keystores with scrypt or PBKDF2 are understood.',
    })
  }
}

/** With the native scrypt in it: seconds of a key's life are enough. */
async function library(): Promise<typeof import('ethers/wallet')> {
  const { scrypt: slot } = await import('ethers/crypto')
  slot.register(async (password, salt, N, r, p, length) => scrypt(password, salt, { N, r, p }, length))
  return import('ethers/wallet')
}

/** Whether this is a keystore rather than bare hex digits. */
export function isKeystore(content: string): boolean {
  return content.trimStart().startsWith('{')
}

/** The address that a keystore states about itself, or null: not proven until the password has opened it. */
export function statedAddress(text: string): Hex | null {
  try {
    const { address } = JSON.parse(text) as { address?: unknown }
    const digits = typeof address === 'string' ? address.replace(/^0x/i, '') : ''
    return /^[0-9a-f]{40}$/i.test(digits) ? `0x${digits}` : null
  } catch {
    return null
  }
}
