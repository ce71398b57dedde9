// Whether a claim is worth its gas. All in token units and wei; what cannot be known is never assumed in our favour.

import { type Lane, laneKey } from '../receipts/index.ts'
import { groupByTransaction, type PreparedBatch, packBatches } from './batches.ts'
import type { Claim } from './groups.ts'

const COIN = 10n ** 18n
/** Before forfeiture a claim may lose as much as it saves. */
const LAST_CHANCE = 2n

export interface Prices {
  /** Wei per gas, now. */
  readonly gas: bigint
  /** Wei per gas that is never paid; null without one. */
  readonly most: bigint | null
  /** Token units for one whole coin of the chain; null when nobody said. */
  readonly coin: bigint | null
}

/** What one lane has to claim. */
export interface Candidate {
  readonly lane: Lane
  readonly claims: readonly Claim[]
  /** Whether it is forfeited soon. */
  readonly urgent: boolean
}

export interface ChosenTransaction {
  readonly batches: readonly PreparedBatch[]
  /** No bid passes it: above, the claims would cost more than they may. */
  readonly maxFeePerGas: bigint | null
}

export interface Choice {
  readonly transactions: readonly ChosenTransaction[]
  readonly waits: readonly { readonly lane: Lane; readonly reason: string }[]
}

/** Token units, rounded up; null when the coin's price is unknown. */
export function costOf(gas: bigint, { gas: price, coin }: Prices): bigint | null {
  return coin === null ? null : (gas * price * coin + COIN - 1n) / COIN
}

export const worthOf = (claims: readonly Claim[]): bigint => claims.reduce((sum, { move }) => sum + move.amount, 0n)
export const gasOf = (claims: readonly Claim[]): bigint => claims.reduce((sum, { gas }) => sum + gas, 0n)

/** Which claims go into which transaction now, and why the others wait. */
export function choose(candidates: readonly Candidate[], prices: Prices): Choice {
  const waits: { lane: Lane; reason: string }[] = []
  const { most, coin } = prices
  if (most !== null && prices.gas > most) {
    const reason = `gas costs ${prices.gas} wei now, more than the ${most} wei allowed`
    return { transactions: [], waits: candidates.map(({ lane }) => ({ lane, reason })) }
  }
  if (coin === null)
    return { transactions: packed(candidates).map((batches) => ({ batches, maxFeePerGas: most })), waits }

  const last: Candidate[] = []
  const transactions = pick(candidates, prices, 1n, (candidate, reason) => {
    if (candidate.urgent) last.push(candidate)
    else waits.push({ lane: candidate.lane, reason })
  })
  const lost = pick(last, prices, LAST_CHANCE, ({ lane }, reason) => {
    waits.push({ lane, reason: `${reason}, and it is forfeited soon: only cheaper gas can save it` })
  })
  return { transactions: [...transactions, ...lost], waits }
}

/**
 * Transactions that cost at most `factor` times what they pay, at every bid, made of lanes of which each is worth its own
 * gas. A lane that several transactions settle is settled by all of them or by none.
 */
function pick(
  candidates: readonly Candidate[],
  prices: Prices,
  factor: bigint,
  refuse: (candidate: Candidate, reason: string) => void,
): ChosenTransaction[] {
  const limitOf = (amount: bigint, gas: bigint): bigint => (factor * amount * COIN) / (gas * (prices.coin as bigint))
  let left: readonly Candidate[] = candidates
  const leave = (isLeft: (candidate: Candidate) => boolean, amount: bigint, gas: bigint): void => {
    const reason = `a claim of ${amount} token units would cost ${costOf(gas, prices)} token units in gas now`
    for (const candidate of left) if (!isLeft(candidate)) refuse(candidate, reason)
    left = left.filter(isLeft)
  }
  for (const candidate of candidates) {
    const [amount, gas] = [worthOf(candidate.claims), gasOf(candidate.claims)]
    if (prices.gas > limitOf(amount, gas)) leave((other) => other !== candidate, amount, gas)
  }
  for (;;) {
    const transactions = packed(left).map((batches) => {
      const amount = batches.reduce((sum, batch) => sum + batch.amount, 0n)
      const gas = batches.reduce((sum, batch) => sum + batch.gas, 0n)
      return { batches, amount, gas, limit: limitOf(amount, gas) }
    })
    const dear = transactions.find(({ limit }) => prices.gas > limit)
    if (dear === undefined) {
      const cap = (limit: bigint): bigint => (prices.most !== null && prices.most < limit ? prices.most : limit)
      return transactions.map(({ batches, limit }) => ({ batches, maxFeePerGas: cap(limit) }))
    }
    const keys = new Set(dear.batches.flatMap(({ moves }) => moves.map(({ lane }) => laneKey(lane))))
    leave(({ lane }) => !keys.has(laneKey(lane)), dear.amount, dear.gas)
  }
}

function packed(candidates: readonly Candidate[]): PreparedBatch[][] {
  const bySeeder = new Map<Lane['seeder'], Claim[]>()
  for (const { lane, claims } of candidates) {
    bySeeder.set(lane.seeder, [...(bySeeder.get(lane.seeder) ?? []), ...claims])
  }
  return groupByTransaction([...bySeeder].flatMap(([seeder, claims]) => packBatches(seeder, claims)))
}
