// What stands in a database file, without changing it.
import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { BitCdnError } from '../../errors.ts'
import type { Migrations } from '../migrate.ts'
import { DamagedFile, notOurs, storageError } from './errors.ts'

/** One kind of database of this project. */
export interface Kind {
  readonly applicationId: number
  readonly migrations: Migrations
  /** The table whose rows are counted for people. */
  readonly rows: string
}

export interface FileFacts {
  readonly path: string
  /** Bytes, with what still stands in its write-ahead log. */
  readonly size: number
  readonly schemaVersion: number
  /** Chain id and contract, `chainId/0x…`, where it was bound to one. */
  readonly domain: string | null
  readonly lanes: number
  /** Lines of all logs in it. */
  readonly lines: number
}

/**
 * Throws `file-missing`, `file-invalid` for a damaged, foreign or newer file, `file-unreadable`, `disk-failed`.
 * `thorough` compares every index with its table, which takes time with the size of the file.
 */
export function inspectFile(kind: Kind, path: string, options: { thorough?: boolean } = {}): FileFacts {
  if (!existsSync(path)) {
    throw new BitCdnError('file-missing', `${path} does not exist.`, { advice: 'Check the path and the data folder.' })
  }
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    const read = (text: string): unknown => Object.values(database?.prepare(text).get() ?? {})[0]
    const found = read('PRAGMA application_id')
    if (found !== kind.applicationId) throw notOurs(path, `its application id is ${found}`)
    const schemaVersion = Number(read('PRAGMA user_version'))
    if (schemaVersion < 1 || schemaVersion > kind.migrations.length) {
      throw notOurs(path, `its schema version is ${schemaVersion}, this program knows up to ${kind.migrations.length}`)
    }
    const check = read(options.thorough ? 'PRAGMA integrity_check(1)' : 'PRAGMA quick_check(1)')
    if (check !== 'ok') throw new DamagedFile(path, String(check).replaceAll(/\s+/g, ' '))
    const settings = read(`SELECT count(*) FROM sqlite_schema WHERE name = 'settings'`) === 1
    const domain = settings ? read(`SELECT value FROM settings WHERE name = 'domain'`) : undefined
    return {
      path,
      size: [path, `${path}-wal`].reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0),
      schemaVersion,
      domain: typeof domain === 'string' ? domain : null,
      lanes: Number(read('SELECT count(*) FROM lanes')),
      lines: Number(read(`SELECT count(*) FROM ${kind.rows}`)),
    }
  } catch (error) {
    throw storageError(error, path)
  } finally {
    database?.close()
  }
}
