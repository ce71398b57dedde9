// Where pieces lie: every file begins at a piece of its own (BEP 52), so a piece is part of exactly one file.
import {
  HASH_BYTES,
  LONGEST_CHOSEN_PIECE,
  MIN_PIECE_LENGTH,
  SHORTEST_CHOSEN_PIECE,
  SHORTEST_SHARED_PIECE,
} from './constants.ts'
import { MetainfoError } from './errors.ts'
import type { ContentFile, Metainfo } from './metainfo.ts'
import { LEAF_BYTES, type Piece } from './piece.ts'
import { leafCount, powerOfTwo } from './tree.ts'

/** Pieces that a content has at most before its pieces grow: small enough for a bitfield in one packet. */
const WANTED_PIECES = 2048

/**
 * The piece length for a content of so many bytes: a power of two up to 16 MiB, about 1,000 to 2,000 pieces. A single file has no
 * pieces below 1 MiB, what one request asks for; several have them from 256 KiB on, or from 16 KiB when they are as small,
 * since v1 pads each file to a whole piece, and hashes the padding.
 */
export function choosePieceLength(totalBytes: number, files = 1): number {
  const wanted = powerOfTwo(Math.ceil(totalBytes / WANTED_PIECES))
  const usual = Math.max(powerOfTwo(Math.ceil(totalBytes / files)), MIN_PIECE_LENGTH)
  const shortest = files === 1 ? SHORTEST_CHOSEN_PIECE : Math.min(usual, SHORTEST_SHARED_PIECE)
  return Math.min(Math.max(wanted, shortest), LONGEST_CHOSEN_PIECE)
}

/**
 * Piece `index` of the content. Throws a `MetainfoError` when the file's piece layer is not known yet
 * ({@link missingLayers}), a `RangeError` for an index that does not exist.
 */
export function pieceAt(metainfo: Metainfo, index: number): Piece {
  if (!Number.isInteger(index) || index < 0 || index >= metainfo.pieceCount) {
    throw new RangeError(`Piece ${index} does not exist; the content has ${metainfo.pieceCount}.`)
  }
  const file = fileOfPiece(metainfo.files, index)
  const { length, firstPiece, pieceCount, piecesRoot } = metainfo.files[file] as ContentFile
  const within = index - firstPiece
  const offset = within * metainfo.pieceLength
  const place = { index, file, offset, length: Math.min(metainfo.pieceLength, length - offset) }
  if (pieceCount === 1) {
    return { ...place, root: piecesRoot as Uint8Array, leaves: powerOfTwo(leafCount(length)) }
  }
  const layer = metainfo.pieceLayers.get(layerKey(piecesRoot as Uint8Array))
  if (layer === undefined) {
    throw new MetainfoError(`The piece hashes of ${metainfo.files[file]?.path.join('/')} are not known yet.`, {
      advice: 'Fetch the piece layers from a peer first.',
    })
  }
  const root = layer.subarray(within * HASH_BYTES, (within + 1) * HASH_BYTES)
  return { ...place, root, leaves: metainfo.pieceLength / LEAF_BYTES }
}

/** The last file that begins at or before the piece: files of length 0 share the number of the file behind them. */
function fileOfPiece(files: readonly ContentFile[], index: number): number {
  let low = 0
  let high = files.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((files[middle] as ContentFile).firstPiece <= index) low = middle
    else high = middle - 1
  }
  return low
}

/** The key of a file's layer in `metainfo.pieceLayers`: its pieces root in hex. */
export function layerKey(piecesRoot: Uint8Array): string {
  return Buffer.from(piecesRoot.buffer, piecesRoot.byteOffset, piecesRoot.length).toString('hex')
}

/** The pieces roots (hex) whose layers are still needed; each once. */
export function missingLayers(metainfo: Metainfo): string[] {
  const missing = new Set<string>()
  for (const { pieceCount, piecesRoot } of metainfo.files) {
    if (pieceCount < 2) continue
    const key = layerKey(piecesRoot as Uint8Array)
    if (!metainfo.pieceLayers.has(key)) missing.add(key)
  }
  return [...missing]
}
