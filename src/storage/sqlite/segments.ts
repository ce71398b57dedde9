// Who pays for which lines: a lane's unsettled lines cut into what is submitted, what a voucher covers, and the rest.
import { amountFor, type LedgerSession, paidBytes } from '../../receipts/index.ts'
import { big } from './columns.ts'
import type { Database } from './database.ts'
import type { LaneRow } from './lanes.ts'

export interface Segment {
  readonly state: 'submitted' | 'vouchered' | 'receipted'
  readonly from: number
  readonly to: number
  readonly amount: bigint
}

interface Cut {
  from: number
  to: number
  amount: bigint
}

/** `sessions` are the lane's unsettled lines, in order. The segments follow one another without a gap. */
export function segments(database: Database, row: LaneRow, sessions: readonly LedgerSession[]): Segment[] {
  const moves = cuts(database, 'SELECT from_place, to_place, amount FROM moves WHERE lane_id = ?', row)
  const vouchers = cuts(database, 'SELECT from_place, to_place, amount FROM vouchers WHERE lane_id = ?', row)
  const found: Segment[] = []
  let at = row.settledPlace
  while (at < row.length) {
    const move = furthest(moves, at)
    const voucher = furthest(vouchers, at)
    if (move !== undefined) found.push({ state: 'submitted', ...move })
    else if (voucher !== undefined) found.push({ state: 'vouchered', ...voucher })
    else {
      const starts = [...moves, ...vouchers].map(({ from }) => from).filter((from) => from > at)
      const to = Math.min(row.length, ...starts)
      found.push({ state: 'receipted', from: at, to, amount: owed(row, sessions, at, to) })
    }
    at = found.at(-1)!.to
  }
  return found
}

/** floor(sum of paid bytes × price / 2^30) over the lines from place `from` to place `to`. */
export function owed(row: LaneRow, sessions: readonly LedgerSession[], from: number, to: number): bigint {
  return amountFor(payable(row, sessions, from, to), row.lane.pricePerGiB)
}

/** What each of these lines pays for, in bytes. */
export function payable(row: LaneRow, sessions: readonly LedgerSession[], from: number, to: number): bigint[] {
  return sessions
    .slice(from - row.settledPlace, to - row.settledPlace)
    .map(({ receipt, maxBytes }) => paidBytes(receipt?.bytesServed ?? 0n, maxBytes))
}

function furthest(cuts: readonly Cut[], from: number): Cut | undefined {
  return cuts.filter((cut) => cut.from === from).sort((a, b) => b.to - a.to)[0]
}

function cuts({ sql }: Database, text: string, row: LaneRow): Cut[] {
  return sql(text)
    .all(row.id)
    .map((found) => ({ from: Number(found.from_place), to: Number(found.to_place), amount: big(found.amount) }))
}
