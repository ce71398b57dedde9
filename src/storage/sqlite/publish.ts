// Names that appear whole: a file stands at its place written through to the disk, or not at all, and never over another.
import { closeSync, fsyncSync, linkSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BitCdnError } from '../../errors.ts'

/** Puts what stands at `part` at `to` unless something is there: a rename would overwrite, a link does not. */
export function publish(part: string, to: string): void {
  try {
    linkSync(part, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(to)
    throw error
  }
  rmSync(part)
  flush(dirname(to))
}

/** Writes a file's bytes, or a folder's names, through to the disk. */
export function flush(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Folds the write-ahead log into the database, for whoever is alone with it: else SQLite says that it is busy. */
export function oneFile(path: string): void {
  const database = new DatabaseSync(path, { timeout: 1_000 })
  try {
    database.exec('PRAGMA journal_mode = DELETE')
  } finally {
    database.close()
  }
}

export function exists(to: string): BitCdnError {
  return new BitCdnError('refused', `${to} exists already and is never overwritten (${statSync(to).size} bytes).`, {
    advice: 'Choose another name.',
  })
}
