// One number per state, from the same rows for the CLI, the API and the metrics.
import { amountFor, type Earnings, paidBytes, shareAmount } from '../../receipts/index.ts'
import { big } from './columns.ts'
import type { Database } from './database.ts'
import type { LaneRow, Lanes } from './lanes.ts'
import { payable, segments } from './segments.ts'

export interface EarningsFilter {
  readonly contentId?: string
  readonly sponsor?: `0x${string}`
}

type Sums = { -readonly [State in keyof Earnings]: bigint }

/** A content's part of a group's amount is in proportion to its bytes: all parts add up to the group's amount. */
export function earnings(database: Database, lanes: Lanes, filter: EarningsFilter): Earnings {
  const sums: Sums = { served: 0n, receipted: 0n, vouchered: 0n, submitted: 0n, paid: 0n }
  for (const row of lanes.all()) {
    if (filter.sponsor !== undefined && row.lane.sponsor.toLowerCase() !== filter.sponsor.toLowerCase()) continue
    addUnsettled(database, lanes, row, filter, sums)
    sums.paid += paid(database, row, filter)
  }
  return sums
}

function addUnsettled(database: Database, lanes: Lanes, row: LaneRow, filter: EarningsFilter, sums: Sums): void {
  const sessions = lanes.sessions(row, row.settledPlace, row.length)
  const counts = sessions.map(({ contentId }) => filter.contentId === undefined || contentId === filter.contentId)
  const part = (amount: bigint, bytes: readonly bigint[], first: number) =>
    shareAmount(amount, bytes).reduce((sum, share, i) => (counts[first + i] ? sum + share : sum), 0n)

  for (const { state, from, to, amount } of segments(database, row, sessions)) {
    sums[state] += part(amount, payable(row, sessions, from, to), from - row.settledPlace)
  }
  const open = sessions.map(
    ({ served, receipt, maxBytes }) => paidBytes(served, maxBytes) - paidBytes(receipt?.bytesServed ?? 0n, maxBytes),
  )
  sums.served += part(amountFor(open, row.lane.pricePerGiB), open, 0)
}

function paid({ sql }: Database, row: LaneRow, { contentId }: EarningsFilter): bigint {
  const rows =
    contentId === undefined
      ? sql('SELECT amount FROM paid WHERE lane_id = ?').all(row.id)
      : sql('SELECT amount FROM paid WHERE lane_id = ? AND content_id = ?').all(row.id, contentId)
  return rows.reduce((sum, { amount }) => sum + big(amount), 0n)
}
