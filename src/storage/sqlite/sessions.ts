// What happens on a line while bytes flow: one stream at a time, receipts only upward.
import type { Address } from 'viem'
import type { CompactSignature, Head, LedgerSession } from '../../receipts/index.ts'
import { blob } from './columns.ts'
import type { Database } from './database.ts'
import { refused } from './errors.ts'
import type { Lanes } from './lanes.ts'

export interface Sessions {
  open(session: Head, use: { contentId: string; holder: Address | null }): LedgerSession
  accept(session: Head, bytesServed: bigint, signature: CompactSignature): bigint
  release(session: Head, final: boolean): void
  releaseAll(): void
  served(sent: ReadonlyMap<Head, bigint>): void
}

export function createSessions({ sql }: Database, lanes: Lanes, now: () => number): Sessions {
  const touch = (id: number) =>
    sql(`INSERT INTO progress (session_id, touched) VALUES (?, ?)
         ON CONFLICT (session_id) DO UPDATE SET touched = excluded.touched`).run(id, now())

  return {
    open(session, use) {
      const known = lanes.session(session)
      if (known === null) throw refused(`Session ${session} is not in any log held here.`)
      if (known.state === 'closed' || known.state === 'settled') {
        throw refused(`Session ${session} is ${known.state}.`, 'Ask the publisher’s gateway for a new session.')
      }
      if (known.contentId !== null && known.contentId !== use.contentId) {
        throw refused(`Session ${session} was opened for content ${known.contentId}, not for ${use.contentId}.`)
      }
      const opened = sql(
        `UPDATE sessions SET state = 'open', streaming = 1, content_id = ?, holder = ? WHERE id = ? AND streaming = 0`,
      ).run(use.contentId, use.holder === null ? null : blob(use.holder), known.id)
      if (Number(opened.changes) === 0) throw refused(`Session ${session} is open on another stream.`)
      touch(known.id)
      const { id, ...before } = known
      return { ...before, state: 'open', contentId: use.contentId, holder: use.holder }
    },

    accept(session, bytesServed, signature) {
      const row = sql(
        `SELECT s.id, s.max_bytes, s.state, s.sealed, p.bytes
         FROM sessions s LEFT JOIN progress p ON p.session_id = s.id WHERE s.session = ?`,
      ).get(blob(session))
      if (row === undefined) throw refused(`Session ${session} is not in any log held here.`)
      const held = BigInt(Number(row.bytes ?? 0))
      if (bytesServed <= held || bytesServed > BigInt(Number(row.max_bytes))) return held
      if (row.sealed === 1 || row.state === 'settled') {
        throw refused(`Session ${session} is being settled: no receipt beyond ${held} bytes is taken.`)
      }
      if (row.state === 'unused') sql(`UPDATE sessions SET state = 'open' WHERE id = ?`).run(row.id as number)
      sql(
        `INSERT INTO progress (session_id, served, bytes, signature, touched) VALUES (?1, ?2, ?2, ?3, ?4)
         ON CONFLICT (session_id) DO UPDATE SET bytes = excluded.bytes, signature = excluded.signature,
           served = max(served, excluded.served), touched = excluded.touched`,
      ).run(row.id as number, Number(bytesServed), blob(signature), now())
      return bytesServed
    },

    release(session, final) {
      const row = sql(
        `UPDATE sessions SET streaming = 0, state = CASE WHEN ? AND state <> 'settled' THEN 'closed' ELSE state END
         WHERE session = ? RETURNING id`,
      ).get(final ? 1 : 0, blob(session))
      if (row !== undefined) touch(Number(row.id))
    },

    releaseAll: () => void sql('UPDATE sessions SET streaming = 0 WHERE streaming = 1').run(),

    served(sent) {
      for (const [session, bytes] of sent) {
        sql(
          `INSERT INTO progress (session_id, served, touched) SELECT id, ?, ? FROM sessions WHERE session = ?
           ON CONFLICT (session_id) DO UPDATE SET served = max(served, excluded.served), touched = excluded.touched`,
        ).run(Number(bytes), now(), blob(session))
      }
    },
  }
}
