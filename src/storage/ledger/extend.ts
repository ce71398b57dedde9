// How a log grows: line by line behind a head that it contains, or, when nothing unsettled is held, behind the chain's.
import { type Head, headsAfter, type Lane, type LogLine, type SignedHead } from '../../receipts/index.ts'
import { blob, hex } from '../columns.ts'
import { refused } from '../refused.ts'
import type { Sql } from '../sql.ts'
import { saveHead } from './heads.ts'
import { createLane, findLane, getLane, type LaneRow, saveLane } from './lanes.ts'
import { placeOf } from './lines.ts'

export interface Extension {
  readonly lane: Lane
  readonly from: Head
  readonly lines: readonly LogLine[]
  readonly signed: SignedHead
}

/** `now` is Unix milliseconds. Throws `refused` where the lines do not extend the log. */
export async function extendLog(sql: Sql, { lane, lines, signed, ...init }: Extension, now: number): Promise<void> {
  const from = init.from.toLowerCase() as Head
  const heads = headsAfter(from, lines)
  if ((heads.at(-1) ?? from) !== signed.head.toLowerCase()) {
    throw refused(
      `The log does not reach its signed head ${signed.head}: ${lines.length} lines behind ${from} end elsewhere.`,
    )
  }
  let row = (await findLane(sql, lane)) ?? (await createLane(sql, lane, from)) ?? (await getLane(sql, lane))
  let at = await placeOf(sql, row, from)
  if (at === null) {
    if (row.settledPlace < row.length) {
      throw refused(
        `The log does not extend the one held: ${from} is not in it, and ${row.length - row.settledPlace} of its lines are unsettled.`,
      )
    }
    row = await jump(sql, row, from)
    at = row.length
  }
  const known = Math.min(lines.length, row.length - at)
  await checkSame(sql, row, at, heads.slice(0, known))
  const end = at + lines.length
  if (end > row.length) {
    await sql.insertAll(
      `INSERT INTO sessions (lane_id, place, session, next, session_key, max_bytes, created)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      ['integer', 'integer', 'blob', 'blob', 'blob', 'integer', 'integer'],
      lines.slice(known).map((line, i) => {
        const place = known + i
        const session = heads[place - 1] ?? from
        const bytes = Number(line.maxBytes)
        return [row.id, at + place, blob(session), blob(heads[place] as Head), blob(line.sessionKey), bytes, now]
      }),
    )
    await saveLane(sql, { ...row, tip: signed.head.toLowerCase() as Head, length: end })
  }
  await saveHead(sql, row, end, signed)
}

/** A log of which nothing unsettled is held goes on at a head that the chain has reached without us. */
async function jump(sql: Sql, row: LaneRow, head: Head): Promise<LaneRow> {
  return saveLane(sql, { ...row, settled: head, tip: head, settledPlace: row.length, bytes: 0n, served: 0n })
}

async function checkSame(sql: Sql, row: LaneRow, at: number, heads: readonly Head[]): Promise<void> {
  if (heads.length === 0) return
  const known = await sql.all(
    'SELECT place, next FROM sessions WHERE lane_id = ? AND place >= ? AND place < ?',
    ...[row.id, at, at + heads.length],
  )
  for (const { place, next } of known) {
    const theirs = heads[Number(place) - at]
    if (theirs !== hex(next)) {
      throw refused(
        `The log does not extend the one held: its line ${place} leads to ${theirs}, the one held to ${hex(next)}.`,
        'The sponsor wrote two logs for one lane; ask it for a new lane.',
      )
    }
  }
}
