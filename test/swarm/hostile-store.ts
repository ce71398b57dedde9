// A store with the faults that a test asked for: slow, stalling, or with bits that are not the content's.

import type { ContentStore } from '../../src/content/index.ts'
import { UNIT_BYTES } from '../../src/content/index.ts'

export interface StoreFaults {
  /** Flips one bit in every read of this unit of any piece. */
  readonly flip?: number
  /** Flips one bit in every read from here on: a liar that begins well. */
  readonly lieAfter?: number
  /** Answers with unit roots that are not the piece's. */
  readonly forgeRoots?: boolean
  /** Bytes a second. */
  readonly rate?: number
  /** Told what was sent at that rate. */
  readonly uplink?: Uplink
  /** Serves nothing after so many bytes, but keeps the stream open. */
  readonly stallAfter?: number
  /** Told of every read, with the bytes of it that are right from the front. */
  readonly onRead?: (read: StoreRead) => void
}

export interface Uplink {
  bytes: number
  /** Milliseconds in which nothing was to be sent. */
  idle: number
}

export interface StoreRead {
  readonly piece: number
  readonly offset: number
  readonly length: number
  readonly right: number
}

/** A timer that fires late on a busy machine takes nothing from a `rate`. */
const LATE_MILLISECONDS = 500

export function hostileStore(store: ContentStore, faults: StoreFaults): ContentStore {
  const { flip, lieAfter, forgeRoots, rate, uplink, stallAfter, onRead } = faults
  let sent = 0
  let next = performance.now()

  /** Changes one bit at `place` of what is read, if it is in there; answers how much is right in front of it, in units. */
  function spoil(target: Uint8Array, place: number): number {
    if (place < 0 || place >= target.length) return target.length
    target[place] = (target[place] ?? 0) ^ 4
    return Math.floor(place / UNIT_BYTES) * UNIT_BYTES
  }

  return {
    ...{ metainfo: store.metainfo, verifiedBytes: store.verifiedBytes, complete: store.complete },
    hasPiece: (piece) => store.hasPiece(piece),
    hasUnit: (piece, unit) => store.hasUnit(piece, unit),
    bitfield: () => store.bitfield(),
    async unitRoots(piece) {
      const roots = Uint8Array.from(await store.unitRoots(piece))
      if (forgeRoots === true) roots[0] = (roots[0] ?? 0) ^ 1
      return roots
    },
    write: (piece, offset, bytes) => store.write(piece, offset, bytes),
    flush: () => store.flush(),
    close: () => store.close(),
    async read(piece, offset, target) {
      await store.read(piece, offset, target)
      sent += target.length
      if (stallAfter !== undefined && sent > stallAfter) await new Promise(() => undefined)
      let right = target.length
      if (flip !== undefined) right = Math.min(right, spoil(target, flip * UNIT_BYTES + 77 - offset))
      if (lieAfter !== undefined && sent > lieAfter) right = Math.min(right, spoil(target, target.length >>> 1))
      onRead?.({ piece, offset, length: target.length, right })
      if (rate === undefined) return
      const now = performance.now()
      if (uplink !== undefined) {
        uplink.bytes += target.length
        uplink.idle += Math.max(0, now - LATE_MILLISECONDS - next)
      }
      next = Math.max(next, now - LATE_MILLISECONDS) + (target.length * 1000) / rate
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - now)))
    },
  }
}
