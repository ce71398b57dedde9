// What was verified, so that a restart does not hash again. A journal is replaced whole: written beside, synced, renamed,
// and the folder synced. A damaged or foreign one counts as none: then the files are hashed, nothing is lost but time.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Metainfo } from '../../content/index.ts'
import { errnoOf, writeFailure } from './errors.ts'
import { syncFolder } from './folder.ts'
import { unitsBytes } from './held.ts'
import { createStamps, type Stamps, stampsBytes, stampsOfTexts } from './stamps.ts'

export interface JournalEntry {
  /** For a download the folder, for a seed empty: files that were moved keep their inodes and stay known. */
  readonly folder: string
  /** Whether it was written when nothing was being written any more: then every file must look exactly as stamped. */
  readonly clean: boolean
  /** What the files looked like when their units were journalled. */
  readonly stamps: Stamps
  /** As `Held.units` made it. */
  readonly units: Uint8Array
}

const MAGIC = Buffer.from('BitCDN pieces 2\n')
/** Earlier ones: the stamps are texts in the head. */
const MAGIC_1 = Buffer.from('BitCDN pieces 1\n')
const CRC_BYTES = 4
const LENGTH_BYTES = 4

/** The journal at `path` if it is whole, of this content and of this folder; null otherwise. */
export async function readJournal(path: string, metainfo: Metainfo, folder: string): Promise<JournalEntry | null> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw writeFailure(error, path)
  }
  const body = bytes.subarray(0, -CRC_BYTES)
  if (bytes.length < MAGIC.length + LENGTH_BYTES + CRC_BYTES) return null
  const magic = body.subarray(0, MAGIC.length)
  if (!magic.equals(MAGIC) && !magic.equals(MAGIC_1)) return null
  if (crc32(body) !== bytes.readUInt32BE(body.length)) return null
  const headEnd = MAGIC.length + LENGTH_BYTES + body.readUInt32BE(MAGIC.length)
  const head = JSON.parse(body.toString('utf8', MAGIC.length + LENGTH_BYTES, headEnd)) as {
    contentId: string
    folder: string
    clean: boolean
    stamps?: readonly (string | null)[]
  }
  const files = metainfo.files.length
  const unitsBegin = head.stamps === undefined ? headEnd + stampsBytes(files) : headEnd
  if (head.contentId !== metainfo.contentId || head.folder !== folder) return null
  if (body.length !== unitsBegin + unitsBytes(metainfo)) return null
  const stamps = head.stamps
    ? stampsOfTexts(head.stamps)
    : createStamps(files, Uint8Array.from(body.subarray(headEnd, unitsBegin)))
  return { folder, clean: head.clean, stamps, units: Uint8Array.from(body.subarray(unitsBegin)) }
}

/** Replaces the journal; when this returns it survives a power cut, when it throws the old one is still there. */
export async function writeJournal(path: string, metainfo: Metainfo, entry: JournalEntry): Promise<void> {
  const { folder: place, clean, stamps, units } = entry
  const head = Buffer.from(JSON.stringify({ contentId: metainfo.contentId, folder: place, clean }))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(head.length)
  // With many files this is megabytes, every two seconds: nothing of it is copied.
  const parts = [MAGIC, length, head, stamps.bytes, units]
  const crc = Buffer.alloc(CRC_BYTES)
  crc.writeUInt32BE(parts.reduce((sum, part) => crc32(part, sum), 0))

  const beside = `${path}.new`
  const folder = dirname(resolve(path))
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const handle = await open(beside, 'w', 0o600)
    try {
      for (const part of [...parts, crc]) await handle.writeFile(part)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, path)
    await syncFolder(folder)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {})
    throw writeFailure(error, path)
  }
}
