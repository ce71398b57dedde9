/** BEP 52 leaf: the smallest unit that is hashed. */
export const LEAF_BYTES = 16 * 1024

/** The unit of verification, of blame and of signing: the subtree of eight leaves. */
export const UNIT_BYTES = 128 * 1024

/** Where one piece lies. Units are numbered within the piece; the last one may be short. */
export interface Piece {
  readonly index: number
  /** Index into `metainfo.files`. */
  readonly file: number
  /** Byte offset of the piece within its file. */
  readonly offset: number
  /** Bytes; less than `pieceLength` only at the end of a file. */
  readonly length: number
  /** The 32-byte root that the piece must have (its entry in the piece layer, or the file's own root when it has one piece). */
  readonly root: Uint8Array
  /** Leaves below `root`, a power of two: pieceLength / 16 KiB, or fewer for a file shorter than one piece. */
  readonly leaves: number
}
