import { expect } from 'chai'
import fc from 'fast-check'
import { BitCdnError } from '../../../src/errors.ts'
import { createFrameParser, decodeMessage, encodeMessage, type FrameParser } from '../../../src/transfer/frames.ts'
import { Message } from '../../../src/transfer/generated/wire.js'
import { ProtocolError } from '../../../src/transfer/index.ts'

const UNIT = 128 * 1024

interface Seen {
  readonly messages: Message[]
  readonly data: { piece: number; offset: number; bytes: Uint8Array }[]
}

function parserInto(seen: Seen, limit = 64 * 1024): FrameParser {
  let target = new Uint8Array()
  return createFrameParser({
    maxMessageBytes: () => limit,
    message: (message) => seen.messages.push(message),
    place(header) {
      target = new Uint8Array(header.length)
      return target
    },
    data: ({ piece, offset }) => seen.data.push({ piece, offset, bytes: target }),
  })
}

/** Feeds bytes in chunks of `step`, as a stream would. */
function feed(parser: FrameParser, bytes: Uint8Array, step: number): void {
  for (let at = 0; at < bytes.length; ) {
    const place = parser.next()
    const count = Math.min(place.length, step, bytes.length - at)
    place.set(bytes.subarray(at, at + count))
    at += count
    parser.filled(count)
  }
}

describe('the frame parser', () => {
  const raw = Uint8Array.from({ length: UNIT + 5 }, (_, i) => i * 7)
  const stream = Buffer.concat([
    encodeMessage({ want: { piece: 3, offset: UNIT, length: UNIT, hashes: true } }),
    encodeMessage({ data: { piece: 3, offset: UNIT, length: raw.length } }),
    raw,
    encodeMessage({ hashes: { piece: 3, roots: Uint8Array.from({ length: 64 }, (_, i) => i) } }),
    encodeMessage({ held: { bytesServed: 2n ** 47n, window: 1n } }),
  ])

  for (const step of [1, 2, 13, 4096, stream.length]) {
    it(`gives the same messages and data from chunks of ${step} bytes`, () => {
      const seen: Seen = { messages: [], data: [] }
      const parser = parserInto(seen)
      feed(parser, stream, step)
      expect(
        seen.messages.map((message) => Object.keys(message).filter((key) => message[key as never] !== undefined)),
      ).to.deep.equal([['want'], ['hashes'], ['held']])
      expect(Buffer.compare(seen.data[0]?.bytes ?? new Uint8Array(), raw)).to.equal(0)
      expect(seen.messages[1]?.hashes?.roots[63], 'memory of a message is its own').to.equal(63)
      expect(parser.atBoundary).to.equal(true)
    })
  }

  it('knows that a stream must not end within a frame', () => {
    const parser = parserInto({ messages: [], data: [] })
    feed(parser, stream.subarray(0, stream.length - 1), 4096)
    expect(parser.atBoundary).to.equal(false)
  })

  it('refuses a message longer than what is awaited, before it takes memory for it', () => {
    const parser = parserInto({ messages: [], data: [] }, 100)
    expect(() => feed(parser, Uint8Array.of(0x80, 0x80, 0x04), 3)).to.throw(ProtocolError, '65536')
  })

  it('refuses a length of more than four bytes', () => {
    const parser = parserInto({ messages: [], data: [] })
    expect(() => feed(parser, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x01), 5)).to.throw(ProtocolError)
  })

  it('refuses data that is longer than a megabyte or does not begin at a unit', () => {
    for (const data of [
      { piece: 0, offset: 0, length: 2 ** 20 + 1 },
      { piece: 0, offset: 5, length: UNIT },
      { piece: 0, offset: 0, length: 0 },
    ]) {
      const parser = parserInto({ messages: [], data: [] })
      expect(() => feed(parser, encodeMessage({ data }), 64)).to.throw(ProtocolError)
    }
  })

  it('refuses more elements of a repeated field than its cap', () => {
    const have = Message.encode({ have: { pieces: Array.from({ length: 4097 }, () => 0) } })
    expect(() => decodeMessage(have)).to.throw(ProtocolError)
  })

  it('answers random bytes with messages or a typed error, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 400 }), (bytes, step) => {
        try {
          feed(parserInto({ messages: [], data: [] }), bytes, step)
        } catch (error) {
          expect(error).to.be.instanceOf(BitCdnError)
        }
      }),
      { numRuns: 20_000 },
    )
  })

  it('answers damaged messages with a message or a typed error, and nothing else', () => {
    const address = new Uint8Array(20)
    const whole = Message.encode({
      hello: {
        contentId: new Uint8Array(32),
        session: {
          ...{ sponsor: address, lane: 1n, pricePerGiB: 5n, index: 0n, session: new Uint8Array(24), maxBytes: 7n },
          ...{ expiry: 9n, head: new Uint8Array(24), signer: address, signature: new Uint8Array(64) },
          ...{ from: new Uint8Array(24), lines: [{ sessionKey: address, maxBytes: 1n }], proof: new Uint8Array(64) },
          sessionKey: address,
        },
      },
    })
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, length) => {
        const damaged = Uint8Array.from(whole)
        damaged[at] = value
        try {
          decodeMessage(damaged.subarray(0, length))
        } catch (error) {
          expect(error).to.be.instanceOf(ProtocolError)
        }
      }),
      { numRuns: 20_000 },
    )
  })
})
