/** What a peer signed for, less what it left unsigned: it is trusted with as much again. */
export interface Backing {
  bytes: number
  /** Unsigned bytes that rest on it, in all sessions of the peer. */
  used: number
  /** Sessions of the peer that wait for bytes. */
  wanting: number
  touched: number
}

export interface Backings {
  of(peer: string): Backing
  /** Forgets peers that nothing was heard of for `milliseconds`. */
  sweep(milliseconds: number): void
}

export function createBackings(now: () => number): Backings {
  const backings = new Map<string, Backing>()

  return {
    of(peer) {
      const backing = backings.get(peer) ?? { bytes: 0, used: 0, wanting: 0, touched: 0 }
      backings.set(peer, backing)
      backing.touched = now()
      return backing
    },
    sweep(milliseconds) {
      for (const [peer, { used, touched }] of backings) {
        if (used === 0 && now() - touched >= milliseconds) backings.delete(peer)
      }
    },
  }
}
