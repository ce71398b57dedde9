// What is settled and long untouched makes room. What was paid stays, summed up by lane and content.
import type { Sql } from '../sql.ts'
import { laneRow, saveLane } from './lanes.ts'

/** Lines that one call looks at: a commit stays short, also with years to catch up on. */
const MOST = 1_000

/**
 * Deletes settled lines from the front of each log, none that was added or touched after `before` (Unix milliseconds) and
 * none behind the settled head. Resolves to how many; call again until it is 0.
 */
export async function prune(sql: Sql, before: number): Promise<number> {
  const row = await sql.get(
    `SELECT l.id FROM lanes l JOIN sessions s ON s.lane_id = l.id AND s.place = l.pruned_place
     LEFT JOIN progress p ON p.lane_id = s.lane_id AND p.place = s.place
     WHERE l.pruned_place < l.settled_place AND s.created < ? AND COALESCE(p.touched, 0) < ?
     ORDER BY l.id LIMIT 1`,
    ...[before, before],
  )
  if (row === undefined) return 0
  const id = Number(row.id)
  // Once more under the lane's lock: another process may have been faster.
  const found = await sql.get(`SELECT * FROM lanes WHERE id = ?${sql.forUpdate}`, id)
  if (found === undefined) return 0
  const lane = laneRow(found)
  const from = lane.prunedPlace
  const most = Math.min(lane.settledPlace, from + MOST)
  const kept = await sql.get(
    `SELECT s.place FROM sessions s LEFT JOIN progress p ON p.lane_id = s.lane_id AND p.place = s.place
     WHERE s.lane_id = ? AND s.place >= ? AND s.place < ?
       AND (s.state <> 'settled' OR s.streaming = 1 OR s.created >= ? OR COALESCE(p.touched, 0) >= ?)
     ORDER BY s.place LIMIT 1`,
    ...[id, from, most, before, before],
  )
  const to = kept === undefined ? most : Number(kept.place)
  if (to <= from) return 0
  await sql.run('DELETE FROM progress WHERE lane_id = ? AND place >= ? AND place < ?', id, from, to)
  const deleted = await sql.run('DELETE FROM sessions WHERE lane_id = ? AND place >= ? AND place < ?', id, from, to)
  await sql.run('DELETE FROM heads WHERE lane_id = ? AND place < ?', id, to)
  await saveLane(sql, { ...lane, prunedPlace: to })
  return deleted
}
