// One number per state, from one query for the command line, the API and the metrics. A lane's sums stand in its row, so
// that neither a year of settled lines nor a hundred thousand unsettled ones cost anything.
import type { Address } from 'viem'
import type { Earnings } from '../../receipts/index.ts'
import { blob } from '../columns.ts'
import type { Sql } from '../sql.ts'
import { lanesWithCuts } from './cuts.ts'
import { type LaneRow, laneRow } from './lanes.ts'
import { paidIn } from './paid.ts'
import { segments } from './segments.ts'
import { type Bytes, bytesOf, checkSums, NO_BYTES, partOf, plus, priced } from './sums.ts'

export interface EarningsFilter {
  readonly contentId?: string
  readonly sponsor?: Address
}

type Sums = { -readonly [State in keyof Earnings]: bigint }

/** A content's part of a group's amount is in proportion to its bytes: all parts add up to the group's amount. */
export async function earnings(sql: Sql, { contentId, sponsor }: EarningsFilter): Promise<Earnings> {
  const sums: Sums = { served: 0n, receipted: 0n, vouchered: 0n, submitted: 0n, paid: 0n }
  const of = sponsor === undefined ? [] : [blob(sponsor)]
  const found = await sql.all(`SELECT * FROM lanes${sponsor === undefined ? '' : ' WHERE sponsor = ?'}`, ...of)
  const rows = found.map(laneRow)
  if (contentId === undefined) {
    const cut = await lanesWithCuts(sql)
    for (const row of rows) await addWhole(sql, row, cut.has(row.id), sums)
    return sums
  }
  for (const row of rows) if (row.settledPlace < row.length) await addContent(sql, row, contentId, sums)
  const ids = new Set(rows.map(({ id }) => id))
  const paid = await sql.all('SELECT * FROM paid WHERE content_id = ?', contentId)
  for (const each of paid) if (ids.has(Number(each.lane_id))) sums.paid += paidIn(each)
  return sums
}

async function addWhole(sql: Sql, row: LaneRow, cut: boolean, sums: Sums): Promise<void> {
  sums.paid += row.paid
  sums.served += priced(row.served - row.bytes, row)
  if (!cut) {
    sums.receipted += priced(row.bytes, row)
    return
  }
  let all = NO_BYTES
  for (const segment of await segments(sql, row)) {
    const bytes = await bytesOf(sql, row, segment)
    all = plus(all, bytes)
    sums[segment.state] += segment.amount ?? priced(bytes.acknowledged, row)
  }
  checkSums(row, all)
}

async function addContent(sql: Sql, row: LaneRow, contentId: string, sums: Sums): Promise<void> {
  let acknowledged = 0n
  for (const segment of await segments(sql, row)) {
    const amount = (bytes: bigint) => segment.amount ?? priced(bytes, row)
    const { part, total } = await partOf(sql, row, { ...segment, contentId, counted: 'acknowledged', amount })
    sums[segment.state] += part
    acknowledged += total
  }
  const all = { from: row.settledPlace, to: row.length }
  const amount = (bytes: bigint) => priced(bytes, row)
  const { part, total } = await partOf(sql, row, { ...all, contentId, counted: 'open', amount })
  sums.served += part
  checkSums(row, { acknowledged, served: acknowledged + total } satisfies Bytes)
}
