import { type ContentStore, isOneUnit, type Piece, UNIT_BYTES, unitLength, verifyUnitRoots } from '../content/index.ts'
import { ProtocolError } from '../transfer/index.ts'
import type { Checker } from './checker.ts'
import { DIGEST_BYTES, MAX_WRITES } from './constants.ts'
import { BadUnitError } from './errors.ts'
import type { Plan } from './plan.ts'
import { createSlots, longestSlice, type Slot } from './slots.ts'

/** What every stream of a download delivers into: checks units, writes slices, lends the memory between the two. */
export interface Intake {
  /** Whether the unit roots of a piece have to be asked for before its data. */
  needsRoots(piece: Piece): boolean
  /** Throws a {@link BadUnitError} when they are not the piece's. */
  takeRoots(peer: string, piece: Piece, roots: Uint8Array): void
  /**
   * Checks the units in `[begin, begin + length)` of the slot, which lie at `offset` of the piece. Resolves to how many of
   * these bytes are right from the front. Throws at once when the piece's roots have not come.
   */
  check(piece: Piece, offset: number, slot: Slot, begin: number, length: number): Promise<number>
  /** Notes as verified what a check found right, and what counts for whoever sent it. */
  noteRight(piece: Piece, offset: number, length: number): void
  /** Writes the first `length` bytes of a slot, all right; the slot is free again when they are written. */
  write(piece: Piece, offset: number, slot: Slot, length: number): void
  /** Slots that can be borrowed now. */
  readonly free: number
  borrow(): Slot
  giveBack(slot: Slot): void
  /** Resolves when everything that was given is written and would survive a power cut. Throws what the store threw. */
  flush(): Promise<void>
  /** No stream of the download is open any more. */
  close(): void
}

export interface IntakeInit {
  readonly store: ContentStore
  readonly plan: Plan
  readonly checker: Checker
  /** A write failed: the download cannot go on. */
  failed(error: Error): void
  /** A slice was written, and its slot is free. */
  written(): void
}

interface Waiting {
  readonly piece: Piece
  readonly offset: number
  readonly slot: Slot
  readonly length: number
  done(): void
}

/** Unit roots of complete pieces are forgotten beyond this many; a slow seeder may still send a hedged one. */
const MAX_KEPT_PIECES = 1024

export function createIntake({ store, plan, checker, failed, written }: IntakeInit): Intake {
  const roots = new Map<number, Uint8Array>()
  const slots = createSlots(longestSlice(store.metainfo))
  const waiting: Waiting[] = []
  const unwritten = new Set<Promise<void>>()
  let writing = 0

  function writeNext(): void {
    const next = writing < MAX_WRITES ? waiting.shift() : undefined
    if (next === undefined) return
    const { piece, offset, slot, length, done } = next
    writing += 1
    store
      .write(piece.index, offset, slot.bytes.subarray(0, length))
      .then(() => slots.giveBack(slot))
      .then(written, failed)
      .finally(() => {
        writing -= 1
        done()
        writeNext()
      })
  }

  function rootsOf(piece: Piece): Uint8Array {
    const known = isOneUnit(piece) ? piece.root : roots.get(piece.index)
    if (known === undefined) throw new ProtocolError(`Data of piece ${piece.index} came before its hashes.`)
    return known
  }

  function forgetComplete(): void {
    for (const piece of roots.keys()) {
      if (roots.size <= MAX_KEPT_PIECES) return
      if (plan.hasPiece(piece)) roots.delete(piece)
    }
  }

  return {
    needsRoots: (piece) => !isOneUnit(piece) && !roots.has(piece.index),
    takeRoots(peer, piece, claimed) {
      if (!verifyUnitRoots(piece, claimed)) throw new BadUnitError(peer, piece.index, 0)
      roots.set(piece.index, claimed)
      if (roots.size > MAX_KEPT_PIECES) forgetComplete()
    },
    check(piece, offset, slot, begin, length) {
      const first = offset / UNIT_BYTES
      const end = first + Math.ceil(length / UNIT_BYTES)
      const known = rootsOf(piece).subarray(first * DIGEST_BYTES, end * DIGEST_BYTES)
      slot.roots.set(known, (begin / UNIT_BYTES) * DIGEST_BYTES)
      return checker.check(slot, begin, length, piece.leaves)
    },
    noteRight(piece, offset, length) {
      for (let at = 0; at < length; ) {
        const unit = (offset + at) / UNIT_BYTES
        plan.verified(piece, unit)
        at += unitLength(piece, unit)
      }
    },
    write(piece, offset, slot, length) {
      const { promise, resolve } = Promise.withResolvers<void>()
      unwritten.add(promise)
      void promise.then(() => unwritten.delete(promise))
      waiting.push({ piece, offset, slot, length, done: resolve })
      writeNext()
    },
    get free() {
      return slots.free
    },
    borrow: slots.borrow,
    giveBack: slots.giveBack,
    async flush() {
      // What comes meanwhile is the next flush's: of a fast download there would never be an end.
      await Promise.all(unwritten)
      await store.flush()
    },
    close: () => checker.forget(slots.all()),
  }
}
