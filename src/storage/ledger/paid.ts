// What the chain credited, by lane and content: '' is what no known content stands for.
import { big } from '../columns.ts'
import type { Row, Sql } from '../sql.ts'
import { checked, sealed, upsertInto } from './checked.ts'

/** Milliseconds. */
export const DAY = 86_400_000

/** Throws `file-invalid` for a row that is not what was written. */
export const paidIn = (row: Row): bigint => big(checked('paid', row).amount)

/** `now`: Unix milliseconds at which the ledger learned of it. */
export async function addPaid(
  sql: Sql,
  laneId: number,
  { contentId, amount, now }: { contentId: string; amount: bigint; now: number },
): Promise<void> {
  const before = await sql.get('SELECT * FROM paid WHERE lane_id = ? AND content_id = ?', laneId, contentId)
  const sum = amount + (before === undefined ? 0n : paidIn(before))
  await sql.run(upsertInto('paid'), ...sealed([laneId, contentId, String(sum)]))
  const key = [laneId, contentId, Math.floor(now / DAY)]
  const earlier = await sql.get('SELECT * FROM payments WHERE lane_id = ? AND content_id = ? AND day = ?', ...key)
  const today = amount + (earlier === undefined ? 0n : big(checked('payments', earlier).amount))
  await sql.run(upsertInto('payments'), ...sealed([...key, String(today)]))
}
