// One pass over a file's bytes that makes what BEP 52 (and for hybrids BEP 3) store about it. Memory: one piece's leaf hashes.

import { HASH_BYTES, V1_HASH_BYTES } from './constants.ts'
import { createHash, type Hash } from './hashes.ts'
import { LEAF_BYTES } from './piece.ts'
import { foldInPlace, hashLeaves, leafCount, merkleRoot, powerOfTwo, sha256 } from './tree.ts'

export interface FileHashes {
  /** 32 bytes; null for an empty file. */
  readonly piecesRoot: Uint8Array | null
  /** Concatenated 32-byte piece roots; null for a file of one piece. */
  readonly layer: Uint8Array | null
  /** Concatenated 20-byte v1 hashes; empty when they were not asked for. */
  readonly v1: Uint8Array
}

export interface FileHasherInit {
  /** Bytes that will come. */
  readonly length: number
  readonly pieceLength: number
  /**
   * What v1 hashes cover: `none`, the bytes `bare`, or `padded` with zeros to whole pieces, as the pad file behind it says.
   */
  readonly v1: 'none' | 'bare' | 'padded'
}

export interface FileHasher {
  /** Takes the next bytes; they may be reused once it returns. */
  update(chunk: Uint8Array): void
  /** Throws a `RangeError` when other than `length` bytes came. */
  finish(): FileHashes
}

const ZEROS = new Uint8Array(64 * 1024)

export function createFileHasher({ length, pieceLength, v1 }: FileHasherInit): FileHasher {
  const pieceCount = Math.ceil(length / pieceLength)
  const leavesPerPiece = pieceLength / LEAF_BYTES
  const leaves = new Uint8Array((Math.min(leavesPerPiece, leafCount(length)) + 1) * HASH_BYTES)
  const layer = new Uint8Array(pieceCount > 1 ? pieceCount * HASH_BYTES : 0)
  const v1Hashes = new Uint8Array(v1 === 'none' ? 0 : pieceCount * V1_HASH_BYTES)
  const rest = new Uint8Array(LEAF_BYTES)
  let restBytes = 0
  let leafInPiece = 0
  let piece = 0
  let taken = 0
  let v1Piece = 0
  let v1Bytes = 0
  let sha1: Hash | null = null
  let root: Uint8Array | null = null

  function endPiece(): void {
    if (pieceCount === 1) root = merkleRoot(leaves.subarray(0, leafInPiece * HASH_BYTES), powerOfTwo(leafInPiece))
    else {
      foldInPlace(leaves, leafInPiece, leavesPerPiece)
      layer.set(leaves.subarray(0, HASH_BYTES), piece * HASH_BYTES)
    }
    piece += 1
    leafInPiece = 0
  }

  function addLeaves(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      const part = bytes.subarray(at, at + Math.min(bytes.length - at, (leavesPerPiece - leafInPiece) * LEAF_BYTES))
      hashLeaves(part, leaves, leafInPiece * HASH_BYTES)
      leafInPiece += leafCount(part.length)
      at += part.length
      if (leafInPiece === leavesPerPiece) endPiece()
    }
  }

  function updateV2(chunk: Uint8Array): void {
    let at = 0
    if (restBytes > 0) {
      at = Math.min(LEAF_BYTES - restBytes, chunk.length)
      rest.set(chunk.subarray(0, at), restBytes)
      restBytes += at
      if (restBytes < LEAF_BYTES) return
      addLeaves(rest)
      restBytes = 0
    }
    const whole = at + Math.floor((chunk.length - at) / LEAF_BYTES) * LEAF_BYTES
    addLeaves(chunk.subarray(at, whole))
    rest.set(chunk.subarray(whole))
    restBytes = chunk.length - whole
  }

  function endV1Piece(): void {
    v1Hashes.set((sha1 as Hash).digest(), v1Piece * V1_HASH_BYTES)
    sha1 = null
    v1Piece += 1
    v1Bytes = 0
  }

  function updateV1(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + Math.min(chunk.length - at, pieceLength - v1Bytes))
      sha1 ??= createHash('sha1')
      sha1.update(part)
      at += part.length
      v1Bytes += part.length
      if (v1Bytes === pieceLength) endV1Piece()
    }
  }

  return {
    update(chunk) {
      taken += chunk.length
      if (taken > length) throw new RangeError(`More than the ${length} bytes that were announced.`)
      updateV2(chunk)
      if (v1 !== 'none') updateV1(chunk)
    },
    finish() {
      if (taken !== length) throw new RangeError(`${taken} bytes, not the ${length} that were announced.`)
      if (restBytes > 0) {
        leaves.set(sha256(rest.subarray(0, restBytes)), leafInPiece * HASH_BYTES)
        leafInPiece += 1
      }
      if (leafInPiece > 0) endPiece()
      if (v1Bytes > 0) {
        for (let missing = v1 === 'padded' ? pieceLength - v1Bytes : 0; missing > 0; missing -= ZEROS.length) {
          ;(sha1 as unknown as Hash).update(ZEROS.subarray(0, Math.min(missing, ZEROS.length)))
        }
        endV1Piece()
      }
      if (pieceCount > 1) root = merkleRoot(layer, powerOfTwo(pieceCount), Math.log2(leavesPerPiece))
      return { piecesRoot: root, layer: pieceCount > 1 ? layer : null, v1: v1Hashes }
    },
  }
}
