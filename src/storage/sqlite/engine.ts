// SQLite behind the door that all logic knocks at. One connection, and statements answer at once: between BEGIN and
// COMMIT only microtasks run, so no other work gets into a transaction.
import type { DatabaseSync } from 'node:sqlite'
import { BitCdnError } from '../../errors.ts'
import type { Engine, Sql } from '../sql.ts'
import type { Database } from './database.ts'
import { DamagedFile, storageError } from './errors.ts'
import { createStatements } from './statements.ts'

export const SQLITE_CLOCK = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`

export function createSqliteEngine(database: Database): Engine {
  const { connection, path } = database
  const statements = createStatements(connection)
  let broken: BitCdnError | null = null
  const sql: Sql = {
    ...statements,
    allOf: (text, _type, keys) => statements.allOf(text, keys),
    insertAll: (text, _types, rows) => statements.insertAll(text, rows),
    forUpdate: '',
    clock: SQLITE_CLOCK,
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
