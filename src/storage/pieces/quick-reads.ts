// What lies in the page cache is read in a tenth of a millisecond; handing that to a thread and back costs several times as
// much, most of all on a busy machine. So it is done at once, until one call shows that the disk itself was asked: then
// threads do it for a while, and nobody waits for the disk who needs nothing of it.
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { MAX_QUICK_BYTES, SLOW_CALL, SLOW_FOR } from './constants.ts'

export interface QuickReads {
  /** As `handle.read`: answers how many bytes there were, 0 at the end of the file. */
  read(handle: FileHandle, target: Uint8Array, position: number): Promise<number>
}

/** @param now - milliseconds that only grow */
export function createQuickReads(now: () => number = () => performance.now()): QuickReads {
  let slowUntil = Number.NEGATIVE_INFINITY

  function timed(call: () => number): number {
    const startedAt = now()
    try {
      return call()
    } finally {
      const endedAt = now()
      if (endedAt - startedAt > SLOW_CALL) slowUntil = endedAt + SLOW_FOR
    }
  }

  return {
    async read(handle, target, position) {
      if (target.length <= MAX_QUICK_BYTES && now() >= slowUntil)
        return timed(() => readSync(handle.fd, target, 0, target.length, position))
      return (await handle.read(target, 0, target.length, position)).bytesRead
    },
  }
}
