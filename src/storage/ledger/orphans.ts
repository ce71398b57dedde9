// Streams of a process that is gone and does not come back. While they count as open nobody settles behind them, so those
// that still serve from the same database release them. One that only slept finds its sessions free, or sealed.
import type { Sql } from '../sql.ts'

/** Milliseconds of an answering database in which a process said nothing. */
export const SILENCE = 30_000

export interface OrphanWatch {
  /** One look in a transaction that writes; every few seconds. `now` only grows, milliseconds. */
  look(sql: Sql, now: number): Promise<void>
  /** The database was gone: nobody could say anything meanwhile. */
  forget(): void
}

export function createOrphanWatch(): OrphanWatch {
  const silent = new Map<string, { expires: number; since: number }>()
  return {
    async look(sql, now) {
      const rows = await sql.all(
        `SELECT name, expires FROM leases l WHERE name LIKE 'serve/%' AND expires <= ${sql.clock}
         AND EXISTS (SELECT 1 FROM sessions s WHERE s.streaming = 1 AND 'serve/' || s.node = l.name)`,
      )
      const found = new Map(rows.map(({ name, expires }) => [String(name), Number(expires)]))
      for (const name of silent.keys()) if (!found.has(name)) silent.delete(name)
      for (const [name, expires] of found) {
        const known = silent.get(name)
        if (known?.expires !== expires) silent.set(name, { expires, since: now })
        else if (now - known.since >= SILENCE) {
          await sql.run(`UPDATE sessions SET streaming = 0 WHERE streaming = 1 AND 'serve/' || node = ?`, name)
        }
      }
    },
    forget: () => silent.clear(),
  }
}
