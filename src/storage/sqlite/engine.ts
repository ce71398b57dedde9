// SQLite behind the door that all logic knocks at. One connection, and statements answer at once: between BEGIN and
// COMMIT only microtasks run, so no other work gets into a transaction.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { BitCdnError } from '../../errors.ts'
import type { Engine, Row, Sql, SqlValue } from '../sql.ts'
import type { Database } from './database.ts'
import { DamagedFile, storageError } from './errors.ts'

const CLOCK = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`

export function createSqliteEngine(database: Database): Engine {
  const { connection, path } = database
  const statements = new Map<string, StatementSync>()
  let broken: BitCdnError | null = null

  function prepared(text: string): StatementSync {
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = connection.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }

  const sql: Sql = {
    get: (text, ...values) => prepared(text).get(...values),
    all: (text, ...values) => prepared(text).all(...values),
    run: (text, ...values) => Number(prepared(text).run(...values).changes),
    allOf(text, _type, keys) {
      const statement = prepared(text.replace('IN (?)', '= ?'))
      const rows: Row[] = []
      for (const key of keys) rows.push(...statement.all(key))
      return rows
    },
    insertAll(text, _types, rows) {
      const statement = prepared(text)
      for (const row of rows) statement.run(...(row as SqlValue[]))
    },
    forUpdate: '',
    clock: CLOCK,
  }

  function fail(error: unknown): unknown {
    if (connection.isTransaction) rollback(connection)
    const reason = storageError(error, path)
    // After a failed flush nobody knows what is on the disk: a second try that succeeds would prove nothing.
    if (reason instanceof BitCdnError && (reason.code === 'disk-failed' || reason instanceof DamagedFile))
      broken ??= reason
    return reason
  }

  return {
    name: path,
    async transaction(kind, work) {
      if (broken !== null) throw broken
      try {
        connection.exec(kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN')
        const value = await work({ ...sql })
        connection.exec('COMMIT')
        return value
      } catch (error) {
        throw fail(error)
      }
    },
    async nested(_sql, work) {
      connection.exec('SAVEPOINT job')
      try {
        const value = await work()
        connection.exec('RELEASE job')
        return value
      } catch (error) {
        if (!this.spoils(error)) connection.exec('ROLLBACK TO job; RELEASE job')
        throw error
      }
    },
    spoils(error) {
      if (error instanceof BitCdnError) return false
      return !connection.isTransaction || storageError(error, path) !== error
    },
    close: async () => connection.close(),
  }
}

function rollback(connection: DatabaseSync): void {
  try {
    connection.exec('ROLLBACK')
  } catch {
    // SQLite has rolled back by itself; what went wrong first is what is told
  }
}
