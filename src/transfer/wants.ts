import { type Metainfo, type Piece, pieceAt, UNIT_BYTES } from '../content/index.ts'
import { MAX_DATA_BYTES, MAX_WANTS } from './constants.ts'
import { ProtocolError } from './errors.ts'
import type { Want } from './generated/wire.js'

/** A range of a piece that a downloader asked for, and how much of it was sent. */
export interface QueuedWant {
  readonly piece: number
  /** Where the want begins: with `piece`, its name. */
  readonly offset: number
  /** The offset of the next byte to send. */
  next: number
  readonly end: number
  hashes: boolean
  cancelled: boolean
}

/** The wants of one stream, first come, first served. */
export interface WantQueue {
  /** Throws a {@link ProtocolError} for ranges that do not exist and for more wants than are allowed. */
  add(want: Want): void
  /** Nothing happens when it was already sent in full. */
  cancel(piece: number, offset: number): void
  first(): QueuedWant | null
  removeFirst(): void
  clear(): void
}

export function createWantQueue(metainfo: Metainfo): WantQueue {
  const wants: QueuedWant[] = []

  return {
    add(want) {
      if (wants.length >= MAX_WANTS) throw new ProtocolError(`More than ${MAX_WANTS} wants wait at once.`)
      const { offset, length, hashes } = want
      const piece = wantedPiece(metainfo, want)
      wants.push({ piece: piece.index, offset, next: offset, end: offset + length, hashes, cancelled: false })
    },
    cancel(piece, offset) {
      const want = wants.find((other) => other.piece === piece && other.offset === offset)
      if (want !== undefined) want.cancelled = true
    },
    first: () => wants[0] ?? null,
    removeFirst: () => void wants.shift(),
    clear: () => void wants.splice(0),
  }
}

function wantedPiece(metainfo: Metainfo, want: Want): Piece {
  const { piece: index, offset, length } = want
  if (index >= metainfo.pieceCount) throw new ProtocolError(`Piece ${index} of ${metainfo.pieceCount} was wanted.`)
  const piece = pieceAt(metainfo, index)
  const end = offset + length
  const whole = offset % UNIT_BYTES === 0 && (length % UNIT_BYTES === 0 || end === piece.length)
  if (length === 0 || length > MAX_DATA_BYTES || end > piece.length || !whole) {
    throw new ProtocolError(`Bytes ${offset} to ${end} of piece ${index} (${piece.length} bytes) were wanted.`)
  }
  return piece
}
