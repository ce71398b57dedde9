// BEP 3's bencode, strictly canonical: what decodes re-encodes to the same bytes. Input comes from strangers, so the
// decoder is iterative and counts what it makes before it makes it.
import { createReader, DICTIONARY, END, INTEGER, LIST } from './bencode-reader.ts'
import { MAX_DEPTH, MAX_METAINFO_BYTES, MAX_TOKENS } from './constants.ts'
import { BencodeError } from './errors.ts'

/** Keys are byte strings; they are kept as one character a byte (latin1), whose order is the order of the bytes. */
export type BencodeDictionary = Map<string, BencodeValue>

/** Integers outside of what a number holds exactly are bigints. Strings are bytes; a JavaScript string encodes as UTF-8. */
export type BencodeValue = number | bigint | string | Uint8Array | Encoded | readonly BencodeValue[] | BencodeDictionary

/** A value that is bencoded already: it is written as it stands. */
export class Encoded {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** What {@link decode} makes: never a JavaScript string. */
export type DecodedValue = number | bigint | Uint8Array | DecodedValue[] | Map<string, DecodedValue>
export type DecodedDictionary = Map<string, DecodedValue>

export interface DecodeLimits {
  readonly maxBytes?: number
  readonly maxDepth?: number
  readonly maxTokens?: number
}

/** A container that is being filled. */
interface Open {
  readonly into: DecodedValue[] | DecodedDictionary
  /** The key that waits for its value; dictionaries only. */
  key: string | null
  lastKey: string | null
}

/**
 * Decodes one value that must fill the whole input. Byte strings are views into `bytes`.
 * Throws {@link BencodeError} for anything that is not canonical: unsorted or repeated keys, leading zeros, `-0`, rest bytes.
 */
export function decode(bytes: Uint8Array, limits: DecodeLimits = {}): DecodedValue {
  const maxBytes = limits.maxBytes ?? MAX_METAINFO_BYTES
  const maxDepth = limits.maxDepth ?? MAX_DEPTH
  const maxTokens = limits.maxTokens ?? MAX_TOKENS
  if (bytes.length > maxBytes) throw new BencodeError(`${bytes.length} bytes, more than the ${maxBytes} allowed`, 0)

  const reader = createReader(bytes)
  const open: Open[] = []
  let tokens = 0
  for (;;) {
    const top = open.at(-1)
    let value: DecodedValue
    if (top !== undefined && reader.peek() === END) {
      if (top.key !== null) throw new BencodeError('a key without a value', reader.position())
      reader.skip()
      open.pop()
      value = top.into
    } else {
      tokens += 1
      if (tokens > maxTokens) {
        throw new BencodeError(`more than the ${maxTokens} values allowed`, reader.position())
      }
      if (top !== undefined && top.into instanceof Map && top.key === null) {
        top.key = reader.key(top.lastKey)
        continue
      }
      const kind = reader.peek()
      if (kind === LIST || kind === DICTIONARY) {
        if (open.length >= maxDepth) throw new BencodeError(`deeper than ${maxDepth} levels`, reader.position())
        reader.skip()
        open.push({ into: kind === LIST ? [] : new Map(), key: null, lastKey: null })
        continue
      }
      value = kind === INTEGER ? reader.integer() : reader.string()
    }
    const parent = open.at(-1)
    if (parent === undefined) {
      if (reader.position() !== bytes.length) throw new BencodeError('bytes behind the value', reader.position())
      return value
    }
    put(parent, value)
  }
}

function put(parent: Open, value: DecodedValue): void {
  if (parent.into instanceof Map) {
    parent.into.set(parent.key as string, value)
    parent.lastKey = parent.key
    parent.key = null
  } else {
    parent.into.push(value)
  }
}

/** Encodes one value; dictionary keys (latin1, one character a byte) are sorted. */
export function encode(value: BencodeValue): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = []
  let bytes = 0
  let words = ''
  const flush = (): void => {
    if (words === '') return
    const part = Buffer.from(words, 'latin1')
    parts.push(part)
    bytes += part.length
    words = ''
  }
  const write = (item: BencodeValue, depth: number): void => {
    if (typeof item === 'number' || typeof item === 'bigint') {
      if (typeof item === 'number' && !Number.isSafeInteger(item))
        throw new BencodeError(`${item} is no integer`, bytes)
      words += `i${item}e`
    } else if (typeof item === 'string') {
      const utf8 = Buffer.from(item, 'utf8')
      words += `${utf8.length}:${utf8.toString('latin1')}`
    } else if (item instanceof Uint8Array || item instanceof Encoded) {
      if (item instanceof Uint8Array) words += `${item.length}:`
      flush()
      const part = item instanceof Encoded ? item.bytes : item
      parts.push(part)
      bytes += part.length
    } else {
      if (depth >= MAX_DEPTH) throw new BencodeError(`deeper than ${MAX_DEPTH} levels`, bytes)
      if (item instanceof Map) {
        words += 'd'
        for (const key of [...item.keys()].sort(byBytes)) {
          words += `${key.length}:${key}`
          write(item.get(key) as BencodeValue, depth + 1)
        }
      } else {
        words += 'l'
        for (const element of item as readonly BencodeValue[]) write(element, depth + 1)
      }
      words += 'e'
    }
  }
  write(value, 0)
  flush()
  return concat(parts, bytes)
}

/** A dictionary key for a text: its UTF-8 bytes, one character each. */
export function keyOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The bytes of a dictionary key. */
export function bytesOfKey(key: string): Uint8Array {
  return Buffer.from(key, 'latin1')
}

/** The order of dictionary keys: of their bytes, not of any language. */
export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function concat(parts: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
