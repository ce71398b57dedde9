import { constants } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  type ContentStore,
  type Metainfo,
  missingLayers,
  type Piece,
  pieceAt,
  UNIT_BYTES,
  unitCount,
  unitLength,
} from '../../content/index.ts'
import type { DiskFile } from './disk-file.ts'
import { writeFailure } from './errors.ts'
import { type Inside, makeFolders, openInside, syncFolder } from './folder.ts'
import { createHeld, type Held } from './held.ts'
import { readJournal, writeJournal } from './journal.ts'
import { createOpenFiles } from './open-files.ts'
import { checkNothingInTheWay, downloadPath, type PrepareInit, prepareFile, refuseSecondName } from './prepare.ts'
import { createStamps, type Stamps, stampOf } from './stamps.ts'
import { createVerifiedReads } from './verified-reads.ts'

export interface DownloadOptions {
  /** File that remembers which units are safely on disk; of this content alone. */
  readonly journal: string
  readonly signal?: AbortSignal
}

/**
 * A store for a download in progress: the content's files in `folder`, at full length and sparse from the start. After a kill
 * or a power cut, what was journalled by the last `flush` is held again without hashing; files that somebody else changed
 * meanwhile are hashed.
 *
 * @param metainfo - with all its piece layers
 * @throws BitCdnError `file-invalid` when something else stands in the way (nothing is touched then), `disk-full`, `disk-failed`
 */
export async function openDownload(
  metainfo: Metainfo,
  folder: string,
  { journal: path, signal }: DownloadOptions,
): Promise<ContentStore> {
  const missing = missingLayers(metainfo)
  if (missing.length > 0) throw new RangeError(`${missing.length} piece layers are missing.`)
  const root = await makeRoot(folder)
  const held = createHeld(metainfo)
  const journal = await readJournal(path, metainfo, root)
  const stamps = createStamps(metainfo.files.length)
  const inside = openInside(root)
  try {
    const found = await checkNothingInTheWay({ metainfo, root, inside, journal, signal })
    // Before the first file is made: from here on the files are known to be ours.
    if (journal === null)
      await writeJournal(path, metainfo, { folder: root, clean: false, stamps, units: held.units() })
    const init: PrepareInit = { metainfo, root, inside, held, journal, found, signal }
    for (const file of metainfo.files.keys()) {
      signal?.throwIfAborted()
      stamps.set(file, await prepareFile(init, file))
    }
    await writeJournal(path, metainfo, { folder: root, clean: held.complete, stamps, units: held.units() })
  } catch (error) {
    await inside.close()
    throw error
  }
  return storeOver({ metainfo, root, inside, held, stamps, journal: path })
}

async function makeRoot(folder: string): Promise<string> {
  const shown = resolve(folder)
  try {
    await makeFolders(shown)
    return await realpath(shown)
  } catch (error) {
    throw writeFailure(error, shown)
  }
}

interface StoreInit {
  readonly metainfo: Metainfo
  readonly root: string
  readonly inside: Inside
  readonly held: Held
  readonly stamps: Stamps
  readonly journal: string
}

function storeOver({ metainfo, root, inside, held, stamps, journal }: StoreInit): ContentStore {
  /** Files with bytes that may not be on the disk yet. */
  const unsynced = new Set<number>()
  /** Units (`piece:unit`) that are being written; a second writer waits for the first. */
  const writing = new Map<string, Promise<unknown>>()
  let foldersSynced = false
  let journalled = { clean: held.complete, verified: held.verifiedBytes }
  /** A failed sync: the system may have thrown the bytes away, and would say nothing the next time. */
  let lost: unknown = null
  let closing = false
  let flushing: Promise<void> = Promise.resolve()
  let waitingFlush: Promise<void> | null = null

  const files = createOpenFiles(async (file): Promise<DiskFile> => {
    const path = downloadPath(metainfo, file)
    try {
      const handle = await inside.open(path, constants.O_RDWR)
      try {
        refuseSecondName(join(root, ...path), (await handle.stat()).nlink)
        return handle
      } catch (error) {
        await handle.close()
        throw error
      }
    } catch (error) {
      throw writeFailure(error, join(root, ...path))
    }
  })
  const reads = createVerifiedReads({
    metainfo,
    held,
    files,
    onCorrupt: (piece) => held.dropPiece(pieceAt(metainfo, piece)),
  })

  /** Writes units `from` to `to` (exclusive) of `bytes`, which begin at unit `first`. */
  async function writeRun(piece: Piece, from: number, to: number, bytes: Uint8Array, first: number): Promise<void> {
    const part = bytes.subarray((from - first) * UNIT_BYTES, (to - first) * UNIT_BYTES)
    try {
      await files.use(piece.file, (handle) => handle.write(part, piece.offset + from * UNIT_BYTES))
    } catch (error) {
      throw writeFailure(error, join(root, ...downloadPath(metainfo, piece.file)))
    } finally {
      unsynced.add(piece.file) // a failed write has changed the file as well
    }
    for (let unit = from; unit < to; unit += 1) held.add(piece, unit)
  }

  async function write(index: number, offset: number, bytes: Uint8Array): Promise<void> {
    if (lost !== null) throw lost
    const piece = pieceAt(metainfo, index)
    const first = offset / UNIT_BYTES
    const end = checkUnits(piece, offset, bytes)
    for (let unit = first; unit < end; ) {
      const busy = writing.get(`${index}:${unit}`)
      if (busy !== undefined)
        await busy.catch(() => {}) // it may fail: then this writer does it
      else if (held.hasUnit(index, unit)) unit += 1
      else {
        let to = unit + 1
        while (to < end && !held.hasUnit(index, to) && !writing.has(`${index}:${to}`)) to += 1
        const run = writeRun(piece, unit, to, bytes, first)
        for (let taken = unit; taken < to; taken += 1) writing.set(`${index}:${taken}`, run)
        try {
          await run
        } finally {
          for (let taken = unit; taken < to; taken += 1) writing.delete(`${index}:${taken}`)
        }
        unit = to
      }
    }
  }

  /** Only what was complete before the sync began is journalled, so a kill between any two steps loses time alone. */
  async function flushNow(clean: boolean): Promise<void> {
    if (lost !== null) throw lost
    const done = [...unsynced]
    const verified = held.verifiedBytes
    if (done.length === 0 && clean === journalled.clean && verified === journalled.verified) return
    const units = held.units()
    unsynced.clear()
    try {
      for (const file of done) await syncFile(file)
      if (!foldersSynced) await syncFolders(metainfo, root)
      foldersSynced = true
      await writeJournal(journal, metainfo, { folder: root, clean, stamps, units })
      journalled = { clean, verified }
    } catch (error) {
      for (const file of done) unsynced.add(file)
      throw writeFailure(error, join(root, metainfo.name))
    }
  }

  async function syncFile(file: number): Promise<void> {
    await files.use(file, async (handle) => {
      try {
        await handle.sync()
      } catch (error) {
        lost = writeFailure(error, join(root, ...downloadPath(metainfo, file)))
        throw lost
      }
      stamps.set(file, stampOf(await handle.exactStat()))
    })
  }

  /** One at a time; calls that come while one runs share the next. */
  function flush(): Promise<void> {
    if (closing) return Promise.resolve() // close flushes by itself
    waitingFlush ??= flushing
      .catch(() => {})
      .then(() => {
        waitingFlush = null
        flushing = flushNow(held.complete && writing.size === 0)
        return flushing
      })
    return waitingFlush
  }

  async function close(): Promise<void> {
    if (closing) return
    closing = true
    await Promise.allSettled([...writing.values(), waitingFlush, flushing])
    try {
      if (lost === null) await flushNow(true)
    } finally {
      await files.close()
      await inside.close()
    }
  }

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
    write,
    flush,
    close,
  }
}

/** Whole units only: what is marked as held was verified as a unit. Answers the unit behind the last one. */
function checkUnits(piece: Piece, offset: number, bytes: Uint8Array): number {
  const first = offset / UNIT_BYTES
  const end = first + Math.ceil(bytes.length / UNIT_BYTES)
  const whole = end * UNIT_BYTES === offset + bytes.length || offset + bytes.length === piece.length
  if (!Number.isInteger(first) || first < 0 || end > unitCount(piece) || bytes.length === 0 || !whole) {
    throw new RangeError(
      `${bytes.length} bytes at ${offset} are not whole units of piece ${piece.index} (${piece.length} bytes, last unit ${unitLength(piece, unitCount(piece) - 1)}).`,
    )
  }
  return end
}

/** A synced file is lost after a power cut when the folder that names it is not synced too. */
async function syncFolders(metainfo: Metainfo, root: string): Promise<void> {
  const folders = new Map<string, readonly string[]>([['', []]])
  for (const file of metainfo.files.keys()) {
    const path = downloadPath(metainfo, file)
    for (let depth = 1; depth < path.length; depth += 1) {
      const folder = path.slice(0, depth)
      folders.set(folder.join('/'), folder)
    }
  }
  for (const folder of folders.values()) await syncFolder(root, folder)
}
