// What the chain credited, by lane and content: '' is what no known content stands for.
import { big } from '../columns.ts'
import type { Row, Sql } from '../sql.ts'
import { checked, sealed, upsertInto } from './checked.ts'

/** Throws `file-invalid` for a row that is not what was written. */
export const paidIn = (row: Row): bigint => big(checked('paid', row).amount)

export async function addPaid(sql: Sql, laneId: number, contentId: string, amount: bigint): Promise<void> {
  const before = await sql.get('SELECT * FROM paid WHERE lane_id = ? AND content_id = ?', laneId, contentId)
  const sum = amount + (before === undefined ? 0n : paidIn(before))
  await sql.run(upsertInto('paid'), ...sealed([laneId, contentId, String(sum)]))
}
