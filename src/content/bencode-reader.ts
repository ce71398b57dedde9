// The smallest steps through bencode (BEP 3): one place that says what is canonical.
import { BencodeError } from './errors.ts'

export const INTEGER = 0x69 // i
export const LIST = 0x6c // l
export const DICTIONARY = 0x64 // d
export const END = 0x65 // e
const COLON = 0x3a
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39

/** Digits of the longest integer that is read: 2^64 has 20. */
const MAX_DIGITS = 20
/** Digits of the longest length of a string: enough for the largest metainfo. */
const MAX_LENGTH_DIGITS = 10

/** Digits of a number that is always a safe integer. */
const EXACT_DIGITS = 15

const BEFORE_KEYS = -1
const IN_LIST = -2

/** Walks over the input from `start`; every method leaves the position behind what it read. */
export function createReader(bytes: Uint8Array, start = 0) {
  let at = start

  function digits(most: number, until: number): number {
    const start = at
    while (at < bytes.length && at - start <= most && bytes[at]! >= ZERO && bytes[at]! <= NINE) at += 1
    if (at >= bytes.length) throw new BencodeError('the input ends too early', at)
    if (at - start > most) throw new BencodeError('a number with too many digits', start)
    if (bytes[at] !== until || at === start) throw new BencodeError('a number was expected', at)
    if (bytes[start] === ZERO && at - start > 1) throw new BencodeError('a number with a leading zero', start)
    return start
  }

  function peek(): number {
    if (at >= bytes.length) throw new BencodeError('the input ends too early', at)
    return bytes[at]!
  }

  function text(from: number, to: number): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
  }

  /** The digits from `start` on as a number, exact for as many as {@link EXACT_DIGITS}. */
  function small(start: number): number {
    let value = 0
    for (let i = start; i < at; i += 1) value = value * 10 + (bytes[i]! - ZERO)
    return value
  }

  function string(): Uint8Array {
    const start = digits(MAX_LENGTH_DIGITS, COLON)
    const length = small(start)
    if (length > bytes.length - at - 1) throw new BencodeError(`a string of ${length} bytes goes beyond the end`, start)
    at += 1 + length
    return bytes.subarray(at - length, at)
  }

  function skipInteger(): void {
    at += 1
    const negative = bytes[at] === MINUS
    if (negative) at += 1
    const first = digits(MAX_DIGITS, END)
    if (negative && bytes[first] === ZERO) throw new BencodeError('minus zero', first)
    at += 1
  }

  return {
    position: () => at,
    skip: () => {
      at += 1
    },
    /** Steps over one value, checked as `decode` checks it; nothing is made of it. Answers how many values it holds. */
    skipValue(maxDepth: number, maxTokens: number): number {
      /** For each open dictionary where its last key is; -1 before the first, -2 for a list. */
      const open: number[] = []
      const ends: number[] = []
      let tokens = 0
      do {
        const kind = peek()
        const top = open.length - 1
        if (top >= 0 && kind === END) {
          at += 1
          open.pop()
          ends.pop()
          continue
        }
        tokens += 1
        if (top >= 0 && open[top] !== IN_LIST) {
          const began = at
          const key = string()
          const from = at - key.length
          if (open[top] !== BEFORE_KEYS) {
            const order = compare(bytes, open[top]!, ends[top]!, from, at)
            if (order >= 0)
              throw new BencodeError(order === 0 ? 'the same key twice' : 'keys that are not sorted', began)
          }
          open[top] = from
          ends[top] = at
          tokens += 1
          if (peek() === END) throw new BencodeError('a key without a value', at)
        }
        if (tokens > maxTokens) throw new BencodeError(`more than the ${maxTokens} values allowed`, at)
        const value = peek()
        if (value === LIST || value === DICTIONARY) {
          if (open.length >= maxDepth) throw new BencodeError(`deeper than ${maxDepth} levels`, at)
          at += 1
          open.push(value === LIST ? IN_LIST : BEFORE_KEYS)
          ends.push(0)
        } else if (value === INTEGER) skipInteger()
        else string()
      } while (open.length > 0)
      return tokens
    },
    peek,
    integer(): number | bigint {
      at += 1
      const negative = bytes[at] === MINUS
      if (negative) at += 1
      const start = digits(MAX_DIGITS, END)
      if (negative && bytes[start] === ZERO) throw new BencodeError('minus zero', start)
      if (at - start <= EXACT_DIGITS) {
        const value = small(start)
        at += 1
        return negative ? -value : value
      }
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

/** The order of two stretches of `bytes`. */
function compare(bytes: Uint8Array, from: number, to: number, otherFrom: number, otherTo: number): number {
  const shared = Math.min(to - from, otherTo - otherFrom)
  for (let i = 0; i < shared; i += 1) {
    const order = bytes[from + i]! - bytes[otherFrom + i]!
    if (order !== 0) return order
  }
  return to - from - (otherTo - otherFrom)
}
