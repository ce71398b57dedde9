// The door to a database, whichever it is: a few ways to run one text, with `?` for values. Texts are portable SQL:
// CASE instead of two-argument max, COALESCE instead of ifnull, no numbered parameters.
export type SqlValue = null | number | string | Uint8Array
export type Row = Record<string, unknown>

/** A value that is there already (SQLite), or comes over a wire (PostgreSQL). */
export type Soon<T> = T | Promise<T>

/** Types of inserted columns, where many rows travel as one array each. */
export type ColumnType = 'integer' | 'blob' | 'text'

/** One open transaction. Texts are prepared once. */
export interface Sql {
  /** The first row, or undefined. */
  get(text: string, ...values: SqlValue[]): Soon<Row | undefined>
  all(text: string, ...values: SqlValue[]): Soon<Row[]>
  /** Resolves to the number of rows changed. */
  run(text: string, ...values: SqlValue[]): Soon<number>
  /** The rows that `text`, which asks for one key with its last words `= ?`, finds for any of `keys`. */
  allOf(text: string, type: ColumnType, keys: readonly SqlValue[]): Soon<Row[]>
  /** `text` is an INSERT with one `VALUES (?, …)`, run for every row. No two rows may meet the same conflict. */
  insertAll(text: string, types: readonly ColumnType[], rows: readonly (readonly SqlValue[])[]): Soon<void>
  /** Ends a SELECT of rows that a writer goes by: nobody else changes them before the commit. */
  readonly forUpdate: string
  /** The database's clock as an expression: Unix milliseconds. */
  readonly clock: string
}

/** A database, opened durable and migrated. */
export interface Engine {
  /** What people call it: a path, or an address without its password. */
  readonly name: string
  /**
   * Runs `work` in one transaction. Resolves after the commit is on the disk. Rejects with what `work` threw, or with a
   * typed error of the database, and then nothing was written. `work` runs again where the database asks for that.
   */
  transaction<T>(kind: 'read' | 'write', work: (sql: Sql) => Promise<T>): Promise<T>
  /** Runs `work` so that what it throws undoes its own writes and no others. */
  nested<T>(sql: Sql, work: () => Soon<T>): Promise<T>
  /** Whether an error spoils the whole transaction, and not only the work that met it. */
  spoils(error: unknown): boolean
  close(): Promise<void>
}
