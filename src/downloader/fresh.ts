// What nobody was asked for yet: which piece is begun next, and how far each begun one was given out. In order while every
// source holds everything; rarest first, at random among equals, as soon as one does not: then downloaders have something
// for one another.
import { type Metainfo, type Piece, pieceAt, UNIT_BYTES } from '../content/index.ts'
import { RARITY_WINDOW, SLICE_BYTES } from './constants.ts'
import type { Owner, Slice } from './plan.ts'

export interface FreshInit {
  readonly metainfo: Metainfo
  isComplete(piece: number): boolean
  /** The run of missing units that begins at `unit` or behind it. */
  missingFrom(piece: Piece, unit: number, maxBytes: number): Slice | null
  /** How many sources hold a piece; null while all hold everything. */
  rarity(): ((piece: number) => number) | null
}

export interface Fresh {
  /** The next slice for `owner`, of at most `maxBytes`. */
  take(owner: Owner, maxBytes: number): Slice | null
  /** Whether there is one. */
  hasFor(owner: Owner): boolean
  /** A piece that nobody was asked for any part of, of at most `maxBytes`: it is not given out in slices any more. */
  claim(maxBytes: number): number | null
  /** Pieces that were begun and not given out to their end. */
  begun(): Iterable<number>
  /** The unit from which a begun piece was not given out; it counts as given out from here on. Null when it was. */
  takeRest(piece: number): number | null
}

export function createFresh(init: FreshInit): Fresh {
  const { metainfo, isComplete, missingFrom } = init
  const { pieceCount } = metainfo
  /** Begun or claimed. */
  const touched = new Uint8Array(pieceCount)
  /** Begun pieces and their first unit that was not given out. */
  const begun = new Map<number, number>()
  let cursor = 0

  const isUntouched = (piece: number): boolean => touched[piece] === 0 && !isComplete(piece)

  function advance(): void {
    while (cursor < pieceCount && !isUntouched(cursor)) cursor += 1
  }

  /** The piece that `owner` would begin. */
  function nextFor(owner: Owner): number | null {
    advance()
    const rarity = init.rarity()
    if (rarity === null && owner.whole) return cursor < pieceCount ? cursor : null
    let best: number | null = null
    let fewest = Number.POSITIVE_INFINITY
    let equals = 0
    let seen = 0
    for (let piece = cursor; piece < pieceCount && seen < RARITY_WINDOW; piece++) {
      if (!isUntouched(piece) || !owner.has(piece)) continue
      if (rarity === null) return piece
      seen += 1
      const holders = rarity(piece)
      if (holders > fewest) continue
      equals = holders < fewest ? 1 : equals + 1
      if (Math.random() * equals < 1) best = piece
      fewest = holders
    }
    return best
  }

  function fromBegun(index: number, maxBytes: number): Slice | null {
    const piece = pieceAt(metainfo, index)
    const from = begun.get(index) ?? 0
    const slice = missingFrom(piece, from, maxBytes)
    if (slice !== null) {
      const next = Math.ceil((slice.offset + slice.length) / UNIT_BYTES)
      if (next * UNIT_BYTES >= piece.length) begun.delete(index)
      else begun.set(index, next)
      return slice
    }
    // A unit may be there and only too long for `maxBytes`.
    if (missingFrom(piece, from, SLICE_BYTES) === null) begun.delete(index)
    return null
  }

  return {
    take(owner, maxBytes) {
      if (maxBytes <= 0) return null
      for (const index of begun.keys()) {
        if (!owner.has(index)) continue
        const slice = fromBegun(index, maxBytes)
        if (slice !== null) return slice
        if (begun.has(index)) return null
      }
      const index = nextFor(owner)
      if (index === null) return null
      const slice = fromBegun(index, maxBytes)
      if (slice !== null) touched[index] = 1
      return slice
    },
    hasFor(owner) {
      for (const index of begun.keys()) if (owner.has(index)) return true
      return nextFor(owner) !== null
    },
    claim(maxBytes) {
      advance()
      if (cursor >= pieceCount || pieceAt(metainfo, cursor).length > maxBytes) return null
      touched[cursor] = 1
      return cursor
    },
    begun: () => begun.keys(),
    takeRest(piece) {
      const from = begun.get(piece) ?? null
      begun.delete(piece)
      return from
    },
  }
}
