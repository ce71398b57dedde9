import type { Head } from '../receipts/index.ts'
import type { Lines } from './lines.ts'

/** The lines at one seeder that no stream is on any more: to be gone on with when it comes back. */
export interface BrokenLines {
  readonly size: number
  add(session: Head): void
  /** A stream is on it again, or it was closed. */
  remove(session: Head): void
  /** What they did not carry can be given to others. */
  giveUp(): void
  /** The seeder does not come back: these are given up, and each that breaks later. */
  end(): void
}

/** @param lines - null when the content is asked for without paying */
export function createBrokenLines(lines: Lines | null): BrokenLines {
  const broken = new Set<Head>()
  let ended = false

  function giveUp(): void {
    for (const session of broken) lines?.close(session, 'owed')
    broken.clear()
  }

  return {
    get size() {
      return broken.size
    },
    add(session) {
      lines?.release(session)
      broken.add(session)
      if (ended) giveUp()
    },
    remove: (session) => void broken.delete(session),
    giveUp,
    end() {
      ended = true
      giveUp()
    },
  }
}
