// Every migration of the ledger, from every older version, killed at each call to the disk (SQLite) and at each statement
// (PostgreSQL): what is left has the old schema or the new one, keeps its rows, and opens.
//   node scripts/soak/migrations.ts [--seed N] [--tenth]
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LEDGER_MIGRATIONS } from '../../src/storage/ledger/migrations.ts'
import { connect } from '../../src/storage/postgres/database.ts'
import { openLedger as openInPostgres } from '../../src/storage/postgres/index.ts'
import { openDatabase } from '../../src/storage/sqlite/database.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { LEDGER_ID } from '../../src/storage/sqlite/ledger.ts'
import { startPostgres, type TestPostgres } from '../../test/postgres.ts'
import { campaign, type Run } from './campaign.ts'
import { buildDisk, onDisk } from './disk.ts'

const MIGRANT = resolve(import.meta.dirname, 'disk/migrant.ts')
const SCHEMA = 'bitcdn_ledger'
const KEEP = `INSERT INTO settings (name, value) VALUES ('kept', 'yes')`
const NEWEST = LEDGER_MIGRATIONS.length

await campaign({ name: 'migrations killed at every place', runs: 1 }, async (run) => {
  const counts = { sqlite: 0, postgres: 0 }
  const server = await startPostgres()
  try {
    for (let version = 0; version < NEWEST; version++) {
      counts.sqlite += await inSqlite(run, version)
      counts.postgres += await inPostgres(server, version, run)
      run.say(`from version ${version}: ${counts.sqlite} places in SQLite, ${counts.postgres} in PostgreSQL so far`)
    }
  } finally {
    await server.remove()
  }
  return `${NEWEST} versions to ${NEWEST}, killed at ${counts.sqlite} places in SQLite and ${counts.postgres} in PostgreSQL: old or new, never mixed, every row kept`
})

/** A tenth takes every fifth place, beginning where the seed says. */
function places(run: Run): { first: number; step: number } {
  return run.tenth ? { first: run.seed % 5, step: 5 } : { first: 0, step: 1 }
}

async function inSqlite(run: Run, version: number): Promise<number> {
  const library = buildDisk(run.folder)
  const { first, step } = places(run)
  for (let place = first; ; place += step) {
    const folder = join(run.folder, `${version}-${place}`)
    mkdirSync(folder)
    const path = join(folder, 'ledger.sqlite')
    if (version > 0) {
      const old = openDatabase({ path, applicationId: LEDGER_ID, migrations: LEDGER_MIGRATIONS.slice(0, version) })
      old.connection.exec(KEEP)
      old.close()
    }
    const ran = await migrate(['sqlite', path, String(place)], onDisk(library, path))
    const words = `SQLite, from version ${version}, killed at call ${place}`
    const found = read(path)
    if (ran && found.version !== NEWEST) throw new Error(`${words}: not migrated though it ended well.`)
    if (found.version !== version && found.version !== NEWEST) throw new Error(`${words}: version ${found.version}.`)
    if (found.schema !== sqliteSchema(found.version)) throw new Error(`${words}: a mixed schema.\n${found.schema}`)
    await (await openLedger({ path })).close()
    const after = read(path)
    if (after.version !== NEWEST || after.schema !== sqliteSchema(NEWEST))
      throw new Error(`${words}: not migrated then.`)
    if (version > 0 && !after.kept) throw new Error(`${words}: a row is gone.`)
    if (ran) return Math.ceil((place - first) / step)
  }
}

function read(path: string): { version: number; schema: string; kept: boolean } {
  const database = new DatabaseSync(path)
  try {
    const version = Number(Object.values(database.prepare('PRAGMA user_version').get() ?? {})[0])
    const rows = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all()
    const schema = rows.map(({ sql }) => String(sql)).join('\n')
    const kept = version > 0 && database.prepare(`SELECT value FROM settings WHERE name = 'kept'`).get() !== undefined
    return { version, schema, kept }
  } finally {
    database.close()
  }
}

function sqliteSchema(version: number): string {
  const database = new DatabaseSync(':memory:')
  for (const migration of LEDGER_MIGRATIONS.slice(0, version)) database.exec(migration)
  const rows = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all()
  database.close()
  return rows.map(({ sql }) => String(sql)).join('\n')
}

async function inPostgres(server: TestPostgres, version: number, run: Run): Promise<number> {
  const { first, step } = places(run)
  const schemas = await Promise.all([version, NEWEST].map((to) => postgresSchema(server, to)))
  for (let place = first; ; place += step) {
    const url = await server.createDatabase()
    if (version > 0) await makeOld(url, version, [KEEP])
    const ran = await migrate(['postgres', url, String(place)], process.env)
    const words = `PostgreSQL, from version ${version}, killed at statement ${place}`
    const found = await columns(url)
    if (!schemas.includes(found)) throw new Error(`${words}: a mixed schema.\n${found}`)
    if (ran && found !== schemas[1]) throw new Error(`${words}: not migrated though it ended well.`)
    await (await openInPostgres({ url })).close()
    if ((await columns(url)) !== schemas[1]) throw new Error(`${words}: not migrated then.`)
    const client = await connect({ url, schema: SCHEMA, migrations: LEDGER_MIGRATIONS })
    const { rowCount } = await client.query(`SELECT 1 FROM settings WHERE name = 'kept'`)
    await client.end()
    if (version > 0 && rowCount !== 1) throw new Error(`${words}: a row is gone.`)
    if (ran) return Math.ceil((place - first) / step)
  }
}

async function makeOld(url: string, version: number, statements: readonly string[]): Promise<void> {
  const client = await connect({ url, schema: SCHEMA, migrations: LEDGER_MIGRATIONS.slice(0, version) })
  for (const statement of statements) await client.query(statement)
  await client.end()
}

async function postgresSchema(server: TestPostgres, version: number): Promise<string> {
  const url = await server.createDatabase()
  if (version > 0) await makeOld(url, version, [])
  return columns(url)
}

/** Tables, columns and indexes as text. */
async function columns(url: string): Promise<string> {
  const { Client } = (await import('pg')).default
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(
    `SELECT table_name || '.' || column_name || ' ' || data_type AS line FROM information_schema.columns WHERE table_schema = $1
     UNION SELECT indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY line`,
    [SCHEMA],
  )
  await client.end()
  return rows.map(({ line }) => line).join('\n')
}

/** Resolves to whether it ran through. */
async function migrate(args: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((settle, fail) => {
    execFile(process.execPath, [MIGRANT, ...args], { env }, (error, _out, words) => {
      if (error === null) settle(true)
      else if (error.signal === 'SIGKILL') settle(false)
      else fail(new Error(words))
    })
  })
}
