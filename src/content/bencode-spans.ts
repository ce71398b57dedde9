// Large values piece by piece: a torrent of 100,000 files is millions of values, of which few are wanted at a time.

import { type DecodedValue, decode } from './bencode.ts'
import { createReader, DICTIONARY, END, LIST } from './bencode-reader.ts'
import { MAX_DEPTH, MAX_METAINFO_BYTES, MAX_READ_TOKENS } from './constants.ts'
import { BencodeError } from './errors.ts'

/** Keys of a dictionary (latin1, one character a byte) in their order, each with its value as it is encoded. */
export type Spans = ReadonlyMap<string, Uint8Array>

/**
 * The entries of a dictionary that fills `bytes`; `null` when another kind of value does. The spans are views into `bytes`.
 * Everything is checked to be canonical, all through; nothing but the keys is made.
 *
 * @throws BencodeError as `decode`, but for up to 3,000,000 values
 */
export function spansOf(bytes: Uint8Array): Spans | null {
  check(bytes)
  const reader = createReader(bytes)
  if (reader.peek() !== DICTIONARY) return null
  reader.skip()
  const spans = new Map<string, Uint8Array>()
  for (let last: string | null = null; reader.peek() !== END; ) {
    last = reader.key(last)
    spans.set(last, spanAt(bytes, reader))
  }
  return spans
}

/** The items of a list that {@link spansOf} gave, decoded one by one; `null` when another kind of value was given. */
export function itemsOf(bytes: Uint8Array): Iterable<DecodedValue> | null {
  return bytes[0] === LIST ? items(bytes) : null
}

function* items(bytes: Uint8Array): Generator<DecodedValue> {
  const reader = createReader(bytes, 1)
  while (reader.peek() !== END) yield decode(spanAt(bytes, reader))
}

/** What the reader steps over next. */
export function spanAt(bytes: Uint8Array, reader: ReturnType<typeof createReader>): Uint8Array {
  const from = reader.position()
  reader.skipValue(MAX_DEPTH, MAX_READ_TOKENS)
  return bytes.subarray(from, reader.position())
}

function check(bytes: Uint8Array): void {
  if (bytes.length > MAX_METAINFO_BYTES) {
    throw new BencodeError(`${bytes.length} bytes, more than the ${MAX_METAINFO_BYTES} allowed`, 0)
  }
  const reader = createReader(bytes)
  reader.skipValue(MAX_DEPTH, MAX_READ_TOKENS)
  if (reader.position() !== bytes.length) throw new BencodeError('bytes behind the value', reader.position())
}
