// The ways to run a text on one connection; each text is prepared once.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Row, SqlValue } from '../sql.ts'

export interface Statements {
  get(text: string, ...values: SqlValue[]): Row | undefined
  all(text: string, ...values: SqlValue[]): Row[]
  run(text: string, ...values: SqlValue[]): number
  allOf(text: string, keys: readonly SqlValue[]): Row[]
  insertAll(text: string, rows: readonly (readonly SqlValue[])[]): void
}

export function createStatements(connection: DatabaseSync): Statements {
  const statements = new Map<string, StatementSync>()

  function prepared(text: string): StatementSync {
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = connection.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }

  return {
    get: (text, ...values) => prepared(text).get(...values),
    all: (text, ...values) => prepared(text).all(...values),
    run: (text, ...values) => Number(prepared(text).run(...values).changes),
    allOf(text, keys) {
      const statement = prepared(text.replace('IN (?)', '= ?'))
      const rows: Row[] = []
      for (const key of keys) rows.push(...statement.all(key))
      return rows
    },
    insertAll(text, rows) {
      const statement = prepared(text)
      for (const row of rows) statement.run(...row)
    },
  }
}
