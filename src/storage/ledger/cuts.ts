// What covers stretches of a log with a known amount: vouchers that are held, and moves that transactions make.
import { big } from '../columns.ts'
import type { Sql } from '../sql.ts'
import { checked } from './checked.ts'
import type { LaneRow } from './lanes.ts'
import type { Stretch } from './sums.ts'

export interface Cut extends Stretch {
  readonly amount: bigint
}

/** Those that begin at the settled head or behind it. Throws `file-invalid` for a row that is not what was written. */
export async function cutsOf(sql: Sql, table: 'moves' | 'vouchers', row: LaneRow): Promise<Cut[]> {
  const found = await sql.all(
    `SELECT * FROM ${table} WHERE lane_id = ? AND from_place >= ?`,
    ...[row.id, row.settledPlace],
  )
  return found.map((each) => {
    checked(table, each)
    return { from: Number(each.from_place), to: Number(each.to_place), amount: big(each.amount) }
  })
}

/** Ids of the lanes that have any. */
export async function lanesWithCuts(sql: Sql): Promise<Set<number>> {
  const rows = await sql.all('SELECT lane_id FROM moves UNION SELECT lane_id FROM vouchers')
  return new Set(rows.map((row) => Number(row.lane_id)))
}
