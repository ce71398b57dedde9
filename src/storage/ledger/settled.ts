// What the chain says happened: lines become settled, and what was paid for them is written down by content.
import { type Head, type Lane, shareAmount } from '../../receipts/index.ts'
import { big, blob } from '../columns.ts'
import type { Sql } from '../sql.ts'
import { paidOf } from './earnings.ts'
import { createLane, findLane, type LaneRow, placeOf } from './lanes.ts'
import { segments } from './segments.ts'
import { byContent, bytesOf, priced, type Stretch } from './sums.ts'

/** `amount` is null where the chain was read without an event: then what was owed counts as paid. */
export async function markSettled(sql: Sql, lane: Lane, head: Head, amount: bigint | null): Promise<void> {
  const row = await findLane(sql, lane)
  if (row === null) {
    const created = await createLane(sql, lane, head)
    await pay(sql, created, { from: 0, to: 0 }, amount ?? 0n)
    return
  }
  const place = await placeOf(sql, row, head)
  if (place !== null && place <= row.settledPlace) return
  const to = place ?? row.length
  await pay(sql, row, { from: row.settledPlace, to }, amount ?? (await worth(sql, row, to)))
  await sql.run(
    `UPDATE sessions SET state = 'settled', sealed = 1 WHERE lane_id = ? AND place >= ? AND place < ?`,
    ...[row.id, row.settledPlace, to],
  )
  await sql.run('DELETE FROM moves WHERE lane_id = ? AND from_place < ?', row.id, to)
  await sql.run('DELETE FROM vouchers WHERE lane_id = ? AND from_place < ?', row.id, to)
  await sql.run('UPDATE lanes SET settled = ?, settled_place = ? WHERE id = ?', blob(head), to, row.id)
  if (place === null) await sql.run('UPDATE lanes SET tip = ? WHERE id = ?', blob(head), row.id)
}

/** What no known content stands for is kept as content ''. */
async function pay(sql: Sql, row: LaneRow, stretch: Stretch, amount: bigint): Promise<void> {
  if (amount === 0n) return
  const bytes = await byContent(sql, row, stretch)
  const total = [...bytes.values()].reduce((sum, each) => sum + each, 0n)
  const contents = total === 0n ? [''] : [...bytes.keys()]
  const parts = shareAmount(amount, total === 0n ? [1n] : [...bytes.values()])
  for (const [i, part] of parts.entries()) {
    if (part === 0n) continue
    const content = contents[i] as string
    const before = await sql.get('SELECT amount FROM paid WHERE lane_id = ? AND content_id = ?', row.id, content)
    await sql.run(
      `INSERT INTO paid (lane_id, content_id, amount) VALUES (?, ?, ?)
       ON CONFLICT (lane_id, content_id) DO UPDATE SET amount = excluded.amount`,
      ...[row.id, content, String(part + (before === undefined ? 0n : big(before.amount)))],
    )
  }
  await sql.run('UPDATE lanes SET paid = ? WHERE id = ?', String(await paidOf(sql, row)), row.id)
}

/** What the lines up to `to` are worth by what is known of them: amounts sent or vouchered first, receipts else. */
async function worth(sql: Sql, row: LaneRow, to: number): Promise<bigint> {
  const before = (await segments(sql, row)).filter((segment) => segment.from < to)
  if (!before.every((segment) => segment.to <= to || segment.state === 'receipted')) {
    return priced((await bytesOf(sql, row, { from: row.settledPlace, to })).acknowledged, row)
  }
  let sum = 0n
  for (const { amount, from, to: end } of before) {
    sum += amount ?? priced((await bytesOf(sql, row, { from, to: Math.min(end, to) })).acknowledged, row)
  }
  return sum
}
