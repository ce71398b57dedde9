/** 64 lower-case hex digits: the BitTorrent v2 infohash, SHA-256 of the bencoded `info` dictionary (BEP 52). */
export type ContentId = string

/** One file of a content. A file of length 0 has no pieces. */
export interface ContentFile {
  /** Components below the content's own folder; for a single-file content, its name alone. */
  readonly path: readonly string[]
  /** Bytes. */
  readonly length: number
  /** BEP 52 `pieces root`, 32 bytes; null for an empty file. */
  readonly piecesRoot: Uint8Array | null
  /** BEP 47 attribute `x`. */
  readonly executable: boolean
  /** Index of this file's first piece in the content; every file begins at a piece of its own. */
  readonly firstPiece: number
  readonly pieceCount: number
}

/** A parsed and checked metainfo file. Pad files (BEP 47) are not listed: they hold no content. */
export interface Metainfo {
  readonly contentId: ContentId
  /** 40 hex digits, or null for a v2-only content. */
  readonly infohashV1: string | null
  /** The bencoded `info` dictionary as it was hashed. */
  readonly info: Uint8Array
  readonly name: string
  /** Whether the content is one file (no folder around it). */
  readonly single: boolean
  /** Bytes, a power of two, at least 16 KiB. */
  readonly pieceLength: number
  readonly files: readonly ContentFile[]
  /** Bytes of all files. */
  readonly length: number
  readonly pieceCount: number
  /** BEP 52 `piece layers`: hex of a file's pieces root to its concatenated 32-byte piece hashes; files of one piece have none. */
  readonly pieceLayers: ReadonlyMap<string, Uint8Array>
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
}
