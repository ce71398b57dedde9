// Keys that sign: a session key that lives for one download (native, no wallet), and a sponsor's or seeder's account.

import secp256k1 from 'secp256k1'
import { type Address, getAddress, type LocalAccount } from 'viem'
import { BitCdnError } from '../errors.ts'
import { fromHex, toHex } from './bytes.ts'
import type { Digest } from './domain.ts'
import { keccak256 } from './keccak.ts'
import { compactFromWallet, compactSignature, isSignedBy } from './signature.ts'
import { type Statement, typedData } from './typed-data.ts'
import type { CompactSignature } from './types.ts'

/** Whatever can sign a statement: a session key, or an account through {@link signerFromAccount}. */
export interface Signer {
  readonly address: Address
  /** `statement` is what `digest` was made of: a key in another process shows and hashes it itself. */
  sign(digest: Digest, statement: Statement): CompactSignature | Promise<CompactSignature>
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
    address: getAddress(toHex(keccak256(point.subarray(1)), 12)),
    privateKey: toHex(secret),
    sign(digest) {
      const { signature, recid } = secp256k1.ecdsaSign(digest, secret)
      return compactSignature(signature, recid)
    },
  }
}

/**
 * A viem account: with its key in this process (private key, mnemonic), or one that signs typed data elsewhere. Such a
 * signature is checked before it is used; throws `protocol` when the account did not make it.
 */
export function signerFromAccount(account: LocalAccount): Signer {
  return {
    address: getAddress(account.address),
    async sign(digest, statement) {
      if (account.sign !== undefined) return compactFromWallet(await account.sign({ hash: toHex(digest) }))
      const signature = compactFromWallet(await account.signTypedData(typedData(statement)))
      if (isSignedBy(digest, signature, account.address)) return signature
      throw new BitCdnError(
        'protocol',
        `${account.address} signed something else than the ${statement.type} asked for.`,
        {
          advice: 'Nothing was sent. Check the wallet that signs for this account.',
        },
      )
    },
  }
}

function newSecret(): Uint8Array {
  for (;;) {
    const secret = crypto.getRandomValues(new Uint8Array(32))
    if (secp256k1.privateKeyVerify(secret)) return secret
  }
}
