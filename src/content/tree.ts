// BEP 52's hash trees: SHA-256 over 16 KiB leaves, padded to a power of two with leaf hashes of 32 zero bytes. A missing
// subtree therefore has one known root for each height, and nothing is ever hashed to pad.

import { HASH_BYTES } from './constants.ts'
import { hash } from './hashes.ts'
import { LEAF_BYTES } from './piece.ts'

const TALLEST = 40

/** `ZERO_ROOTS[h]`: the root over 2^h padding leaves. */
const ZERO_ROOTS: readonly Uint8Array[] = zeroRoots()

function zeroRoots(): Uint8Array[] {
  const roots: Uint8Array[] = [new Uint8Array(HASH_BYTES)]
  while (roots.length <= TALLEST) {
    const below = roots.at(-1) as Uint8Array
    roots.push(hash('sha256', Buffer.concat([below, below]), 'buffer'))
  }
  return roots
}

/** SHA-256 of `bytes`, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer')
}

/** How many 16 KiB leaves hold `length` bytes. */
export function leafCount(length: number): number {
  return Math.ceil(length / LEAF_BYTES)
}

/** The smallest power of two that is at least `count`. */
export function powerOfTwo(count: number): number {
  let power = 1
  while (power < count) power *= 2
  return power
}

/** The hash of every 16 KiB leaf of `bytes`, written to `target` from `offset` on; the last leaf may be short. */
export function hashLeaves(bytes: Uint8Array, target: Uint8Array, offset = 0): void {
  const nodes = bufferOf(target)
  let to = offset
  for (let from = 0; from < bytes.length; from += LEAF_BYTES) {
    putHash(nodes, bytes.subarray(from, Math.min(from + LEAF_BYTES, bytes.length)), to)
    to += HASH_BYTES
  }
}

/** A tenth cheaper for a leaf than an array for each hash: a short string needs no memory outside of the heap. */
function putHash(target: Buffer, bytes: Uint8Array, offset: number): void {
  target.write(hash('sha256', bytes, 'binary'), offset, HASH_BYTES, 'binary')
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, byteLength)

/**
 * Folds `count` hashes at the front of `nodes` to the root of a tree that is `width` hashes wide, in place: the root ends up
 * in the first 32 bytes. `nodes` needs room for one hash more than `count`.
 *
 * @param width - a power of two, at least `count`
 * @param height - of the hashes themselves above the leaves: what stands in for those that are missing
 */
export function foldInPlace(nodes: Uint8Array, count: number, width: number, height = 0): void {
  const target = bufferOf(nodes)
  let left = count
  let level = height
  for (let wide = width; wide > 1; wide /= 2) {
    if (left % 2 === 1) {
      nodes.set(ZERO_ROOTS[level] as Uint8Array, left * HASH_BYTES)
      left += 1
    }
    for (let node = 0; node < left; node += 2) {
      putHash(target, nodes.subarray(node * HASH_BYTES, (node + 2) * HASH_BYTES), (node / 2) * HASH_BYTES)
    }
    left /= 2
    level += 1
  }
}

/** The root over concatenated 32-byte `hashes`; see {@link foldInPlace}. No hashes at all make the root of padding. */
export function merkleRoot(hashes: Uint8Array, width: number, height = 0): Uint8Array {
  const count = hashes.length / HASH_BYTES
  if (count === 0) return new Uint8Array(ZERO_ROOTS[height + Math.log2(width)] as Uint8Array)
  const nodes = new Uint8Array(hashes.length + HASH_BYTES)
  nodes.set(hashes)
  foldInPlace(nodes, count, width, height)
  return nodes.slice(0, HASH_BYTES)
}

/** Whether the 32 bytes of `a` at `aOffset` are those of `b` at `bOffset`. Nothing here is secret: it may stop early. */
export function sameHash(a: Uint8Array, aOffset: number, b: Uint8Array, bOffset: number): boolean {
  for (let byte = 0; byte < HASH_BYTES; byte += 1) {
    if (a[aOffset + byte] !== b[bOffset + byte]) return false
  }
  return true
}
