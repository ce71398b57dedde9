// Which pieces of a file on disk are what the metainfo says.
import {
  type ContentFile,
  HASH_BYTES,
  type Metainfo,
  type Piece,
  pieceAt,
  UNIT_BYTES,
  unitCount,
  unitLength,
  unitRoot,
  verifyUnitRoots,
} from '../../content/index.ts'
import type { DiskFile } from './disk-file.ts'
import { readAhead } from './read-ahead.ts'

export interface HashOptions {
  readonly signal?: AbortSignal | undefined
  /** Called with the bytes of each chunk as it was hashed. */
  readonly onBytes?: ((bytes: number) => void) | undefined
  /** Called with the unit roots of each intact piece, which are the caller's then. */
  readonly onRoots?: ((piece: number, roots: Uint8Array) => void) | undefined
}

/**
 * The pieces (numbered in the content) of `file` that are intact on disk. A file of another length can have whole pieces in
 * front; its last piece is never intact, since the file is not what it should be.
 */
export async function intactPieces(
  handle: DiskFile,
  metainfo: Metainfo,
  file: ContentFile,
  { signal, onBytes, onRoots }: HashOptions = {},
): Promise<number[]> {
  const { size } = await handle.stat()
  const { pieceLength } = metainfo
  const whole = Math.min(Math.floor(size / pieceLength), file.pieceCount - 1)
  const length = size === file.length ? size : whole * pieceLength
  if (length <= 0) return []
  const intact: number[] = []
  const judge = createPieceJudge(metainfo, file, (piece, roots) => {
    if (!verifyUnitRoots(piece, roots)) return
    intact.push(piece.index)
    onRoots?.(piece.index, roots)
  })
  let read = 0
  for await (const chunk of readAhead(handle, length, signal)) {
    judge(chunk)
    read += chunk.length
    onBytes?.(chunk.length)
  }
  if (read !== length) return [] // it was cut while we read
  return intact
}

/** Takes the bytes of a file in order; `tell` hears the unit roots of each piece. */
function createPieceJudge(
  metainfo: Metainfo,
  file: ContentFile,
  tell: (piece: Piece, roots: Uint8Array) => void,
): (chunk: Uint8Array) => void {
  /** Made when a unit comes in parts: most small files have none. */
  let rest: Uint8Array | null = null
  let restBytes = 0
  let index = file.firstPiece
  let piece = pieceAt(metainfo, index)
  let roots = new Uint8Array(unitCount(piece) * HASH_BYTES)
  let unit = 0

  function takeUnit(bytes: Uint8Array): void {
    roots.set(unitRoot(bytes, piece.leaves), unit * HASH_BYTES)
    unit += 1
    if (unit * HASH_BYTES < roots.length) return
    tell(piece, roots)
    index += 1
    if (index === file.firstPiece + file.pieceCount) return
    piece = pieceAt(metainfo, index)
    roots = new Uint8Array(unitCount(piece) * HASH_BYTES)
    unit = 0
  }

  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      const wanted = unitLength(piece, unit) - restBytes
      const part = chunk.subarray(at, at + wanted)
      at += part.length
      if (restBytes === 0 && part.length === wanted) takeUnit(part)
      else {
        rest ??= new Uint8Array(UNIT_BYTES)
        rest.set(part, restBytes)
        restBytes += part.length
        if (part.length < wanted) return
        takeUnit(rest.subarray(0, restBytes))
        restBytes = 0
      }
    }
  }
}
