// The 128 KiB unit: what is verified, blamed and signed for. Its root is a node of the piece's tree three levels above the
// leaves, so a receiver that knows a piece's unit roots can judge each unit as it arrives.
import { HASH_BYTES } from './constants.ts'
import { LEAF_BYTES, type Piece, UNIT_BYTES } from './piece.ts'
import { foldInPlace, hashLeaves, merkleRoot, sameHash } from './tree.ts'

const UNIT_LEAVES = UNIT_BYTES / LEAF_BYTES
const UNIT_HEIGHT = Math.log2(UNIT_LEAVES)

/** Room for the leaves of one unit and one more; every use is over before the next begins. */
const nodes = new Uint8Array((UNIT_LEAVES + 1) * HASH_BYTES)

/** How many units hold the bytes of `piece`; the last one may be short. */
export function unitCount(piece: Pick<Piece, 'length'>): number {
  return Math.ceil(piece.length / UNIT_BYTES)
}

/** Bytes of one unit of `piece`. */
export function unitLength(piece: Pick<Piece, 'length'>, unit: number): number {
  return Math.min(UNIT_BYTES, piece.length - unit * UNIT_BYTES)
}

/** Whether the tree of `piece` is no wider than a unit's: then its own root is the root of its only unit. */
export function isOneUnit(piece: Pick<Piece, 'leaves'>): boolean {
  return piece.leaves <= UNIT_LEAVES
}

/**
 * The root of one unit, 32 bytes.
 *
 * @param bytes - at most 128 KiB
 * @param leaves - how wide the tree is: 8, or fewer in a piece that has fewer leaves (`piece.leaves`)
 */
export function unitRoot(bytes: Uint8Array, leaves: number = UNIT_LEAVES): Uint8Array {
  foldUnit(bytes, Math.min(leaves, UNIT_LEAVES))
  return nodes.slice(0, HASH_BYTES)
}

/** The roots of all units of a piece, 32 bytes each. `pieceBytes` must be the whole piece. */
export function unitRootsOf(pieceBytes: Uint8Array, piece: Pick<Piece, 'length' | 'leaves'>): Uint8Array {
  if (pieceBytes.length !== piece.length) {
    throw new RangeError(`A piece of ${piece.length} bytes was expected, not ${pieceBytes.length}.`)
  }
  const roots = new Uint8Array(unitCount(piece) * HASH_BYTES)
  const wide = Math.min(piece.leaves, UNIT_LEAVES)
  for (let unit = 0; unit * UNIT_BYTES < pieceBytes.length; unit += 1) {
    foldUnit(pieceBytes.subarray(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES), wide)
    roots.set(nodes.subarray(0, HASH_BYTES), unit * HASH_BYTES)
  }
  return roots
}

/** Whether `roots` are the unit roots of this piece: as many as it has units, and its own root above them. */
export function verifyUnitRoots(piece: Pick<Piece, 'length' | 'leaves' | 'root'>, roots: Uint8Array): boolean {
  if (roots.length !== unitCount(piece) * HASH_BYTES || roots.length === 0) return false
  if (isOneUnit(piece)) return sameHash(roots, 0, piece.root, 0)
  return sameHash(merkleRoot(roots, piece.leaves / UNIT_LEAVES, UNIT_HEIGHT), 0, piece.root, 0)
}

/** Whether `bytes` are unit `unit` of the piece. `roots` are its unit roots, already verified. */
export function verifyUnit(
  piece: Pick<Piece, 'length' | 'leaves'>,
  unit: number,
  bytes: Uint8Array,
  roots: Uint8Array,
): boolean {
  if (unit < 0 || unit >= unitCount(piece) || bytes.length !== unitLength(piece, unit)) return false
  foldUnit(bytes, Math.min(piece.leaves, UNIT_LEAVES))
  return sameHash(nodes, 0, roots, unit * HASH_BYTES)
}

/** Leaves the unit's root in the first 32 bytes of `nodes`. */
function foldUnit(bytes: Uint8Array, leaves: number): void {
  const count = Math.ceil(bytes.length / LEAF_BYTES)
  if (count === 0 || count > leaves)
    throw new RangeError(`A unit of ${bytes.length} bytes in a tree of ${leaves} leaves.`)
  hashLeaves(bytes, nodes)
  foldInPlace(nodes, count, leaves)
}
