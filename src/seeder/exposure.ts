// What this seeder is owed and not yet sure of, byte by byte while it serves. A lane is good for its reserve; beyond it
// a sponsor is trusted with a window, all its lanes together, and somebody who pays for itself with nothing.
import type { Address } from 'viem'
import { amountFor, type Head, type Lane, laneKey, paidBytes, type ReceiptLedger } from '../receipts/index.ts'
import { RefusedError } from '../transfer/index.ts'
import { type ChainView, least } from './chain-view.ts'
import { WINDOW_BYTES } from './constants.ts'

export interface ExposureInit {
  /** Windows of unreserved bytes that a sponsor is trusted with. */
  readonly trustedWindows: number
}

export interface ExposureComponents {
  readonly ledger: ReceiptLedger
  readonly view: ChainView
}

/** One session that is being served. */
export interface Exposed {
  /** Bytes sent by now. Throws `reserveTooSmall` for a byte that nothing covers: it must not be sent. */
  served(bytes: bigint): void
  /** The stream is gone; what was acknowledged stays owed. */
  close(): Promise<void>
}

export interface ExposureBook {
  /**
   * Opens a session that `bytes` were served of, if what its lane owes and its next window are covered. `selfPaid`: the
   * sponsor is the downloader, so only a reserve counts. Throws `reserveTooSmall`.
   */
  open(lane: Lane, session: Head, options: { bytes: bigint; maxBytes: bigint; selfPaid: boolean }): Promise<Exposed>
  /** Whether the lane's reserve alone covers what it owes and a window of at most `bytes`. */
  isReserved(lane: Lane, bytes: bigint): Promise<boolean>
  /** Throws `reserveTooSmall` when what this lane owes by now is covered no longer. */
  recheck(lane: Lane, options: { selfPaid: boolean }): Promise<void>
  /** Reads reserves and debts of lanes with open sessions again. */
  refresh(): Promise<void>
  /** Lanes that are being served or owe something, as last read: what is reserved and not used, and what they owe; token units. */
  standing(): readonly { readonly lane: Lane; readonly free: bigint; readonly owed: bigint }[]
}

interface LaneBook {
  readonly lane: Lane
  /** Acknowledged, not settled, of sessions that are not being served. */
  resting: bigint
  readonly open: Map<Head, bigint>
  openBytes: bigint
  free: bigint
}

export function createExposure({ ledger, view }: ExposureComponents, init: ExposureInit): ExposureBook {
  const lanes = new Map<string, LaneBook>()
  const bySponsor = new Map<Address, Set<LaneBook>>()
  const trustedBytes = WINDOW_BYTES * BigInt(init.trustedWindows)

  async function load(lane: Lane): Promise<LaneBook> {
    const key = laneKey(lane)
    const { free } = await view.lane(lane)
    let book = lanes.get(key)
    if (book === undefined) {
      book = { lane, resting: 0n, open: new Map(), openBytes: 0n, free }
      lanes.set(key, book)
      const others = bySponsor.get(lane.sponsor) ?? new Set()
      bySponsor.set(lane.sponsor, others.add(book))
    }
    // The open ones first: what is acknowledged in between counts twice, not never.
    const open = await ledger.sessions([...book.open.keys()])
    const owed = (await ledger.laneState(lane))?.bytes ?? 0n
    const served = open.reduce((sum, { receipt }) => sum + (receipt?.bytesServed ?? 0n), 0n)
    book.free = free
    book.resting = owed > served ? owed - served : 0n
    return book
  }

  /** What the lane owes once `more` bytes were sent, as far as its reserve does not cover it. */
  function beyond(book: LaneBook, more = 0n): bigint {
    const owed = amountFor([book.resting, book.openBytes, more], book.lane.pricePerGiB)
    return owed > book.free ? owed - book.free : 0n
  }

  function beyondOfSponsor(book: LaneBook, more: bigint): bigint {
    let sum = beyond(book, more)
    for (const other of bySponsor.get(book.lane.sponsor) ?? []) if (other !== book) sum += beyond(other)
    return sum
  }

  function isCovered(book: LaneBook, selfPaid: boolean, more: bigint): boolean {
    if (beyond(book, more) === 0n) return true
    return !selfPaid && beyondOfSponsor(book, more) <= amountFor([trustedBytes], book.lane.pricePerGiB)
  }

  function set(book: LaneBook, session: Head, bytes: bigint): void {
    book.openBytes += bytes - (book.open.get(session) ?? 0n)
    book.open.set(session, bytes)
  }

  function tooSmall({ lane, free }: LaneBook): RefusedError {
    return new RefusedError(
      'reserveTooSmall',
      `${lane.sponsor} has reserved ${free} token units for lane ${lane.lane} at ${lane.pricePerGiB} token units per GiB, and that is used up.`,
    )
  }

  /** Trust is for those who could pay now: an empty pool is no reason to believe in the next deposit. */
  async function requireBacked(book: LaneBook, ahead: bigint): Promise<void> {
    if (beyond(book, ahead) === 0n) return
    const { sponsor } = book.lane
    const [pool, trusted] = [await view.pool(sponsor), beyondOfSponsor(book, ahead)]
    if (pool >= trusted) return
    throw new RefusedError(
      'reserveTooSmall',
      `The pool of ${sponsor} holds ${pool} token units, and ${trusted} token units would rest on it.`,
    )
  }

  return {
    async open(lane, session, { bytes, maxBytes, selfPaid }) {
      const book = await load(lane)
      if (book.open.has(session))
        throw new RefusedError('sessionOpenElsewhere', 'This session is being served already.')
      const left = maxBytes - bytes
      const ahead = least([left, WINDOW_BYTES])
      const log = await ledger.session(session)
      const resting = log?.receipt == null ? 0n : paidBytes(log.receipt.bytesServed, log.maxBytes)
      if (!isCovered(book, selfPaid, ahead)) throw tooSmall(book)
      await requireBacked(book, ahead)
      book.resting -= resting < book.resting ? resting : book.resting
      set(book, session, bytes)
      return {
        served(next) {
          const before = book.open.get(session) ?? 0n
          if (next <= before) return
          if (!isCovered(book, selfPaid, next - before)) throw tooSmall(book)
          set(book, session, next)
        },
        async close() {
          set(book, session, 0n)
          book.open.delete(session)
          await load(lane)
        },
      }
    },
    async isReserved(lane, bytes) {
      return beyond(await load(lane), bytes) === 0n
    },
    async recheck(lane, { selfPaid }) {
      const book = await load(lane)
      if (!isCovered(book, selfPaid, 0n)) throw tooSmall(book)
      await requireBacked(book, 0n)
    },
    standing() {
      return [...lanes.values()].map(({ lane, free, resting, openBytes }) => {
        return { lane, free, owed: amountFor([resting, openBytes], lane.pricePerGiB) }
      })
    },
    async refresh() {
      for (const [key, book] of lanes) {
        await load(book.lane)
        if (book.open.size > 0 || book.resting > 0n) continue
        lanes.delete(key)
        const others = bySponsor.get(book.lane.sponsor)
        others?.delete(book)
        if (others?.size === 0) bySponsor.delete(book.lane.sponsor)
      }
    },
  }
}
