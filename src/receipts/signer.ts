// Keys that sign: a session key that lives for one download (native, no wallet), and a sponsor's or seeder's account.

import secp256k1 from 'secp256k1'
import { type Address, getAddress, keccak256, type LocalAccount } from 'viem'
import { BitCdnError } from '../errors.ts'
import { fromHex, toHex } from './bytes.ts'
import type { Digest } from './domain.ts'
import { compactFromWallet, compactSignature } from './signature.ts'
import type { CompactSignature } from './types.ts'

/** Whatever can sign a digest: a session key, or an account through {@link signerFromAccount}. */
export interface Signer {
  readonly address: Address
  sign(digest: Digest): CompactSignature | Promise<CompactSignature>
}

export interface SessionKey extends Signer {
  /** Deterministic (RFC 6979), low s, EIP-2098. */
  sign(digest: Digest): CompactSignature
  /** 32 bytes: to be stored with an interrupted download and nowhere else. */
  readonly privateKey: `0x${string}`
}

/** A new key for one download, or a stored one. Throws `protocol` when the bytes are no private key. */
export function createSessionKey(privateKey?: `0x${string}`): SessionKey {
  const secret = privateKey === undefined ? newSecret() : fromHex(privateKey, 32, 'The session’s private key')
  if (!secp256k1.privateKeyVerify(secret)) {
    throw new BitCdnError('protocol', 'The private key of the session is zero or above the order of secp256k1.', {
      advice: 'Begin the download anew: a new key is made for it.',
    })
  }
  const point = secp256k1.publicKeyCreate(secret, false)
  return {
    address: getAddress(toHex(keccak256(point.subarray(1), 'bytes'), 12)),
    privateKey: toHex(secret),
    sign(digest) {
      const { signature, recid } = secp256k1.ecdsaSign(digest, secret)
      return compactSignature(signature, recid)
    },
  }
}

/** A viem account that holds its key here (private key, mnemonic, or a custom one with `sign`). */
export function signerFromAccount(account: LocalAccount): Signer {
  return {
    address: getAddress(account.address),
    async sign(digest) {
      if (account.sign === undefined) {
        throw new BitCdnError('usage', `The account ${account.address} cannot sign a hash.`, {
          advice: 'Use an account made from a private key or a mnemonic.',
        })
      }
      return compactFromWallet(await account.sign({ hash: toHex(digest) }))
    },
  }
}

function newSecret(): Uint8Array {
  for (;;) {
    const secret = crypto.getRandomValues(new Uint8Array(32))
    if (secp256k1.privateKeyVerify(secret)) return secret
  }
}
