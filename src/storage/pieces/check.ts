// Whether files on disk are what a torrent says, for `torrent verify`: nothing is remembered, everything is read.
import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import type { Metainfo, TorrentV1 } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import type { DiskFile } from './disk-file.ts'
import { errnoOf } from './errors.ts'
import { openInside } from './folder.ts'
import { intactPieces } from './hash-on-disk.ts'
import { locateContent, type Place } from './locate.ts'
import { readAhead } from './read-ahead.ts'

export interface CheckOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (checkedBytes: number, totalBytes: number) => void
}

export interface CheckResult {
  /** All pieces are intact and every file is there with its own length, empty ones too. */
  readonly complete: boolean
  readonly verifiedBytes: number
  /** Numbers of pieces that are missing or damaged, ascending. */
  readonly badPieces: readonly number[]
  /** Files that are missing, unreadable or of another length; `/` between components. */
  readonly badFiles: readonly string[]
}

const V1_HASH_BYTES = 20
const ZEROS = new Uint8Array(64 * 1024)

/** Checks a v2 or hybrid content against its tree. Throws `file-missing` when nothing of it is at `path`. */
export async function checkContent(metainfo: Metainfo, path: string, options: CheckOptions = {}): Promise<CheckResult> {
  const { signal, onProgress } = options
  const place = await locateContent(metainfo, path)
  const intact = new Uint8Array(metainfo.pieceCount)
  const badFiles: string[] = []
  let verifiedBytes = 0
  let checked = 0
  const onBytes = (bytes: number): void => {
    checked += bytes
    onProgress?.(checked, metainfo.length)
  }
  for (const [index, file] of metainfo.files.entries()) {
    signal?.throwIfAborted()
    const handle = await openIfThere(place, index)
    try {
      if (handle === null || (await handle.stat()).size !== file.length) badFiles.push(file.path.join('/'))
      if (handle === null || file.length === 0) continue
      for (const piece of await intactPieces(handle, metainfo, file, { signal, onBytes })) {
        intact[piece] = 1
        const offset = (piece - file.firstPiece) * metainfo.pieceLength
        verifiedBytes += Math.min(metainfo.pieceLength, file.length - offset)
      }
    } finally {
      await handle?.close()
    }
  }
  return result(intact, verifiedBytes, badFiles)
}

/** Checks a v1 content: its pieces run through all files, padding included. */
export async function checkContentV1(
  torrent: TorrentV1,
  path: string,
  options: CheckOptions = {},
): Promise<CheckResult> {
  const place = await locateContent(torrent, path)
  const { pieceLength, pieces } = torrent
  const intact = new Uint8Array(torrent.pieceCount)
  const badFiles: string[] = []
  let verifiedBytes = 0
  let checked = 0
  let piece = 0
  let inPiece = 0
  let real = 0
  let broken = false
  let sha1: Hash = createHash('sha1')

  function endPiece(): void {
    const expected = pieces.subarray(piece * V1_HASH_BYTES, (piece + 1) * V1_HASH_BYTES)
    if (!broken && sha1.digest().equals(expected)) {
      intact[piece] = 1
      verifiedBytes += real
    }
    piece += 1
    inPiece = 0
    real = 0
    broken = false
    sha1 = createHash('sha1')
  }

  /** Takes `length` bytes in pieces: of `chunk`, or bytes that are not there. */
  function take(length: number, chunk: Uint8Array | null, padding: boolean): void {
    for (let at = 0; at < length; ) {
      const part = Math.min(length - at, pieceLength - inPiece)
      if (chunk === null) broken = true
      else sha1.update(chunk.subarray(at, at + part))
      if (!padding) real += part
      at += part
      inPiece += part
      if (inPiece === pieceLength) endPiece()
    }
  }

  for (const [index, file] of torrent.files.entries()) {
    options.signal?.throwIfAborted()
    if (file.pad) {
      for (let left = file.length; left > 0; left -= ZEROS.length) take(Math.min(left, ZEROS.length), ZEROS, true)
      continue
    }
    const handle = await openIfThere(place, index)
    let read = 0
    try {
      if (handle === null || (await handle.stat()).size !== file.length) badFiles.push(file.path.join('/'))
      for await (const chunk of handle === null ? [] : readAhead(handle, file.length, options.signal)) {
        take(chunk.length, chunk, false)
        read += chunk.length
        checked += chunk.length
        options.onProgress?.(checked, torrent.length)
      }
    } finally {
      await handle?.close()
    }
    take(file.length - read, null, false)
  }
  if (inPiece > 0) endPiece()
  return result(intact, verifiedBytes, badFiles)
}

async function openIfThere(place: Place, file: number): Promise<DiskFile | null> {
  const inside = openInside(place.root)
  try {
    return await inside.open(place.pathOf(file), constants.O_RDONLY)
  } catch (error) {
    if (error instanceof BitCdnError) return null
    if (['ENOENT', 'EACCES', 'EPERM', 'ELOOP', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '')) return null
    throw error
  } finally {
    await inside.close()
  }
}

function result(intact: Uint8Array, verifiedBytes: number, badFiles: string[]): CheckResult {
  const badPieces: number[] = []
  for (const [piece, good] of intact.entries()) if (good === 0) badPieces.push(piece)
  return { complete: badPieces.length === 0 && badFiles.length === 0, verifiedBytes, badPieces, badFiles }
}
