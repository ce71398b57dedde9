// The logs in the ledger: finding a lane, extending it, reading it back.
import type { Head, Lane, LaneLog, LedgerSession, SignedHead } from '../../receipts/index.ts'
import { address, big, blob, hex } from '../columns.ts'
import { refused } from '../refused.ts'
import type { Row, Sql } from '../sql.ts'

export interface LaneRow {
  readonly id: number
  readonly lane: Lane
  readonly settled: Head
  readonly settledPlace: number
  readonly tip: Head
  readonly length: number
  /** What the chain credited for it by now; null where it was never summed up. */
  readonly paid: bigint | null
}

const SESSION = `
  SELECT s.*, p.content_id, p.served, p.bytes, p.signature, l.sponsor, l.seeder, l.lane, l.price
  FROM sessions s JOIN lanes l ON l.id = s.lane_id
  LEFT JOIN progress p ON p.lane_id = s.lane_id AND p.place = s.place`

/** A writer that finds a lane keeps other writers from it until the commit. */
export async function findLane(sql: Sql, lane: Lane): Promise<LaneRow | null> {
  const row = await sql.get(
    `SELECT * FROM lanes WHERE sponsor = ? AND seeder = ? AND lane = ? AND price = ?${sql.forUpdate}`,
    ...[blob(lane.sponsor), blob(lane.seeder), String(lane.lane), String(lane.pricePerGiB)],
  )
  return row === undefined ? null : laneRow(row)
}

/** Throws `refused` when nothing is known of it. */
export async function getLane(sql: Sql, lane: Lane): Promise<LaneRow> {
  const row = await findLane(sql, lane)
  if (row === null) throw refused(`Nothing is known of lane ${lane.lane} of ${lane.sponsor} at ${lane.pricePerGiB}.`)
  return row
}

export async function createLane(sql: Sql, lane: Lane, head: Head): Promise<LaneRow> {
  const row = await sql.get(
    'INSERT INTO lanes (sponsor, seeder, lane, price, settled, tip) VALUES (?, ?, ?, ?, ?, ?) RETURNING *',
    ...[blob(lane.sponsor), blob(lane.seeder), String(lane.lane), String(lane.pricePerGiB), blob(head), blob(head)],
  )
  return laneRow(row as Row)
}

export async function allLanes(sql: Sql): Promise<LaneRow[]> {
  return (await sql.all('SELECT * FROM lanes ORDER BY id')).map(laneRow)
}

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
  return hex((await sql.get('SELECT session FROM sessions WHERE lane_id = ? AND place = ?', row.id, place))?.session)
}

export async function sessionsBetween(sql: Sql, row: LaneRow, from: number, to: number): Promise<LedgerSession[]> {
  const found = await sql.all(
    `${SESSION} WHERE s.lane_id = ? AND s.place >= ? AND s.place < ? ORDER BY s.place`,
    ...[row.id, from, to],
  )
  return found.map((each) => sessionRow(each, row.lane))
}

export interface FoundSession {
  readonly laneId: number
  readonly session: LedgerSession
}

export async function findSession(sql: Sql, session: Head): Promise<FoundSession | null> {
  const found = await sql.get(`${SESSION} WHERE s.session = ?`, blob(session))
  if (found === undefined) return null
  return { laneId: Number(found.lane_id), session: sessionRow(found, laneOf(found)) }
}

/** Keeps other writers from the lanes of these sessions until the commit. */
export async function lockLanesOf(sql: Sql, sessions: readonly Uint8Array[]): Promise<void> {
  if (sql.forUpdate === '') return
  await sql.allOf(
    `SELECT id FROM lanes WHERE id IN (SELECT lane_id FROM sessions WHERE session IN (?)) ORDER BY id${sql.forUpdate}`,
    'blob',
    sessions,
  )
}

export interface PlacedHead {
  readonly place: number
  readonly signed: SignedHead
}

export async function headsBetween(sql: Sql, row: LaneRow, from: number, to: number): Promise<PlacedHead[]> {
  const found = await sql.all(
    'SELECT * FROM heads WHERE lane_id = ? AND place BETWEEN ? AND ? ORDER BY place, expiry, id',
    ...[row.id, from, to],
  )
  return found.map((each) => ({ place: Number(each.place), signed: headRow(each) }))
}

export async function laneLog(sql: Sql, lane: Lane): Promise<LaneLog | null> {
  const row = await findLane(sql, lane)
  if (row === null) return null
  return {
    lane: row.lane,
    tip: row.tip,
    settled: row.settled,
    sessions: await sessionsBetween(sql, row, row.settledPlace, row.length),
    heads: (await headsBetween(sql, row, row.settledPlace, row.length)).map(({ signed }) => signed),
  }
}

function laneOf(row: Row): Lane {
  return {
    sponsor: address(row.sponsor),
    seeder: address(row.seeder),
    lane: big(row.lane),
    pricePerGiB: big(row.price),
  }
}

export function laneRow(row: Row): LaneRow {
  return {
    id: Number(row.id),
    lane: laneOf(row),
    settled: hex(row.settled),
    settledPlace: Number(row.settled_place),
    tip: hex(row.tip),
    length: Number(row.length),
    paid: row.paid === null ? null : big(row.paid),
  }
}

function headRow(row: Row): SignedHead {
  return { head: hex(row.head), expiry: big(row.expiry), signer: address(row.signer), signature: hex(row.signature) }
}

function sessionRow(row: Row, lane: Lane): LedgerSession {
  const session = hex(row.session)
  const bytes = Number(row.bytes ?? 0)
  const served = Math.max(Number(row.served ?? 0), bytes)
  return {
    lane,
    index: Number(row.place),
    session,
    next: hex(row.next),
    sessionKey: address(row.session_key),
    maxBytes: big(row.max_bytes),
    state: row.state as LedgerSession['state'],
    contentId: (row.content_id as string | null) || null,
    holder: row.holder === null ? null : address(row.holder),
    served: BigInt(served),
    receipt: bytes === 0 ? null : { session, bytesServed: BigInt(bytes), signature: hex(row.signature) },
  }
}
