import {
  type ContentStore,
  LEAF_BYTES,
  type Piece,
  UNIT_BYTES,
  unitLength,
  verifyUnit,
  verifyUnitRoots,
} from '../content/index.ts'
import { ProtocolError } from '../transfer/index.ts'
import { SLICE_BYTES } from './constants.ts'
import { BadUnitError } from './errors.ts'
import type { Plan } from './plan.ts'

/** What every stream of a download delivers into: checks units, writes slices, lends the memory between the two. */
export interface Intake {
  /** Whether the unit roots of a piece have to be asked for before its data. */
  needsRoots(piece: Piece): boolean
  /** Throws a {@link BadUnitError} when they are not the piece's. */
  takeRoots(peer: string, piece: Piece, roots: Uint8Array): void
  /**
   * Checks the units in `bytes`, which lie at `offset` of the piece. Returns how many of the bytes are right from the front;
   * throws a {@link BadUnitError} at the first wrong unit, after `count` was told what came before it.
   */
  verify(peer: string, piece: Piece, offset: number, bytes: Uint8Array, count: (bytes: number) => void): void
  /** Writes verified bytes; the buffer goes back into use when they are written. */
  write(piece: Piece, offset: number, bytes: Uint8Array, buffer: Uint8Array): void
  borrow(): Uint8Array
  giveBack(buffer: Uint8Array): void
  /** Slices that are verified and not written yet. */
  readonly writing: number
  /** Resolves when everything is written and would survive a power cut. Throws what the store threw. */
  flush(): Promise<void>
}

export interface IntakeInit {
  readonly store: ContentStore
  readonly plan: Plan
  /** A write failed: the download cannot go on. */
  failed(error: Error): void
  /** A slice was written. */
  written(): void
}

/** Unit roots of complete pieces are forgotten beyond this many; a slow seeder may still send a hedged one. */
const MAX_KEPT_PIECES = 1024

export function createIntake({ store, plan, failed, written }: IntakeInit): Intake {
  const roots = new Map<number, Uint8Array>()
  const spare: Uint8Array[] = []
  const writes = new Set<Promise<void>>()

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
    verify(peer, piece, offset, bytes, count) {
      const known = rootsOf(piece)
      for (let at = 0; at < bytes.length; ) {
        const unit = (offset + at) / UNIT_BYTES
        const length = unitLength(piece, unit)
        if (!verifyUnit(piece, unit, bytes.subarray(at, at + length), known)) {
          throw new BadUnitError(peer, piece.index, unit)
        }
        plan.verified(piece, unit)
        count(length)
        at += length
      }
    },
    write(piece, offset, bytes, buffer) {
      const write = store.write(piece.index, offset, bytes).then(
        () => {
          spare.push(buffer)
          writes.delete(write)
          written()
        },
        (error: Error) => {
          writes.delete(write)
          failed(error)
        },
      )
      writes.add(write)
    },
    borrow: () => spare.pop() ?? new Uint8Array(SLICE_BYTES),
    giveBack: (buffer) => void spare.push(buffer),
    get writing() {
      return writes.size
    },
    async flush() {
      while (writes.size > 0) await Promise.all(writes)
      await store.flush()
    },
  }
}

/** A piece whose tree is no wider than a unit's is its own unit root. */
function isOneUnit(piece: Piece): boolean {
  return piece.leaves <= UNIT_BYTES / LEAF_BYTES
}
