// What happens on a line while bytes flow: one stream at a time, receipts only upward. A lane's sums change with its lines.
import type { Address } from 'viem'
import { type CompactSignature, type Head, type LedgerSession, paidBytes } from '../../receipts/index.ts'
import { damaged } from '../checksum.ts'
import { blob, hex } from '../columns.ts'
import { refused } from '../refused.ts'
import type { Row, Sql } from '../sql.ts'
import { type LaneRow, lanesById, lockLanesOf, saveLanes } from './lanes.ts'
import { findSession } from './lines.ts'
import { noProgress, PROGRESS, type Progress, progressIn, saveProgress } from './progress.ts'

/** Whose stream it is, and when it happens (Unix milliseconds). */
export interface Serving {
  readonly node: string
  readonly now: number
}

export async function openSession(
  sql: Sql,
  session: Head,
  use: { contentId: string; holder: Address | null },
  { node, now }: Serving,
): Promise<LedgerSession> {
  await lockLanesOf(sql, [blob(session)])
  const known = await findSession(sql, session)
  if (known === null) throw unknown(session)
  const before = known.session
  if (before.state === 'closed' || before.state === 'settled') {
    throw refused(`Session ${session} is ${before.state}.`, 'Ask the publisher’s gateway for a new session.')
  }
  if (before.contentId !== null && before.contentId !== use.contentId) {
    throw refused(`Session ${session} was opened for content ${before.contentId}, not for ${use.contentId}.`)
  }
  const opened = await sql.run(
    `UPDATE sessions SET state = 'open', streaming = 1, holder = ?, node = ?
     WHERE lane_id = ? AND place = ? AND streaming = 0`,
    ...[use.holder === null ? null : blob(use.holder), node, known.row.id, before.index],
  )
  if (opened === 0) throw refused(`Session ${session} is open on another stream.`)
  await saveProgress(sql, [{ ...known.progress, contentId: use.contentId, touched: now }])
  return { ...before, state: 'open', contentId: use.contentId, holder: use.holder }
}

export async function releaseSession(sql: Sql, session: Head, final: boolean, now: number): Promise<void> {
  await lockLanesOf(sql, [blob(session)])
  const line = (await readLines(sql, [session])).get(session.toLowerCase())
  if (line === undefined) return
  if (line instanceof Error) throw line
  await sql.run(
    `UPDATE sessions SET streaming = 0, state = CASE WHEN ? = 1 AND state <> 'settled' THEN 'closed' ELSE state END
     WHERE lane_id = ? AND place = ?`,
    ...[final ? 1 : 0, line.before.laneId, line.before.place],
  )
  await saveProgress(sql, [{ ...line.before, touched: now }])
}

/** Streams of a process of this name that is no more. */
export async function releaseAll(sql: Sql, node: string): Promise<void> {
  await sql.run('UPDATE sessions SET streaming = 0 WHERE streaming = 1 AND (node = ? OR node IS NULL)', node)
}

export interface Offered {
  readonly session: Head
  readonly bytesServed: bigint
  readonly signature: CompactSignature
}

interface Line {
  readonly most: bigint
  readonly unused: boolean
  readonly sealed: boolean
  readonly settled: boolean
  readonly before: Progress
}

/** Answers for each receipt the highest one held after it, or why it is refused. One read and one write for all of them. */
export async function acceptReceipts(sql: Sql, offered: readonly Offered[], now: number): Promise<(bigint | Error)[]> {
  const lines = await readLines(
    sql,
    offered.map(({ session }) => session),
  )
  const changed = new Map<Line, { bytes: bigint; signature: CompactSignature }>()
  const answers = offered.map(({ session, bytesServed, signature }) => {
    const line = lines.get(session.toLowerCase())
    if (line === undefined) return unknown(session)
    if (line instanceof Error) return line
    const held = changed.get(line)?.bytes ?? BigInt(line.before.bytes)
    if (bytesServed <= held || bytesServed > line.most) return held
    if (line.sealed) return refused(`Session ${session} is being settled: no receipt beyond ${held} bytes is taken.`)
    changed.set(line, { bytes: bytesServed, signature })
    return bytesServed
  })
  const changes: Change[] = []
  for (const [{ before, unused }, receipt] of changed) {
    const bytes = Number(receipt.bytes)
    const served = Math.max(before.served, bytes)
    changes.push({ before, after: { ...before, bytes, served, signature: blob(receipt.signature), touched: now } })
    if (!unused) continue
    await sql.run(`UPDATE sessions SET state = 'open' WHERE lane_id = ? AND place = ?`, before.laneId, before.place)
  }
  await save(sql, changes)
  return answers
}

/** Bytes sent, acknowledged or not: only upward, never above what the line allows. */
export async function noteServed(sql: Sql, sent: ReadonlyMap<Head, bigint>, now: number): Promise<void> {
  const lines = await readLines(sql, [...sent.keys()])
  const changes: Change[] = []
  for (const [session, bytes] of sent) {
    const line = lines.get(session.toLowerCase())
    if (line === undefined || line instanceof Error || line.settled) continue
    const { before } = line
    const served = Math.max(before.served, Number(paidBytes(bytes, line.most)))
    changes.push({ before, after: { ...before, served, touched: now } })
  }
  await save(sql, changes)
}

/** An unsettled line before and after a change of it. */
interface Change {
  readonly before: Progress
  readonly after: Progress
}

/** The lines with their lanes' sums. Each line at most once. */
async function save(sql: Sql, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return
  const lanes = await lanesById(
    sql,
    changes.map(({ before }) => before.laneId),
  )
  for (const { before, after } of changes) {
    const row = lanes.get(before.laneId)
    if (row === undefined) throw damaged(`The row of lane ${before.laneId}`)
    const bytes = row.bytes + BigInt(after.bytes - before.bytes)
    lanes.set(row.id, { ...row, bytes, served: row.served + BigInt(after.served - before.served) } satisfies LaneRow)
  }
  await saveProgress(
    sql,
    changes.map(({ after }) => after),
  )
  await saveLanes(sql, [...lanes.values()])
}

/** By session, in small letters; an error for a damaged one. The line itself was checked when its stream was opened. */
async function readLines(sql: Sql, sessions: readonly Head[]): Promise<Map<string, Line | Error>> {
  const keys = [...new Set(sessions.map((session) => session.toLowerCase() as Head))].map(blob)
  await lockLanesOf(sql, keys)
  const rows = await sql.allOf(
    `SELECT s.session, s.lane_id, s.place, s.max_bytes, s.state, s.sealed, ${PROGRESS}
     FROM sessions s LEFT JOIN progress p ON p.lane_id = s.lane_id AND p.place = s.place WHERE s.session IN (?)`,
    'blob',
    keys,
  )
  return new Map(rows.map((row) => [hex(row.session), lineOf(row)]))
}

function lineOf(row: Row): Line | Error {
  try {
    return {
      most: BigInt(row.max_bytes as number),
      unused: row.state === 'unused',
      sealed: row.sealed === 1 || row.state === 'settled',
      settled: row.state === 'settled',
      before: progressIn(row) ?? noProgress(row.lane_id as number, row.place as number),
    }
  } catch (error) {
    return error as Error
  }
}

function unknown(session: Head): Error {
  return refused(`Session ${session} is not in any log held here.`)
}
