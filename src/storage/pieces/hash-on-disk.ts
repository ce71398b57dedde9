// Which pieces of a file on disk are what the metainfo says.
import type { FileHandle } from 'node:fs/promises'
import { type ContentFile, createFileHasher, HASH_BYTES, layerKey, type Metainfo } from '../../content/index.ts'
import { readAhead } from './read-ahead.ts'

export interface HashOptions {
  readonly signal?: AbortSignal | undefined
  /** Called with the bytes of each chunk as it was hashed. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/**
 * The pieces (numbered in the content) of `file` that are intact on disk. A file of another length can have whole pieces in
 * front; its last piece is never intact, since the file is not what it should be.
 */
export async function intactPieces(
  handle: FileHandle,
  metainfo: Metainfo,
  file: ContentFile,
  { signal, onBytes }: HashOptions = {},
): Promise<number[]> {
  const { size } = await handle.stat()
  const { pieceLength } = metainfo
  const whole = Math.min(Math.floor(size / pieceLength), file.pieceCount - 1)
  const length = size === file.length ? size : whole * pieceLength
  if (length <= 0) return []
  const hasher = createFileHasher({ length, pieceLength, v1: 'none' })
  let read = 0
  for await (const chunk of readAhead(handle, length, signal)) {
    hasher.update(chunk)
    read += chunk.length
    onBytes?.(chunk.length)
  }
  if (read !== length) return [] // it was cut while we read
  const { layer, piecesRoot } = hasher.finish()
  const actual = Buffer.from(layer ?? (piecesRoot as Uint8Array))
  const expected = Buffer.from(expectedHashes(metainfo, file))
  const intact: number[] = []
  for (let piece = 0; piece * HASH_BYTES < actual.length; piece += 1) {
    const from = piece * HASH_BYTES
    if (actual.compare(expected, from, from + HASH_BYTES, from, from + HASH_BYTES) === 0) {
      intact.push(file.firstPiece + piece)
    }
  }
  return intact
}

function expectedHashes(metainfo: Metainfo, file: ContentFile): Uint8Array {
  const root = file.piecesRoot as Uint8Array
  return file.pieceCount === 1 ? root : (metainfo.pieceLayers.get(layerKey(root)) as Uint8Array)
}
