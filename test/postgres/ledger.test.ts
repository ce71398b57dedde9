import type { ReceiptLedger, SponsorLog } from '../../src/receipts/index.ts'
import { openLedger, openSponsorLog, type PostgresLedgerInit } from '../../src/storage/postgres/index.ts'
import { journalBehaviour } from '../behaviours/journal.ts'
import { type LedgerFactory, ledgerBehaviour } from '../behaviours/ledger.ts'
import { sponsorLogBehaviour } from '../behaviours/sponsor-log.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'

let server: TestPostgres
const inits = new Map<ReceiptLedger, PostgresLedgerInit>()
const urls = new Map<SponsorLog, string>()

before(async () => {
  server = await startPostgres()
})
after(() => server.remove())

async function open(init: PostgresLedgerInit): Promise<ReceiptLedger> {
  const ledger = await openLedger(init)
  inits.set(ledger, init)
  return ledger
}

async function openLog(url: string): Promise<SponsorLog> {
  const log = await openSponsorLog({ url })
  urls.set(log, url)
  return log
}

const factory: LedgerFactory = {
  create: async (now) => open({ url: await server.createDatabase(), ...(now === undefined ? {} : { now }) }),
  async reopen(ledger) {
    await ledger.close()
    return open(inits.get(ledger)!)
  },
  beside: (ledger) => open(inits.get(ledger)!),
}

ledgerBehaviour('PostgreSQL', factory)
journalBehaviour('PostgreSQL', factory)

sponsorLogBehaviour('PostgreSQL', {
  create: async () => openLog(await server.createDatabase()),
  async reopen(log) {
    await log.close()
    return openLog(urls.get(log)!)
  },
})
