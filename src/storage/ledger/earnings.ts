// One number per state, from one query for the command line, the API and the metrics. It reads a lane's unsettled lines as
// sums, and what was paid as one figure a lane, so a year of settled lines costs nothing.
import type { Address } from 'viem'
import type { Earnings } from '../../receipts/index.ts'
import { big, blob } from '../columns.ts'
import type { Sql } from '../sql.ts'
import { type LaneRow, laneRow } from './lanes.ts'
import { segments } from './segments.ts'
import { type Bytes, bytesOf, MOST_SUMMED, partOf, priced } from './sums.ts'

export interface EarningsFilter {
  readonly contentId?: string
  readonly sponsor?: Address
}

type Sums = { -readonly [State in keyof Earnings]: bigint }

/** A content's part of a group's amount is in proportion to its bytes: all parts add up to the group's amount. */
export async function earnings(sql: Sql, filter: EarningsFilter): Promise<Earnings> {
  const of = filter.sponsor === undefined ? '' : ' AND l.sponsor = ?'
  const sponsor = filter.sponsor === undefined ? [] : [blob(filter.sponsor)]
  const sums: Sums = { served: 0n, receipted: 0n, vouchered: 0n, submitted: 0n, paid: 0n }
  const rows = (await sql.all(`SELECT l.* FROM lanes l WHERE 1 = 1${of}`, ...sponsor)).map(laneRow)
  if (filter.contentId === undefined) {
    await addWhole(sql, rows, sums, await totals(sql, of, sponsor))
    for (const row of rows) sums.paid += row.paid ?? (await paidOf(sql, row))
    return sums
  }
  const { contentId } = filter
  for (const row of rows) if (row.settledPlace < row.length) await addContent(sql, row, contentId, sums)
  const paid = await sql.all(
    `SELECT p.amount FROM paid p JOIN lanes l ON l.id = p.lane_id WHERE p.content_id = ?${of}`,
    ...[contentId, ...sponsor],
  )
  sums.paid = paid.reduce((sum, { amount }) => sum + big(amount), 0n)
  return sums
}

/** Bytes by lane in one query. Lanes with vouchers or transactions, or with very many lines, are looked at by themselves. */
async function totals(sql: Sql, of: string, sponsor: Uint8Array[]): Promise<Map<number, Bytes>> {
  const rows = await sql.all(
    `SELECT l.id, COALESCE(sum(p.bytes), 0) AS bytes, COALESCE(sum(p.served), 0) AS served
     FROM lanes l JOIN progress p ON p.lane_id = l.id AND p.place >= l.settled_place
     WHERE l.settled_place < l.length AND l.length - l.settled_place <= ${MOST_SUMMED}${of}
       AND NOT EXISTS (SELECT 1 FROM moves m WHERE m.lane_id = l.id)
       AND NOT EXISTS (SELECT 1 FROM vouchers v WHERE v.lane_id = l.id)
     GROUP BY l.id`,
    ...sponsor,
  )
  return new Map(rows.map((row) => [Number(row.id), { acknowledged: big(row.bytes), served: big(row.served) }]))
}

async function addWhole(sql: Sql, rows: readonly LaneRow[], sums: Sums, totals: Map<number, Bytes>): Promise<void> {
  for (const row of rows) {
    if (row.settledPlace === row.length) continue
    const all = totals.get(row.id)
    const { acknowledged, served } = all ?? (await bytesOf(sql, row, { from: row.settledPlace, to: row.length }))
    sums.served += priced(served - acknowledged, row)
    if (all !== undefined) sums.receipted += priced(acknowledged, row)
    else {
      for (const segment of await segments(sql, row)) {
        sums[segment.state] += segment.amount ?? priced((await bytesOf(sql, row, segment)).acknowledged, row)
      }
    }
  }
}

async function addContent(sql: Sql, row: LaneRow, contentId: string, sums: Sums): Promise<void> {
  for (const segment of await segments(sql, row)) {
    const amount = (bytes: bigint) => segment.amount ?? priced(bytes, row)
    sums[segment.state] += await partOf(sql, row, { ...segment, contentId, counted: 'acknowledged', amount })
  }
  const all = { from: row.settledPlace, to: row.length }
  const amount = (bytes: bigint) => priced(bytes, row)
  sums.served += await partOf(sql, row, { ...all, contentId, counted: 'open', amount })
}

/** What was credited to a lane before such sums were kept with it. */
export async function paidOf(sql: Sql, row: LaneRow): Promise<bigint> {
  const rows = await sql.all('SELECT amount FROM paid WHERE lane_id = ?', row.id)
  return rows.reduce((sum, { amount }) => sum + big(amount), 0n)
}
