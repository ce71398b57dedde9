// Reading decoded bencode by name and type, with errors that say which field is wrong.
import { type DecodedDictionary, type DecodedValue, decode } from './bencode.ts'
import { type Spans, spansOf } from './bencode-spans.ts'
import { MetainfoError } from './errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as text; throws a {@link MetainfoError} when they are not UTF-8. */
export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new MetainfoError(`The ${what} is not valid UTF-8.`, { cause })
  }
}

/** The entries of a bencoded dictionary, their values still encoded. */
export function spansIn(bytes: Uint8Array | undefined, what: string): Spans {
  const spans = bytes === undefined ? null : spansOf(bytes)
  if (spans !== null) return spans
  throw new MetainfoError(`The ${what} is ${bytes === undefined ? 'missing' : 'not a dictionary'}.`)
}

/** One entry of them, decoded. */
export function decodedIn(spans: Spans, key: string): DecodedValue | undefined {
  const span = spans.get(key)
  return span === undefined ? undefined : decode(span)
}

export function dictionaryOf(value: DecodedValue | undefined, what: string): DecodedDictionary {
  if (value instanceof Map) return value
  throw new MetainfoError(`The ${what} is ${value === undefined ? 'missing' : 'not a dictionary'}.`)
}

export function listOf(value: DecodedValue | undefined, what: string): readonly DecodedValue[] {
  if (Array.isArray(value)) return value
  throw new MetainfoError(`The ${what} is ${value === undefined ? 'missing' : 'not a list'}.`)
}

export function bytesOf(value: DecodedValue | undefined, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new MetainfoError(`The ${what} is ${value === undefined ? 'missing' : 'not a string'}.`)
}

/** An integer from `least` to `most`, both at most 2^53 - 1: nothing larger is a size of anything. */
export function countOf(value: DecodedValue | undefined, what: string, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  if (value === undefined) throw new MetainfoError(`The ${what} is missing.`)
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new MetainfoError(`The ${what} is not an integer.`)
  throw new MetainfoError(`The ${what} is ${value}, not from ${least} to ${most}.`)
}

/** BEP 47's `attr`: one letter for each property. */
export function attributesOf(attributes: DecodedValue | undefined): string {
  return attributes === undefined ? '' : Buffer.from(bytesOf(attributes, 'attr of a file')).toString('latin1')
}

/** Values that are not text or not of a kind that is listed are left out: others put many things there. */
export function urlsOf(value: DecodedValue | undefined, protocols: readonly string[]): string[] {
  const found: string[] = []
  const visit = (item: DecodedValue): void => {
    if (Array.isArray(item)) item.forEach(visit)
    else if (item instanceof Uint8Array) {
      const text = Buffer.from(item).toString('utf8')
      if (isUrl(text, protocols) && !found.includes(text)) found.push(text)
    }
  }
  if (value !== undefined) visit(value)
  return found
}

/** Whether `text` is an absolute URL of one of these protocols (with the colon: `https:`). */
export function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol)
}

export const TRACKER_PROTOCOLS = ['http:', 'https:', 'udp:', 'ws:', 'wss:'] as const
export const WEB_SEED_PROTOCOLS = ['http:', 'https:'] as const
