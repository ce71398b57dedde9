import { MAX_KEPT_ROOTS } from './constants.ts'

/** Unit roots of pieces in memory, up to a limit. */
export interface KeptRoots {
  get(piece: number): Uint8Array | undefined
  /** Keeps them; the oldest give way. */
  keep(piece: number, roots: Uint8Array): void
  /** Keeps them while there is room: for roots that nobody has asked for yet. */
  offer(piece: number, roots: Uint8Array): void
  forget(piece: number): void
}

export function createKeptRoots(limit: number = MAX_KEPT_ROOTS): KeptRoots {
  /** In the order of their first use. */
  const kept = new Map<number, Uint8Array>()
  let bytes = 0

  function forget(piece: number): void {
    bytes -= kept.get(piece)?.length ?? 0
    kept.delete(piece)
  }

  function keep(piece: number, roots: Uint8Array): void {
    forget(piece) // two callers may have read it at once
    kept.set(piece, roots)
    bytes += roots.length
    for (const oldest of kept.keys()) {
      if (bytes <= limit) break
      forget(oldest)
    }
  }

  return {
    get: (piece) => kept.get(piece),
    keep,
    offer(piece, roots) {
      if (bytes + roots.length <= limit) keep(piece, roots)
    },
    forget,
  }
}
