// The logs in the ledger: one row for each lane, with its sums, under a checksum.
import type { Head, Lane } from '../../receipts/index.ts'
import { address, big, blob, hex } from '../columns.ts'
import { refused } from '../refused.ts'
import type { ColumnType, Row, Sql, SqlValue } from '../sql.ts'
import { checked, sealed, upsertInto } from './checked.ts'

export interface LaneRow {
  readonly id: number
  readonly lane: Lane
  readonly settled: Head
  readonly settledPlace: number
  readonly tip: Head
  readonly length: number
  /** Settled lines before this place were forgotten. */
  readonly prunedPlace: number
  /** What the chain credited for it by now. */
  readonly paid: bigint
  /** Bytes acknowledged on its unsettled lines, kept with every change of one. */
  readonly bytes: bigint
  /** Bytes sent on its unsettled lines, acknowledged or not. */
  readonly served: bigint
}

const UPSERT = upsertInto('lanes', [
  ...['settled', 'settled_place', 'tip', 'length', 'pruned_place', 'paid', 'bytes', 'served'],
])
const TYPES: ColumnType[] = [
  ...(['integer', 'blob', 'blob', 'text', 'text', 'blob', 'integer', 'blob', 'integer'] as const),
  ...(['integer', 'text', 'text', 'text', 'integer'] as const),
]

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

/** Null where another process was faster: then it is there to be found. */
export async function createLane(sql: Sql, lane: Lane, head: Head): Promise<LaneRow | null> {
  const row = await sql.get(
    `INSERT INTO lanes (sponsor, seeder, lane, price, settled, tip) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (sponsor, seeder, lane, price) DO NOTHING RETURNING *`,
    ...[blob(lane.sponsor), blob(lane.seeder), String(lane.lane), String(lane.pricePerGiB), blob(head), blob(head)],
  )
  return row === undefined ? null : saveLane(sql, unchecked(row))
}

export async function allLanes(sql: Sql): Promise<LaneRow[]> {
  return (await sql.all('SELECT * FROM lanes ORDER BY id')).map(laneRow)
}

/** The lanes with these ids, by id. */
export async function lanesById(sql: Sql, ids: Iterable<number>): Promise<Map<number, LaneRow>> {
  const rows = await sql.allOf('SELECT * FROM lanes WHERE id IN (?)', 'integer', [...new Set(ids)])
  return new Map(rows.map(laneRow).map((row) => [row.id, row]))
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

export async function saveLane(sql: Sql, row: LaneRow): Promise<LaneRow> {
  await saveLanes(sql, [row])
  return row
}

/** Writes them whole. They exist, and whoever writes has their locks. */
export async function saveLanes(sql: Sql, rows: readonly LaneRow[]): Promise<void> {
  await sql.insertAll(
    UPSERT,
    TYPES,
    rows.map((row) => sealed(valuesOf(row))),
  )
}

function valuesOf(row: LaneRow): SqlValue[] {
  const { sponsor, seeder, lane, pricePerGiB } = row.lane
  return [
    ...[row.id, blob(sponsor), blob(seeder), String(lane), String(pricePerGiB)],
    ...[blob(row.settled), row.settledPlace, blob(row.tip), row.length, row.prunedPlace],
    ...[String(row.paid), String(row.bytes), String(row.served)],
  ]
}

/** Throws `file-invalid` for a row that is not what was written. */
export const laneRow = (row: Row): LaneRow => unchecked(checked('lanes', row))

/** Also of a row that was just made, which has no checksum yet. */
function unchecked(row: Row): LaneRow {
  return {
    id: Number(row.id),
    lane: {
      sponsor: address(row.sponsor),
      seeder: address(row.seeder),
      lane: big(row.lane),
      pricePerGiB: big(row.price),
    },
    settled: hex(row.settled),
    settledPlace: Number(row.settled_place),
    tip: hex(row.tip),
    length: Number(row.length),
    prunedPlace: Number(row.pruned_place),
    paid: big(row.paid ?? 0),
    bytes: big(row.bytes),
    served: big(row.served),
  }
}
