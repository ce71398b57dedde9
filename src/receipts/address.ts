import type { Address } from 'viem'
import { toHex } from './bytes.ts'
import { keccak256 } from './keccak.ts'

const ascii = new Uint8Array(40)

/** An address of 20 bytes in mixed case, as EIP-55 writes it. */
export function checksumAddress(bytes: Uint8Array): Address {
  const digits = toHex(bytes).slice(2)
  for (let i = 0; i < 40; i++) ascii[i] = digits.charCodeAt(i)
  const hash = keccak256(ascii)
  let text = '0x'
  for (let i = 0; i < 40; i++) {
    const half = ((hash[i >> 1] as number) >> (i % 2 === 0 ? 4 : 0)) & 0xf
    text += half > 7 ? (digits[i] as string).toUpperCase() : digits[i]
  }
  return text as Address
}
