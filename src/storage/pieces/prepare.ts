// Laying out the files of a download: folders, sparse files of full length, what an earlier run left, and what stands in the way.
import { constants } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ContentFile, type Metainfo, pieceAt, unitCount } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import type { DiskFile } from './disk-file.ts'
import { errnoOf, writeFailure } from './errors.ts'
import type { Inside } from './folder.ts'
import { intactPieces } from './hash-on-disk.ts'
import { addUnits, type Held, isSet } from './held.ts'
import type { JournalEntry } from './journal.ts'
import { type Stamp, sameFile, sameStamp, stampOf } from './stamps.ts'

const { O_CREAT, O_EXCL, O_RDWR } = constants

export interface SurveyInit {
  readonly metainfo: Metainfo
  /** Without links in it. */
  readonly root: string
  readonly inside: Inside
  /** Null when this content was never downloaded here. */
  readonly journal: JournalEntry | null
  readonly signal: AbortSignal | undefined
}

/** What was there before. */
export interface Survey {
  /** Files that are there. */
  readonly there: ReadonlySet<number>
  /** Pieces that are intact in those that we did not make, by file. */
  readonly intact: ReadonlyMap<number, readonly number[]>
}

export interface PrepareInit extends SurveyInit {
  readonly held: Held
  readonly found: Survey
}

/** Components of a file below the download folder. */
export function downloadPath(metainfo: Metainfo, file: number): readonly string[] {
  const { path } = metainfo.files[file] as ContentFile
  return metainfo.single ? path : [metainfo.name, ...path]
}

/**
 * Refuses a file that is none of ours: one that is there although we never made it, and holds something else. Called for all
 * files before any is made, so that a refusal leaves the folder as it was. Answers what files of this content hold already.
 */
export async function checkNothingInTheWay(init: SurveyInit): Promise<Survey> {
  const { metainfo, root, journal, signal } = init
  const there = new Set<number>()
  const found = new Map<number, readonly number[]>()
  const nothing = await lstat(join(root, metainfo.name)).then(
    () => false,
    (error) => errnoOf(error) === 'ENOENT',
  )
  for (const [file, wanted] of nothing ? [] : metainfo.files.entries()) {
    const path = downloadPath(metainfo, file)
    const handle = await openExisting(init, path, constants.O_RDONLY)
    if (handle === null) continue
    there.add(file)
    try {
      const stamp = journal?.stamps.get(file) ?? null
      // Without a stamp we were killed between the first journal and making the file.
      if (journal !== null && (stamp === null || sameFile(stamp, stampOf(await handle.exactStat())))) continue
      const { size, blocks } = await handle.stat()
      // No blocks: the empty shape of a download whose journal got lost. It holds nothing that could be lost.
      if (size === 0 || (size === wanted.length && blocks === 0)) continue
      const intact = size === wanted.length ? await intactPieces(handle, metainfo, wanted, { signal }) : []
      if (intact.length === 0) throw inTheWay(join(root, ...path))
      found.set(file, intact)
    } finally {
      await handle.close()
    }
  }
  return { there, intact: found }
}

/** Makes or takes up file `file`, adds what it verifiably holds, and answers its stamp. */
export async function prepareFile(init: PrepareInit, file: number): Promise<Stamp> {
  const { metainfo, root, inside, found } = init
  const path = downloadPath(metainfo, file)
  const whole = join(root, ...path)
  try {
    const existing = found.there.has(file) ? await openExisting(init, path, O_RDWR) : null
    const handle = existing ?? (await createFile(inside, path, metainfo.files[file] as ContentFile))
    try {
      refuseSecondName(whole, (await handle.stat()).nlink)
      if (existing !== null) await takeUp(init, file, handle)
      return stampOf(await handle.exactStat())
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? inTheWay(whole) : writeFailure(error, whole)
  }
}

/** Writing to a file that has a second name would change something outside of the folder. */
export function refuseSecondName(path: string, links: number): void {
  if (links <= 1) return
  throw new BitCdnError(
    'file-invalid',
    `${path} has ${links} names (hard links), so writing to it changes other files.`,
    {
      advice: 'Move it out of the way, then run the same command again.',
    },
  )
}

async function openExisting(
  { root, inside }: Pick<SurveyInit, 'root' | 'inside'>,
  path: readonly string[],
  flags: number,
): Promise<DiskFile | null> {
  try {
    return await inside.open(path, flags)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw writeFailure(error, join(root, ...path))
  }
}

async function createFile(inside: Inside, path: readonly string[], { length, executable }: ContentFile) {
  const mode = executable ? 0o777 : 0o666 // less what the user's umask takes away
  const handle = await inside.open(path, O_RDWR | O_CREAT | O_EXCL, { mode, makeFolders: true })
  await handle.truncate(length)
  return handle
}

async function takeUp(init: PrepareInit, file: number, handle: DiskFile): Promise<void> {
  const { metainfo, held, journal, found, signal } = init
  const wanted = metainfo.files[file] as ContentFile
  const before = await handle.exactStat()
  const mode = Number(before.mode) & 0o777
  if (wanted.executable && (mode & 0o100) === 0) await handle.chmod(mode | 0o100)
  if (Number(before.size) !== wanted.length) await handle.truncate(wanted.length)
  const journalled = journal === null ? 'none' : unitsOf(metainfo, file, journal.units)
  if (found.intact.has(file) || journal === null || journalled === 'none') {
    for (const piece of found.intact.get(file) ?? []) held.addPiece(pieceAt(metainfo, piece))
    return
  }
  const now = stampOf(before)
  const then = journal.stamps.get(file)
  // A kill leaves files in which we wrote after the last journal, in units that it does not name: their time may differ.
  const exact = journalled === 'all' || journal.clean
  if (Number(before.size) === wanted.length && (exact ? sameStamp(then, now) : sameFile(then, now))) {
    addUnits(held, metainfo, file, journal.units)
    return
  }
  for (const piece of await intactPieces(handle, metainfo, wanted, { signal })) held.addPiece(pieceAt(metainfo, piece))
}

function unitsOf(metainfo: Metainfo, file: number, bits: Uint8Array): 'none' | 'some' | 'all' {
  const { firstPiece, pieceCount } = metainfo.files[file] as ContentFile
  let set = 0
  let units = 0
  for (let index = firstPiece; index < firstPiece + pieceCount; index += 1) {
    const count = unitCount(pieceAt(metainfo, index))
    for (let unit = 0; unit < count; unit += 1) if (isSet(bits, metainfo, index, unit)) set += 1
    units += count
  }
  return set === 0 ? 'none' : set === units ? 'all' : 'some'
}

function inTheWay(path: string): BitCdnError {
  return new BitCdnError('file-invalid', `${path} is already there and is not part of this content.`, {
    advice: 'Move it out of the way or choose another download folder; it was not touched.',
  })
}
