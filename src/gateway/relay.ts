// Buyers without gas: they sign, the publisher submits. What the relayer can lose is gas, so everything is checked and
// tried before it is sent, and nobody can make it send much.
import type { Hex } from 'viem'
import {
  blockTime,
  type Chain,
  estimatePassAuthorization,
  type PassAuthorization,
  passAuthorizationNonce,
  readTier,
  submitPassAuthorization,
} from '../chain/index.ts'
import { BitCdnError, hasCode } from '../errors.ts'
import { type GatewayLimits, RELAY_TIMEOUT } from './constants.ts'
import type { GatewayContent } from './contents.ts'
import { GatewayError } from './errors.ts'
import { createRateLimit } from './expiring.ts'

export type RelayPurchase = (purchase: PassAuthorization) => Promise<{ hash: Hex }>

/** Throws `unknown-content`, `price-too-high`, `no-funds`, `transaction-failed`, `refused`. */
export function createRelay(
  { chain, contents }: { chain: Chain; contents: readonly GatewayContent[] },
  { limits }: { limits: GatewayLimits },
): RelayPurchase {
  const mayBuy = createRateLimit({ limit: limits.purchasesPerDay, seconds: 86_400 })
  const underWay = new Map<Hex, Promise<{ hash: Hex }>>()

  return (purchase) => {
    // the same authorisation sent twice is one purchase: the second caller waits for the first
    const nonce = passAuthorizationNonce(purchase)
    const running = underWay.get(nonce)
    if (running !== undefined) return running
    const relayed = relay(purchase).finally(() => underWay.delete(nonce))
    underWay.set(nonce, relayed)
    return relayed
  }

  async function relay(purchase: PassAuthorization): Promise<{ hash: Hex }> {
    await check(purchase)
    const gas = await estimatePassAuthorization(chain, purchase)
    if (gas > limits.purchaseGas)
      throw new BitCdnError(
        'refused',
        `The purchase would take ${gas} gas, and ${limits.purchaseGas} is the most that is relayed.`,
      )
    if (!mayBuy(purchase.from)) {
      throw new GatewayError(
        429,
        'refused',
        `${purchase.from} has had ${limits.purchasesPerDay} purchases relayed today.`,
        'Buy with gas of your own, or tomorrow.',
      )
    }
    try {
      const { hash } = await submitPassAuthorization(chain, purchase, { timeout: RELAY_TIMEOUT })
      return { hash }
    } catch (error) {
      if (!hasCode(error, 'no-funds')) throw error
      throw new GatewayError(
        503,
        'refused',
        'The relayer is out of gas.',
        'Buy with gas of your own, or try again later.',
      )
    }
  }

  async function check({ pass, tier, maxPrice, deadline }: PassAuthorization): Promise<void> {
    if (!contents.some((content) => content.pass.toLowerCase() === pass.toLowerCase())) {
      throw new BitCdnError('unknown-content', `This gateway sells no passes of ${pass}.`, {
        advice: 'GET /v1/info lists what it sells.',
      })
    }
    const { price, open } = await readTier(chain, { pass, tier })
    if (!open) throw new BitCdnError('refused', `Tier ${tier} is closed.`, { advice: 'Choose another tier.' })
    if (price === 0n)
      throw new BitCdnError('refused', 'Free passes are not relayed.', { advice: 'Take it with gas of your own.' })
    if (price > maxPrice) {
      throw new BitCdnError(
        'price-too-high',
        `Tier ${tier} costs ${price} token units, and the buyer signed for ${maxPrice} token units at most.`,
        { advice: 'Sign for the price as it stands.' },
      )
    }
    if (deadline <= (await blockTime(chain)))
      throw new BitCdnError('refused', 'The deadline of the purchase has passed.', { advice: 'Sign again.' })
  }
}
