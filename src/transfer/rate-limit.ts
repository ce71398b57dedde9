// How fast this process sends, or asks for, what others are to have: one limit for all its streams and sources.
import { UNIT_BYTES } from '../content/index.ts'

export interface RateLimit {
  /** Bytes that may pass now; below one after a burst that was larger. */
  readonly room: number
  /** They pass. */
  take(bytes: number): void
  /** Resolves when `bytes` may pass, and takes them: in the order of the calls. Throws when `signal` aborts. */
  wait(bytes: number, signal?: AbortSignal): Promise<void>
}

/** What may be saved up while nothing passes: seconds of the rate, and a unit at least. */
const SAVED_SECONDS = 0.25

/**
 * @param bytesPerSecond - the limit, over any second or more
 * @param now - milliseconds that only grow
 */
export function createRateLimit(bytesPerSecond: number, now: () => number = () => performance.now()): RateLimit {
  const most = Math.max(UNIT_BYTES, bytesPerSecond * SAVED_SECONDS)
  let level = most
  let at = now()
  let turn: Promise<void> = Promise.resolve()

  function refill(): void {
    const time = now()
    level = Math.min(most, level + ((time - at) * bytesPerSecond) / 1000)
    at = time
  }

  async function passes(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    for (refill(); level < Math.min(bytes, most); refill()) {
      const missing = Math.min(bytes, most) - level
      await new Promise((resolve) => setTimeout(resolve, Math.ceil((missing * 1000) / bytesPerSecond)))
      signal?.throwIfAborted()
    }
    level -= bytes
  }

  return {
    get room() {
      refill()
      return level
    },
    take(bytes) {
      refill()
      level -= bytes
    },
    wait(bytes, signal) {
      const mine = turn.then(() => passes(bytes, signal))
      turn = mine.catch(() => undefined)
      return mine
    },
  }
}
