import { expect } from 'chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { createFrameSplitter, type Frame, type FrameSplitter } from '../../../src/discovery/frame-splitter.ts'
import { copyTo, type Places } from '../../../src/discovery/placed-reads.ts'
import { noise } from '../../swarm/content.ts'

const DATA = 0
const UPDATE = 1
const PLACED = 5
const OTHER = 7

function frame(streamId: number, data: Uint8Array, flag = 0): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(flag, 2)
  header.writeUInt32BE(streamId, 4)
  header.writeUInt32BE(data.length, 8)
  return Buffer.concat([header, data])
}

function update(streamId: number, delta: number, flag = 0): Buffer {
  const header = frame(streamId, new Uint8Array(), flag)
  header.writeUInt8(UPDATE, 1)
  header.writeUInt32BE(delta, 8)
  return header
}

/** Memory that is filled in places of uneven lengths. */
function places(bytes: number): Places & { readonly memory: Uint8Array; readonly at: number } {
  const memory = new Uint8Array(bytes)
  let at = 0
  return {
    memory,
    get at() {
      return at
    },
    next: () => memory.subarray(at, Math.min(bytes, at + 1 + ((at * 7919) % 40_000))),
    filled(count) {
      at += count
    },
  }
}

describe('the frame splitter', () => {
  let handled: Frame[]
  let failures: Error[]
  let splitter: FrameSplitter

  beforeEach(() => {
    handled = []
    failures = []
    splitter = createFrameSplitter({
      maxFrameBytes: 1_000_000,
      handle: (one) => void handled.push(one),
      failed: (error) => void failures.push(error),
    })
  })

  function feed(bytes: Uint8Array, chunk: number): void {
    for (let at = 0; at < bytes.length; at += chunk) copyTo(splitter, bytes.subarray(at, at + chunk))
  }

  for (const chunk of [1, 11, 16_384, 1_000_000]) {
    it(`gives each stream its data and the muxer its frames, from chunks of ${chunk} bytes`, () => {
      const target = places(300_000)
      splitter.place(PLACED, target)
      const [placed, other] = [noise(300_000, 3), noise(150_000, 4)]
      const wire = Buffer.concat([
        frame(PLACED, placed.subarray(0, 100_000)),
        update(OTHER, 77),
        frame(OTHER, other),
        frame(PLACED, placed.subarray(100_000, 100_001)),
        frame(PLACED, new Uint8Array(), 4),
        frame(PLACED, placed.subarray(100_001), 4),
      ])
      feed(wire, chunk)
      expect(failures).to.deep.equal([])
      expect(Buffer.compare(target.memory, placed)).to.equal(0)
      const lengths = handled.map(({ header, data }) => [header.type, header.streamID, header.length, data?.byteLength])
      expect(lengths).to.deep.equal([
        [DATA, PLACED, 100_000, 0],
        [UPDATE, OTHER, 77, undefined],
        [DATA, OTHER, 150_000, 150_000],
        [DATA, PLACED, 1, 0],
        [DATA, PLACED, 0, 0],
        [DATA, PLACED, 199_999, 0],
      ])
      expect(handled.at(-1)?.header.flag).to.equal(4)
      expect(Buffer.compare((handled[2]?.data ?? new Uint8ArrayList()).subarray(), other)).to.equal(0)
    })
  }

  it('gives a stream that is placed in the middle of its frame all of that frame', () => {
    const target = places(50_000)
    const wire = frame(PLACED, noise(50_000, 5))
    feed(wire.subarray(0, 20_000), 3_000)
    splitter.place(PLACED, target)
    feed(wire.subarray(20_000), 3_000)
    expect(Buffer.compare(target.memory, noise(50_000, 5))).to.equal(0)
    expect(handled.map(({ data }) => data?.byteLength)).to.deep.equal([0])
  })

  it('writes nothing into the places of a stream that was released, and goes on with the next frame', () => {
    const target = places(50_000)
    splitter.place(PLACED, target)
    const wire = frame(PLACED, noise(50_000, 5))
    feed(wire.subarray(0, 20_000), 3_000)
    expect(splitter.release(PLACED)).to.equal(true)
    feed(Buffer.concat([wire.subarray(20_000), frame(OTHER, noise(10, 1))]), 3_000)
    expect(target.at).to.equal(20_000 - 12)
    expect(target.memory.subarray(target.at).every((byte) => byte === 0)).to.equal(true)
    expect(handled.map(({ header }) => [header.streamID, header.length])).to.deep.equal([
      [PLACED, 50_000],
      [OTHER, 10],
    ])
    expect(splitter.release(PLACED)).to.equal(false)
  })

  it('ends at a frame of another version, a longer one than a window, and an empty place', () => {
    const version = frame(OTHER, new Uint8Array(3))
    version.writeUInt8(1, 0)
    for (const wire of [version, frame(OTHER, new Uint8Array(0)).fill(0xff, 8), null]) {
      const before = failures.length
      const own = createFrameSplitter({
        maxFrameBytes: 1_000_000,
        handle: () => undefined,
        failed: (error) => void failures.push(error),
      })
      own.place(PLACED, { next: () => new Uint8Array(), filled: () => undefined })
      copyTo(own, wire ?? frame(PLACED, new Uint8Array(3)))
      copyTo(own, frame(OTHER, new Uint8Array(100_000)))
      expect(failures.length, String(failures.at(-1))).to.equal(before + 1)
    }
    expect(handled).to.deep.equal([])
  })
})
