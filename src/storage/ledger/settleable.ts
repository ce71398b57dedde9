// What can be settled now: the run of closed lines behind what the chain, or a transaction under way, has reached.
import {
  amountFor,
  type Head,
  type Lane,
  type LedgerSession,
  LINES_AT_ONCE,
  paidBytes,
  type SettleableRange,
  type SignedHead,
  type SignedVoucher,
} from '../../receipts/index.ts'
import { CLOCK_SKEW } from '../age.ts'
import { address, big, hex } from '../columns.ts'
import type { Sql } from '../sql.ts'
import { checked } from './checked.ts'
import { headsBetween, type PlacedHead } from './heads.ts'
import { findLane, type LaneRow } from './lanes.ts'
import { headAt, placeOf, sessionsBetween } from './lines.ts'
import { bytesOf, checkSums, plus, type Stretch } from './sums.ts'

export interface SettleableOptions {
  readonly idleSeconds?: number
  readonly from?: Head
}

/** `now` is Unix milliseconds. */
export async function settleable(
  sql: Sql,
  lane: Lane,
  options: SettleableOptions,
  now: number,
): Promise<SettleableRange | null> {
  const row = await findLane(sql, lane)
  if (row === null) return null
  const from = options.from === undefined ? await unsubmitted(sql, row) : await placeOf(sql, row, options.from)
  if (from === null || from < row.settledPlace) return null
  const { idleSeconds } = options
  const live = await firstLive(sql, row, from, {
    since: idleSeconds === undefined ? -1 : now - idleSeconds * 1000,
    // what was written by a clock that has been set back since would be idle when that time comes again
    until: idleSeconds === undefined ? Number.MAX_SAFE_INTEGER : now + CLOCK_SKEW,
  })
  if (live <= from) return null
  const to = await cutAt(sql, row, { from, to: live })
  const sessions = await sessionsBetween(sql, row, from, to)
  // once for all the parts of a long range
  if (options.from === undefined) await checkLines(sql, row, { from, to }, sessions)
  const heads = newestPerPlace(await headsBetween(sql, row, from + 1, to))
  return {
    lane: row.lane,
    from: await headAt(sql, row, from),
    to: await headAt(sql, row, to),
    more: to < live,
    head: heads.at(-1) ?? null,
    heads,
    sessions,
    amount: amountFor(
      sessions.map(({ receipt, maxBytes }) => paidBytes(receipt?.bytesServed ?? 0n, maxBytes)),
      row.lane.pricePerGiB,
    ),
    voucher: await furthestVoucher(sql, row, from),
  }
}

/**
 * Where a range ends that is read at once: at a signed head, so that it can also be settled raw, or where a voucher does,
 * and behind a line that earned something, so that it is worth a claim.
 */
async function cutAt(sql: Sql, row: LaneRow, { from, to }: Stretch): Promise<number> {
  if (to <= from + LINES_AT_ONCE) return to
  const earning = await sql.get(
    'SELECT min(place) AS place FROM progress WHERE lane_id = ? AND place >= ? AND place < ? AND bytes > 0',
    ...[row.id, from, to],
  )
  const least = Number(earning?.place ?? from)
  const most = Math.max(from + LINES_AT_ONCE, least + 1)
  if (to <= most) return to
  const place = async (which: string, low: number, high: number) =>
    (
      await sql.get(
        `SELECT ${which} AS place FROM heads WHERE lane_id = ? AND place > ? AND place <= ?`,
        row.id,
        low,
        high,
      )
    )?.place as number | null | undefined
  const signed = (await place('max(place)', least, most)) ?? (await place('min(place)', most, to)) ?? most
  const covered = await sql.get(
    'SELECT max(to_place) AS place FROM vouchers WHERE lane_id = ? AND from_place = ? AND to_place <= ?',
    ...[row.id, from, to],
  )
  return Math.max(Number(signed), Number(covered?.place ?? 0))
}

/** Every line is held, and what they add up to is what the lane says, together with the lines before and behind. */
async function checkLines(sql: Sql, row: LaneRow, { from, to }: Stretch, sessions: readonly LedgerSession[]) {
  let sum = { acknowledged: 0n, served: 0n }
  for (const { receipt, served } of sessions) sum = plus(sum, { acknowledged: receipt?.bytesServed ?? 0n, served })
  const before = await bytesOf(sql, row, { from: row.settledPlace, to: from })
  checkSums(row, plus(plus(before, sum), await bytesOf(sql, row, { from: to, to: row.length })))
}

/** The first line from `from` on that is neither closed nor idle: not touched between these two; or the end of the log. */
async function firstLive(
  sql: Sql,
  row: LaneRow,
  from: number,
  { since, until }: { since: number; until: number },
): Promise<number> {
  const live = await sql.get(
    `SELECT s.place FROM sessions s LEFT JOIN progress p ON p.lane_id = s.lane_id AND p.place = s.place
     WHERE s.lane_id = ? AND s.place >= ? AND s.state <> 'closed'
       AND (s.streaming = 1 OR s.created > ? AND s.created <= ? OR COALESCE(p.touched, 0) > ? AND p.touched <= ?)
     ORDER BY s.place LIMIT 1`,
    ...[row.id, from, since, until, since, until],
  )
  return live === undefined ? row.length : Number(live.place)
}

/** Behind everything that a transaction under way moves. */
async function unsubmitted(sql: Sql, row: LaneRow): Promise<number> {
  let at = row.settledPlace
  for (;;) {
    const move = await sql.get(
      'SELECT max(to_place) AS place FROM moves WHERE lane_id = ? AND from_place = ?',
      ...[row.id, at],
    )
    if (move?.place == null) return at
    at = Number(move.place)
  }
}

async function furthestVoucher(sql: Sql, row: LaneRow, from: number): Promise<SignedVoucher | null> {
  const found = await sql.get(
    'SELECT * FROM vouchers WHERE lane_id = ? AND from_place = ? ORDER BY to_place DESC LIMIT 1',
    ...[row.id, from],
  )
  if (found === undefined) return null
  checked('vouchers', found)
  return {
    ...row.lane,
    from: await headAt(sql, row, from),
    to: await headAt(sql, row, Number(found.to_place)),
    amount: big(found.amount),
    signer: address(found.signer),
    signature: hex(found.signature),
  }
}

/** `heads` come by place, then by expiry: the last at a place is valid for longest. */
function newestPerPlace(heads: readonly PlacedHead[]): SignedHead[] {
  return heads.filter(({ place }, i) => heads[i + 1]?.place !== place).map(({ signed }) => signed)
}
