// Opens a database so that a commit survives a power cut, or not at all: WAL with synchronous FULL, both read back.
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { BitCdnError } from '../../errors.ts'
import { type Migrations, statementsOf } from '../migrate.ts'
import { DamagedFile, notOurs, storageError } from './errors.ts'
import { quarantine } from './quarantine.ts'

export interface DatabaseInit {
  readonly path: string
  /** SQLite's application id: what kind of file this is. */
  readonly applicationId: number
  readonly migrations: Migrations
}

export interface Database {
  readonly path: string
  readonly connection: DatabaseSync
  close(): void
}

/** Milliseconds to wait while another process commits. */
const BUSY_TIMEOUT = 5_000
const FULL = 2
/** Bytes of a file whose indexes are compared with their tables at every start: about a second's work. */
const COMPARED = 64 << 20
/** Bytes of a file that is read through at every start. Of larger ones each row is checked when it is read, all by a backup. */
const READ_THROUGH = 256 << 20

/**
 * Throws `file-invalid` for a damaged or foreign file and for a newer schema (it is never overwritten), `disk-full`,
 * `disk-failed`, or `file-unreadable`.
 */
export function openDatabase(init: DatabaseInit): Database {
  const { path } = init
  let connection: DatabaseSync | undefined
  try {
    keepPrivate(path)
    checkFile(init)
    connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: true })
    setDurable(connection, path)
    migrate(connection, init)
  } catch (error) {
    connection?.close()
    throw storageError(error, path)
  }
  const open = connection
  return {
    path,
    connection: open,
    close: () => open.close(),
  }
}

/** SQLite gives its -wal and -shm files the mode of the main file. */
function keepPrivate(path: string): void {
  try {
    if (strayLog(path)) throw notOurs(path, `it is gone, and ${path}-wal was left behind`)
    if (!existsSync(path)) closeSync(openSync(path, 'ax', 0o600))
    else if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
  } catch (error) {
    if (error instanceof BitCdnError) throw error
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST') return
    throw new BitCdnError('file-unreadable', `${path} cannot be opened: ${(error as Error).message}.`, {
      advice: 'Check that the folder exists and who owns the file.',
      cause: error,
    })
  }
}

/** A write-ahead log without its database, as an interrupted move leaves it: an empty database would throw it away. */
function strayLog(path: string): boolean {
  if (existsSync(path) && statSync(path).size > 0) return false
  return existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0
}

/**
 * Before anything is written: a file that is not ours, or newer than we are, stays as it is. The look is a reading one:
 * a connection that may write would fold the log into a damaged file when it closes.
 */
function checkFile(init: DatabaseInit): void {
  if (statSync(init.path).size === 0) return
  let connection: DatabaseSync | undefined
  try {
    // a rollback journal is left where the very first transaction failed, before the log was chosen: it has to be played back
    const readOnly = !existsSync(`${init.path}-journal`)
    connection = new DatabaseSync(init.path, { readOnly, timeout: BUSY_TIMEOUT })
    checkKind(connection, init)
  } catch (error) {
    const reason = storageError(error, init.path)
    if (!(reason instanceof DamagedFile)) throw reason
    connection?.close()
    connection = undefined
    throw reason.keptAt(quarantine(init.path))
  } finally {
    connection?.close()
  }
}

function checkKind(connection: DatabaseSync, { path, applicationId, migrations }: DatabaseInit): void {
  const kind = pragma(connection, 'application_id')
  const version = pragma(connection, 'user_version')
  const tables = connection.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n
  if (kind !== applicationId && (kind !== 0 || version !== 0 || tables !== 0)) {
    throw notOurs(path, `it holds another program’s tables (application id ${kind})`)
  }
  if (Number(version) > migrations.length) {
    throw notOurs(path, `its schema version is ${version}, this program knows up to ${migrations.length}`)
  }
  const { size } = statSync(path)
  if (tables === 0 || size > READ_THROUGH) return
  const how = size <= COMPARED ? 'integrity_check' : 'quick_check'
  const check = pragma(connection, `${how}(1)`)
  if (check !== 'ok') throw new DamagedFile(path, String(check).replaceAll(/\s+/g, ' '))
}

function setDurable(connection: DatabaseSync, path: string): void {
  connection.exec('PRAGMA journal_mode = WAL')
  connection.exec('PRAGMA synchronous = FULL')
  connection.exec('PRAGMA fullfsync = ON')
  connection.exec('PRAGMA checkpoint_fullfsync = ON')
  // The unsettled lines of a busy seeder, which every look at the earnings reads, are some ten MiB.
  connection.exec('PRAGMA cache_size = -65536')
  // What a failed flush left in the log is written anew, through to the disk, before anything is built on it.
  connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const journal = pragma(connection, 'journal_mode')
  const synchronous = pragma(connection, 'synchronous')
  const foreignKeys = pragma(connection, 'foreign_keys')
  if (journal === 'wal' && synchronous === FULL && foreignKeys === 1) return
  throw new BitCdnError(
    'disk-failed',
    `${path} would not survive a power cut here: journal ${journal}, synchronous ${synchronous}, foreign keys ${foreignKeys}.`,
    { advice: 'Put the data folder on a local disk that supports shared memory and locks.' },
  )
}

/** All missing versions in one transaction: a crash leaves the old schema or the new one. */
function migrate(connection: DatabaseSync, { applicationId, migrations }: DatabaseInit): void {
  if (Number(pragma(connection, 'user_version')) === migrations.length) return
  connection.exec('BEGIN IMMEDIATE')
  try {
    const version = Number(pragma(connection, 'user_version')) // another process may have been faster
    for (const statement of migrations.slice(version).flatMap(statementsOf)) connection.exec(statement)
    connection.exec(`PRAGMA application_id = ${applicationId}`)
    connection.exec(`PRAGMA user_version = ${migrations.length}`)
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw error
  }
}

function pragma(connection: DatabaseSync, name: string): unknown {
  return Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})[0]
}
