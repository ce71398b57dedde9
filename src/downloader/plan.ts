import { type ContentStore, type Piece, pieceAt, UNIT_BYTES, unitCount, unitLength } from '../content/index.ts'
import { MAX_RIVALS, SLICE_BYTES } from './constants.ts'
import { createFresh, type FreshInit } from './fresh.ts'

/** Whole units of one piece that are fetched together. */
export interface Slice {
  readonly piece: Piece
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

/** A slice in the hands of one seeder. */
export interface Assignment extends Slice {
  readonly owner: Owner
  readonly since: number
  /** Whom the same slice is awaited from, itself included: more than one when it was hedged. */
  readonly rivals: Set<Assignment>
  done: boolean
}

export interface Owner {
  readonly id: string
  /** Whether it holds every piece. */
  readonly whole: boolean
  has(piece: number): boolean
  /** Another seeder was faster. */
  cancel(assignment: Assignment): void
}

/** Which unit is verified, which is under way and at whom, and what comes next. */
export interface Plan {
  /** Bytes not verified yet. */
  readonly left: number
  /** Bytes that nobody was asked for. */
  readonly unassigned: number
  readonly complete: boolean
  readonly pieceCount: number
  hasPiece(piece: number): boolean
  /** The next slice for `owner`, of at most `maxBytes`; null when none is left for it. */
  take(owner: Owner, maxBytes: number): Assignment | null
  /** The next slice of what was given back, for an owner that takes nothing fresh. */
  takeReturned(owner: Owner, maxBytes: number): Assignment | null
  /**
   * A piece of at most `maxBytes` as a whole, for a source that proves its bytes by the piece alone: all slices of it that are
   * not verified, in order. A fresh one first, then one that was given back; in the end, when `age` is given, one that
   * others have owed for longer than that. Null when there is none for it.
   */
  takePiece(owner: Owner, maxBytes: number, age: number | null): Assignment[] | null
  /** In the end: a slice that another seeder has owed for longer than `age` milliseconds. */
  hedge(owner: Owner, maxBytes: number, age: number): Assignment | null
  /** Whether there is something to do for a seeder that has a line: slices for nobody, or awaited elsewhere for too long. */
  hasWork(owner: Owner, age: number): boolean
  /** Notes a verified unit. False when it was verified before. */
  verified(piece: Piece, unit: number): boolean
  /** The assignment came in whole. */
  finish(assignment: Assignment): void
  /** The assignment will not come (any further): what is missing of it goes to others. */
  giveBack(assignment: Assignment): void
}

/** @param rarity - how many sources hold a piece; null while all hold everything. Default: they do. */
export function createPlan(store: ContentStore, rarity: FreshInit['rarity'] = () => null): Plan {
  const { metainfo } = store
  /** Units verified by piece, for pieces that are begun and not complete. */
  const begun = new Map<number, Uint8Array>()
  const complete = new Uint8Array(metainfo.pieceCount)
  const returned: Slice[] = []
  const open = new Set<Assignment>()
  let left = metainfo.length - store.verifiedBytes
  let unassigned = left

  for (let piece = 0; piece < metainfo.pieceCount; piece++) if (store.hasPiece(piece)) complete[piece] = 1

  const fresh = createFresh({ metainfo, missingFrom, rarity, isComplete: (piece) => complete[piece] === 1 })

  function isVerified(piece: number, unit: number): boolean {
    return complete[piece] === 1 || begun.get(piece)?.[unit] === 1
  }

  function begin(piece: Piece): Uint8Array {
    let units = begun.get(piece.index)
    if (units === undefined) {
      units = new Uint8Array(unitCount(piece))
      for (let unit = 0; unit < units.length; unit++) units[unit] = store.hasUnit(piece.index, unit) ? 1 : 0
      begun.set(piece.index, units)
    }
    return units
  }

  /** The run of missing units that begins at `unit` or behind it, up to a slice. */
  function missingFrom(piece: Piece, from: number, maxBytes: number): Slice | null {
    const units = begin(piece)
    let unit = from
    while (unit < units.length && units[unit] === 1) unit++
    const first = unit
    let length = 0
    while (unit < units.length && units[unit] !== 1) {
      const bytes = unitLength(piece, unit)
      if (length + bytes > maxBytes) break
      length += bytes
      unit++
    }
    return length === 0 ? null : { piece, offset: first * UNIT_BYTES, length }
  }

  function fromReturned(owner: Owner, maxBytes: number): Slice | null {
    for (let i = 0; i < returned.length; i++) {
      const slice = returned[i]
      if (slice === undefined || !owner.has(slice.piece.index)) continue
      const missing = missingFrom(slice.piece, slice.offset / UNIT_BYTES, Math.min(maxBytes, slice.length))
      const end = slice.offset + slice.length
      if (missing === null || missing.offset >= end) {
        if (maxBytes >= UNIT_BYTES) returned.splice(i--, 1)
        continue
      }
      const length = Math.min(missing.length, end - missing.offset)
      const rest = { ...slice, offset: missing.offset + length, length: end - missing.offset - length }
      if (rest.length > 0) returned[i] = rest
      else returned.splice(i, 1)
      return { ...missing, length }
    }
    return null
  }

  /** Missing units of a piece from `from` on, in slices. */
  function slicesFrom(piece: Piece, from: number): Slice[] {
    const slices: Slice[] = []
    for (let slice = missingFrom(piece, from, SLICE_BYTES); slice !== null; ) {
      slices.push(slice)
      slice = missingFrom(piece, Math.ceil((slice.offset + slice.length) / UNIT_BYTES), SLICE_BYTES)
    }
    return slices
  }

  /** What is missing of a piece that was begun, unless somebody owes a part of it who may still bring it. */
  function claimBegun(owner: Owner, index: number, maxBytes: number, age: number | null): Assignment[] | null {
    const piece = pieceAt(metainfo, index)
    if (piece.length > maxBytes) return null
    const now = performance.now()
    const owed = [...open].filter((other) => other.piece.index === index && missingBytes(other) > 0)
    for (const other of owed) {
      if (age === null || other.rivals.size > 1 || other.owner.id === owner.id || now - other.since < age) return null
    }
    const parts = returned.filter((slice) => slice.piece.index === index)
    const slices = parts.flatMap((part) =>
      slicesFrom(piece, part.offset / UNIT_BYTES).flatMap((slice) => within(slice, part)),
    )
    const rest = fresh.takeRest(index)
    if (rest !== null) slices.push(...slicesFrom(piece, rest))
    if (slices.length + owed.length === 0) return null
    for (const part of parts) returned.splice(returned.indexOf(part), 1)
    const own = slices.map((slice) => assignFresh(slice, owner))
    const twins = owed.map((other) => hedgeOf(other, owner))
    return [...own, ...twins].sort((a, b) => a.offset - b.offset)
  }

  function assignFresh(slice: Slice, owner: Owner): Assignment {
    unassigned -= slice.length
    return assign(slice, owner, new Set())
  }

  function hedgeOf(other: Assignment, owner: Owner): Assignment {
    const { piece, offset, length, rivals } = other
    return assign({ piece, offset, length }, owner, rivals)
  }

  function assign(slice: Slice, owner: Owner, rivals: Set<Assignment>): Assignment {
    const assignment: Assignment = { ...slice, owner, since: performance.now(), rivals, done: false }
    rivals.add(assignment)
    open.add(assignment)
    return assignment
  }

  function missingBytes(slice: Slice): number {
    let bytes = 0
    const end = slice.offset + slice.length
    for (let offset = slice.offset; offset < end; offset += UNIT_BYTES) {
      const unit = offset / UNIT_BYTES
      if (!isVerified(slice.piece.index, unit)) bytes += unitLength(slice.piece, unit)
    }
    return bytes
  }

  /** Of the slices that others have owed for longer than `age`, all of them where there are several, the one that was asked for first. */
  function overdue(owner: Owner, maxBytes: number, age: number): Assignment | null {
    const now = performance.now()
    const isOwing = (other: Assignment): boolean => other.owner.id !== owner.id && now - other.since >= age
    let oldest: Assignment | null = null
    for (const other of open) {
      if (other.length > maxBytes || !isOwing(other) || !owner.has(other.piece.index)) continue
      if (other.rivals.size === MAX_RIVALS || ![...other.rivals].every(isOwing) || missingBytes(other) === 0) continue
      if (oldest === null || other.since < oldest.since) oldest = other
    }
    return oldest
  }

  return {
    get left() {
      return left
    },
    get unassigned() {
      return unassigned
    },
    get complete() {
      return left === 0
    },
    pieceCount: metainfo.pieceCount,
    hasPiece: (piece) => complete[piece] === 1,
    take(owner, maxBytes) {
      const limit = Math.min(maxBytes, SLICE_BYTES)
      const slice = fromReturned(owner, limit) ?? fresh.take(owner, limit)
      return slice === null ? null : assignFresh(slice, owner)
    },
    takeReturned(owner, maxBytes) {
      const slice = fromReturned(owner, Math.min(maxBytes, SLICE_BYTES))
      return slice === null ? null : assignFresh(slice, owner)
    },
    takePiece(owner, maxBytes, age) {
      const whole = fresh.claim(maxBytes)
      if (whole !== null) {
        return slicesFrom(pieceAt(metainfo, whole), 0).map((slice) => assignFresh(slice, owner))
      }
      const parts = [...returned, ...(age === null ? [] : open)].map(({ piece }) => piece.index)
      for (const index of new Set([...parts, ...fresh.begun()])) {
        const claim = claimBegun(owner, index, maxBytes, age)
        if (claim !== null) return claim
      }
      return null
    },
    hedge(owner, maxBytes, age) {
      const oldest = overdue(owner, maxBytes, age)
      return oldest === null ? null : hedgeOf(oldest, owner)
    },
    hasWork(owner, age) {
      const some = owner.whole
        ? unassigned > 0
        : fresh.hasFor(owner) || returned.some(({ piece }) => owner.has(piece.index))
      return some || overdue(owner, SLICE_BYTES, age) !== null
    },
    verified(piece, unit) {
      if (isVerified(piece.index, unit)) return false
      const units = begin(piece)
      units[unit] = 1
      left -= unitLength(piece, unit)
      if (units.every((flag) => flag === 1)) {
        complete[piece.index] = 1
        begun.delete(piece.index)
      }
      return true
    },
    finish(assignment) {
      assignment.done = true
      open.delete(assignment)
      assignment.rivals.delete(assignment)
      for (const rival of assignment.rivals) rival.owner.cancel(rival)
    },
    giveBack(assignment) {
      if (assignment.done) return
      assignment.done = true
      open.delete(assignment)
      assignment.rivals.delete(assignment)
      if (assignment.rivals.size > 0) return
      const bytes = missingBytes(assignment)
      if (bytes === 0) return
      unassigned += bytes
      returned.unshift({ piece: assignment.piece, offset: assignment.offset, length: assignment.length })
    },
  }
}

/** The part of `slice` that lies in `part`, if any. */
function within(slice: Slice, part: Slice): Slice[] {
  const offset = Math.max(slice.offset, part.offset)
  const end = Math.min(slice.offset + slice.length, part.offset + part.length)
  return end > offset ? [{ ...slice, offset, length: end - offset }] : []
}
