// What one turn of a web seed brings: slices that lie behind one another, fetched in as few ranges as there are gaps.
import {
  type ContentStore,
  type Piece,
  UNIT_BYTES,
  unitCount,
  unitLength,
  unitRoot,
  verifyUnitRoots,
} from '../content/index.ts'
import { BitCdnError } from '../errors.ts'
import type { RateLimit } from '../transfer/index.ts'
import { DIGEST_BYTES, RETRY_MILLISECONDS } from './constants.ts'
import { BadUnitError } from './errors.ts'
import type { Destination } from './fetcher.ts'
import { type RangeClient, WebSeedError } from './http-range.ts'
import type { Assignment } from './plan.ts'
import type { Slot } from './slots.ts'
import { until } from './until.ts'

export interface WebRunInit {
  /** In the order of the content; all of a piece's missing units, or slices of pieces whose hashes are known. */
  readonly assignments: readonly Assignment[]
  readonly to: Destination & { readonly store: ContentStore }
  readonly client: RangeClient
  /** Of the web seed, for failures. */
  readonly name: string
  readonly signal: AbortSignal
  readonly limit: RateLimit | null
  urlOf(file: number): URL
  /** Bytes came, not verified yet. */
  arrived(bytes: number): void
  verified(bytes: number): void
}

export interface WebRun {
  /** Resolves when all is verified and given to be written. What did not come is given back to the plan in any case. */
  readonly done: Promise<void>
  /** Bytes that came over the wire. */
  readonly received: number
  /** Somebody else was faster. */
  cancel(assignment: Assignment): void
}

interface Expected {
  readonly piece: Piece
  /** Whether its hashes were known when it was asked for: then each slice is judged by itself. */
  readonly known: boolean
  readonly roots: Uint8Array
  readonly missing: readonly Assignment[]
}

/** Slices that lie behind one another in one file. */
interface Stretch {
  readonly file: number
  readonly start: number
  readonly slices: Assignment[]
  end: number
}

export function createWebRun(init: WebRunInit): WebRun {
  const { assignments, to, client, name } = init
  const { intake, plan, store } = to
  const slots = new Map<Assignment, Slot>()
  const pieces = new Map<number, Expected>()
  const needless = new AbortController()
  const unwanted = new Set<Assignment>()
  const signal = AbortSignal.any([init.signal, needless.signal])
  let received = 0

  async function run(): Promise<void> {
    try {
      for (const { piece } of assignments) if (!pieces.has(piece.index)) await expect(piece)
      for (const stretch of stretches(assignments)) await fetchStretch(stretch)
    } catch (error) {
      if (!needless.signal.aborted) throw error
    } finally {
      for (const slot of slots.values()) intake.giveBack(slot)
      slots.clear()
      for (const assignment of assignments) plan.giveBack(assignment)
    }
  }

  /** The roots of the units that are not asked for here come from the disk: an earlier run has fetched and verified them. */
  async function expect(piece: Piece): Promise<void> {
    const missing = assignments.filter((one) => one.piece.index === piece.index)
    const roots = new Uint8Array(unitCount(piece) * DIGEST_BYTES)
    const known = !intake.needsRoots(piece)
    pieces.set(piece.index, { piece, known, roots, missing })
    if (known) return
    for (let unit = 0; unit < unitCount(piece); unit++) {
      const at = unit * UNIT_BYTES
      if (missing.some(({ offset, length }) => at >= offset && at < offset + length)) continue
      const bytes = new Uint8Array(unitLength(piece, unit))
      await store.read(piece.index, at, bytes).catch((cause: unknown) => {
        throw new WebSeedError(`Unit ${unit} of piece ${piece.index} cannot be read yet.`, true, undefined, cause)
      })
      roots.set(unitRoot(bytes, piece.leaves), unit * DIGEST_BYTES)
    }
  }

  /** A connection that breaks is followed by another from there on. */
  async function fetchStretch({ file, start, end, slices }: Stretch): Promise<void> {
    const total = store.metainfo.files[file]?.length ?? 0
    const queue = slices.map((slice) => ({ slice, filled: 0 }))
    let at = start
    for (let attempt = 0; at < end; ) {
      try {
        const part = Math.min(end, at + (await allowed(end - at)))
        for await (const chunk of client.read({ url: init.urlOf(file), start: at, end: part, total, signal })) {
          attempt = 0
          at += chunk.length
          received += chunk.length
          init.arrived(chunk.length)
          await take(chunk, queue)
        }
        if (at < part) throw new WebSeedError(`${name} broke off after ${at - start} of ${end - start} bytes.`, true)
      } catch (error) {
        const delay = RETRY_MILLISECONDS[attempt++]
        if (signal.aborted || !(error instanceof BitCdnError) || !error.retry || delay === undefined) throw error
        await until(delay, signal)
      }
    }
  }

  /** What may be asked for now. What is on its way cannot be held back: a server sends as fast as buffers take it. */
  async function allowed(length: number): Promise<number> {
    const { limit } = init
    if (limit === null) return length
    const part = Math.min(length, Math.max(UNIT_BYTES, Math.floor(limit.room)))
    await limit.wait(part, signal)
    return part
  }

  async function take(chunk: Uint8Array, queue: { slice: Assignment; filled: number }[]): Promise<void> {
    for (let from = 0; from < chunk.length; ) {
      const [first] = queue
      if (first === undefined) return
      const { slice } = first
      const slot = slots.get(slice) ?? intake.borrow()
      slots.set(slice, slot)
      const part = chunk.subarray(from, from + slice.length - first.filled)
      slot.bytes.set(part, first.filled)
      first.filled += part.length
      from += part.length
      if (first.filled < slice.length) continue
      queue.shift()
      await judge(slice, slot)
    }
  }

  /** A slice is whole: it is proved by hashes that are known, or with the rest of its piece. */
  async function judge(slice: Assignment, slot: Slot): Promise<void> {
    const { piece, offset, length } = slice
    const entry = pieces.get(piece.index)
    if (entry === undefined) return
    if (entry.known) {
      const right = await intake.check(piece, offset, slot, 0, length)
      if (right < length) throw new BadUnitError(name, piece.index, (offset + right) / UNIT_BYTES)
      keep(slice, slot)
      return
    }
    for (let at = 0; at < length; at += UNIT_BYTES) {
      const root = unitRoot(slot.bytes.subarray(at, Math.min(at + UNIT_BYTES, length)), piece.leaves)
      entry.roots.set(root, ((offset + at) / UNIT_BYTES) * DIGEST_BYTES)
    }
    if (entry.missing.at(-1) !== slice) return
    if (!verifyUnitRoots(piece, entry.roots)) throw new BadUnitError(name, piece.index, null)
    intake.takeRoots(name, piece, entry.roots)
    for (const one of entry.missing) keep(one, slots.get(one) as Slot)
  }

  function keep(slice: Assignment, slot: Slot): void {
    const { piece, offset, length } = slice
    if (!slots.delete(slice)) return
    intake.noteRight(piece, offset, length)
    intake.write(piece, offset, slot, length)
    plan.finish(slice)
    init.verified(length)
  }

  return {
    done: run(),
    get received() {
      return received
    },
    cancel(assignment) {
      if (!assignments.includes(assignment)) return
      unwanted.add(assignment)
      if (assignments.every((one) => one.done || unwanted.has(one))) needless.abort()
    },
  }
}

function stretches(assignments: readonly Assignment[]): Stretch[] {
  const found: Stretch[] = []
  for (const slice of assignments) {
    const start = slice.piece.offset + slice.offset
    const last = found.at(-1)
    if (last !== undefined && last.file === slice.piece.file && last.end === start) {
      last.slices.push(slice)
      last.end += slice.length
    } else found.push({ file: slice.piece.file, start, slices: [slice], end: start + slice.length })
  }
  return found
}
