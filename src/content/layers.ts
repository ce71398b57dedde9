// BEP 52's piece layers: for each file of several pieces, the roots of its pieces. They lie outside of the info dictionary
// and come from whoever has them, so each is checked against its file's own root.
import { HASH_BYTES } from './constants.ts'
import { HashMismatchError } from './errors.ts'
import type { Metainfo } from './metainfo.ts'
import { LEAF_BYTES } from './piece.ts'
import { layerKey } from './pieces.ts'
import { merkleRoot, powerOfTwo, sameHash } from './tree.ts'

/**
 * The same metainfo with these layers added; those that it had stay.
 *
 * @param layers - hex of a file's pieces root to its concatenated 32-byte piece roots
 * @throws HashMismatchError for a layer that belongs to no file, has the wrong length or another root
 */
export function withPieceLayers(metainfo: Metainfo, layers: ReadonlyMap<string, Uint8Array>): Metainfo {
  const height = Math.log2(metainfo.pieceLength / LEAF_BYTES)
  const all = new Map(metainfo.pieceLayers)
  const unused = new Set(layers.keys())
  for (const { piecesRoot, pieceCount, path } of metainfo.files) {
    if (pieceCount < 2 || piecesRoot === null) continue
    const key = layerKey(piecesRoot)
    const layer = layers.get(key) ?? all.get(key)
    if (layer === undefined) continue
    unused.delete(key)
    // The length is checked for every file, the root once: two files of the same bytes share a layer.
    if (layer.length !== pieceCount * HASH_BYTES) {
      throw new HashMismatchError(
        `The piece layer of ${path.join('/')} has ${layer.length} bytes, not ${pieceCount * HASH_BYTES}.`,
      )
    }
    if (all.get(key) === layer) continue
    if (!sameHash(merkleRoot(layer, powerOfTwo(pieceCount), height), 0, piecesRoot, 0)) {
      throw new HashMismatchError(`The piece layer of ${path.join('/')} does not belong to its pieces root.`)
    }
    all.set(key, new Uint8Array(layer))
  }
  const [stray] = unused
  if (stray !== undefined) throw new HashMismatchError(`The piece layer ${stray} belongs to no file of this content.`)
  return { ...metainfo, pieceLayers: all }
}
