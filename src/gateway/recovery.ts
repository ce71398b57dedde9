// Nothing is signed on a lane whose log here may be older than what was signed: it would be a second log beside the first.
// After each start seeders present their copies, and this log catches up before it goes on.
import { setTimeout as pause } from 'node:timers/promises'
import { blockTime, type Chain, readLane, readSigner } from '../chain/index.ts'
import { BitCdnError, hasCode } from '../errors.ts'
import type { PresentState, SignedLog } from '../gateway-client/index.ts'
import {
  type Head,
  headsAfter,
  type Lane,
  laneKey,
  type SignedHead,
  type SponsorLaneLog,
  type SponsorLog,
  verifyHead,
} from '../receipts/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { PRESENT_POLL } from './constants.ts'

export interface RecoveryComponents {
  readonly chain: Chain
  readonly log: SponsorLog
  readonly logger: Logger
}

export interface RecoveryInit {
  /** The key that signs heads here. */
  readonly signer: SignedHead['signer']
  /** Milliseconds after the start in which lanes that nobody presented get no line; seeders present at once. */
  readonly presentWait: number
  /** Milliseconds that one request may wait for it. */
  readonly requestWait: number
}

export interface Recovery {
  /** From here on seeders may present. */
  begin(): void
  /** A seeder's copy of a log, or that it has none. Throws `refused` when it is not what this sponsor signed. */
  present(lane: Lane, found: SignedLog | null): Promise<PresentState>
  /** Waits, soon after a start, until these lanes were presented; not for long. */
  settle(lanes: readonly Lane[]): Promise<void>
  /** Whether a line may be signed on this lane. */
  trusts(lane: Lane): boolean
}

export function createRecovery({ chain, log, logger }: RecoveryComponents, init: RecoveryInit): Recovery {
  const compared = new Set<string>()
  const forked = new Set<string>()
  let waitEnd = 0

  async function requireOurs(lane: Lane, { from, lines, signed }: SignedLog): Promise<void> {
    const leads = (headsAfter(from, lines).at(-1) ?? from) === signed.head
    if (!leads || !verifyHead(chain.domain, lane, signed)) {
      throw refused(`The head ${signed.head} is not signed by ${signed.signer}, or its lines do not lead there.`)
    }
    if (signed.signer === init.signer || signed.signer === lane.sponsor) return
    const { active } = await readSigner(chain, { sponsor: lane.sponsor, key: signed.signer })
    if (!active) throw refused(`${signed.signer} is no delegate of ${lane.sponsor}.`)
  }

  async function contains(stored: SponsorLaneLog | null, head: Head): Promise<boolean> {
    if (stored === null) return false
    if (stored.tip === head || stored.settled === head) return true
    const line = await log.line(head)
    return line !== null && laneKey(line.lane) === laneKey(stored.lane)
  }

  /** Where our log can go on: the last of these heads that it has, else the one that the chain has reached. */
  async function anchor(lane: Lane, stored: SponsorLaneLog | null, heads: readonly Head[]): Promise<number> {
    for (let at = heads.length - 1; at >= 0; at--) if (await contains(stored, heads[at]!)) return at
    for (const tag of new Set([chain.finality, 'latest'] as const)) {
      const at = heads.lastIndexOf((await readLane(chain, lane, { at: tag })).head)
      if (at >= 0) return at
    }
    throw refused(
      `Neither this gateway's log nor the chain knows ${heads[0]}, where the log of lane ${lane.lane} begins.`,
    )
  }

  async function compare(lane: Lane, found: SignedLog): Promise<PresentState> {
    const stored = await log.laneLog(lane)
    if (await contains(stored, found.signed.head)) return stored?.tip === found.signed.head ? 'same' : 'ahead'
    const heads = [found.from, ...headsAfter(found.from, found.lines)]
    const at = await anchor(lane, stored, heads)
    const rest = { from: heads[at]!, lines: found.lines.slice(at), signed: found.signed }
    try {
      await log.adopt(lane, rest, Number(await blockTime(chain)))
    } catch (error) {
      if (!hasCode(error, 'refused')) throw error
      logger.error({ seeder: lane.seeder, lane: String(lane.lane), reason: error.message }, 'two logs for one lane')
      return 'forked'
    }
    logger.warn({ seeder: lane.seeder, lane: String(lane.lane), lines: rest.lines.length }, 'took over lines of a log')
    return 'adopted'
  }

  return {
    begin() {
      waitEnd = performance.now() + init.presentWait
    },
    async present(lane, found) {
      const key = laneKey(lane)
      let state: PresentState = 'ahead'
      if (found !== null) {
        await requireOurs(lane, found)
        // what this sponsor signed and we do not know yet: until it is taken over, nothing is signed beside it
        forked.add(key)
        state = await compare(lane, found)
      }
      if (state === 'forked') return state
      forked.delete(key)
      compared.add(key)
      return state
    },
    async settle(lanes) {
      const until = Math.min(waitEnd, performance.now() + init.requestWait)
      const waits = () => performance.now() < until && lanes.some((lane) => !compared.has(laneKey(lane)))
      while (waits()) await pause(PRESENT_POLL)
    },
    trusts(lane) {
      const key = laneKey(lane)
      return !forked.has(key) && (compared.has(key) || performance.now() >= waitEnd)
    },
  }
}

function refused(message: string): BitCdnError {
  return new BitCdnError('refused', message, {
    advice: 'Present the log from the head on the chain, as it was signed.',
  })
}
