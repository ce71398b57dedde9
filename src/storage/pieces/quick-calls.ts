// A call that the system answers from its memory takes a hundredth of a millisecond; handing it to a thread and back costs
// several times as much, most of all on a busy machine. So it is made at once, until calls show that a disk was asked: then
// threads make them for a while. No turn of the loop is filled with such calls either.
import { SLOW_AVERAGE, SLOW_CALL, SLOW_FOR, TURN } from './constants.ts'

/** So many calls are remembered by what they took on average. */
const AVERAGED = 64

/** Makes a call `now`, or `later` in a thread. Both throw and answer alike. */
export type QuickCall = <T>(now: () => T, later: () => Promise<T>) => T | Promise<T>

/** @param clock - milliseconds that only grow */
export function createQuickCall(clock: () => number = () => performance.now()): QuickCall {
  let slowUntil = Number.NEGATIVE_INFINITY
  let turnSince: number | null = null
  let average = 0

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
      const took = endedAt - startedAt
      average += (took - average) / AVERAGED
      // A single one may only have waited for a processor: on a busy machine that takes as long as a disk does.
      if (took > SLOW_CALL && average > SLOW_AVERAGE) slowUntil = endedAt + SLOW_FOR
    }
  }
}

/** The process has one: a disk that is slow is slow for all. */
export const quickly: QuickCall = createQuickCall()
