import { expect } from 'chai'
import pg from 'pg'
import { BitCdnError } from '../../src/errors.ts'
import { LEDGER_MIGRATIONS } from '../../src/storage/ledger/migrations.ts'
import { createOrphanWatch, SILENCE } from '../../src/storage/ledger/orphans.ts'
import { forPostgres, type Migrations, statementsOf } from '../../src/storage/migrate.ts'
import { connect } from '../../src/storage/postgres/database.ts'
import { createPostgresEngine } from '../../src/storage/postgres/engine.ts'
import { openLedger } from '../../src/storage/postgres/index.ts'
import { createTestLog } from '../behaviours/log-fixture.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'

const SCHEMA = 'bitcdn_ledger'

describe('A ledger in PostgreSQL', () => {
  let server: TestPostgres
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.remove())

  it('is refused on a server that would lose commits in a power cut', async () => {
    for (const setting of ['fsync', 'full_page_writes']) {
      const weak = await startPostgres({ [setting]: 'off' })
      try {
        const reason = await reasonOf(openLedger({ url: await weak.createDatabase() }))
        expect(reason.code).to.equal('disk-failed')
        expect(reason.message).to.match(new RegExp(`would not survive a power cut: ${setting} is off`))
      } finally {
        await weak.remove()
      }
    }
  })

  it('commits synchronously, whatever the server’s default is', async () => {
    const url = await server.createDatabase()
    await server.admin(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`)
    const client = await connect({ url, schema: SCHEMA, migrations: LEDGER_MIGRATIONS })
    expect((await client.query('SHOW synchronous_commit')).rows).to.deep.equal([{ synchronous_commit: 'on' }])
    await client.end()
  })

  it('is migrated as a whole or not at all, wherever the connection ends', async () => {
    const statements = LEDGER_MIGRATIONS.flatMap((migration) => statementsOf(forPostgres(migration)))
    const url = await server.createDatabase()
    for (let done = 0; done <= statements.length; done++) {
      const cut = [...statements.slice(0, done), 'SELECT pg_terminate_backend(pg_backend_pid())'].join(';')
      const reason = await reasonOf(connect({ url, schema: SCHEMA, migrations: [cut] }))
      expect(reason.code, `after ${done} statements`).to.equal('database-unreachable')
      expect(await tables(url), `after ${done} statements`).to.deep.equal([])
    }
    await (await openLedger({ url })).close()
    expect(await tables(url)).to.include.members(['lanes', 'sessions', 'progress', 'leases', 'schema_version'])
  })

  it('goes from each older version to the newest, and is refused when it is newer', async () => {
    const url = await server.createDatabase()
    const upTo = (version: number): Migrations => LEDGER_MIGRATIONS.slice(0, version)
    for (let version = 1; version <= LEDGER_MIGRATIONS.length; version++) {
      await (await connect({ url, schema: SCHEMA, migrations: upTo(version) })).end()
    }
    const older = await reasonOf(connect({ url, schema: SCHEMA, migrations: upTo(1) }))
    expect(older.message).to.match(/has schema version \d+; this program knows up to 1/)
    expect(older.code).to.equal('file-invalid')
    await (await openLedger({ url })).close()
  })

  it('names a server that is not there, without the password', async () => {
    const reason = await reasonOf(openLedger({ url: 'postgresql://me:canary@127.0.0.1:1/money' }))
    expect(reason.code).to.equal('database-unreachable')
    expect(`${reason.message} ${reason.advice}`).to.not.include('canary')
  })

  it('goes on after its connection was cut, and lost nothing that it acknowledged', async () => {
    const url = await server.createDatabase()
    const ledger = await openLedger({ url })
    const log = createTestLog({ lines: 1 })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    let held = 0n
    let failures = 0
    for (let bytes = 1n; bytes <= 60n; bytes++) {
      if (bytes % 20n === 0n) await cutAll(url)
      const { session, bytesServed, signature } = log.receipt(0, bytes)
      try {
        held = await ledger.acceptReceipt(session, bytesServed, signature)
      } catch (error) {
        if (!(error instanceof BitCdnError) || error.code !== 'database-unreachable') throw error
        failures++
      }
    }
    expect(held).to.equal(60n)
    expect(failures).to.be.lessThan(10)
    expect((await ledger.session(log.head(0)))?.receipt?.bytesServed).to.equal(60n)
    await ledger.close()
  })

  it('keeps what it acknowledged when the server is stopped at once, and goes on when it is back', async () => {
    const own = await startPostgres()
    try {
      const ledger = await openLedger({ url: await own.createDatabase() })
      const log = createTestLog({ lines: 1 })
      await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
      const accept = (bytes: bigint) => {
        const { session, bytesServed, signature } = log.receipt(0, bytes)
        return ledger.acceptReceipt(session, bytesServed, signature)
      }
      expect(await accept(5n)).to.equal(5n)
      await own.stopAtOnce()
      expect((await reasonOf(accept(6n))).code).to.equal('database-unreachable')
      await own.start()
      expect((await ledger.session(log.head(0)))?.receipt?.bytesServed).to.equal(5n)
      expect(await accept(7n)).to.equal(7n)
      await ledger.close()
    } finally {
      await own.remove()
    }
  })

  it('lets a name serve once, and other names beside it', async () => {
    const url = await server.createDatabase()
    const one = await openLedger({ url })
    const two = await openLedger({ url, node: 'two' })
    const log = createTestLog({ lines: 2 })
    await one.releaseAll()
    await one.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    await one.openSession(log.head(0), { contentId: 'c', holder: null })
    await two.releaseAll()
    await two.openSession(log.head(1), { contentId: 'c', holder: null })
    const again = await reasonOf(two.openSession(log.head(0), { contentId: 'c', holder: null }))
    expect(again.message, 'a stream of another node is not released').to.match(/open on another stream/)
    await one.close()
    await two.close()
  })
})

describe('A ledger in PostgreSQL that several processes serve from', () => {
  let server: TestPostgres
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.remove())

  it('takes a lane that two of them make at the same moment', async () => {
    const url = await server.createDatabase()
    const [one, two] = await Promise.all([openLedger({ url, node: 'one' }), openLedger({ url, node: 'two' })])
    await Promise.all([one.releaseAll(), two.releaseAll()])
    for (let at = 0; at < 40; at++) {
      const log = createTestLog({ lines: 2, lane: BigInt(at) })
      const signed = await log.signed()
      await Promise.all([one, two].map((each) => each.extendLog(log.lane, log.head(0), log.plain(), signed)))
      const settled = createTestLog({ lines: 1, lane: BigInt(1_000 + at) })
      await Promise.all([one, two].map((each) => each.markSettled(settled.lane, settled.head(1), 5n)))
    }
    expect((await one.lanes()).length).to.equal(80)
    expect(await two.earnings()).to.include({ paid: 200n })
    await Promise.all([one.close(), two.close()])
  })

  it('releases the streams of one that is gone for good, and of no other', async () => {
    const url = await server.createDatabase()
    const [gone, alive] = [await openLedger({ url, node: 'gone' }), await openLedger({ url, node: 'alive' })]
    const log = createTestLog({ lines: 2 })
    await gone.releaseAll()
    await alive.releaseAll()
    await gone.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    const use = { contentId: 'c', holder: null }
    await gone.openSession(log.head(0), use)
    await alive.openSession(log.head(1), use)
    const engine = await createPostgresEngine({ url, schema: SCHEMA, migrations: LEDGER_MIGRATIONS })
    const streams = async () =>
      (await query(url, `SELECT node FROM ${SCHEMA}.sessions WHERE streaming = 1 ORDER BY node`)).map(
        ({ node }) => node,
      )
    const silence = (name: string) =>
      query(url, `UPDATE ${SCHEMA}.leases SET expires = 1, holder = 'dead' WHERE name = 'serve/${name}'`)
    const watch = createOrphanWatch()
    const look = (now: number) => engine.transaction('write', (sql) => watch.look(sql, now))
    await look(0)
    await silence('gone')
    await look(1)
    await look(SILENCE)
    expect(await streams(), 'too early').to.deep.equal(['alive', 'gone'])
    watch.forget()
    await look(SILENCE + 1)
    await look(SILENCE + 2)
    expect(await streams(), 'a database that was gone proves nothing').to.deep.equal(['alive', 'gone'])
    await look(2 * SILENCE + 1)
    expect(await streams()).to.deep.equal(['alive'])
    await engine.close()
    await Promise.all([gone.close(), alive.close()])
  })
})

async function cutAll(url: string): Promise<void> {
  await query(
    url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'bitcdn' AND datname = current_database()`,
  )
}

async function tables(url: string): Promise<string[]> {
  const rows = await query(url, `SELECT table_name FROM information_schema.tables WHERE table_schema = '${SCHEMA}'`)
  return rows.map(({ table_name: name }) => String(name))
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function reasonOf(promise: Promise<unknown>): Promise<BitCdnError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof BitCdnError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
