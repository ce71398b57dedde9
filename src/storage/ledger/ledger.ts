// The seeder's ledger on any database. Other processes may open the same one while a seeder runs: every call reads
// committed rows and keeps nothing in memory but the bytes sent since the last commit.
import { setTimeout as delay } from 'node:timers/promises'
import type { Address } from 'viem'
import { BitCdnError, hasCode } from '../../errors.ts'
import { checkSignatureForm, type Head, type ReceiptLedger } from '../../receipts/index.ts'
import { createGroupCommit } from '../group-commit.ts'
import { createLease, LEASE_TIME, type Lease, type ProcessLock } from '../lease.ts'
import type { Engine, Soon, Sql } from '../sql.ts'
import { markFailed, markSubmitted, saveVoucher, seal, submissions } from './claims.ts'
import { keepDebts, keptDebts } from './debts.ts'
import { earnings } from './earnings.ts'
import { extendLog } from './extend.ts'
import { makeFirstChecksums } from './first-checksums.ts'
import { createJournal } from './journal.ts'
import { allLanes } from './lanes.ts'
import { findSession, findSessions, laneLog, laneState, lineCounts } from './lines.ts'
import { createOrphanWatch } from './orphans.ts'
import { prune as pruneSome } from './prune.ts'
import { acceptReceipts, noteServed, type Offered, openSession, releaseAll, releaseSession } from './sessions.ts'
import { settleable } from './settleable.ts'
import { markSettled } from './settled.ts'
import { statement } from './statement.ts'

export interface LedgerOptions {
  /** The chain and contract that it is for: remembered at first, compared ever after. */
  readonly domain?: { readonly chainId: bigint | number; readonly settlement: Address } | undefined
  /** Milliseconds of Unix time, for idleness alone. Default `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Names this process among those that serve from one database; each name has one process. Default 'default'. */
  readonly node?: string | undefined
  /** Milliseconds for which a settled line is kept after its last change, while this process serves. Default 30 days. */
  readonly keepSettled?: number | undefined
}

/** How long bytes sent may wait for a commit of their own, in milliseconds. */
const SERVED_DELAY = 1_000
/** And how long after that they ride along with no other group, milliseconds: with each receipt they would double its work. */
const SERVED_PAUSE = 250
const POLL = 100
const DAY = 86_400_000
const PRUNE_EVERY = 3_600_000

/** `lock` says at once which process serves, where all of them are on one machine. Closes `engine` when closed. */
export async function createLedger(
  components: { engine: Engine; lock?: ProcessLock },
  init: LedgerOptions = {},
): Promise<ReceiptLedger> {
  const { engine, lock } = components
  const { now = Date.now, node = 'default', keepSettled = 30 * DAY } = init
  if (init.domain !== undefined) await bindDomain(engine, init.domain)
  await makeFirstChecksums(engine)
  const serving = createLease({
    ...{ name: `serve/${node}`, holds: 'serves from', lock },
    advice: 'Stop it first, or give this one a data folder or a database of its own.',
  })
  /** One for each round: who was silent for too long in one may take part in the next. */
  const newRound = () =>
    createLease({ name: 'settle', holds: 'settles from', advice: 'Wait until it is done, and try again.' })
  let settling = newRound()
  const sent = new Map<Head, bigint>()
  let written: ReadonlyMap<Head, bigint> = new Map()
  let rounds = 0
  let servedTimer: NodeJS.Timeout | null = null
  let servedAt = Number.NEGATIVE_INFINITY
  const group = createGroupCommit(engine, { beforeCommit: writeServed, afterCommit })

  async function writeServed(sql: Sql): Promise<void> {
    if (sent.size === 0 || !serving.held || performance.now() - servedAt < SERVED_PAUSE) return
    written = new Map(sent)
    await noteServed(sql, written, now())
  }

  function afterCommit(): void {
    serving.committed()
    settling.committed()
    if (written.size > 0) servedAt = performance.now()
    for (const [session, bytes] of written) if (sent.get(session) === bytes) sent.delete(session)
    written = new Map()
  }

  /** With the next group, however soon that comes. */
  const writeServedNext = (): void => {
    servedAt = Number.NEGATIVE_INFINITY
  }

  const serve = <T>(work: (sql: Sql) => Soon<T>): Promise<T> => group.write(work, serving.hold)
  const settle = <T>(work: (sql: Sql) => Soon<T>): Promise<T> =>
    group.write(work, rounds > 0 ? settling.hold : settling.requireFree)
  const accept = (sql: Sql, offered: readonly Offered[]) => acceptReceipts(sql, offered, now())

  const orphans = createOrphanWatch()
  // A lock of the operating system needs no news from its holder.
  const renewal = setInterval(() => {
    if (serving.held && lock === undefined) {
      serve((sql) => orphans.look(sql, performance.now())).catch(orphans.forget) // whoever writes next is told
    }
    if (rounds > 0) settle(() => {}).catch(() => {})
  }, LEASE_TIME / 3).unref()

  async function prune(before: number): Promise<number> {
    let sum = 0
    for (;;) {
      const deleted = await group.write((sql) => pruneSome(sql, before))
      if (deleted === 0) return sum
      sum += deleted
    }
  }

  const pruning = setInterval(() => {
    if (serving.held) prune(now() - keepSettled).catch(() => {}) // room, not money: the next hour tries again
  }, PRUNE_EVERY).unref()

  /** Waits for a holder that says nothing any more; one that goes on saying something is alive. */
  async function takeOver<T>(lease: Lease, work: () => Promise<T>): Promise<T> {
    const until = performance.now() + 2 * LEASE_TIME
    let seen: { holder: string; expires: number } | null = null
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!hasCode(error, 'refused') || performance.now() > until) throw error
        const other = await group.read((sql) => lease.other(sql))
        if (other !== null && seen !== null && (other.holder !== seen.holder || other.expires !== seen.expires))
          throw error
        seen ??= other
        await delay(Math.min(POLL, (other?.left ?? 0) + 10))
      }
    }
  }

  return {
    journal: createJournal(group, { now, guard: async (sql) => void (rounds > 0 && (await settling.hold(sql))) }),
    laneState: (lane) => group.read((sql) => laneState(sql, lane)),
    laneLog: (lane, { most } = {}) => group.read((sql) => laneLog(sql, lane, most)),
    session: (session) => group.read(async (sql) => (await findSession(sql, session))?.session ?? null),
    sessions: (names) => group.read((sql) => findSessions(sql, names)),
    lineCounts: (lane, before) => group.read((sql) => lineCounts(sql, lane, before)),
    extendLog: (lane, from, lines, signed) => serve((sql) => extendLog(sql, { lane, from, lines, signed }, now())),
    openSession: (session, use) => serve((sql) => openSession(sql, session, use, { node, now: now() })),
    async acceptReceipt(session, bytesServed, signature) {
      checkSignatureForm(signature)
      return group.add(accept, { session, bytesServed, signature }, serving.hold)
    },
    noteServed(session, served) {
      if (served <= (sent.get(session) ?? 0n)) return
      sent.set(session, served)
      servedTimer ??= setTimeout(() => {
        servedTimer = null
        writeServedNext()
        if (sent.size > 0) serve(() => {}).catch(() => {}) // as good as lost in a crash: a lower bound
      }, SERVED_DELAY).unref()
    },
    releaseSession(session, final) {
      writeServedNext()
      return serve((sql) => releaseSession(sql, session, final, now()))
    },
    releaseAll: () => {
      const release = () => serve((sql) => releaseAll(sql, node))
      return lock === undefined ? takeOver(serving, release) : release() // a lock of the dead is free
    },
    lanes: () => group.read(async (sql) => (await allLanes(sql)).map(({ lane }) => lane)),
    settleable: (lane, options = {}) => group.read((sql) => settleable(sql, lane, options, now())),
    async settling(round) {
      if (rounds++ === 0) settling = newRound()
      const { hold, release } = settling
      try {
        await takeOver(settling, () => group.write(() => {}, hold))
        return await round()
      } finally {
        if (--rounds === 0) await group.write(release).catch(() => {}) // else it expires
      }
    },
    seal: (lane, to) => settle((sql) => seal(sql, lane, to)),
    saveVoucher: (voucher) => settle((sql) => saveVoucher(sql, voucher)),
    markSubmitted: (id, moves) => settle((sql) => markSubmitted(sql, id, moves, now())),
    submissions: () => group.read((sql) => submissions(sql, now())),
    markFailed: (id) => settle((sql) => markFailed(sql, id)),
    // What the chain says is the same whoever writes it down, and written twice it changes nothing.
    markSettled: (lane, head, amount) => group.write((sql) => markSettled(sql, { lane, head, amount }, now())),
    debts: () => group.read((sql) => keptDebts(sql, node)),
    keepDebts: (debts) => serve((sql) => keepDebts(sql, node, debts)),
    statement: (query) => group.read((sql) => statement(sql, query)),
    earnings: (filter = {}) => group.read((sql) => earnings(sql, filter)),
    prune,
    async close() {
      clearInterval(renewal)
      clearInterval(pruning)
      if (servedTimer !== null) clearTimeout(servedTimer)
      writeServedNext()
      const last = serving.held ? group.write((sql) => serving.release(sql), serving.hold) : Promise.resolve()
      await Promise.allSettled([last, group.close()])
      lock?.release()
      await engine.close()
    },
  }
}

async function bindDomain(engine: Engine, domain: NonNullable<LedgerOptions['domain']>): Promise<void> {
  const here = `${domain.chainId}/${domain.settlement.toLowerCase()}`
  const held = await engine.transaction('write', async (sql) => {
    await sql.run(`INSERT INTO settings (name, value) VALUES ('domain', ?) ON CONFLICT (name) DO NOTHING`, here)
    return (await sql.get(`SELECT value FROM settings WHERE name = 'domain'`))?.value
  })
  if (held === here) return
  throw new BitCdnError('wrong-chain', `${engine.name} holds receipts of ${held} (chain/contract), not of ${here}.`, {
    advice: 'Connect to that chain, or choose another data folder.',
  })
}
