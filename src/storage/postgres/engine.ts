// PostgreSQL behind the door that all logic knocks at. One connection carries one transaction at a time; one that broke is
// replaced before the next. Writers lock the rows that they go by, so committed reads are all they need.
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { BitCdnError } from '../../errors.ts'
import type { ColumnType, Engine, Row, Sql, SqlValue } from '../sql.ts'
import { connect, nameOf, type PostgresInit } from './database.ts'
import { isOfValues, mayRunAgain, postgresError, sqlState } from './errors.ts'

const CLOCK = 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)'
const TYPES: Record<ColumnType, string> = { integer: 'bigint', blob: 'bytea', text: 'text' }
/** How often a transaction that stood in another's way runs again. */
const TRIES = 10
const BEGIN = {
  read: 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY',
  write: 'BEGIN ISOLATION LEVEL READ COMMITTED',
}

/** Connects once, so that what is wrong with the server is said at once. Throws what {@link connect} throws. */
export async function createPostgresEngine(init: PostgresInit): Promise<Engine> {
  const name = nameOf(init.url)
  let client: pg.Client | null = null
  let closed = false

  async function connected(): Promise<pg.Client> {
    if (client !== null) return client
    const fresh = await connect(init)
    fresh.on('error', () => drop(fresh)).on('end', () => drop(fresh))
    client = fresh
    return fresh
  }

  function drop(which: pg.Client): void {
    if (client === which) client = null
    which.end().catch(() => {})
  }

  async function once<T>(kind: 'read' | 'write', work: (sql: Sql) => Promise<T>): Promise<T> {
    const on = await connected()
    try {
      await on.query(BEGIN[kind])
      const value = await work(createSql(on, kind))
      const { command } = await on.query('COMMIT')
      // A transaction that failed answers COMMIT with ROLLBACK, and no error.
      if (command !== 'COMMIT')
        throw new BitCdnError('database-unreachable', `${name} undid a transaction.`, { retry: true })
      return value
    } catch (error) {
      await on.query('ROLLBACK').catch(() => drop(on))
      throw error
    }
  }

  await connected()
  const engine: Engine = {
    name,
    async transaction(kind, work) {
      for (let tries = 1; ; tries++) {
        if (closed) throw new BitCdnError('refused', `${name} is closed.`)
        try {
          return await once(kind, work)
        } catch (error) {
          if (!mayRunAgain(error) || tries === TRIES) throw postgresError(error, name)
          await delay(Math.random() * 5 * tries)
        }
      }
    },
    async nested(sql, work) {
      await sql.run('SAVEPOINT job')
      try {
        const value = await work()
        await sql.run('RELEASE SAVEPOINT job')
        return value
      } catch (error) {
        if (!engine.spoils(error)) await sql.run('ROLLBACK TO SAVEPOINT job')
        throw error
      }
    },
    spoils(error) {
      if (error instanceof BitCdnError) return false
      if (sqlState(error) !== undefined) return !isOfValues(error)
      return postgresError(error, name) !== error
    },
    async close() {
      closed = true
      await client?.end().catch(() => {})
    },
  }
  return engine
}

const translated = new Map<string, { name: string; text: string }>()

/** The same text with `$1`, `$2` for `?`, and a name under which the server keeps its plan. */
function translate(text: string, rewrite: (text: string) => string = (same) => same): { name: string; text: string } {
  let found = translated.get(text)
  if (found === undefined) {
    let at = 0
    found = { name: `q${translated.size}`, text: rewrite(text).replaceAll('?', () => `$${++at}`) }
    translated.set(text, found)
  }
  return found
}

function createSql(client: pg.Client, kind: 'read' | 'write'): Sql {
  const ask = async (text: string, values: readonly unknown[]) =>
    client.query({ ...translate(text), values: [...values] })
  return {
    get: async (text, ...values) => (await ask(text, values)).rows[0] as Row | undefined,
    all: async (text, ...values) => (await ask(text, values)).rows as Row[],
    run: async (text, ...values) => (await ask(text, values)).rowCount ?? 0,
    async allOf(text, type, keys) {
      if (keys.length === 0) return []
      const query = translate(text, (original) => original.replace('IN (?)', `= ANY(?::${TYPES[type]}[])`))
      return (await client.query({ ...query, values: [keys] })).rows as Row[]
    },
    async insertAll(text, types, rows) {
      if (rows.length === 0) return
      const arrays = types.map((type) => `?::${TYPES[type]}[]`).join(', ')
      const query = translate(text, (original) =>
        original.replace(/VALUES \([?, ]+\)/, `SELECT * FROM unnest(${arrays})`),
      )
      await client.query({ ...query, values: types.map((_, i) => rows.map((row) => row[i] as SqlValue)) })
    },
    forUpdate: kind === 'write' ? ' FOR NO KEY UPDATE' : '',
    clock: CLOCK,
  }
}
