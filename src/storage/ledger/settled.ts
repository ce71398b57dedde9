// What the chain says happened: lines become settled, and what was paid for them is written down by content.
import { type Head, type Lane, shareAmount } from '../../receipts/index.ts'
import type { Sql } from '../sql.ts'
import { createLane, findLane, type LaneRow, saveLane } from './lanes.ts'
import { placeOf } from './lines.ts'
import { addPaid } from './paid.ts'
import { segments } from './segments.ts'
import { byContent, bytesOf, checkSums, plus, priced, type Stretch } from './sums.ts'

/** At `now` (Unix milliseconds). `amount` is null where the chain was read without an event: then what was owed counts as paid. */
export async function markSettled(
  sql: Sql,
  { lane, head, amount }: { lane: Lane; head: Head; amount: bigint | null },
  now: number,
): Promise<void> {
  const row = await findLane(sql, lane)
  if (row === null) {
    const created = await createLane(sql, lane, head)
    if (created === null) return markSettled(sql, { lane, head, amount }, now)
    await saveLane(sql, {
      ...created,
      paid: await pay(sql, created, { from: 0, to: 0 }, { amount: amount ?? 0n, now }),
    })
    return
  }
  const place = await placeOf(sql, row, head)
  if (place !== null && place <= row.settledPlace) return
  const to = place ?? row.length
  const left = await bytesOf(sql, row, { from: to, to: row.length })
  checkSums(row, plus(await bytesOf(sql, row, { from: row.settledPlace, to }), left))
  const paid = await pay(
    sql,
    row,
    { from: row.settledPlace, to },
    { amount: amount ?? (await worth(sql, row, to)), now },
  )
  await sql.run(
    `UPDATE sessions SET state = 'settled', sealed = 1 WHERE lane_id = ? AND place >= ? AND place < ?`,
    ...[row.id, row.settledPlace, to],
  )
  await sql.run('DELETE FROM moves WHERE lane_id = ? AND from_place < ?', row.id, to)
  await sql.run('DELETE FROM vouchers WHERE lane_id = ? AND from_place < ?', row.id, to)
  const settled = head.toLowerCase() as Head
  const tip = place === null ? settled : row.tip
  const sums = { bytes: left.acknowledged, served: left.served }
  await saveLane(sql, { ...row, settled, settledPlace: to, tip, paid, ...sums })
}

/** Resolves to all that was paid for the lane by now. What no known content stands for is kept as content ''. */
async function pay(
  sql: Sql,
  row: LaneRow,
  stretch: Stretch,
  { amount, now }: { amount: bigint; now: number },
): Promise<bigint> {
  if (amount === 0n) return row.paid
  const bytes = await byContent(sql, row, stretch)
  const total = [...bytes.values()].reduce((sum, each) => sum + each, 0n)
  const contents = total === 0n ? [''] : [...bytes.keys()]
  const parts = shareAmount(amount, total === 0n ? [1n] : [...bytes.values()])
  for (const [i, part] of parts.entries()) {
    if (part > 0n) await addPaid(sql, row.id, { contentId: contents[i] as string, amount: part, now })
  }
  return row.paid + amount
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
