// BEP 3's bencode, strictly canonical: what decodes re-encodes to the same bytes. Input comes from strangers, so the
// decoder is iterative and counts what it makes before it makes it.
import { MAX_DEPTH, MAX_METAINFO_BYTES, MAX_TOKENS } from './constants.ts'
import { BencodeError } from './errors.ts'

/** Keys are byte strings; they are kept as one character a byte (latin1), whose order is the order of the bytes. */
export type BencodeDictionary = Map<string, BencodeValue>

/** Integers outside of what a number holds exactly are bigints. Strings are bytes; a JavaScript string encodes as UTF-8. */
export type BencodeValue = number | bigint | string | Uint8Array | readonly BencodeValue[] | BencodeDictionary

/** What {@link decode} makes: never a JavaScript string. */
export type DecodedValue = number | bigint | Uint8Array | DecodedValue[] | Map<string, DecodedValue>
export type DecodedDictionary = Map<string, DecodedValue>

export interface DecodeLimits {
  readonly maxBytes?: number
  readonly maxDepth?: number
  readonly maxTokens?: number
}

const INTEGER = 0x69 // i
const LIST = 0x6c // l
const DICTIONARY = 0x64 // d
const END = 0x65 // e
const COLON = 0x3a
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39

/** Digits of the longest integer that is read: 2^64 has 20. */
const MAX_DIGITS = 20
/** Digits of the longest length of a string: enough for the largest metainfo. */
const MAX_LENGTH_DIGITS = 10

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

/** Walks over the input; every method leaves the position behind what it read. */
function createReader(bytes: Uint8Array) {
  let at = 0

  function digits(most: number, until: number): number {
    const start = at
    while (at < bytes.length && at - start <= most && bytes[at]! >= ZERO && bytes[at]! <= NINE) at += 1
    if (at >= bytes.length) throw new BencodeError('the input ends too early', at)
    if (at - start > most) throw new BencodeError('a number with too many digits', start)
    if (bytes[at] !== until || at === start) throw new BencodeError('a number was expected', at)
    if (bytes[start] === ZERO && at - start > 1) throw new BencodeError('a number with a leading zero', start)
    return start
  }

  function text(from: number, to: number): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
  }

  function string(): Uint8Array {
    const start = digits(MAX_LENGTH_DIGITS, COLON)
    const length = Number(text(start, at))
    if (length > bytes.length - at - 1) throw new BencodeError(`a string of ${length} bytes goes beyond the end`, start)
    at += 1 + length
    return bytes.subarray(at - length, at)
  }

  return {
    position: () => at,
    skip: () => {
      at += 1
    },
    peek(): number {
      if (at >= bytes.length) throw new BencodeError('the input ends too early', at)
      return bytes[at]!
    },
    integer(): number | bigint {
      at += 1
      const negative = bytes[at] === MINUS
      if (negative) at += 1
      const start = digits(MAX_DIGITS, END)
      if (negative && bytes[start] === ZERO) throw new BencodeError('minus zero', start)
      const magnitude = text(start, at)
      at += 1
      const value = Number(magnitude)
      if (Number.isSafeInteger(value)) return negative ? -value : value
      return negative ? -BigInt(magnitude) : BigInt(magnitude)
    },
    string,
    key(last: string | null): string {
      const start = at
      const key = string()
      const name = text(at - key.length, at)
      if (last !== null && name <= last) {
        throw new BencodeError(name === last ? 'the same key twice' : 'keys that are not sorted', start)
      }
      return name
    },
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
    } else if (item instanceof Uint8Array) {
      words += `${item.length}:`
      flush()
      parts.push(item)
      bytes += item.length
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
