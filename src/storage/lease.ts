// Who may write. A row names the holder and an epoch that grows with every holder; each transaction of the holder checks
// it, so that one which slept while another took over writes nothing more. Being alive is another matter: on one machine
// a lock of the operating system says so at once, over a network a time that the holder keeps moving.
import { randomBytes } from 'node:crypto'
import { BitCdnError } from '../errors.ts'
import { refused } from './refused.ts'
import type { Sql } from './sql.ts'

/** Milliseconds after which a holder that said nothing is given up. */
export const LEASE_TIME = 5_000

/** An operating-system lock that dies with its process. */
export interface ProcessLock {
  /** Throws `refused` while another process holds it. Taking it twice is taking it once. */
  take(): void
  release(): void
}

export interface Lease {
  readonly name: string
  readonly held: boolean
  /**
   * Takes the lease, or makes sure that it is still held; nobody takes it over before this transaction ends. Throws
   * `refused` while another process holds it, and `lease-lost` for ever once another one took it over.
   */
  hold(sql: Sql): Promise<void>
  /** Throws `refused` while another process holds it. Nobody takes it before this transaction ends. */
  requireFree(sql: Sql): Promise<void>
  /** To be called when a transaction that held it was committed. */
  committed(): void
  /** Gives it back, if it is still this holder's. */
  release(sql: Sql): Promise<void>
  /** Milliseconds until it may be taken over, by the database's clock, with the holder; null when it is free. */
  other(sql: Sql): Promise<{ holder: string; left: number; expires: number } | null>
}

/** `advice` is for whoever finds it taken. */
export function createLease(init: {
  name: string
  holds: string
  advice: string
  lock?: ProcessLock | undefined
}): Lease {
  const { name, holds, advice, lock } = init
  const holder = randomBytes(8).toString('hex')
  let epoch: number | null = null
  let pending: number | null = null
  let lost = false
  let checked: Sql | null = null

  async function isMine(sql: Sql): Promise<boolean> {
    if (lock !== undefined) {
      const row = await sql.get(
        'SELECT epoch FROM leases WHERE name = ? AND holder = ? AND epoch = ?',
        name,
        holder,
        epoch,
      )
      return row !== undefined
    }
    const renewed = await sql.run(
      `UPDATE leases SET expires = ${sql.clock} + ? WHERE name = ? AND holder = ? AND epoch = ?`,
      ...[LEASE_TIME, name, holder, epoch],
    )
    return renewed === 1
  }

  async function take(sql: Sql): Promise<number> {
    lock?.take()
    // Who has the lock is the only one alive: no need to wait for a dead holder's time.
    const free = lock === undefined ? `leases.expires <= ${sql.clock} OR leases.holder = excluded.holder` : '1 = 1'
    const row = await sql.get(
      `INSERT INTO leases (name, holder, epoch, expires) VALUES (?, ?, 1, ${sql.clock} + ?)
       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = leases.epoch + 1, expires = excluded.expires
       WHERE ${free} RETURNING epoch`,
      ...[name, holder, LEASE_TIME],
    )
    if (row === undefined) throw heldElsewhere(holds, advice)
    return Number(row.epoch)
  }

  return {
    name,
    get held() {
      return epoch !== null && !lost
    },
    async hold(sql) {
      if (lost) throw leaseLost(holds)
      if (checked === sql) return
      if (epoch === null) pending = await take(sql)
      else if (!(await isMine(sql))) {
        lost = true
        throw leaseLost(holds)
      }
      checked = sql
    },
    async requireFree(sql) {
      const row = await sql.get(
        `SELECT holder FROM leases WHERE name = ? AND holder <> ? AND expires > ${sql.clock}${sql.forUpdate}`,
        ...[name, holder],
      )
      if (row !== undefined) throw heldElsewhere(holds, advice)
    },
    committed() {
      if (pending !== null) epoch = pending
      pending = null
    },
    async release(sql) {
      if (epoch !== null && !lost) {
        await sql.run(`UPDATE leases SET expires = 0 WHERE name = ? AND holder = ? AND epoch = ?`, name, holder, epoch)
      }
      epoch = null
      checked = null
    },
    async other(sql) {
      const row = await sql.get(
        `SELECT holder, expires, expires - ${sql.clock} AS left_over FROM leases WHERE name = ? AND holder <> ?`,
        ...[name, holder],
      )
      if (row === undefined || Number(row.left_over) <= 0) return null
      return { holder: String(row.holder), left: Number(row.left_over), expires: Number(row.expires) }
    },
  }
}

function heldElsewhere(holds: string, advice: string): BitCdnError {
  return refused(`Another process ${holds} this ledger.`, advice)
}

function leaseLost(holds: string): BitCdnError {
  return new BitCdnError('lease-lost', `Another process ${holds} this ledger by now: this one writes nothing more.`, {
    advice: 'It was silent for too long and was taken for dead. Restart it when the other one is gone.',
  })
}
