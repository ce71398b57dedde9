// What happens on a line while bytes flow: one stream at a time, receipts only upward.
import type { Address } from 'viem'
import { type CompactSignature, type Head, type LedgerSession, paidBytes } from '../../receipts/index.ts'
import { blob, hex } from '../columns.ts'
import { refused } from '../refused.ts'
import type { Row, Sql, SqlValue } from '../sql.ts'
import { findSession, lockLanesOf } from './lanes.ts'

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
    ...[use.holder === null ? null : blob(use.holder), node, known.laneId, before.index],
  )
  if (opened === 0) throw refused(`Session ${session} is open on another stream.`)
  await sql.run(
    `INSERT INTO progress (lane_id, place, content_id, touched) VALUES (?, ?, ?, ?)
     ON CONFLICT (lane_id, place) DO UPDATE SET content_id = excluded.content_id, touched = excluded.touched`,
    ...[known.laneId, before.index, use.contentId, now],
  )
  return { ...before, state: 'open', contentId: use.contentId, holder: use.holder }
}

export async function releaseSession(sql: Sql, session: Head, final: boolean, now: number): Promise<void> {
  await lockLanesOf(sql, [blob(session)])
  const row = await sql.get(
    `UPDATE sessions SET streaming = 0, state = CASE WHEN ? = 1 AND state <> 'settled' THEN 'closed' ELSE state END
     WHERE session = ? RETURNING lane_id, place`,
    ...[final ? 1 : 0, blob(session)],
  )
  if (row === undefined) return
  await sql.run(
    `INSERT INTO progress (lane_id, place, touched) VALUES (?, ?, ?)
     ON CONFLICT (lane_id, place) DO UPDATE SET touched = excluded.touched`,
    ...[Number(row.lane_id), Number(row.place), now],
  )
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
  readonly row: Row
  readonly most: bigint
  readonly sealed: boolean
  held: bigint
  signature: CompactSignature | null
}

/** Answers for each receipt the highest one held after it, or why it is refused. One read and one write for all of them. */
export async function acceptReceipts(sql: Sql, offered: readonly Offered[], now: number): Promise<(bigint | Error)[]> {
  const lines = await readLines(
    sql,
    offered.map(({ session }) => session),
  )
  const answers = offered.map(({ session, bytesServed, signature }) => {
    const line = lines.get(session.toLowerCase())
    if (line === undefined) return unknown(session)
    if (bytesServed <= line.held || bytesServed > line.most) return line.held
    if (line.sealed) {
      return refused(`Session ${session} is being settled: no receipt beyond ${line.held} bytes is taken.`)
    }
    line.held = bytesServed
    line.signature = signature
    return bytesServed
  })
  const rows: SqlValue[][] = []
  for (const { row, held, signature } of lines.values()) {
    if (signature === null) continue
    const bytes = Number(held)
    rows.push([row.lane_id as number, row.place as number, bytes, bytes, blob(signature), now])
    if (row.state === 'unused') {
      const at = [row.lane_id as number, row.place as number]
      await sql.run(`UPDATE sessions SET state = 'open' WHERE lane_id = ? AND place = ?`, ...at)
    }
  }
  await sql.insertAll(
    `INSERT INTO progress (lane_id, place, served, bytes, signature, touched) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (lane_id, place) DO UPDATE SET bytes = excluded.bytes, signature = excluded.signature,
       served = CASE WHEN progress.served > excluded.served THEN progress.served ELSE excluded.served END,
       touched = excluded.touched`,
    ['integer', 'integer', 'integer', 'integer', 'blob', 'integer'],
    rows,
  )
  return answers
}

/** Bytes sent, acknowledged or not: only upward, never above what the line allows. */
export async function noteServed(sql: Sql, sent: ReadonlyMap<Head, bigint>, now: number): Promise<void> {
  const lines = await readLines(sql, [...sent.keys()])
  const rows: SqlValue[][] = []
  for (const [session, bytes] of sent) {
    const line = lines.get(session.toLowerCase())
    if (line === undefined || line.row.state === 'settled') continue
    const served = Number(paidBytes(bytes, line.most))
    rows.push([line.row.lane_id as number, line.row.place as number, served, now])
  }
  await sql.insertAll(
    `INSERT INTO progress (lane_id, place, served, touched) VALUES (?, ?, ?, ?)
     ON CONFLICT (lane_id, place) DO UPDATE SET touched = excluded.touched,
       served = CASE WHEN progress.served > excluded.served THEN progress.served ELSE excluded.served END`,
    ['integer', 'integer', 'integer', 'integer'],
    rows,
  )
}

async function readLines(sql: Sql, sessions: readonly Head[]): Promise<Map<string, Line>> {
  const keys = [...new Set(sessions.map((session) => session.toLowerCase() as Head))].map(blob)
  await lockLanesOf(sql, keys)
  const rows = await sql.allOf(
    `SELECT s.session, s.lane_id, s.place, s.max_bytes, s.state, s.sealed, p.bytes
     FROM sessions s LEFT JOIN progress p ON p.lane_id = s.lane_id AND p.place = s.place WHERE s.session IN (?)`,
    'blob',
    keys,
  )
  const lines = new Map<string, Line>()
  for (const row of rows) {
    lines.set(hex(row.session), {
      row,
      most: BigInt(row.max_bytes as number),
      sealed: row.sealed === 1 || row.state === 'settled',
      held: BigInt((row.bytes as number | null) ?? 0),
      signature: null,
    })
  }
  return lines
}

function unknown(session: Head): Error {
  return refused(`Session ${session} is not in any log held here.`)
}
