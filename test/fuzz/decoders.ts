import { buildMetainfo, decode, encodeTorrent, parseMagnet, parseTorrent } from '../../src/content/index.ts'
import { BitCdnError } from '../../src/errors.ts'
import { questionFromJson, termsFromJson, voucherQuestionFromJson } from '../../src/gateway-client/index.ts'
import { decodeBatch, encodeBatch } from '../../src/receipts/index.ts'
import { createFrameParser, encodeMessage } from '../../src/transfer/frames.ts'
import { mutate } from './mutator.ts'

/** Reads what strangers send. */
export interface Decoder {
  readonly name: string
  readonly samples: () => Promise<readonly Uint8Array[]>
  readonly decode: (bytes: Uint8Array) => unknown
}

const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const json = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined // what is no JSON never reaches our readers
  }
}
const address = `0x${'ab'.repeat(20)}` as const
const bytesOf = (count: number) => `0x${'cd'.repeat(count)}` as const

async function torrents(): Promise<Uint8Array[]> {
  const one = (path: string[], content: string) => {
    const bytes = text(content)
    return {
      path,
      length: bytes.length,
      executable: false,
      open: async function* () {
        yield bytes
      },
    }
  }
  const folder = {
    name: 'folder',
    single: false,
    files: [one(['a'], 'x'.repeat(40_000)), one(['b', 'ü'], 'hello')],
    pieceLength: 16_384,
  }
  const single = { name: 'one.bin', single: true, files: [one(['one.bin'], 'y'.repeat(70_000))], pieceLength: 16_384 }
  const built = await Promise.all([
    buildMetainfo(folder),
    buildMetainfo(single),
    buildMetainfo({ ...folder, v2Only: true }),
  ])
  return built.map(encodeTorrent)
}

const terms = {
  ...{ seeder: address, peerId: bytesOf(38), chainId: '31337', settlement: address, lanes: ['0', '1'] },
  ...{ pricePerGiB: '50000', sequence: '1', expiry: '1900000000', signer: address, signature: bytesOf(64) },
}

export const DECODERS: readonly Decoder[] = [
  { name: 'bencode', samples: torrents, decode: (bytes) => decode(bytes) },
  { name: 'metainfo', samples: torrents, decode: parseTorrent },
  {
    name: 'magnet links',
    samples: async () => [
      text(`magnet:?xt=urn:btih:${'a'.repeat(40)}&xt=urn:btmh:1220${'b'.repeat(64)}&dn=x%20y&tr=udp%3A%2F%2Ft%3A80`),
    ],
    decode: (bytes) => parseMagnet(new TextDecoder().decode(bytes)),
  },
  {
    name: 'wire frames',
    samples: async () => [
      encodeMessage({ hello: { contentId: new Uint8Array(32) } }),
      encodeMessage({ want: { piece: 1, offset: 0, length: 131_072, hashes: true } }),
      encodeMessage({ have: { pieces: [1, 2, 3] } }),
      encodeMessage({ receipt: { bytesServed: 2n ** 47n, signature: new Uint8Array(64) } }),
      encodeMessage({ data: { piece: 0, offset: 0, length: 100 } }),
    ],
    decode: (bytes) => {
      let target = new Uint8Array()
      const parser = createFrameParser({
        maxMessageBytes: () => 65_536,
        message: () => {},
        place: ({ length }) => {
          target = new Uint8Array(length)
          return target
        },
        data: () => {},
      })
      for (let at = 0; at < bytes.length; ) {
        const place = parser.next()
        const count = Math.min(place.length, bytes.length - at)
        place.set(bytes.subarray(at, at + count))
        at += count
        parser.filled(count)
      }
    },
  },
  {
    name: 'settlement batches',
    samples: async () => {
      const group = { sponsor: address, lane: 0n, pricePerGiB: 5n, delegate: null, least: null, signature: bytesOf(64) }
      const lines = [
        { maxBytes: 9n, sessionKey: address },
        { maxBytes: 9n, bytesServed: 8n, signature: bytesOf(64) },
      ]
      const batch = encodeBatch([
        { ...group, kind: 'voucher', to: bytesOf(24), amount: 7n },
        { ...group, kind: 'raw', expiry: 9n, lines },
      ])
      return [Buffer.from(batch.slice(2), 'hex')]
    },
    decode: (bytes) => decodeBatch(`0x${Buffer.from(bytes).toString('hex')}`),
  },
  { name: "a seeder's terms", samples: async () => [text(terms)], decode: (bytes) => termsFromJson(json(bytes)) },
  {
    name: 'session requests',
    samples: async () => [
      text({
        contentId: 'ab'.repeat(32),
        download: 'x',
        remaining: '1000',
        requests: [{ terms, sessionKey: address, maxBytes: '500' }],
      }),
    ],
    decode: (bytes) => questionFromJson(json(bytes)),
  },
  {
    name: 'voucher requests',
    samples: async () => {
      const receipts = [{ session: bytesOf(24), bytesServed: '5', signature: bytesOf(64) }]
      return [text({ seeder: address, lane: '0', pricePerGiB: '5', from: bytesOf(24), to: bytesOf(24), receipts })]
    },
    decode: (bytes) => voucherQuestionFromJson(json(bytes), address),
  },
]

/** What was tried, and how long the slowest input held the decoder up, ms. */
export interface Fuzzed {
  readonly inputs: number
  readonly slowest: number
}

/**
 * Feeds a decoder with damaged copies of its samples while `goOn` says so, which is asked with the number of inputs so far.
 * Throws with the input in hex when it throws anything but a typed error.
 */
export async function fuzz(
  { name, samples, decode: run }: Decoder,
  random: () => number,
  goOn: (inputs: number) => boolean,
): Promise<Fuzzed> {
  const originals = await samples()
  for (const original of originals) run(original) // what is valid is read
  let inputs = 0
  let slowest = 0
  for (; goOn(inputs); inputs++) {
    const bytes = mutate(originals, random)
    const begun = performance.now()
    try {
      run(bytes)
    } catch (error) {
      if (!(error instanceof BitCdnError)) {
        throw new Error(`${name}, input ${inputs}: ${Buffer.from(bytes).toString('hex')}`, { cause: error })
      }
    }
    slowest = Math.max(slowest, performance.now() - begun)
  }
  return { inputs, slowest }
}
