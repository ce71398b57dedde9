// What comes over HTTP is unknown until it was read here. Each reader answers the typed value or throws `protocol`,
// naming the field; the gateway and its client share them, so both sides refuse the same things.
import { type Address, getAddress, type Hex, isAddress } from 'viem'
import { BitCdnError } from '../errors.ts'

export type Json = Readonly<Record<string, unknown>>

export function readObject(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object')
  return value as Json
}

/** At most `limit` elements. */
export function readList<T>(
  value: unknown,
  name: string,
  limit: number,
  read: (element: unknown, name: string) => T,
): T[] {
  if (!Array.isArray(value)) throw wrong(name, 'a list')
  if (value.length > limit) throw wrong(name, `a list of at most ${limit} elements`)
  return value.map((element, at) => read(element, `${name}[${at}]`))
}

export function readText(value: unknown, name: string, limit: number): string {
  if (typeof value !== 'string' || value.length > limit) throw wrong(name, `a text of at most ${limit} characters`)
  return value
}

/** ISO 8601. */
export function readTime(value: unknown, name: string): Date {
  const time = new Date(readText(value, name, 64))
  if (Number.isNaN(time.getTime())) throw wrong(name, 'a time as ISO 8601')
  return time
}

export function readAddress(value: unknown, name: string): Address {
  if (typeof value !== 'string' || !isAddress(value, { strict: false })) throw wrong(name, 'an address')
  return getAddress(value)
}

/** `0x` and exactly `bytes` bytes, in lower case. */
export function readHex(value: unknown, name: string, bytes: number): Hex {
  const hex = readHexUpTo(value, name, bytes)
  if (hex.length !== 2 + bytes * 2) throw wrong(name, `${bytes} bytes in hex`)
  return hex
}

/** `0x` and whole bytes, at most `bytes` of them, in lower case. */
export function readHexUpTo(value: unknown, name: string, bytes: number): Hex {
  if (typeof value !== 'string' || value.length > 2 + bytes * 2 || !/^0x(?:[0-9a-fA-F]{2})*$/.test(value)) {
    throw wrong(name, `at most ${bytes} bytes in hex`)
  }
  return value.toLowerCase() as Hex
}

/** A decimal string of an unsigned integer of `bits` bits. */
export function readUint(value: unknown, name: string, bits: number): bigint {
  if (typeof value !== 'string' || !/^(?:0|[1-9]\d{0,77})$/.test(value)) throw wrong(name, 'a decimal string')
  const number = BigInt(value)
  if (number >= 1n << BigInt(bits)) throw wrong(name, `below 2^${bits}`)
  return number
}

/** A JSON number that is a whole one, from 0 to `most`. */
export function readCount(value: unknown, name: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > most) {
    throw wrong(name, `a whole number from 0 to ${most}`)
  }
  return value
}

/** 64 hex digits; answers them in lower case without a prefix. */
export function readContentId(value: unknown, name: string): string {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]{64}$/.test(value)) throw wrong(name, 'a content id (64 hex digits)')
  return value.toLowerCase()
}

function wrong(name: string, expected: string): BitCdnError {
  return new BitCdnError('protocol', `'${name}' is not ${expected}.`, {
    advice: 'See docs/API.md for the fields of this request.',
  })
}
