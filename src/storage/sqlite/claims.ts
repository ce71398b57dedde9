// From receipts to money: what can be settled, what was sealed, vouchered, submitted, and what the chain paid.
import {
  amountFor,
  type Head,
  type Lane,
  type LaneMove,
  type LedgerSession,
  paidBytes,
  type SettleableRange,
  type SignedHead,
  type SignedVoucher,
  type Submission,
  shareAmount,
} from '../../receipts/index.ts'
import { address, big, blob, hex } from './columns.ts'
import type { Database } from './database.ts'
import { refused } from './errors.ts'
import type { LaneRow, Lanes } from './lanes.ts'
import { owed, payable, segments } from './segments.ts'

export interface Claims {
  settleable(lane: Lane, options: { idleSeconds?: number; from?: Head }): SettleableRange | null
  seal(lane: Lane, to: Head): void
  saveVoucher(voucher: SignedVoucher): void
  markSubmitted(id: string, moves: readonly LaneMove[]): void
  submissions(): Submission[]
  markFailed(id: string): void
  markSettled(lane: Lane, head: Head, amount: bigint | null): void
}

export function createClaims(database: Database, lanes: Lanes, now: () => number): Claims {
  const { sql } = database

  /** The first line from `from` on that is not closed, or the end of the log. */
  function firstLive(row: LaneRow, from: number, idleSeconds: number | undefined): number {
    const idleSince = idleSeconds === undefined ? -1 : now() - idleSeconds * 1000
    const live = sql(
      `SELECT min(s.place) AS place FROM sessions s LEFT JOIN progress p ON p.session_id = s.id
       WHERE s.lane_id = ? AND s.place >= ? AND s.state <> 'closed'
         AND (s.streaming = 1 OR max(s.created, ifnull(p.touched, 0)) > ?)`,
    ).get(row.id, from, idleSince)
    return live?.place == null ? row.length : Number(live.place)
  }

  /** Behind everything that a transaction under way moves. */
  function unsubmitted(row: LaneRow): number {
    let at = row.settledPlace
    for (;;) {
      const move = sql('SELECT max(to_place) AS place FROM moves WHERE lane_id = ? AND from_place = ?').get(row.id, at)
      if (move?.place == null) return at
      at = Number(move.place)
    }
  }

  function settleable(lane: Lane, options: { idleSeconds?: number; from?: Head }): SettleableRange | null {
    const row = lanes.find(lane)
    if (row === null) return null
    const from = options.from === undefined ? unsubmitted(row) : lanes.place(row, options.from)
    if (from === null || from < row.settledPlace) return null
    const to = firstLive(row, from, options.idleSeconds)
    if (to <= from) return null
    const sessions = lanes.sessions(row, from, to)
    const heads = newestPerPlace(lanes.heads(row, from + 1, to))
    return {
      lane: row.lane,
      from: lanes.headAt(row, from),
      to: lanes.headAt(row, to),
      head: heads.at(-1) ?? null,
      heads,
      sessions,
      amount: amountFor(
        sessions.map(({ receipt, maxBytes }) => paidBytes(receipt?.bytesServed ?? 0n, maxBytes)),
        row.lane.pricePerGiB,
      ),
      voucher: furthestVoucher(row, from),
    }
  }

  function furthestVoucher(row: LaneRow, from: number): SignedVoucher | null {
    const found = sql('SELECT * FROM vouchers WHERE lane_id = ? AND from_place = ? ORDER BY to_place DESC LIMIT 1').get(
      row.id,
      from,
    )
    if (found === undefined) return null
    return {
      ...row.lane,
      from: lanes.headAt(row, from),
      to: lanes.headAt(row, Number(found.to_place)),
      amount: big(found.amount),
      signer: address(found.signer),
      signature: hex(found.signature),
    }
  }

  function placesOf(row: LaneRow, move: { from: Head; to: Head }): { from: number; to: number } {
    const from = lanes.place(row, move.from)
    const to = lanes.place(row, move.to)
    if (from === null || to === null || to <= from) {
      throw refused(`The log held here does not lead from ${move.from} to ${move.to}.`)
    }
    return { from, to }
  }

  function close(row: LaneRow, to: number): void {
    sql(`UPDATE sessions SET state = 'closed', sealed = 1 WHERE lane_id = ? AND place < ? AND state <> 'settled'`).run(
      row.id,
      to,
    )
  }

  function pay(row: LaneRow, sessions: readonly LedgerSession[], amount: bigint, to: number): void {
    const parts = shareAmount(amount, payable(row, sessions, row.settledPlace, to))
    const byContent = new Map<string, bigint>()
    if (parts.length === 0) byContent.set('', amount)
    parts.forEach((part, i) => {
      const content = sessions[i]?.contentId ?? ''
      byContent.set(content, (byContent.get(content) ?? 0n) + part)
    })
    for (const [content, part] of byContent) {
      if (part === 0n) continue
      const before = sql('SELECT amount FROM paid WHERE lane_id = ? AND content_id = ?').get(row.id, content)
      sql('INSERT OR REPLACE INTO paid (lane_id, content_id, amount) VALUES (?, ?, ?)').run(
        row.id,
        content,
        String(part + (before === undefined ? 0n : big(before.amount))),
      )
    }
  }

  /** What the lines up to `to` are worth by what is known of them: amounts sent or vouchered first, receipts else. */
  function worth(row: LaneRow, sessions: readonly LedgerSession[], to: number): bigint {
    const before = segments(database, row, sessions).filter((segment) => segment.from < to)
    if (before.every((segment) => segment.to <= to)) return before.reduce((sum, segment) => sum + segment.amount, 0n)
    return owed(row, sessions, row.settledPlace, to)
  }

  return {
    settleable,
    seal(lane, to) {
      const row = lanes.get(lane)
      const place = lanes.place(row, to)
      if (place === null) throw refused(`The log held here does not contain ${to}.`)
      const live = sql('SELECT session FROM sessions WHERE lane_id = ? AND place < ? AND streaming = 1 LIMIT 1').get(
        row.id,
        place,
      )
      if (live !== undefined) {
        throw refused(`Session ${hex(live.session)} is open: settling up to ${to} would close it.`)
      }
      close(row, place)
    },
    saveVoucher(voucher) {
      const row = lanes.get(voucher)
      const { from, to } = placesOf(row, voucher)
      const held = sql('SELECT amount FROM vouchers WHERE lane_id = ? AND from_place = ? AND to_place = ?').get(
        row.id,
        from,
        to,
      )
      if (held !== undefined && big(held.amount) >= voucher.amount) return
      sql(
        `INSERT OR REPLACE INTO vouchers (lane_id, from_place, to_place, amount, signer, signature)
         VALUES (?, ?, ?, ?, ?, ?)`,
      ).run(row.id, from, to, String(voucher.amount), blob(voucher.signer), blob(voucher.signature))
    },
    markSubmitted(id, moves) {
      for (const move of moves) {
        const row = lanes.get(move.lane)
        const { from, to } = placesOf(row, move)
        if (from < row.settledPlace) throw refused(`The lines behind ${move.from} are settled already.`)
        const other = sql('SELECT intent FROM moves WHERE lane_id = ? AND from_place < ? AND to_place > ? LIMIT 1').get(
          ...([row.id, to, from] as const),
        )
        if (other !== undefined) {
          throw refused(
            `The lines behind ${move.from} are on their way in transaction ${other.intent}.`,
            'Another command is settling the same lane; its outcome is looked up next time.',
          )
        }
        close(row, to)
        sql('INSERT INTO moves (intent, lane_id, from_place, to_place, amount, created) VALUES (?, ?, ?, ?, ?, ?)').run(
          ...([id, row.id, from, to, String(move.amount), now()] as const),
        )
      }
    },
    submissions() {
      const rows = new Map(lanes.all().map((row) => [row.id, row]))
      const byIntent = new Map<string, { id: string; age: number; moves: LaneMove[] }>()
      for (const found of sql('SELECT * FROM moves ORDER BY intent, lane_id, from_place').all()) {
        const row = rows.get(Number(found.lane_id)) as LaneRow
        const from = lanes.headAt(row, Number(found.from_place))
        const to = lanes.headAt(row, Number(found.to_place))
        const id = String(found.intent)
        const sent = byIntent.get(id) ?? { id, age: now() - Number(found.created), moves: [] }
        sent.moves.push({ lane: row.lane, from, to, amount: big(found.amount) })
        byIntent.set(id, sent)
      }
      return [...byIntent.values()]
    },
    markFailed: (id) => void sql('DELETE FROM moves WHERE intent = ?').run(id),
    markSettled(lane, head, amount) {
      const row = lanes.find(lane)
      if (row === null) {
        pay(lanes.create(lane, head), [], amount ?? 0n, 0)
        return
      }
      const place = lanes.place(row, head)
      if (place !== null && place <= row.settledPlace) return
      const to = place ?? row.length
      const sessions = lanes.sessions(row, row.settledPlace, row.length)
      pay(row, sessions, amount ?? worth(row, sessions, to), to)
      sql(
        `UPDATE sessions SET state = 'settled', sealed = 1 WHERE lane_id = ? AND place < ? AND state <> 'settled'`,
      ).run(row.id, to)
      sql('DELETE FROM moves WHERE lane_id = ? AND from_place < ?').run(row.id, to)
      sql('DELETE FROM vouchers WHERE lane_id = ? AND from_place < ?').run(row.id, to)
      sql('UPDATE lanes SET settled = ?1, settled_place = ?2, tip = iif(?3, ?1, tip) WHERE id = ?4').run(
        blob(head),
        to,
        place === null ? 1 : 0,
        row.id,
      )
    },
  }
}

/** `heads` come by place, then by expiry: the last at a place is valid for longest. */
function newestPerPlace(heads: readonly { place: number; signed: SignedHead }[]): SignedHead[] {
  return heads.filter(({ place }, i) => heads[i + 1]?.place !== place).map(({ signed }) => signed)
}
