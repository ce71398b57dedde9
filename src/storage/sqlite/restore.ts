// Puts a backup where a database stood. What stood there is moved aside as it is, with its log: nobody knows better
// than its owner whether it is worth nothing.
import { randomBytes } from 'node:crypto'
import { chmodSync, constants, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { hasCode } from '../../errors.ts'
import { refused } from '../refused.ts'
import { missing } from './backup.ts'
import { storageError } from './errors.ts'
import { type FileFacts, inspectFile, type Kind } from './inspect.ts'
import { createOwner } from './owner.ts'
import { flush, oneFile, publish } from './publish.ts'

export interface RestoreInit {
  /** A backup. It is read, never changed. */
  readonly from: string
  /** Where the database belongs. */
  readonly to: string
}

export interface Restored extends FileFacts {
  /** Where the file that stood there is now, or null where none did. Its -wal and -shm files went along. */
  readonly movedAside: string | null
}

/**
 * Throws `refused` while another process has the database at `to` open for writing, `file-missing`, `file-invalid`
 * for a damaged or foreign backup, `disk-full`, `disk-failed`. Until it resolves, what stood at `to` stands there or aside.
 */
export async function restoreFile(kind: Kind, { from, to }: RestoreInit): Promise<Restored> {
  if (!existsSync(from)) throw missing(from)
  const owner = createOwner(`${to}-owner`)
  owner.take()
  const part = `${to}.part-${randomBytes(6).toString('hex')}`
  try {
    copyFileSync(from, part, constants.COPYFILE_EXCL)
    if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${part}-wal`, constants.COPYFILE_EXCL)
    chmodSync(part, 0o600)
    oneFile(part)
    const facts = inspectFile(kind, part, { thorough: true })
    flush(part)
    const movedAside = moveAside(kind, to)
    publish(part, to)
    return { ...facts, path: to, movedAside }
  } catch (error) {
    throw storageError(error, from)
  } finally {
    for (const file of [part, `${part}-wal`, `${part}-shm`, `${part}-journal`]) rmSync(file, { force: true })
    owner.release()
  }
}

/**
 * Renames a database; a damaged one with its write-ahead log. Stopped in between, the folder holds a log without a
 * database, which is refused at open: never an older database, never an empty one.
 */
function moveAside(kind: Kind, path: string): string | null {
  if (isWhole(kind, path)) takeAlone(path)
  const files = ['', '-wal', '-shm'].filter((end) => existsSync(`${path}${end}`))
  if (files.length === 0) return null
  const aside = freeName(`${path}.before-restore-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`)
  for (const end of files) renameSync(`${path}${end}`, `${aside}${end}`)
  flush(dirname(path))
  return aside
}

/** Folding the log of a damaged database would change what its owner may still want to look at. */
function isWhole(kind: Kind, path: string): boolean {
  try {
    inspectFile(kind, path)
    return true
  } catch {
    return false
  }
}

/** Only who is alone with a database can leave write-ahead mode, which folds its log into it. */
function takeAlone(path: string): void {
  try {
    oneFile(path)
  } catch (error) {
    const reason = storageError(error, path)
    if (!hasCode(reason, 'refused')) throw reason
    throw refused(`Another process has ${path} open.`, 'Stop the seeder, the gateway or the claim first, then restore.')
  }
}

function freeName(wanted: string): string {
  let name = wanted
  for (let i = 2; existsSync(name) || existsSync(`${name}-wal`); i++) name = `${wanted}-${i}`
  return name
}
