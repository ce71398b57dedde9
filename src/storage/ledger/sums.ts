// Sums over a lane's lines as the database adds them up: no row of a line travels.
import { GIB } from '../../receipts/index.ts'
import { damaged } from '../checksum.ts'
import { big } from '../columns.ts'
import type { Row, Sql } from '../sql.ts'
import type { LaneRow } from './lanes.ts'

/** Lines that one sum may run over: of 2^48 bytes at most each, so that it stays below 2^63. */
const MOST_SUMMED = 32_767

/** Lines from place `from` to place `to`. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

export const priced = (bytes: bigint, row: LaneRow): bigint => (bytes * row.lane.pricePerGiB) / GIB

/** Bytes acknowledged and bytes sent by now, of some lines; neither above what the lines allow. */
export interface Bytes {
  readonly acknowledged: bigint
  readonly served: bigint
}

export const NO_BYTES: Bytes = { acknowledged: 0n, served: 0n }

export const plus = (a: Bytes, b: Bytes): Bytes => ({
  ...{ acknowledged: a.acknowledged + b.acknowledged, served: a.served + b.served },
})

/** What the rows of a lane's unsettled lines add up to is what its own row says: else throws `file-invalid`. */
export function checkSums(row: LaneRow, { acknowledged, served }: Bytes): void {
  if (acknowledged === row.bytes && served === row.served) return
  const { lane, sponsor } = row.lane
  throw damaged(
    `Lane ${lane} of ${sponsor} says ${row.bytes} bytes acknowledged of ${row.served}, its lines ${acknowledged} of ${served}: it`,
  )
}

export async function bytesOf(sql: Sql, row: LaneRow, stretch: Stretch): Promise<Bytes> {
  let sum = NO_BYTES
  for (const { from, to } of pieces(stretch)) {
    const found = await sql.get(
      `SELECT COALESCE(sum(bytes), 0) AS bytes, COALESCE(sum(served), 0) AS served
       FROM progress WHERE lane_id = ? AND place >= ? AND place < ?`,
      ...[row.id, from, to],
    )
    sum = plus(sum, { acknowledged: big(found?.bytes), served: big(found?.served) })
  }
  return sum
}

/** What was acknowledged by content ('' where none is known), in the order that amounts are split in. */
export async function byContent(sql: Sql, row: LaneRow, stretch: Stretch): Promise<Map<string, bigint>> {
  const sums = new Map<string, bigint>()
  for (const { from, to } of pieces(stretch)) {
    const rows = await sql.all(
      `SELECT content_id, sum(bytes) AS bytes FROM progress
       WHERE lane_id = ? AND place >= ? AND place < ? GROUP BY content_id`,
      ...[row.id, from, to],
    )
    for (const { content_id: id, bytes } of rows) sums.set(String(id), (sums.get(String(id)) ?? 0n) + big(bytes))
  }
  return new Map([...sums].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * One content's part of an amount: the difference of two rounded running sums over contents in order, so that all parts
 * add up to exactly the amount. `amount` may follow from `total`, all bytes of the stretch; `counted` says which count.
 */
export async function partOf(
  sql: Sql,
  row: LaneRow,
  init: Stretch & { contentId: string; counted: 'acknowledged' | 'open'; amount: (bytes: bigint) => bigint },
): Promise<{ part: bigint; total: bigint }> {
  const expression = init.counted === 'open' ? 'served - bytes' : 'bytes'
  let [total, before, own] = [0n, 0n, 0n]
  for (const { from, to } of pieces(init)) {
    const found = await sql.get(
      `SELECT sum(${expression}) AS total, sum(CASE WHEN content_id = ? THEN ${expression} ELSE 0 END) AS own,
         sum(CASE WHEN content_id < ? THEN ${expression} ELSE 0 END) AS before_it
       FROM progress WHERE lane_id = ? AND place >= ? AND place < ?`,
      ...[init.contentId, init.contentId, row.id, from, to],
    )
    total += sumIn(found, 'total')
    before += sumIn(found, 'before_it')
    own += sumIn(found, 'own')
  }
  if (total === 0n) return { part: 0n, total }
  const whole = init.amount(total)
  return { part: (whole * (before + own)) / total - (whole * before) / total, total }
}

const sumIn = (row: Row | undefined, name: string): bigint => big(row?.[name] ?? 0)

/** Stretches that one sum each may run over. */
export function pieces({ from, to }: Stretch): Stretch[] {
  const found: Stretch[] = []
  for (let at = from; at < to; at += MOST_SUMMED) found.push({ from: at, to: Math.min(to, at + MOST_SUMMED) })
  return found
}
