// Opens a PostgreSQL database so that a commit survives a power cut: what decides it is read back, as on SQLite. Each
// connection lives in a schema of its own kind, migrated as a whole or not at all.
import pg from 'pg'
import { BitCdnError } from '../../errors.ts'
import { forPostgres, type Migrations, statementsOf } from '../migrate.ts'
import { postgresError } from './errors.ts'

export interface PostgresInit {
  /** `postgresql://user:password@host:port/database`. */
  readonly url: string
  /** Name of the schema that holds the tables. */
  readonly schema: string
  readonly migrations: Migrations
}

/** Milliseconds in which a server must answer, and after which it ends a transaction whose client sleeps. */
const CONNECT_TIMEOUT = 5_000
const ASLEEP = 3_000
const WAIT_FOR_LOCK = 15_000
const BIGINT = 20

/** The address without its password. */
export function nameOf(url: string): string {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url)
    const host = searchParams.get('host') ?? hostname
    return `postgresql://${host}${port === '' ? '' : `:${port}`}${pathname}`
  } catch {
    throw new BitCdnError('usage', 'The address of the database cannot be read.', {
      advice: 'Write it as postgresql://user:password@host:port/database.',
    })
  }
}

/** Throws `database-unreachable`, `disk-failed` where a commit would not survive a power cut, `file-invalid` for a newer schema. */
export async function connect(init: PostgresInit): Promise<pg.Client> {
  const name = nameOf(init.url)
  const client = new pg.Client({
    connectionString: init.url,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    application_name: 'bitcdn',
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === BIGINT ? Number : pg.types.getTypeParser(oid, format as 'text'),
    } as pg.CustomTypesConfig,
  })
  client.on('error', () => {}) // whoever asks next is told
  try {
    await client.connect()
    await client.query(`SET synchronous_commit = on; SET idle_in_transaction_session_timeout = ${ASLEEP};
      SET lock_timeout = ${WAIT_FOR_LOCK}; SET search_path = ${init.schema}`)
    await checkDurable(client, name)
    await migrate(client, init, name)
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw postgresError(error, name)
  }
}

async function checkDurable(client: pg.Client, name: string): Promise<void> {
  const show = async (setting: string) =>
    String(Object.values((await client.query(`SHOW ${setting}`)).rows[0] ?? {})[0])
  if ((await client.query('SELECT pg_is_in_recovery() AS standby')).rows[0]?.standby === true) {
    throw new BitCdnError('database-unreachable', `${name} is a standby server: nothing can be written there.`, {
      advice: 'Name the primary.',
      retry: true,
    })
  }
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    const value = await show(setting)
    if (value === 'on') continue
    throw new BitCdnError('disk-failed', `${name} would not survive a power cut: ${setting} is ${value}.`, {
      advice: `Set ${setting} = on in postgresql.conf; what is owed is kept there.`,
    })
  }
}

/** All missing versions in one transaction: a crash leaves the old schema or the new one. */
async function migrate(client: pg.Client, { schema, migrations }: PostgresInit, name: string): Promise<void> {
  const read = async () => {
    const known = await client.query('SELECT to_regclass($1) AS name', [`${schema}.schema_version`])
    if (known.rows[0]?.name === null) return 0
    return Number((await client.query('SELECT version FROM schema_version')).rows[0]?.version ?? 0)
  }
  const refuseNewer = (version: number) => {
    if (version <= migrations.length) return
    throw new BitCdnError(
      'file-invalid',
      `${name} has schema version ${version}; this program knows up to ${migrations.length}. It was left as it is.`,
      { advice: 'Run the newer version of BitCDN that wrote it.' },
    )
  }
  const before = await read()
  refuseNewer(before)
  if (before === migrations.length) return
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`bitcdn ${schema}`])
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
  const version = await read() // another process may have been faster
  refuseNewer(version)
  await client.query('CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)')
  for (const migration of migrations.slice(version)) {
    for (const statement of statementsOf(forPostgres(migration))) await client.query(statement)
  }
  await client.query('DELETE FROM schema_version')
  await client.query('INSERT INTO schema_version (version) VALUES ($1)', [migrations.length])
  await client.query('COMMIT')
}
