// One form of signature on the wire and in the batch: EIP-2098, 64 bytes, low s. Anything else is refused, so that a
// receipt has one encoding (its identity is session and bytes, never these bytes).

import secp256k1 from 'secp256k1'
import { type Address, getAddress } from 'viem'
import { fromHex, toHex, writeHex } from './bytes.ts'
import type { Digest } from './domain.ts'
import { malformed } from './errors.ts'
import { keccak256 } from './keccak.ts'
import type { CompactSignature } from './types.ts'

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n
const scratch = new Uint8Array(64)
const publicKey = new Uint8Array(65)

/** r ‖ (yParity << 255 | s) from r ‖ s with a low s. */
export function compactSignature(rs: Uint8Array, recoveryId: number): CompactSignature {
  const bytes = Uint8Array.from(rs)
  if (recoveryId === 1) bytes[32] = (bytes[32] as number) | 0x80
  return toHex(bytes)
}

/** From the 65 bytes r ‖ s ‖ v that wallets answer (v is 0, 1, 27 or 28); s may be high and is turned round. */
export function compactFromWallet(signature: `0x${string}`): CompactSignature {
  const bytes = fromHex(signature, 65, 'The wallet’s signature')
  const v = bytes[64] as number
  const parity = v >= 27 ? v - 27 : v
  if (parity > 1) throw malformed('The wallet’s signature', signature, 'v to be 0, 1, 27 or 28')
  const rs = secp256k1.signatureNormalize(Uint8Array.from(bytes.subarray(0, 64)))
  const turned = rs.some((byte, i) => byte !== bytes[i])
  return compactSignature(rs, turned ? 1 - parity : parity)
}

/** Throws `protocol` unless it is 64 bytes in EIP-2098 form with a low s. */
export function checkSignatureForm(signature: CompactSignature): void {
  writeHex(scratch, 0, 64, signature, 'A signature')
  if (isHigh(scratch)) throw malformed('A signature', signature, 'the low form of s')
}

/** Who signed, or null when the bytes are no signature in the one form that is accepted. Never throws. */
export function recoverSigner(digest: Digest, signature: CompactSignature): Address | null {
  const address = recover(digest, signature)
  return address === null ? null : getAddress(toHex(address, 12))
}

/** Whether `signer` signed `digest`. Never throws; another encoding of a good signature is a bad one. */
export function isSignedBy(digest: Digest, signature: CompactSignature, signer: Address): boolean {
  const address = recover(digest, signature)
  return address !== null && toHex(address, 12) === signer.toLowerCase()
}

function recover(digest: Digest, signature: CompactSignature): Uint8Array | null {
  try {
    writeHex(scratch, 0, 64, signature, 'A signature')
    const parity = (scratch[32] as number) >> 7
    if (isHigh(scratch)) return null
    scratch[32] = (scratch[32] as number) & 0x7f
    secp256k1.ecdsaRecover(scratch, parity, digest, false, publicKey)
    return keccak256(publicKey.subarray(1))
  } catch {
    return null // r or s is zero or out of range, or no point lies above r
  }
}

function isHigh(signature: Uint8Array): boolean {
  // s < 2^254 is low for certain; only the rest needs the long comparison.
  if (((signature[32] as number) & 0x7f) < 0x7f) return false
  return (BigInt(toHex(signature, 32)) & (2n ** 255n - 1n)) > HALF_ORDER
}
