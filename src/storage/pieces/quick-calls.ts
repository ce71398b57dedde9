// A call that the system answers from its memory takes a hundredth of a millisecond; handing it to a thread and back costs
// several times as much, most of all on a busy machine. So it is made at once, until one shows that a disk was asked: then
// threads make the calls for a while. No turn of the loop is filled with such calls either.
import { SLOW_CALL, SLOW_FOR, TURN } from './constants.ts'

/** Makes a call `now`, or `later` in a thread. Both throw and answer alike. */
export type QuickCall = <T>(now: () => T, later: () => Promise<T>) => T | Promise<T>

/** @param clock - milliseconds that only grow */
export function createQuickCall(clock: () => number = () => performance.now()): QuickCall {
  let slowUntil = Number.NEGATIVE_INFINITY
  let turnSince: number | null = null

  function beginTurn(at: number): number {
    turnSince = at
    setImmediate(() => {
      turnSince = null
    })
    return at
  }

  return (now, later) => {
    const startedAt = clock()
    if (startedAt < slowUntil || startedAt - (turnSince ?? beginTurn(startedAt)) > TURN) return later()
    try {
      return now()
    } finally {
      const endedAt = clock()
      if (endedAt - startedAt > SLOW_CALL) slowUntil = endedAt + SLOW_FOR
    }
  }
}

/** The process has one: a disk that is slow is slow for all. */
export const quickly: QuickCall = createQuickCall()
