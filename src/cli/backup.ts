// What a data folder owes and is owed, as one file: the seeder's ledger and the gateway's log. No key is ever in it, so
// that it may lie where a key must not.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, linkSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { BitCdnError } from '../errors.ts'
import {
  backupLedger,
  backupSponsorLog,
  type FileFacts,
  type Restored,
  restoreLedger,
  restoreSponsorLog,
} from '../storage/sqlite/index.ts'
import { broken, piecesOf, readTar, type TarEntry, writeTar } from './tar.ts'

const PARTS = [
  { name: 'ledger.sqlite', what: "the seeder's ledger", backup: backupLedger, restore: restoreLedger },
  { name: 'sponsor-log.sqlite', what: "the sponsor's log", backup: backupSponsorLog, restore: restoreSponsorLog },
] as const

const MANIFEST = 'backup.json'
const FORMAT = 1

interface Manifest {
  readonly bitcdnBackup: number
  readonly createdAt: string
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string }[]
}

export type Saved = FileFacts & { readonly what: string }
export type Returned = Restored & { readonly what: string }

/** Whatever of the two is in `home`, while it is written. Throws `file-missing` where neither is, `refused` where `to` exists. */
export async function saveBackup(home: string, to: string, signal: AbortSignal): Promise<Saved[]> {
  const present = PARTS.filter(({ name }) => existsSync(join(home, name)))
  if (present.length === 0) {
    throw new BitCdnError('file-missing', `There is nothing to back up in ${home}: no ledger, no log of a sponsor.`, {
      advice: 'Name another data folder with --home.',
    })
  }
  if (existsSync(to)) throw exists(to)
  return inFolder(dirname(resolve(to)), async (folder) => {
    const saved: Saved[] = []
    const sources = []
    for (const { name, what, backup } of present) {
      const copy = join(folder, name)
      saved.push({ ...(await backup({ path: join(home, name), to: copy, signal })), what })
      sources.push({ name, size: statSync(copy).size, from: copy, sha256: await sha256(copy) })
    }
    const files = sources.map(({ name, size, sha256 }) => ({ name, size, sha256 }))
    const manifest: Manifest = { bitcdnBackup: FORMAT, createdAt: new Date().toISOString(), files }
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
    const part = join(folder, 'archive')
    const archive = await open(part, 'wx', 0o600)
    try {
      await writeTar(archive, [{ name: MANIFEST, size: text.length, from: text }, ...sources], signal)
    } finally {
      await archive.close()
    }
    publish(part, to)
    await flushFolder(dirname(resolve(to)))
    return saved
  })
}

/**
 * Puts a backup into `home`; what stood there is moved aside. Everything is checked before anything is changed. Throws
 * `file-missing`, `file-invalid`, or `refused` while somebody has the ledger or the log open.
 */
export async function restoreBackup(
  home: string,
  from: string,
  signal: AbortSignal,
): Promise<{ createdAt: string; restored: Returned[] }> {
  const archive = await openArchive(from)
  try {
    return await inFolder(home, async (folder) => {
      const entries = await readTar(archive, from)
      const { createdAt, files } = await readManifest(archive, entries, from)
      const parts = []
      for (const { name, size, sha256 } of files) {
        signal.throwIfAborted()
        const entry = entries.find((one) => one.name === name && one.size === size)
        const part = PARTS.find((one) => one.name === name)
        if (entry === undefined || part === undefined) throw broken(from, `it lacks ${name}, or knows it only in part`)
        const copy = join(folder, part.name)
        if ((await extract(archive, entry, copy)) !== sha256) throw broken(from, `${name} in it is damaged`)
        parts.push({ ...part, copy })
      }
      const restored: Returned[] = []
      for (const { name, what, restore, copy } of parts) {
        restored.push({ ...(await restore({ from: copy, to: join(home, name) })), what })
      }
      return { createdAt, restored }
    })
  } finally {
    await archive.close()
  }
}

async function readManifest(archive: FileHandle, entries: readonly TarEntry[], from: string): Promise<Manifest> {
  const [first] = entries
  if (first === undefined || first.name !== MANIFEST || first.size > 1 << 20)
    throw broken(from, 'it is no backup of BitCDN')
  const pieces: Buffer[] = []
  for await (const piece of piecesOf(archive, first)) pieces.push(piece)
  try {
    const manifest = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Manifest
    if (manifest.bitcdnBackup === FORMAT && Array.isArray(manifest.files)) return manifest
  } catch {
    throw broken(from, 'its list of contents is damaged')
  }
  throw broken(from, 'a newer BitCDN wrote it')
}

/** Answers the SHA-256 of what was written. */
async function extract(archive: FileHandle, entry: TarEntry, to: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(to, 'wx', 0o600)
  try {
    for await (const piece of piecesOf(archive, entry)) {
      hash.update(piece)
      await file.write(piece)
    }
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

async function openArchive(from: string): Promise<FileHandle> {
  try {
    return await open(from, 'r')
  } catch (cause) {
    throw new BitCdnError('file-missing', `There is no backup at ${from} that can be read.`, { cause })
  }
}

/** A folder that is gone afterwards, on the disk that the result goes to. */
async function inFolder<T>(place: string, work: (folder: string) => Promise<T>): Promise<T> {
  let folder: string
  try {
    folder = mkdtempSync(join(place, '.bitcdn-backup-'))
  } catch (cause) {
    throw new BitCdnError('disk-failed', `Nothing can be written in ${place}: ${(cause as Error).message}`, { cause })
  }
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A rename would overwrite; a link does not. */
function publish(part: string, to: string): void {
  try {
    linkSync(part, to)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw exists(to)
    throw new BitCdnError('disk-failed', `${to} cannot be written: ${(cause as Error).message}`, { cause })
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer)
  return hash.digest('hex')
}

function exists(to: string): BitCdnError {
  return new BitCdnError(
    'refused',
    `${basename(to)} exists already in ${dirname(resolve(to))}; it is not overwritten.`,
    {
      advice: 'Choose another name.',
    },
  )
}
