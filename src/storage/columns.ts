// How domain values stand in columns: heads, keys and signatures as blobs, bytes and times as integers (< 2^53),
// what may pass 2^63 (lanes, prices, amounts) as decimal text.
import type { Address, Hex } from 'viem'
import { checksumAddress } from '../receipts/index.ts'

export const blob = (hex: Hex): Uint8Array => Buffer.from(hex.slice(2), 'hex')
export const hex = (value: unknown): Hex => {
  const bytes = value as Uint8Array
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}
export const address = (value: unknown): Address => checksumAddress(value as Uint8Array)
export const big = (value: unknown): bigint => BigInt(value as number | string)
