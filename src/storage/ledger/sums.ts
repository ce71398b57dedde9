// Sums over a lane's lines as the database adds them up: no row of a line travels.
import { GIB } from '../../receipts/index.ts'
import { big } from '../columns.ts'
import type { Row, Sql } from '../sql.ts'
import type { LaneRow } from './lanes.ts'

/** Two halves of a sum, since 2^48 bytes a line on some 100,000 lines would pass 2^63. */
const HALF = 16_777_216
export const sumOf = (expression: string, name: string): string =>
  `COALESCE(sum((${expression}) / ${HALF}), 0) AS ${name}_high, COALESCE(sum((${expression}) % ${HALF}), 0) AS ${name}_low`
export const readSum = (row: Row | undefined, name: string): bigint =>
  big(row?.[`${name}_high`] ?? 0) * BigInt(HALF) + big(row?.[`${name}_low`] ?? 0)

/** Lines from place `from` to place `to`. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

export const priced = (bytes: bigint, row: LaneRow): bigint => (bytes * row.lane.pricePerGiB) / GIB

/** What the receipts of these lines acknowledge, in bytes; never above a line's most. */
export async function acknowledged(sql: Sql, row: LaneRow, { from, to }: Stretch): Promise<bigint> {
  const sum = await sql.get(
    `SELECT ${sumOf('bytes', 'bytes')} FROM progress WHERE lane_id = ? AND place >= ? AND place < ?`,
    ...[row.id, from, to],
  )
  return readSum(sum, 'bytes')
}

/** The same by content ('' where none is known), in the order that amounts are split in. */
export async function byContent(sql: Sql, row: LaneRow, { from, to }: Stretch): Promise<Map<string, bigint>> {
  const rows = await sql.all(
    `SELECT content_id, ${sumOf('bytes', 'bytes')} FROM progress
     WHERE lane_id = ? AND place >= ? AND place < ? GROUP BY content_id ORDER BY content_id`,
    ...[row.id, from, to],
  )
  return new Map(rows.map((each) => [String(each.content_id), readSum(each, 'bytes')]))
}

/**
 * One content's part of `amount`: the difference of two rounded running sums, so that all parts add up to exactly
 * `amount`. `expression` says which bytes of a line count.
 */
export async function partOf(
  sql: Sql,
  row: LaneRow,
  { from, to, contentId, expression, amount }: Stretch & { contentId: string; expression: string; amount: PricedBy },
): Promise<bigint> {
  const sum = await sql.get(
    `SELECT ${sumOf(expression, 'total')},
       ${sumOf(`CASE WHEN content_id < ? THEN ${expression} ELSE 0 END`, 'before')},
       ${sumOf(`CASE WHEN content_id = ? THEN ${expression} ELSE 0 END`, 'own')}
     FROM progress WHERE lane_id = ? AND place >= ? AND place < ?`,
    ...[contentId, contentId, contentId, contentId, row.id, from, to],
  )
  const total = readSum(sum, 'total')
  if (total === 0n) return 0n
  const before = readSum(sum, 'before')
  const whole = amount(total)
  return (whole * (before + readSum(sum, 'own'))) / total - (whole * before) / total
}

/** An amount that is fixed, or follows from the bytes. */
export type PricedBy = (bytes: bigint) => bigint
