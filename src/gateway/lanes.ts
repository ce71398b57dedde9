// The sponsor's logs beside the chain: which head is settled, which lane the next line goes to.
import type { Chain, LaneState } from '../chain/index.ts'
import { readLane } from '../chain/index.ts'
import { firstHead, type Head, type Lane, laneKey, type SponsorLaneLog, type SponsorLog } from '../receipts/index.ts'
import { CHAIN_STATE_AGE } from './constants.ts'
import { createExpiringMap } from './expiring.ts'
import type { Recovery } from './recovery.ts'

export interface Lanes {
  /** The lane on the chain, as of a few seconds ago; the log is told of the head. */
  state(lane: Lane): Promise<LaneState>
  /** Which of a seeder's lanes the next line goes to; null when none can take one. `reserved`: only one with a reserve. */
  choose(candidates: readonly Lane[], options?: { readonly reserved?: boolean }): Promise<Lane | null>
  /** The log as stored, after a look at the chain; null when there is none. */
  log(lane: Lane): Promise<SponsorLaneLog | null>
}

export interface LanesComponents {
  readonly chain: Chain
  readonly log: SponsorLog
  readonly recovery: Pick<Recovery, 'trusts'>
}

export function createLanes({ chain, log, recovery }: LanesComponents): Lanes {
  const states = createExpiringMap<Promise<LaneState>>({ capacity: 10_000, lifetime: CHAIN_STATE_AGE })

  function state(lane: Lane): Promise<LaneState> {
    const key = laneKey(lane)
    const seen = states.get(key)
    if (seen !== undefined) return seen
    const read = look(lane)
    states.set(key, read)
    read.catch(() => states.take(key))
    return read
  }

  async function look(lane: Lane): Promise<LaneState> {
    const now = await readLane(chain, lane, { at: chain.finality })
    await log.markSettled(lane, now.head)
    return now
  }

  /** A lane whose head on the chain is not in our log was begun by a log that is lost: nothing may be added to it. */
  async function usable(lane: Lane, head: Head): Promise<boolean> {
    if (head === firstHead(lane)) return true
    const stored = await log.laneLog(lane, { most: 0 })
    if (stored === null) return false
    if (stored.settled === head || stored.tip === head) return true
    const next = await log.line(head) // in the open part, or one that was passed, where an endpoint lags
    return next !== null && laneKey(next.lane) === laneKey(lane)
  }

  return {
    state,
    async choose(candidates, options = {}) {
      const trusted = candidates.filter(recovery.trusts)
      const seen = await Promise.all(trusted.map(async (lane) => ({ lane, now: await state(lane) })))
      const open: typeof seen = []
      for (const one of seen) if (await usable(one.lane, one.now.head)) open.push(one)
      const reserved = open.filter(({ now }) => now.free > 0n)
      const choice = reserved.length > 0 || options.reserved === true ? reserved : open
      // by the day, so that yesterday's lane can be settled whole while today's is in use
      return choice[Math.floor(Date.now() / 86_400_000) % choice.length]?.lane ?? null
    },
    async log(lane) {
      await state(lane)
      return log.laneLog(lane)
    },
  }
}
