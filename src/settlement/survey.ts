// All lanes looked at before anything is closed or sent: what each is worth, until when, and whether it goes now.
import type { Hex } from 'viem'
import { hasCode } from '../errors.ts'
import { type Lane, type LaneMove, laneKey, type SettleableRange } from '../receipts/index.ts'
import { GAS_PER_BATCH, RAW_LINES_PER_ROUND } from './constants.ts'
import { type Prospect, prospectOf } from './deadline.ts'
import { type Candidate, type Choice, choose, costOf, gasOf, type Prices, worthOf } from './economics.ts'
import { type Claim, voucherClaim } from './groups.ts'
import { type Note, type PlanComponents, type PlanOptions, planRange, rangeOf, rangesOf, tooLittle } from './plan.ts'
import { NEXT_ROUND, SKIP_WORDS } from './words.ts'

/** What was decided about one lane that has something to claim. */
export interface LaneReport {
  readonly lane: Lane
  /** Token units. */
  readonly amount: bigint
  /** An estimate, its part of the transaction included. */
  readonly gas: bigint
  /** Token units; null while the coin's price is unknown. */
  readonly cost: bigint | null
  readonly profit: bigint | null
  /** Unix seconds after which it may be forfeited; null when nothing ends. */
  readonly deadline: bigint | null
  readonly decision: 'send' | 'wait'
  /** Why it waits, or why it goes although it is worth less than wished; else null. */
  readonly reason: string | null
}

export interface Survey extends Choice {
  readonly lanes: readonly LaneReport[]
  readonly notes: readonly Note[]
}

interface Found {
  readonly lane: Lane
  /** What its first part would be by one voucher. The lines themselves are read again when they are planned. */
  readonly best: Claim
  readonly prospect: Prospect
}

export interface SurveyOptions extends PlanOptions {
  readonly prices: Prices
  /** The chain's time, unix seconds. */
  readonly now: bigint
}

export async function survey(
  components: PlanComponents,
  lanes: readonly Lane[],
  options: SurveyOptions,
): Promise<Survey> {
  const { prices, signal } = options
  const notes: Note[] = []
  const reports: LaneReport[] = []
  const write = ({ lane, prospect }: Found, claims: readonly Claim[], reason: string | null, sends = false): void => {
    const [amount, gas] = [worthOf(claims), gasOf(claims) + GAS_PER_BATCH]
    const cost = costOf(gas, prices)
    const profit = cost === null ? null : amount - cost
    reports.push({ lane, amount, gas, cost, profit, deadline: prospect.at, decision: sends ? 'send' : 'wait', reason })
    if (reason !== null) notes.push({ lane, words: reason })
  }

  // by vouchers at best: what is not worth it even so stays open for its downloaders
  const found: Found[] = []
  for (const each of await lookAt(components, lanes, options, notes)) {
    if (each.reason === null) found.push(each)
    else write(each, [each.best], each.reason)
  }
  const candidate = ({ lane, prospect }: Found, claims: readonly Claim[]): Candidate => ({
    ...{ lane, claims, urgent: prospect.near },
  })
  const refused = reasons(
    choose(
      found.map((each) => candidate(each, [each.best])),
      prices,
    ),
  )

  const planned: (Found & { claims: readonly Claim[] })[] = []
  const pools = new Map<string, bigint>()
  let lines = 0
  for (const each of found) {
    const reason = refused.get(laneKey(each.lane))
    if (reason !== undefined || lines > RAW_LINES_PER_ROUND) {
      write(each, [each.best], reason ?? NEXT_ROUND)
      continue
    }
    signal?.throwIfAborted()
    const all: Claim[] = []
    for await (const range of rangesOf(components, each.lane, options)) {
      const plan = await planRange(components, range, options)
      notes.push(...plan.notes)
      all.push(...plan.claims)
      lines += plan.claims.reduce((sum, { group }) => sum + (group.kind === 'raw' ? group.lines.length : 0), 0)
      // a claim follows the one before it without a gap
      if (plan.claims.at(-1)?.move.to !== range.to) break
      if (!range.more || lines <= RAW_LINES_PER_ROUND) continue
      notes.push({ lane: each.lane, words: NEXT_ROUND })
      break
    }
    const claims = covered(all, each.prospect, pools)
    if (claims.length < all.length) write(each, all.slice(claims.length), SKIP_WORDS.unpaid)
    if (claims.length > 0) planned.push({ ...each, claims })
  }

  const choice = choose(
    planned.map((each) => candidate(each, each.claims)),
    prices,
  )
  const waits = reasons(choice)
  for (const each of planned) {
    const reason = waits.get(laneKey(each.lane))
    write(each, each.claims, reason ?? (each.prospect.near ? 'it is forfeited soon' : null), reason === undefined)
  }
  return { ...choice, lanes: reports, notes }
}

async function lookAt(
  components: PlanComponents,
  lanes: readonly Lane[],
  options: SurveyOptions,
  notes: Note[],
): Promise<(Found & { reason: string | null })[]> {
  const { signal, now } = options
  const submitted = (await components.ledger.submissions()).flatMap(({ moves }) => moves)
  const found: (Found & { reason: string | null })[] = []
  for (const lane of lanes) {
    signal?.throwIfAborted()
    const range = await rangeOf(components, lane, options).catch((error: unknown) => {
      if (!hasCode(error, 'file-invalid')) throw error
      notes.push({ lane, words: error.message }) // one damaged row keeps no other lane from its money
      return null
    })
    if (range === null) continue
    const prospect = await prospectOf(components.chain, range, now, { signal })
    const little = prospect.near ? null : tooLittle(range, options)
    found.push({
      lane,
      best: atBest(range),
      prospect,
      reason: little ?? (await movedElsewhere(components, range, submitted, signal)),
    })
  }
  return found
}

/** Somebody else settles the lane in a block that may still go away: what is sent now would be for nothing. */
async function movedElsewhere(
  { ledger, chain }: PlanComponents,
  { lane }: SettleableRange,
  submitted: readonly LaneMove[],
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const head = await chain.laneHead(lane, { signal })
  const settled = (await ledger.laneState(lane))?.settled
  const ours = submitted.some((move) => move.to === head && laneKey(move.lane) === laneKey(lane))
  return head === settled || ours
    ? null
    : `its head was moved to ${head} by somebody else, in a block that is not final yet`
}

/** The claim that a voucher over the whole range would be. */
function atBest(range: SettleableRange): Claim {
  const { lane, from, to, amount } = range
  const signature: Hex = `0x${'00'.repeat(64)}`
  return voucherClaim(range, { ...lane, from, to, amount, signer: lane.sponsor, signature })
}

/** As many claims as the lane's reserve and the sponsor's pool pay, the pool shared by the lanes of the sponsor. */
function covered(claims: readonly Claim[], { payable, pool }: Prospect, pools: Map<string, bigint>): readonly Claim[] {
  const sponsor = claims[0]?.move.lane.sponsor ?? ''
  const left = pools.get(sponsor) ?? pool
  let reserve = payable - pool
  let rest = left < pool ? left : pool
  let count = 0
  for (const { move } of claims) {
    const fromPool = move.amount > reserve ? move.amount - reserve : 0n
    if (fromPool > rest) break
    reserve -= move.amount - fromPool
    rest -= fromPool
    count++
  }
  pools.set(sponsor, left < pool ? rest : left - (pool - rest))
  return claims.slice(0, count)
}

const reasons = ({ waits }: Choice): Map<string, string> =>
  new Map(waits.map(({ lane, reason }) => [laneKey(lane), reason]))
