// Which process serves: an operating-system lock that dies with its holder. A row with a process id would outlive a
// kill -9, and process ids come back; a lock held by SQLite on a file of its own does neither.
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { BitCdnError } from '../../errors.ts'
import type { ProcessLock } from '../lease.ts'
import { refused } from '../refused.ts'
import { storageError } from './errors.ts'

/** Whether a process serves from the ledger whose lock stands at `path`. It is looked at, not taken. */
export function isServed(path: string): boolean {
  if (!existsSync(path)) return false
  let connection: DatabaseSync | undefined
  try {
    connection = new DatabaseSync(path, { readOnly: true, timeout: 0 })
    connection.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    const reason = storageError(error, path)
    return reason instanceof BitCdnError && reason.code === 'refused'
  } finally {
    connection?.close()
  }
}

export function createOwner(path: string): ProcessLock {
  let lock: DatabaseSync | null = null
  return {
    take() {
      if (lock !== null) return
      let connection: DatabaseSync | undefined
      try {
        connection = new DatabaseSync(path, { timeout: 0 }) // makes the file: a full disk refuses here
        connection.exec('BEGIN EXCLUSIVE')
        lock = connection
      } catch (error) {
        connection?.close()
        const reason = storageError(error, path)
        if (!(reason instanceof Error) || !('code' in reason) || reason.code !== 'refused') throw reason
        throw refused(
          `Another process serves from this ledger (${path} is locked).`,
          'Stop the other seeder first, or give this one a data folder of its own.',
        )
      }
    },
    release() {
      lock?.close()
      lock = null
    },
  }
}
