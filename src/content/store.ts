import type { Metainfo } from './metainfo.ts'

/**
 * The bytes of one content on disk. Everything that `has` says was verified; nothing unverified is ever readable.
 * Two kinds of it exist: files that somebody already holds (read-only, verified once) and a download in progress.
 */
export interface ContentStore {
  readonly metainfo: Metainfo
  /** Verified bytes. */
  readonly verifiedBytes: number
  readonly complete: boolean
  /** Whether all of piece `piece` is verified. */
  hasPiece(piece: number): boolean
  /** Whether unit `unit` (128 KiB, numbered within the piece) is verified. */
  hasUnit(piece: number, unit: number): boolean
  /** One bit a piece, most significant first, as BitTorrent's `bitfield`. */
  bitfield(): Uint8Array
  /** Reads `length` verified bytes at `offset` of a piece into `target`. */
  read(piece: number, offset: number, target: Uint8Array): Promise<void>
  /**
   * The 128 KiB subtree roots of a piece that is verified, 32 bytes each; a single root for a piece of one unit.
   * Kept after the first call.
   */
  unitRoots(piece: number): Promise<Uint8Array>
  /** Writes units that the caller has verified. Throws `disk-full` or `disk-failed`; what was journalled stays. */
  write(piece: number, offset: number, bytes: Uint8Array): Promise<void>
  /** Makes everything written so far survive a power cut, then journals it. */
  flush(): Promise<void>
  close(): Promise<void>
}
