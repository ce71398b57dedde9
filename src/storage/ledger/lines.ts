// The lines of the logs, read back. Each proves itself: its head, key and most bytes hash to the next line's head.
import {
  type Head,
  type Lane,
  type LaneLog,
  type LaneState,
  type LedgerSession,
  LINES_AT_ONCE,
  leadsTo,
} from '../../receipts/index.ts'
import { damaged } from '../checksum.ts'
import { address, big, blob, hex } from '../columns.ts'
import type { Row, Sql } from '../sql.ts'
import { headsBetween } from './heads.ts'
import { findLane, type LaneRow, lanesById } from './lanes.ts'
import { noProgress, PROGRESS, type Progress, progressIn } from './progress.ts'

const SESSION = `
  SELECT s.*, ${PROGRESS}
  FROM sessions s LEFT JOIN progress p ON p.lane_id = s.lane_id AND p.place = s.place`

const STATES: ReadonlySet<string> = new Set(['unused', 'open', 'closed', 'settled'])

/** How many lines lie before `head`, or null when the log does not contain it. */
export async function placeOf(sql: Sql, row: LaneRow, head: Head): Promise<number | null> {
  const wanted = head.toLowerCase()
  if (wanted === row.settled) return row.settledPlace
  if (wanted === row.tip) return row.length
  const behind = await sql.get('SELECT place FROM sessions WHERE lane_id = ? AND next = ?', row.id, blob(head))
  if (behind !== undefined) return Number(behind.place) + 1
  const at = await sql.get('SELECT place FROM sessions WHERE lane_id = ? AND session = ?', row.id, blob(head))
  return at === undefined ? null : Number(at.place)
}

export async function headAt(sql: Sql, row: LaneRow, place: number): Promise<Head> {
  if (place === row.settledPlace) return row.settled
  if (place === row.length) return row.tip
  const found = await sql.get('SELECT session FROM sessions WHERE lane_id = ? AND place = ?', row.id, place)
  if (found === undefined) throw damaged(`Line ${place} of lane ${row.lane.lane} of ${row.lane.sponsor}`)
  return hex(found.session)
}

/** Throws `file-invalid` where one of them is missing or damaged. */
export async function sessionsBetween(sql: Sql, row: LaneRow, from: number, to: number): Promise<LedgerSession[]> {
  const found = await sql.all(
    `${SESSION} WHERE s.lane_id = ? AND s.place >= ? AND s.place < ? ORDER BY s.place`,
    ...[row.id, from, to],
  )
  const sessions = found.map((each) => sessionRow(each, row))
  const gap = sessions.findIndex(({ index, session }, i) => {
    return index !== from + i || (i > 0 && session !== sessions[i - 1]?.next)
  })
  if (gap >= 0 || sessions.length !== to - from) {
    throw damaged(`The log of lane ${row.lane.lane} of ${row.lane.sponsor} behind line ${from + Math.max(gap, 0)}`)
  }
  return sessions
}

export interface FoundSession {
  readonly row: LaneRow
  readonly session: LedgerSession
  readonly progress: Progress
}

export async function findSession(sql: Sql, name: Head): Promise<FoundSession | null> {
  const found = await sql.get(`${SESSION} WHERE s.session = ?`, blob(name))
  if (found === undefined) return null
  const row = await laneOf(sql, Number(found.lane_id))
  const session = sessionRow(found, row)
  return { row, session, progress: progressIn(found) ?? noProgress(row.id, session.index) }
}

/** The lane of a row that was found. */
export async function laneOf(sql: Sql, id: number): Promise<LaneRow> {
  const row = (await lanesById(sql, [id])).get(id)
  if (row === undefined) throw damaged(`The row of lane ${id}`)
  return row
}

export async function findSessions(sql: Sql, names: readonly Head[]): Promise<LedgerSession[]> {
  const found = await sql.allOf(`${SESSION} WHERE s.session IN (?)`, 'blob', [...new Set(names)].map(blob))
  const lanes = await lanesById(
    sql,
    found.map((each) => Number(each.lane_id)),
  )
  return found.map((each) => {
    const row = lanes.get(Number(each.lane_id))
    if (row === undefined) throw damaged(`The row of lane ${each.lane_id}`)
    return sessionRow(each, row)
  })
}

export async function lineCounts(sql: Sql, lane: Lane, before?: Head): Promise<{ paid: number; unused: number }> {
  const row = await findLane(sql, lane)
  const place = row === null || before === undefined ? null : await placeOf(sql, row, before)
  const found = await sql.get(
    `SELECT sum(CASE WHEN p.bytes > 0 THEN 1 ELSE 0 END) AS paid,
       sum(CASE WHEN s.state = 'unused' AND COALESCE(p.bytes, 0) = 0 THEN 1 ELSE 0 END) AS unused
     FROM sessions s LEFT JOIN progress p ON p.lane_id = s.lane_id AND p.place = s.place
     WHERE s.lane_id = ? AND s.place >= ? AND s.place < ?`,
    ...[row?.id ?? -1, row?.settledPlace ?? 0, place ?? row?.length ?? 0],
  )
  return { paid: Number(found?.paid ?? 0), unused: Number(found?.unused ?? 0) }
}

export async function laneState(sql: Sql, lane: Lane): Promise<LaneState | null> {
  const row = await findLane(sql, lane)
  return row === null ? null : stateOf(row)
}

export async function laneLog(sql: Sql, lane: Lane, most = LINES_AT_ONCE): Promise<LaneLog | null> {
  const row = await findLane(sql, lane)
  if (row === null) return null
  const from = Math.max(row.settledPlace, row.length - most)
  return {
    ...stateOf(row),
    sessions: await sessionsBetween(sql, row, from, row.length),
    heads: (await headsBetween(sql, row, from, row.length)).map(({ signed }) => signed),
  }
}

function stateOf({ lane, tip, settled, settledPlace, length, bytes }: LaneRow): LaneState {
  return { lane, tip, settled, unsettled: length - settledPlace, bytes }
}

/** Throws `file-invalid` unless the columns of a row of `sessions` belong together. */
function checkLine(row: Row): void {
  const { session, next, session_key: key, max_bytes: most, state } = row
  const fits = leadsTo(session as Uint8Array, key as Uint8Array, most as number, next as Uint8Array)
  if (!fits || !STATES.has(String(state))) throw damaged(`Line ${row.place} of lane row ${row.lane_id}`)
}

function sessionRow(row: Row, { lane, settledPlace }: LaneRow): LedgerSession {
  checkLine(row)
  if ((row.state === 'settled') !== Number(row.place) < settledPlace) {
    throw damaged(`Line ${row.place} of lane ${lane.lane} of ${lane.sponsor}`)
  }
  const progress = progressIn(row)
  const session = hex(row.session)
  const { bytes, signature } = progress ?? { bytes: 0, signature: null }
  return {
    lane,
    index: Number(row.place),
    session,
    next: hex(row.next),
    sessionKey: address(row.session_key),
    maxBytes: big(row.max_bytes),
    state: row.state as LedgerSession['state'],
    contentId: progress?.contentId || null,
    holder: row.holder === null ? null : address(row.holder),
    served: BigInt(progress?.served ?? 0),
    receipt: signature === null ? null : { session, bytesServed: BigInt(bytes), signature: hex(signature) },
  }
}
