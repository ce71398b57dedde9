import { constants } from 'node:fs'
import { join } from 'node:path'
import { type ContentStore, isOneUnit, type Metainfo, pieceAt } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import { RECHECK_AFTER } from './constants.ts'
import type { DiskFile } from './disk-file.ts'
import { errnoOf, readFailure } from './errors.ts'
import { openInside } from './folder.ts'
import { intactPieces } from './hash-on-disk.ts'
import { addUnits, createHeld, type Held } from './held.ts'
import { type JournalEntry, readJournal, writeJournal } from './journal.ts'
import { createKeptRoots, type KeptRoots } from './kept-roots.ts'
import { locateContent, type Place } from './locate.ts'
import { createOpenFiles, type OpenFiles } from './open-files.ts'
import { createStamps, type Stamps, sameStamp, stampOf } from './stamps.ts'
import { createVerifiedReads } from './verified-reads.ts'

export interface SeedOptions {
  /** File that remembers what was verified; without it every start hashes everything. */
  readonly journal?: string
  readonly signal?: AbortSignal
  /** Called while files are hashed; remembered files count at once. */
  readonly onProgress?: (checkedBytes: number, totalBytes: number) => void
}

/**
 * A read-only store over files that somebody already holds: `path` is the file or folder itself or the folder that contains
 * it. Each file is hashed once; as long as its size, time and inode stay the same, the journal stands for the hashing. Pieces
 * that are missing or damaged are simply not held, and a file that changes later is no longer served.
 *
 * @throws BitCdnError `file-missing` when nothing of the content is there
 */
export async function openSeed(metainfo: Metainfo, path: string, options: SeedOptions = {}): Promise<ContentStore> {
  const place = await locateContent(metainfo, path)
  const held = createHeld(metainfo)
  const stamps = createStamps(metainfo.files.length)
  const roots = createKeptRoots()
  const inside = openInside(place.root)
  const openFile = async (file: number): Promise<DiskFile> => {
    try {
      return await inside.open(place.pathOf(file), constants.O_RDONLY)
    } catch (error) {
      throw readFailure(error, join(place.root, ...place.pathOf(file)))
    }
  }
  const opened = createOpenFiles(openFile)
  const files: OpenFiles = {
    use: opened.use,
    async close() {
      await opened.close()
      await inside.close()
    },
  }
  try {
    await verifyAll(metainfo, held, stamps, files, roots, options)
  } catch (error) {
    await files.close()
    throw error
  }
  return storeOver(metainfo, place, held, stamps, files, roots)
}

async function verifyAll(
  metainfo: Metainfo,
  held: Held,
  stamps: Stamps,
  files: OpenFiles,
  roots: KeptRoots,
  { journal, signal, onProgress }: SeedOptions,
): Promise<void> {
  const known = journal === undefined ? null : await readJournal(journal, metainfo, '')
  let checked = 0
  let hashed = false
  const progress = (bytes: number): void => {
    checked += bytes
    onProgress?.(checked, metainfo.length)
  }
  try {
    for (const [file, { length, pieceCount }] of metainfo.files.entries()) {
      if (pieceCount === 0) continue
      signal?.throwIfAborted()
      const before = checked
      const init = { signal, onBytes: progress, roots }
      hashed = (await verifyOne(metainfo, file, held, stamps, files, known, init)) || hashed
      progress(before + length - checked)
    }
  } finally {
    // Also after an abort: what was hashed so far need not be hashed again.
    if (journal !== undefined && hashed) {
      await writeJournal(journal, metainfo, { folder: '', clean: true, stamps, units: held.units() })
    }
  }
}

/** Answers whether the file had to be hashed. */
async function verifyOne(
  metainfo: Metainfo,
  file: number,
  held: Held,
  stamps: Stamps,
  files: OpenFiles,
  known: JournalEntry | null,
  options: { signal: AbortSignal | undefined; onBytes: (bytes: number) => void; roots: KeptRoots },
): Promise<boolean> {
  try {
    return await files.use(file, async (handle) => {
      const stamp = stampOf(await handle.exactStat())
      if (known !== null && sameStamp(known.stamps.get(file), stamp)) {
        addUnits(held, metainfo, file, known.units)
        stamps.set(file, stamp)
        return false
      }
      const found = createKeptRoots()
      const content = metainfo.files[file] as Metainfo['files'][number]
      const pieces = await intactPieces(handle, metainfo, content, { ...options, onRoots: found.offer })
      // A file that changed meanwhile is not held: which bytes were hashed is unknown.
      if (!sameStamp(stampOf(await handle.exactStat()), stamp)) return true
      for (const index of pieces) {
        const piece = pieceAt(metainfo, index)
        held.addPiece(piece)
        const roots = found.get(index)
        if (roots !== undefined && !isOneUnit(piece)) options.roots.offer(index, roots)
      }
      stamps.set(file, stamp)
      return true
    })
  } catch (error) {
    // A part of the content may be missing or locked away; the rest can be served.
    const expected = error instanceof BitCdnError && error.code.startsWith('file-')
    if (expected || errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

function storeOver(
  metainfo: Metainfo,
  place: Place,
  held: Held,
  stamps: Stamps,
  files: OpenFiles,
  roots: KeptRoots,
): ContentStore {
  const checkedAt = new WeakMap<DiskFile, number>()

  function drop(file: number): void {
    const { firstPiece, pieceCount } = metainfo.files[file] as Metainfo['files'][number]
    for (let piece = firstPiece; piece < firstPiece + pieceCount; piece += 1) {
      held.dropPiece(pieceAt(metainfo, piece))
      reads.forget(piece)
    }
  }

  /** The user may edit the file while it is served. A wrong byte would get this seeder banned, so it is looked at again. */
  async function check(file: number, handle: DiskFile): Promise<void> {
    const now = performance.now()
    const last = checkedAt.get(handle)
    if (last !== undefined && now - last < RECHECK_AFTER) return
    if (!sameStamp(stampOf(await handle.exactStat()), stamps.get(file))) {
      drop(file)
      const path = join(place.root, ...place.pathOf(file))
      throw new BitCdnError('file-invalid', `${path} was changed after it had been verified.`, {
        advice: 'Start again to verify it anew, or publish the changed content.',
      })
    }
    checkedAt.set(handle, now)
  }

  const reads = createVerifiedReads({
    metainfo,
    held,
    files,
    check,
    roots,
    onCorrupt: (piece) => held.dropPiece(pieceAt(metainfo, piece)),
  })
  return {
    metainfo,
    get verifiedBytes() {
      return held.verifiedBytes
    },
    get complete() {
      return held.complete
    },
    hasPiece: held.hasPiece,
    hasUnit: held.hasUnit,
    bitfield: held.bitfield,
    read: reads.read,
    unitRoots: reads.unitRoots,
    async write() {
      throw new BitCdnError('disk-failed', `${metainfo.name} is served from files that are only read.`)
    },
    async flush() {},
    close: files.close,
  }
}
