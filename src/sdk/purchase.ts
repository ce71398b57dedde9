import { type Address, type Hex, parseEventLogs } from 'viem'
import { accessPassAbi, buyPassWithPermit, type Chain, signPassAuthorization, waitUntilMined } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import type { GatewayClient } from '../gateway-client/index.ts'

export interface Purchase {
  readonly pass: Address
  /** From 0. */
  readonly tier: number
  /** Refuses a higher price, token units. */
  readonly maxPrice?: bigint | undefined
  /** Submits the buyer's authorisation and pays the gas; without it the buyer's own wallet does. */
  readonly relay?: GatewayClient | undefined
}

export interface Bought {
  readonly tokenId: bigint
  readonly paid: bigint
  /** The part that topped up the delivery budget. */
  readonly delivery: bigint
  /** Unix seconds; the largest number for a pass that never ends. */
  readonly validUntil: bigint
  readonly hash: Hex
  readonly gasUsed: bigint
}

/** Buys a pass for the chain's account. Throws `price-too-high`, `no-funds`, `transaction-failed`. */
export async function purchasePass(
  chain: Chain,
  purchase: Purchase,
  options: { signal?: AbortSignal } = {},
): Promise<Bought> {
  const { pass, tier, maxPrice, relay } = purchase
  if (relay === undefined) return buyPassWithPermit(chain, { pass, tier, maxPrice }, options)
  const authorization = await signPassAuthorization(chain, { pass, tier, maxPrice }, options)
  const { hash } = await relay.relayPurchase(authorization, options)
  const { receipt, gasUsed } = await waitUntilMined(chain, hash, options)
  const [bought] = parseEventLogs({ abi: accessPassAbi, logs: receipt.logs, eventName: 'PassBought' })
  if (bought === undefined || bought.address.toLowerCase() !== pass.toLowerCase()) {
    throw new BitCdnError('transaction-failed', `The relayer's transaction ${hash} bought no pass of ${pass}.`, {
      advice: 'Your authorisation is still unused: try again, or buy with gas of your own.',
    })
  }
  const { tokenId, paid, delivery, validUntil } = bought.args
  return { tokenId, paid, delivery, validUntil, hash, gasUsed }
}
