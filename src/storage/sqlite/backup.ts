// A whole copy of a database that others go on writing: one snapshot, checked, on the disk, and never over another file.
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { BitCdnError } from '../../errors.ts'
import { storageError } from './errors.ts'
import { type FileFacts, inspectFile, type Kind } from './inspect.ts'
import { exists, flush, oneFile, publish } from './publish.ts'

export interface BackupInit {
  /** The database; other processes may be writing it. */
  readonly path: string
  /** A file that does not exist yet, in a folder that does. It gets mode 0600. */
  readonly to: string
  readonly signal?: AbortSignal | undefined
}

/** Pages copied between two looks at the signal. */
const PAGES = 4_096

/**
 * Everything committed before the call is in the copy. Throws `file-missing`, `file-invalid` for a damaged original,
 * `refused` where `to` exists, `disk-full`, `disk-failed`, or what the signal was aborted with.
 */
export async function backupFile(kind: Kind, { path, to, signal }: BackupInit): Promise<FileFacts> {
  signal?.throwIfAborted()
  if (!existsSync(path)) throw missing(path)
  if (existsSync(to)) throw exists(to)
  const part = `${to}.part-${randomBytes(6).toString('hex')}`
  let source: DatabaseSync | undefined
  try {
    closeSync(openSync(part, 'wx', 0o600))
    source = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    // A read transaction holds one snapshot: without it every commit of a writer would begin the copy anew.
    source.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
    await backup(source, part, { rate: PAGES, progress: () => signal?.throwIfAborted() })
    signal?.throwIfAborted()
    oneFile(part)
    const facts = inspectFile(kind, part, { thorough: true })
    flush(part)
    publish(part, to)
    return { ...facts, path: to }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw storageError(error, to)
  } finally {
    source?.close()
    for (const file of [part, `${part}-wal`, `${part}-shm`, `${part}-journal`]) rmSync(file, { force: true })
  }
}

export function missing(path: string): BitCdnError {
  return new BitCdnError('file-missing', `${path} does not exist.`, { advice: 'Check the path and the data folder.' })
}
