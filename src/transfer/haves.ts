import type { ContentStore } from '../content/index.ts'

/** Pieces that one message names at most; what is more follows in others. */
const MAX_PIECES = 4096

export interface Haves {
  /** Pieces that became complete since the last look, in messages' worth. */
  next(): number[][]
}

/**
 * What a store holds beyond `told`, the bitfield that the other side was sent: a seeder that downloads itself holds more and
 * more. Costs nothing once it holds everything.
 */
export function createHaves(store: Pick<ContentStore, 'bitfield' | 'metainfo'>, told: Uint8Array): Haves {
  const { pieceCount } = store.metainfo
  let known = told
  let missing = 0
  for (let piece = 0; piece < pieceCount; piece++) if (!isSet(told, piece)) missing += 1

  return {
    next() {
      if (missing === 0) return []
      const now = store.bitfield()
      const fresh: number[] = []
      for (let byte = 0; byte < now.length; byte++) {
        if (now[byte] === known[byte]) continue
        for (let piece = byte * 8; piece < byte * 8 + 8; piece++) {
          if (isSet(now, piece) && !isSet(known, piece)) fresh.push(piece)
        }
      }
      known = now
      missing -= fresh.length
      return Array.from({ length: Math.ceil(fresh.length / MAX_PIECES) }, (_, at) =>
        fresh.slice(at * MAX_PIECES, (at + 1) * MAX_PIECES),
      )
    },
  }
}

function isSet(bits: Uint8Array, piece: number): boolean {
  return ((bits[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
}
