// The logs in the ledger: finding a lane, extending it, reading it back.
import {
  type Head,
  headsAfter,
  type Lane,
  type LaneLog,
  type LedgerSession,
  type LogLine,
  type SignedHead,
} from '../../receipts/index.ts'
import { address, big, blob, hex, type Row } from './columns.ts'
import type { Database } from './database.ts'
import { refused } from './errors.ts'

export interface LaneRow {
  readonly id: number
  readonly lane: Lane
  readonly settled: Head
  readonly settledPlace: number
  readonly tip: Head
  readonly length: number
}

export interface Lanes {
  find(lane: Lane): LaneRow | null
  /** Throws `refused` when nothing is known of it. */
  get(lane: Lane): LaneRow
  create(lane: Lane, head: Head): LaneRow
  all(): LaneRow[]
  /** How many lines lie before `head`, or null when the log does not contain it. */
  place(row: LaneRow, head: Head): number | null
  headAt(row: LaneRow, place: number): Head
  sessions(row: LaneRow, from: number, to: number): LedgerSession[]
  session(session: Head): (LedgerSession & { readonly id: number }) | null
  heads(row: LaneRow, from: number, to: number): { place: number; signed: SignedHead }[]
  log(row: LaneRow): LaneLog
  extend(lane: Lane, from: Head, lines: readonly LogLine[], signed: SignedHead): void
}

const SESSION = `
  SELECT s.*, p.served, p.bytes, p.signature, l.sponsor, l.seeder, l.lane, l.price
  FROM sessions s JOIN lanes l ON l.id = s.lane_id LEFT JOIN progress p ON p.session_id = s.id`

export function createLanes({ sql }: Database, now: () => number): Lanes {
  function find(lane: Lane): LaneRow | null {
    const row = sql('SELECT * FROM lanes WHERE sponsor = ? AND seeder = ? AND lane = ? AND price = ?').get(
      blob(lane.sponsor),
      blob(lane.seeder),
      String(lane.lane),
      String(lane.pricePerGiB),
    )
    return row === undefined ? null : laneRow(row)
  }

  function create(lane: Lane, head: Head): LaneRow {
    const row = sql(
      'INSERT INTO lanes (sponsor, seeder, lane, price, settled, tip) VALUES (?, ?, ?, ?, ?, ?) RETURNING *',
    ).get(blob(lane.sponsor), blob(lane.seeder), String(lane.lane), String(lane.pricePerGiB), blob(head), blob(head))
    return laneRow(row as Row)
  }

  function place(row: LaneRow, head: Head): number | null {
    const wanted = head.toLowerCase()
    if (wanted === row.settled) return row.settledPlace
    if (wanted === row.tip) return row.length
    const behind = sql('SELECT place FROM sessions WHERE lane_id = ? AND next = ?').get(row.id, blob(head))
    if (behind !== undefined) return Number(behind.place) + 1
    const at = sql('SELECT place FROM sessions WHERE lane_id = ? AND session = ?').get(row.id, blob(head))
    return at === undefined ? null : Number(at.place)
  }

  function extend(lane: Lane, start: Head, lines: readonly LogLine[], signed: SignedHead): void {
    const from = start.toLowerCase() as Head
    const heads = headsAfter(from, lines)
    if ((heads.at(-1) ?? from) !== signed.head.toLowerCase()) {
      throw refused(
        `The log does not reach its signed head ${signed.head}: ${lines.length} lines behind ${from} end elsewhere.`,
      )
    }
    let row = find(lane) ?? create(lane, from)
    let at = place(row, from)
    if (at === null) {
      if (row.settledPlace < row.length) {
        throw refused(
          `The log does not extend the one held: ${from} is not in it, and ${row.length - row.settledPlace} of its lines are unsettled.`,
        )
      }
      row = jump(row, from)
      at = row.length
    }
    for (const [i, line] of lines.entries()) {
      const place = at + i
      const next = heads[i] as Head
      if (place < row.length) checkSame(row, place, next)
      else addLine(row, place, { session: heads[i - 1] ?? from, next, line })
    }
    const end = at + lines.length
    if (end > row.length) sql('UPDATE lanes SET tip = ?, length = ? WHERE id = ?').run(blob(signed.head), end, row.id)
    sql(
      `INSERT INTO heads (lane_id, place, head, expiry, signer, signature) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (lane_id, place, signer) DO UPDATE SET expiry = excluded.expiry, signature = excluded.signature
       WHERE excluded.expiry > expiry`,
    ).run(row.id, end, blob(signed.head), Number(signed.expiry), blob(signed.signer), blob(signed.signature))
  }

  function addLine(row: LaneRow, place: number, init: { session: Head; next: Head; line: LogLine }): void {
    const { session, next, line } = init
    sql(
      `INSERT INTO sessions (lane_id, place, session, next, session_key, max_bytes, created)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ).run(row.id, place, blob(session), blob(next), blob(line.sessionKey), Number(line.maxBytes), now())
  }

  /** A log of which nothing unsettled is held goes on at a head that the chain has reached without us. */
  function jump(row: LaneRow, head: Head): LaneRow {
    sql('UPDATE lanes SET settled = ?, tip = ?, settled_place = length WHERE id = ?').run(
      blob(head),
      blob(head),
      row.id,
    )
    return { ...row, settled: head.toLowerCase() as Head, tip: head.toLowerCase() as Head, settledPlace: row.length }
  }

  function checkSame(row: LaneRow, place: number, next: Head): void {
    const known = sql('SELECT next FROM sessions WHERE lane_id = ? AND place = ?').get(row.id, place)
    if (known !== undefined && hex(known.next) !== next) {
      throw refused(
        `The log does not extend the one held: its line ${place} leads to ${next}, the one held to ${hex(known.next)}.`,
        'The sponsor wrote two logs for one lane; ask it for a new lane.',
      )
    }
  }

  function heads(row: LaneRow, from: number, to: number): { place: number; signed: SignedHead }[] {
    return sql('SELECT * FROM heads WHERE lane_id = ? AND place BETWEEN ? AND ? ORDER BY place, expiry, id')
      .all(row.id, from, to)
      .map((found) => ({ place: Number(found.place), signed: headRow(found) }))
  }

  function sessions(row: LaneRow, from: number, to: number): LedgerSession[] {
    return sql(`${SESSION} WHERE s.lane_id = ? AND s.place >= ? AND s.place < ? ORDER BY s.place`)
      .all(row.id, from, to)
      .map((found) => sessionRow(found, row.lane))
  }

  return {
    find,
    get(lane) {
      const row = find(lane)
      if (row === null)
        throw refused(`Nothing is known of lane ${lane.lane} of ${lane.sponsor} at ${lane.pricePerGiB}.`)
      return row
    },
    create,
    all: () => sql('SELECT * FROM lanes ORDER BY id').all().map(laneRow),
    place,
    headAt(row, place) {
      if (place === row.settledPlace) return row.settled
      if (place === row.length) return row.tip
      return hex(sql('SELECT session FROM sessions WHERE lane_id = ? AND place = ?').get(row.id, place)?.session)
    },
    sessions,
    session(session) {
      const found = sql(`${SESSION} WHERE s.session = ?`).get(blob(session))
      if (found === undefined) return null
      return { ...sessionRow(found, laneOf(found)), id: Number(found.id) }
    },
    heads,
    log: (row) => ({
      lane: row.lane,
      tip: row.tip,
      settled: row.settled,
      sessions: sessions(row, row.settledPlace, row.length),
      heads: heads(row, row.settledPlace, row.length).map(({ signed }) => signed),
    }),
    extend,
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
    contentId: row.content_id as string | null,
    holder: row.holder === null ? null : address(row.holder),
    served: BigInt(served),
    receipt: bytes === 0 ? null : { session, bytesServed: BigInt(bytes), signature: hex(row.signature) },
  }
}
