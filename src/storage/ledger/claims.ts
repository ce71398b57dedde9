// From receipts to money: what was sealed, vouchered and sent.
import type { Head, Lane, LaneMove, SignedVoucher, Submission } from '../../receipts/index.ts'
import { ageAt } from '../age.ts'
import { big, blob, hex } from '../columns.ts'
import { refused } from '../refused.ts'
import type { Sql } from '../sql.ts'
import { checked, insertInto, sealed, upsertInto } from './checked.ts'
import { allLanes, getLane, type LaneRow } from './lanes.ts'
import { headAt, placeOf } from './lines.ts'
import type { Stretch } from './sums.ts'

export async function seal(sql: Sql, lane: Lane, to: Head): Promise<void> {
  const row = await getLane(sql, lane)
  const place = await placeOf(sql, row, to)
  if (place === null) throw refused(`The log held here does not contain ${to}.`)
  const live = await sql.get(
    'SELECT session FROM sessions WHERE lane_id = ? AND place < ? AND streaming = 1 LIMIT 1',
    ...[row.id, place],
  )
  if (live !== undefined) {
    throw refused(`Session ${hex(live.session)} is open: settling up to ${to} would close it.`)
  }
  await close(sql, row, place)
}

export async function saveVoucher(sql: Sql, voucher: SignedVoucher): Promise<void> {
  const row = await getLane(sql, voucher)
  const { from, to } = await placesOf(sql, row, voucher)
  const held = await sql.get(
    'SELECT * FROM vouchers WHERE lane_id = ? AND from_place = ? AND to_place = ?',
    ...[row.id, from, to],
  )
  if (held !== undefined && big(checked('vouchers', held).amount) >= voucher.amount) return
  const { amount, signer, signature } = voucher
  await sql.run(upsertInto('vouchers'), ...sealed([row.id, from, to, String(amount), blob(signer), blob(signature)]))
}

export async function markSubmitted(sql: Sql, id: string, moves: readonly LaneMove[], now: number): Promise<void> {
  for (const move of moves) {
    const row = await getLane(sql, move.lane)
    const { from, to } = await placesOf(sql, row, move)
    if (from < row.settledPlace) throw refused(`The lines behind ${move.from} are settled already.`)
    const other = await sql.get(
      'SELECT intent FROM moves WHERE lane_id = ? AND from_place < ? AND to_place > ? LIMIT 1',
      ...[row.id, to, from],
    )
    if (other !== undefined) {
      throw refused(
        `The lines behind ${move.from} are on their way in transaction ${other.intent}.`,
        'Another command is settling the same lane; its outcome is looked up next time.',
      )
    }
    await close(sql, row, to)
    await sql.run(insertInto('moves'), ...sealed([id, row.id, from, to, String(move.amount), now]))
  }
}

export async function submissions(sql: Sql, now: number): Promise<Submission[]> {
  const rows = new Map((await allLanes(sql)).map((row) => [row.id, row]))
  const byIntent = new Map<string, { id: string; age: number; moves: LaneMove[] }>()
  for (const found of await sql.all('SELECT * FROM moves ORDER BY intent, lane_id, from_place')) {
    const row = rows.get(Number(checked('moves', found).lane_id)) as LaneRow
    const from = await headAt(sql, row, Number(found.from_place))
    const to = await headAt(sql, row, Number(found.to_place))
    const id = String(found.intent)
    const sent = byIntent.get(id) ?? { id, age: ageAt(now, Number(found.created)), moves: [] }
    sent.moves.push({ lane: row.lane, from, to, amount: big(found.amount) })
    byIntent.set(id, sent)
  }
  return [...byIntent.values()]
}

export async function markFailed(sql: Sql, id: string): Promise<void> {
  await sql.run('DELETE FROM moves WHERE intent = ?', id)
}

async function close(sql: Sql, row: LaneRow, to: number): Promise<void> {
  await sql.run(
    `UPDATE sessions SET state = 'closed', sealed = 1 WHERE lane_id = ? AND place >= ? AND place < ?
       AND state <> 'settled'`,
    ...[row.id, row.settledPlace, to],
  )
}

async function placesOf(sql: Sql, row: LaneRow, move: { from: Head; to: Head }): Promise<Stretch> {
  const from = await placeOf(sql, row, move.from)
  const to = await placeOf(sql, row, move.to)
  if (from === null || to === null || to <= from) {
    throw refused(`The log held here does not lead from ${move.from} to ${move.to}.`)
  }
  return { from, to }
}
