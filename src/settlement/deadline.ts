// Until when a range can be paid: its log's signature expires, what pays for it thaws, the key that signed is revoked.
import type { SettleableRange } from '../receipts/index.ts'
import { END_MARGIN, HEAD_MARGIN } from './constants.ts'
import type { LaneFunds, SettlementChain, WaitOptions } from './ports.ts'

export interface Deadline {
  /** Unix seconds; null when nothing ends. */
  readonly at: bigint | null
  /** Whether it is near enough to claim what would otherwise wait. */
  readonly near: boolean
}

export interface Prospect extends Deadline {
  /** What the lane can be paid from now, token units. */
  readonly payable: bigint
  /** Of it, what comes from the sponsor's pool, which pays others too. */
  readonly pool: bigint
}

/** `now` is the chain's time. */
export async function prospectOf(
  chain: SettlementChain,
  range: SettleableRange,
  now: bigint,
  options: WaitOptions,
): Promise<Prospect> {
  const { lane, amount } = range
  const voucher = range.voucher?.to === range.to ? range.voucher : null
  const signer = voucher?.signer ?? range.head?.signer ?? null
  const [funds, delegate] = await Promise.all([
    chain.funds(lane, options),
    signer === null ? null : chain.delegate(lane.sponsor, signer, options),
  ])
  const ends: { at: bigint; margin: bigint }[] = []
  if (voucher === null && range.head !== null) ends.push({ at: range.head.expiry, margin: HEAD_MARGIN })
  if (delegate !== null && delegate.end > 0n) ends.push({ at: delegate.end, margin: END_MARGIN })
  for (const at of thawsThatTake(funds, amount)) ends.push({ at, margin: END_MARGIN })
  const first = ends.toSorted((a, b) => (a.at < b.at ? -1 : 1))[0]
  const pool = delegate === null || delegate.allowance > funds.pool ? funds.pool : delegate.allowance
  return {
    at: first?.at ?? null,
    near: ends.some(({ at, margin }) => at - margin <= now),
    payable: funds.reserved + pool,
    pool,
  }
}

/** The ends after which the rest would no longer cover the amount. */
function thawsThatTake(funds: LaneFunds, amount: bigint): bigint[] {
  const { reserved, releasing, releaseEnd, pool, thawing, thawEnd } = funds
  const rest = positive(reserved - releasing) + positive(pool - thawing)
  if (rest >= amount) return []
  return [releasing > 0n ? releaseEnd : 0n, thawing > 0n ? thawEnd : 0n].filter((end) => end > 0n)
}

const positive = (value: bigint): bigint => (value > 0n ? value : 0n)
