// Who pays for which lines: a lane's unsettled lines cut into what is submitted, what a voucher covers, and the rest.
import type { Sql } from '../sql.ts'
import { type Cut, cutsOf } from './cuts.ts'
import type { LaneRow } from './lanes.ts'
import type { Stretch } from './sums.ts'

export interface Segment extends Stretch {
  readonly state: 'submitted' | 'vouchered' | 'receipted'
  /** Null for receipts: what the lines are worth. */
  readonly amount: bigint | null
}

/** The segments follow one another without a gap, from the settled head to the tip. */
export async function segments(sql: Sql, row: LaneRow): Promise<Segment[]> {
  const moves = await cutsOf(sql, 'moves', row)
  const vouchers = await cutsOf(sql, 'vouchers', row)
  const found: Segment[] = []
  let at = row.settledPlace
  while (at < row.length) {
    const move = furthest(moves, at)
    const voucher = furthest(vouchers, at)
    if (move !== undefined) found.push({ state: 'submitted', ...move })
    else if (voucher !== undefined) found.push({ state: 'vouchered', ...voucher })
    else {
      const starts = [...moves, ...vouchers].map(({ from }) => from).filter((from) => from > at)
      found.push({ state: 'receipted', from: at, to: Math.min(row.length, ...starts), amount: null })
    }
    at = (found.at(-1) as Segment).to
  }
  return found
}

function furthest(cuts: readonly Cut[], from: number): Cut | undefined {
  return cuts.filter((cut) => cut.from === from).sort((a, b) => b.to - a.to)[0]
}
