// Fixed-width big-endian fields, as the signed structs, the lane keys and the settlement batch have them.
import type { Hex } from 'viem'
import { malformed } from './errors.ts'

const HEX: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Writes `value` as `width` bytes at `offset`. Throws `protocol` when it is negative or too large. */
export function writeUint(target: Uint8Array, offset: number, width: number, value: bigint, what: string): void {
  if (value < 0n || value >> BigInt(width * 8) !== 0n)
    throw malformed(what, value, `an unsigned ${width * 8}-bit number`)
  if (width <= 6) {
    let rest = Number(value)
    for (let i = offset + width - 1; i >= offset; i--) {
      target[i] = rest % 256
      rest = Math.floor(rest / 256)
    }
    return
  }
  let rest = value
  for (let i = offset + width - 1; i >= offset; i--) {
    target[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
}

export function readUint(source: Uint8Array, offset: number, width: number): bigint {
  let value = 0n
  for (let i = offset; i < offset + width; i++) value = (value << 8n) | BigInt(source[i] as number)
  return value
}

/** Writes exactly `width` bytes of hex at `offset`. Throws `protocol` on another length or a foreign digit. */
export function writeHex(target: Uint8Array, offset: number, width: number, hex: Hex, what: string): void {
  if (hex.length !== 2 + width * 2 || !hex.startsWith('0x')) throw malformed(what, hex, `${width} bytes as 0x-hex`)
  for (let i = 0; i < width; i++) {
    const high = digit(hex.charCodeAt(2 + i * 2))
    const low = digit(hex.charCodeAt(3 + i * 2))
    if (high < 0 || low < 0) throw malformed(what, hex, `${width} bytes as 0x-hex`)
    target[offset + i] = high * 16 + low
  }
}

export function fromHex(hex: Hex, width: number, what: string): Uint8Array {
  const bytes = new Uint8Array(width)
  writeHex(bytes, 0, width, hex, what)
  return bytes
}

export function toHex(bytes: Uint8Array, start = 0, end = bytes.length): Hex {
  let hex = '0x'
  for (let i = start; i < end; i++) hex += HEX[bytes[i] as number]
  return hex as Hex
}

function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 0x20
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
