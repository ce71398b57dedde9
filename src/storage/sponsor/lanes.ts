// Finding a sponsor's logs, their lines, heads and vouchers.
import type { Head, Lane, SignedHead, SignedVoucher, SponsorLine } from '../../receipts/index.ts'
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
}

/** Lines from place `from` to place `to`. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

const LINE = `SELECT n.*, l.sponsor, l.lane, l.price FROM lines n JOIN lanes l ON l.id = n.lane_id`

export async function findLane(sql: Sql, lane: Lane): Promise<LaneRow | null> {
  const row = await sql.get(
    'SELECT * FROM lanes WHERE sponsor = ? AND seeder = ? AND lane = ? AND price = ?',
    ...[blob(lane.sponsor), blob(lane.seeder), String(lane.lane), String(lane.pricePerGiB)],
  )
  return row === undefined ? null : laneRow(row)
}

/** Throws `refused` when nothing is known of it. */
export async function getLane(sql: Sql, lane: Lane): Promise<LaneRow> {
  const row = await findLane(sql, lane)
  if (row === null) throw refused(`Nothing is known of lane ${lane.lane} to ${lane.seeder} at ${lane.pricePerGiB}.`)
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
  if (head.toLowerCase() === row.tip) return row.length
  const at = await sql.get('SELECT place FROM lines WHERE lane_id = ? AND session = ?', row.id, blob(head))
  return at === undefined ? null : Number(at.place)
}

/** Null where the log does not lead from one head to the other. */
export async function stretchOf(sql: Sql, row: LaneRow, heads: { from: Head; to: Head }): Promise<Stretch | null> {
  const from = await placeOf(sql, row, heads.from)
  const to = await placeOf(sql, row, heads.to)
  return from === null || to === null || to <= from ? null : { from, to }
}

export async function linesBetween(sql: Sql, row: LaneRow, { from, to }: Stretch): Promise<SponsorLine[]> {
  const text = `${LINE} WHERE n.lane_id = ? AND n.place >= ? AND n.place < ? ORDER BY n.place`
  return (await sql.all(text, row.id, from, to)).map(lineRow)
}

export async function findLine(sql: Sql, session: Head): Promise<SponsorLine | null> {
  const found = await sql.get(`${LINE} WHERE n.session = ?`, blob(session))
  return found === undefined ? null : lineRow(found)
}

export async function newestHead(sql: Sql, row: LaneRow): Promise<SignedHead | null> {
  const found = await sql.get('SELECT * FROM heads WHERE lane_id = ? ORDER BY place DESC LIMIT 1', row.id)
  if (found === undefined) return null
  return {
    head: hex(found.head),
    expiry: big(found.expiry),
    signer: address(found.signer),
    signature: hex(found.signature),
  }
}

export async function findVoucher(
  sql: Sql,
  row: LaneRow,
  places: Stretch,
  heads: { from: Head; to: Head },
): Promise<SignedVoucher | null> {
  const found = await sql.get(
    'SELECT * FROM vouchers WHERE lane_id = ? AND from_place = ? AND to_place = ?',
    ...[row.id, places.from, places.to],
  )
  if (found === undefined) return null
  const { from, to } = heads
  return {
    ...{ ...row.lane, from, to },
    amount: big(found.amount),
    signer: address(found.signer),
    signature: hex(found.signature),
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

function laneRow(row: Row): LaneRow {
  return {
    id: Number(row.id),
    lane: laneOf(row),
    settled: hex(row.settled),
    settledPlace: Number(row.settled_place),
    tip: hex(row.tip),
    length: Number(row.length),
  }
}

function lineRow(row: Row): SponsorLine {
  return {
    lane: laneOf(row),
    index: Number(row.place),
    session: hex(row.session),
    next: hex(row.next),
    sessionKey: address(row.session_key),
    maxBytes: big(row.max_bytes),
    contentId: hex(row.content_id),
    holder: address(row.holder),
    download: String(row.download),
    createdAt: Number(row.created),
    acknowledged: row.acknowledged === null ? null : big(row.acknowledged),
  }
}
