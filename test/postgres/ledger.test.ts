import { expect } from 'chai'
import type { ReceiptLedger, SponsorLog } from '../../src/receipts/index.ts'
import { openLedger, openSponsorLog, type PostgresLedgerInit } from '../../src/storage/postgres/index.ts'
import { journalBehaviour } from '../behaviours/journal.ts'
import { type LedgerFactory, ledgerBehaviour } from '../behaviours/ledger.ts'
import { sponsorLogBehaviour } from '../behaviours/sponsor-log.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'
import { statements } from './statements.ts'

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

describe('The SQL of ledger and log', () => {
  /** What connecting and migrating asks beside: a server must have it too. */
  const ofServer = ['pg_is_in_recovery', 'to_regclass', 'pg_advisory_xact_lock', 'hashtext']
  const ofAll = ['coalesce', 'sum', 'count', 'max', 'min', 'length', 'cast', 'extract', 'clock_timestamp', 'unnest']
  /** Before a bracket, and no function. */
  const words =
    'and any as by check conflict exists from in into is key not on or over references returning select set table then unique values when where'

  /** What tests do to the server: not ours. */
  const ofTests = /^(CREATE DATABASE|SELECT 1$)|pg_terminate_backend|pg_reload_conf/
  const used = () => [...statements].filter((text) => !ofTests.test(text))
  /** Without texts in quotes. */
  const plain = (text: string) => text.replaceAll(/'[^']*'/g, "''")

  it('asks for nothing that PostgreSQL-compatible servers do not share', () => {
    expect(used().length, 'statements that were heard').to.be.greaterThan(90)
    const never =
      /\b(LISTEN|NOTIFY|UNLOGGED|TEMP|TEMPORARY|EXTENSION|FUNCTION|TRIGGER|PROCEDURE|RULE|COPY|DECLARE|CURSOR|LOCK TABLE|SKIP LOCKED|NOWAIT|MERGE|RECURSIVE|LATERAL|TABLESAMPLE|NEXTVAL|SERIAL|INHERITS|PARTITION|EXCLUDE|GIN|GIST|BRIN|USING HASH|CTID|XMIN|OID|PREPARE TRANSACTION|MATERIALIZED|JSONB?|XML|SERIALIZABLE|DO \$)\b/i
    expect(used().filter((text) => never.test(plain(text)))).to.deep.equal([])
  })

  it('calls only these functions', () => {
    const tables = new Set(
      used().flatMap((text) =>
        [...text.matchAll(/(?:TABLE(?: IF NOT EXISTS)?|INTO|INDEX \w+ ON|REFERENCES) (\w+) ?\(/g)].map(
          ([, name]) => name,
        ),
      ),
    )
    const called = new Set(
      used().flatMap((text) =>
        [...plain(text).matchAll(/\b([a-z_]+) ?\(/gi)].map(([, name]) => String(name).toLowerCase()),
      ),
    )
    const functions = [...called].filter((name) => !words.split(' ').includes(name) && !tables.has(name))
    expect(functions.filter((name) => ![...ofAll, ...ofServer].includes(name))).to.deep.equal([])
    const beside = used().filter((text) => ofServer.some((name) => text.includes(name)))
    expect(beside.length, 'connecting and migrating alone').to.equal(3)
  })
})
