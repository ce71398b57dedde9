// One transaction for all that was asked within a turn of the event loop: many receipts share one flush of the disk.
// Nobody is answered before the commit, so nothing is acknowledged that a power cut could take back.
import { BitCdnError } from '../../errors.ts'
import type { Database } from './database.ts'
import { storageError } from './errors.ts'

export interface GroupCommit {
  /** Runs in the next transaction; what `work` throws undoes this work alone, unless the disk failed. */
  write<T>(work: () => T): Promise<T>
  /** As `write`, for work that writes in its last statement only, so that there is nothing to undo. */
  writeOnce<T>(work: () => T): Promise<T>
  /** Sees all that was written before it. */
  read<T>(work: () => T): Promise<T>
  /** Commits what waits, then refuses. */
  close(): Promise<void>
}

interface Job {
  kind: 'read' | 'write' | 'writeOnce'
  work: () => unknown
  resolve: (value: unknown) => void
  reject: (reason: unknown) => void
}

/** `beforeCommit` writes what may ride along with a group of writers. */
export function createGroupCommit(database: Database, init: { beforeCommit?: () => void } = {}): GroupCommit {
  const { connection, path } = database
  let waiting: Job[] = []
  let closed = false

  function add<T>(kind: Job['kind'], work: () => T): Promise<T> {
    if (closed) return Promise.reject(new BitCdnError('refused', `${path} is closed.`))
    return new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(commit)
      waiting.push({ kind, work, resolve: resolve as (value: unknown) => void, reject })
    })
  }

  function commit(): void {
    const jobs = waiting
    waiting = []
    if (jobs.length === 0) return
    const writes = jobs.some(({ kind }) => kind !== 'read')
    const answers: (() => void)[] = []
    try {
      connection.exec(writes ? 'BEGIN IMMEDIATE' : 'BEGIN')
      for (const job of jobs) answers.push(run(job))
      if (writes) init.beforeCommit?.()
      connection.exec('COMMIT')
    } catch (error) {
      if (connection.isTransaction) connection.exec('ROLLBACK')
      const reason = storageError(error, path)
      for (const { reject } of jobs) reject(reason)
      return
    }
    for (const answer of answers) answer()
  }

  /** The answer is given after the commit. Throws only what concerns the whole group. */
  function run({ kind, work, resolve, reject }: Job): () => void {
    if (kind === 'write') connection.exec('SAVEPOINT job')
    try {
      const value = work()
      if (kind === 'write') connection.exec('RELEASE job')
      return () => resolve(value)
    } catch (error) {
      if (isOfTheDisk(error)) throw error
      if (kind === 'write') connection.exec('ROLLBACK TO job; RELEASE job')
      return () => reject(error)
    }
  }

  /** What SQLite says of the file ends the transaction for all; what concerns one caller's values does not. */
  function isOfTheDisk(error: unknown): boolean {
    if (error instanceof BitCdnError) return false
    return !connection.isTransaction || storageError(error, path) !== error
  }

  return {
    write: (work) => add('write', work),
    writeOnce: (work) => add('writeOnce', work),
    read: (work) => add('read', work),
    async close() {
      closed = true
      commit()
    },
  }
}
