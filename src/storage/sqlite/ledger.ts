// The seeder's ledger in one SQLite file. Other processes may open the same file while a seeder runs: every call reads
// committed rows and keeps nothing in memory but the bytes sent since the last commit.
import type { Address } from 'viem'
import { BitCdnError } from '../../errors.ts'
import { checkSignatureForm, type Head, type ReceiptLedger } from '../../receipts/index.ts'
import { createClaims } from './claims.ts'
import { type Database, openDatabase } from './database.ts'
import { earnings } from './earnings.ts'
import { createGroupCommit } from './group-commit.ts'
import { createJournal } from './journal.ts'
import { createLanes } from './lanes.ts'
import { LEDGER_ID, LEDGER_MIGRATIONS } from './migrations.ts'
import { createOwner } from './owner.ts'
import { createSessions } from './sessions.ts'

export interface LedgerInit {
  readonly path: string
  /** The chain and contract that it is for: remembered at first, compared ever after. */
  readonly domain?: { readonly chainId: bigint | number; readonly settlement: Address }
  /** Milliseconds of Unix time, for idleness alone. Default `Date.now`. */
  readonly now?: () => number
}

/** How long bytes sent may wait for a commit of their own, in milliseconds. */
const SERVED_DELAY = 1_000

/**
 * Opens or makes the ledger at `path` (mode 0600). Throws `file-invalid` for a damaged, foreign or newer file,
 * `wrong-chain` for one of another chain or contract, `disk-full`, `disk-failed` or `file-unreadable`.
 */
export async function openLedger(init: LedgerInit): Promise<ReceiptLedger> {
  const now = init.now ?? Date.now
  const database = openDatabase({ path: init.path, applicationId: LEDGER_ID, migrations: LEDGER_MIGRATIONS })
  try {
    if (init.domain !== undefined) bindDomain(database, init.domain)
  } catch (error) {
    database.close()
    throw error
  }
  const lanes = createLanes(database, now)
  const sessions = createSessions(database, lanes, now)
  const claims = createClaims(database, lanes, now)
  const owner = createOwner(`${init.path}-owner`)

  const sent = new Map<Head, bigint>()
  let servedTimer: NodeJS.Timeout | null = null
  const group = createGroupCommit(database, { beforeCommit: writeServed })

  function writeServed(): void {
    if (sent.size === 0) return
    sessions.served(sent)
    sent.clear()
  }

  return {
    journal: createJournal(database, group, now),
    laneLog: (lane) =>
      group.read(() => {
        const row = lanes.find(lane)
        return row === null ? null : lanes.log(row)
      }),
    session: (session) =>
      group.read(() => {
        const found = lanes.session(session)
        if (found === null) return null
        const { id, ...known } = found
        return known
      }),
    extendLog: (lane, from, lines, signed) => group.write(() => lanes.extend(lane, from, lines, signed)),
    async openSession(session, use) {
      owner.take()
      return group.write(() => sessions.open(session, use))
    },
    async acceptReceipt(session, bytesServed, signature) {
      checkSignatureForm(signature)
      return group.writeOnce(() => sessions.accept(session, bytesServed, signature))
    },
    noteServed(session, served) {
      if (served <= (sent.get(session) ?? 0n)) return
      sent.set(session, served)
      servedTimer ??= setTimeout(() => {
        servedTimer = null
        if (sent.size > 0) group.writeOnce(() => {}).catch(() => {}) // as good as lost in a crash: a lower bound
      }, SERVED_DELAY).unref()
    },
    releaseSession: (session, final) => group.write(() => sessions.release(session, final)),
    async releaseAll() {
      owner.take()
      return group.write(() => sessions.releaseAll())
    },
    lanes: () => group.read(() => lanes.all().map(({ lane }) => lane)),
    settleable: (lane, options = {}) => group.read(() => claims.settleable(lane, options)),
    seal: (lane, to) => group.write(() => claims.seal(lane, to)),
    saveVoucher: (voucher) => group.write(() => claims.saveVoucher(voucher)),
    markSubmitted: (id, moves) => group.write(() => claims.markSubmitted(id, moves)),
    submissions: () => group.read(() => claims.submissions()),
    markFailed: (id) => group.write(() => claims.markFailed(id)),
    markSettled: (lane, head, amount) => group.write(() => claims.markSettled(lane, head, amount)),
    earnings: (filter = {}) => group.read(() => earnings(database, lanes, filter)),
    async close() {
      if (servedTimer !== null) clearTimeout(servedTimer)
      const written = sent.size > 0 ? group.writeOnce(() => {}) : Promise.resolve()
      await group.close()
      owner.release()
      database.close()
      await written
    },
  }
}

function bindDomain({ sql, path }: Database, domain: NonNullable<LedgerInit['domain']>): void {
  const here = `${domain.chainId}/${domain.settlement.toLowerCase()}`
  sql(`INSERT INTO settings (name, value) VALUES ('domain', ?) ON CONFLICT (name) DO NOTHING`).run(here)
  const held = sql(`SELECT value FROM settings WHERE name = 'domain'`).get()?.value
  if (held === here) return
  throw new BitCdnError('wrong-chain', `${path} holds receipts of ${held} (chain/contract), not of ${here}.`, {
    advice: 'Connect to that chain, or choose another data folder.',
  })
}
