// The uplink of this process, limited, and shared by those who want to send: by what they bid. Without a limit there is
// no queue of ours to be first in: the kernel's connections then share as TCP does, and nothing here costs anything.
import { UNIT_BYTES } from '../content/index.ts'
import { createFairQueue, createFlow, type Request } from './fair-queue.ts'
import { createRateLimit } from './rate-limit.ts'

/** What decides over a session's share. */
export interface Bid {
  /** Token units; 0 for free content. */
  readonly pricePerGiB: bigint
  /** Of the content, 1 where nothing is said: a session counts as its price times this. */
  readonly weight: number
}

/** One session at the uplink. */
export interface UplinkFlow {
  /** Resolves to true when `bytes` may be sent, to false when the flow has left. One at a time. */
  turn(bytes: number): Promise<boolean>
  /** Of a turn, what is not sent after all. */
  giveBack(bytes: number): void
  /** Whether it waits for its turn. */
  readonly waiting: boolean
  leave(): void
}

export interface Uplink {
  /** Bytes of the longest frame, whole units: an eighth of a second. */
  readonly longest: number
  join(bid: Bid): UplinkFlow
}

export interface UplinkInit {
  /** The part of the uplink that free sessions get together while paid ones want all of it; default {@link FREE_SHARE}. */
  readonly freeShare?: number | undefined
}

export const FREE_SHARE = 0.1

interface Waiting extends Request {
  readonly answer: (passes: boolean) => void
}

/** @param bytesPerSecond - of all sessions together, over any second or more */
export function createUplink(bytesPerSecond: number, init: UplinkInit = {}): Uplink {
  const limit = createRateLimit(bytesPerSecond)
  const queue = createFairQueue<Waiting>(init.freeShare ?? FREE_SHARE)
  let pumping = false

  function wake(): void {
    if (pumping) return
    pumping = true
    pump()
  }

  function pump(): void {
    const next = queue.first()
    pumping = next !== null
    if (next === null) return
    const missing = next.bytes - limit.room
    if (missing > 0) {
      setTimeout(pump, Math.ceil((missing * 1000) / bytesPerSecond))
      return
    }
    queue.shift()
    limit.take(next.bytes)
    next.answer(true)
    // One at a time: whoever just had its turn may be the next again, once it has asked.
    setImmediate(pump)
  }

  return {
    longest: Math.max(UNIT_BYTES, Math.floor(bytesPerSecond / 8 / UNIT_BYTES) * UNIT_BYTES),
    join({ pricePerGiB, weight }) {
      const free = pricePerGiB === 0n
      const flow = createFlow(free, (free ? 1 : Number(pricePerGiB)) * weight)
      let pending: Waiting | null = null
      let gone = false
      return {
        turn(bytes) {
          if (gone) return Promise.resolve(false)
          return new Promise((resolve) => {
            const answer = (passes: boolean): void => {
              pending = null
              resolve(passes)
            }
            pending = { flow, bytes, left: false, answer }
            queue.add(pending)
            wake()
          })
        },
        giveBack: (bytes) => limit.take(-bytes),
        get waiting() {
          return pending !== null
        },
        leave() {
          gone = true
          if (pending === null) return
          pending.left = true
          pending.answer(false)
        },
      }
    },
  }
}
