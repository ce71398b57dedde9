// What a transaction bids for its gas: at first, again when it is not mined, and never more than the limit.
import { BitCdnError } from '../errors.ts'
import type { Chain } from './chain.ts'
import { BUMP_PERCENT } from './constants.ts'
import { ask } from './rpc.ts'

/** Wei per gas. */
export interface Bid {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

export interface Fees extends Bid {
  /** What a unit of gas costs in the next block: its base fee and our tip. */
  readonly price: bigint
}

export async function feesNow(chain: Chain, signal?: AbortSignal): Promise<Fees> {
  const { client, rpcUrl } = chain
  const block = await ask(rpcUrl, () => client.getBlock({ blockTag: 'latest' }), signal)
  const tip = await ask(rpcUrl, () => client.estimateMaxPriorityFeePerGas(), signal)
  const base = block.baseFeePerGas ?? 0n
  // room for a base fee that rises by an eighth with each full block, for two blocks
  return { maxFeePerGas: (base * 5n) / 4n + tip, maxPriorityFeePerGas: tip, price: base + tip }
}

/** Throws `price-too-high` where the next block asks for more than `cap`. */
export function firstBid({ price, maxFeePerGas, maxPriorityFeePerGas }: Fees, cap: bigint | null): Bid {
  if (cap === null || maxFeePerGas <= cap) return { maxFeePerGas, maxPriorityFeePerGas }
  if (price <= cap) return { maxFeePerGas: cap, maxPriorityFeePerGas: min(maxPriorityFeePerGas, cap) }
  throw new BitCdnError(
    'price-too-high',
    `Gas costs ${price} wei now, more than the ${cap} wei allowed: nothing was sent.`,
    {
      advice: 'Wait, or raise the limit; receipts and vouchers keep.',
      retry: true,
    },
  )
}

/** A bid that replaces `last` in every pool, or null where that would pass `cap`. */
export function nextBid(last: Bid, now: Fees, cap: bigint): Bid | null {
  const least = raised(last.maxFeePerGas)
  const maxFeePerGas = min(max(least, now.maxFeePerGas), cap)
  if (maxFeePerGas < least) return null
  const tip = max(raised(last.maxPriorityFeePerGas), now.maxPriorityFeePerGas)
  return { maxFeePerGas, maxPriorityFeePerGas: min(tip, maxFeePerGas) }
}

const raised = (fee: bigint): bigint => fee + (fee * BUMP_PERCENT + 99n) / 100n
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
