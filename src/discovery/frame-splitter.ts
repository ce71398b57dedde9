// Cuts what arrives on a connection into frames of `/yamux/1.0.0`, and data of certain streams straight to where they want
// it: https://github.com/hashicorp/yamux/blob/master/spec.md. All else is the muxer's, which this stands in front of.
import { Uint8ArrayList } from 'uint8arraylist'
import { copyTo, type Places } from './placed-reads.ts'

/** As @libp2p/yamux has it. */
export interface FrameHeader {
  readonly type: number
  readonly flag: number
  readonly streamID: number
  readonly length: number
}

export interface Frame {
  readonly header: FrameHeader
  readonly data?: Uint8ArrayList
}

/** Where the data of one stream goes. Neither call may throw. */
export type StreamPlaces = Places

export interface FrameSplitter extends Places {
  /**
   * Data of this stream goes to `places` from its next frame on.
   *
   * @param taken - told of each frame without flags instead of `handle`, when its data is in place; throws when it was too long
   */
  place(streamId: number, places: StreamPlaces, taken?: (length: number) => void): void
  /** It does not any more. True when the place that was named last was this stream's. */
  release(streamId: number): boolean
}

interface Placed {
  readonly places: StreamPlaces
  readonly taken: ((length: number) => void) | null
}

const HEADER_BYTES = 12
const DATA = 0

/** Frames of other streams are collected in parts of this size, so that a length alone takes no memory. */
const PART_BYTES = 64 * 1024
const NOTHING = new Uint8Array()
/** What nobody wants is written here. */
const DISCARDED = new Uint8Array(PART_BYTES)

export interface SplitterInit {
  /** Bytes of the longest data frame: what a window may allow. */
  readonly maxFrameBytes: number
  /** Takes a frame; of a placed stream it comes when its data has arrived, without them. Throws when it is none. */
  handle(frame: Frame): void
  /** A frame was wrong. Nothing is read any more. */
  failed(error: Error): void
}

export function createFrameSplitter({ maxFrameBytes, handle, failed }: SplitterInit): FrameSplitter {
  const placed = new Map<number, Placed>()
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  let spare = NOTHING
  let state: 'header' | 'placed' | 'collected' | 'discarded' | 'over' = 'header'
  let header: FrameHeader = { type: 0, flag: 0, streamID: 0, length: 0 }
  let target: Placed | null = null
  let collected = new Uint8ArrayList()
  let have = 0
  /** Bytes of the frame's data that have not come. */
  let left = 0

  function takeHeader(): void {
    if (bytes[0] !== 0) throw new Error(`A frame of version ${bytes[0]} came.`)
    const [type = 0] = [bytes[1]]
    header = { type, flag: view.getUint16(2), streamID: view.getUint32(4), length: view.getUint32(8) }
    have = 0
    if (type !== DATA) finish()
    else if (header.length === 0) finish(new Uint8ArrayList())
    else expectData()
  }

  function expectData(): void {
    if (header.length > maxFrameBytes) throw new Error(`A frame of ${header.length} bytes came.`)
    left = header.length
    target = placed.get(header.streamID) ?? null
    state = target === null ? 'collected' : 'placed'
    if (target === null) spare = new Uint8Array(Math.min(PART_BYTES, left))
  }

  function collect(count: number): void {
    collected.append(spare.subarray(have, have + count))
    have += count
    if (have < spare.length) return
    // The list holds views of it.
    spare = left === 0 ? NOTHING : new Uint8Array(Math.min(PART_BYTES, left))
    have = 0
  }

  function finish(data?: Uint8ArrayList): void {
    state = 'header'
    target = null
    have = 0
    const places = placed.get(header.streamID)?.places
    if (places !== undefined && data !== undefined && data.byteLength > 0) {
      // The stream was placed when this frame had begun.
      copyTo(places, data.subarray())
      data = new Uint8ArrayList()
    }
    handle(data === undefined ? { header } : { header, data })
  }

  function take(count: number): void {
    if (state === 'header') {
      have += count
      if (have === HEADER_BYTES) takeHeader()
      return
    }
    left -= count
    if (state === 'placed') {
      const into = target
      into?.places.filled(count)
      // The reader may have gone with these bytes.
      if (left === 0) finishPlaced(target === null ? null : (into?.taken ?? null))
      return
    }
    if (state === 'collected') collect(count)
    if (left > 0) return
    const data = collected
    collected = new Uint8ArrayList()
    finish(data)
  }

  function finishPlaced(taken: Placed['taken']): void {
    if (taken === null || header.flag !== 0) {
      finish(new Uint8ArrayList())
      return
    }
    state = 'header'
    target = null
    have = 0
    taken(header.length)
  }

  function placeNow(): Uint8Array {
    if (state === 'discarded') return DISCARDED
    return state === 'placed' && target !== null ? target.places.next(left) : spare.subarray(have)
  }

  function fail(error: Error): void {
    state = 'over'
    have = 0
    failed(error)
  }

  return {
    next() {
      if (state === 'header') return bytes.subarray(have)
      if (state === 'over') return DISCARDED
      const place = placeNow()
      // Node asks for ever for a place that is not empty.
      if (place.length === 0) {
        fail(new Error('A reader named an empty place.'))
        return DISCARDED
      }
      return place.length > left ? place.subarray(0, left) : place
    },
    filled(count) {
      if (state === 'over') return
      try {
        take(count)
      } catch (error) {
        fail(error as Error)
      }
    },
    place: (streamId, places, taken) => void placed.set(streamId, { places, taken: taken ?? null }),
    release(streamId) {
      placed.delete(streamId)
      if (state !== 'placed' || header.streamID !== streamId) return false
      state = 'discarded'
      target = null
      return true
    },
  }
}
