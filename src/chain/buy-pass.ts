import { type Address, encodeFunctionData, parseEventLogs } from 'viem'
import { BitCdnError } from '../errors.ts'
import { accessPassAbi as abi } from './abi/index.ts'
import { accountOf, blockTime, type Chain } from './chain.ts'
import { PERMIT_SECONDS } from './constants.ts'
import { signPermit } from './permit.ts'
import { readTier, type Tier } from './tiers.ts'
import { approveToken, requireBalance } from './token.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

export interface PassPurchase {
  pass: Address
  /** From 0. */
  tier: number
  /** Who receives it; default the account itself. */
  to?: Address | undefined
  /** Refuses a higher price, token units. Default: the price as it stands. */
  maxPrice?: bigint | undefined
}

/** A pass was sold. Amounts in token units. */
export interface PassBought extends Mined {
  readonly tokenId: bigint
  readonly paid: bigint
  /** The part that went to the delivery budget. */
  readonly delivery: bigint
  /** Unix seconds; the largest number for one that never ends. */
  readonly validUntil: bigint
}

/** Buys a pass with the account's own money and gas. Throws `price-too-high`, `no-funds`. */
export async function buyPass(
  chain: Chain,
  purchase: PassPurchase,
  options: TransactOptions = {},
): Promise<PassBought> {
  const { pass, to, price, deadline } = await prepare(chain, purchase, options)
  await approveToken(chain, { spender: pass, amount: price }, { signal: options.signal })
  const args = [BigInt(purchase.tier), to, price, deadline] as const
  return sold(
    await transact(chain, { to: pass, data: encodeFunctionData({ abi, functionName: 'buy', args }) }, options),
  )
}

/** {@link buyPass} in one transaction, with an ERC-2612 permit in the place of the approval. */
export async function buyPassWithPermit(
  chain: Chain,
  purchase: PassPurchase,
  options: TransactOptions = {},
): Promise<PassBought> {
  const { pass, to, price, deadline } = await prepare(chain, purchase, options)
  const { v, r, s } = await signPermit(chain, { spender: pass, value: price, deadline }, options.signal)
  const args = [BigInt(purchase.tier), to, price, deadline, v, r, s] as const
  return sold(
    await transact(
      chain,
      { to: pass, data: encodeFunctionData({ abi, functionName: 'buyWithPermit', args }) },
      options,
    ),
  )
}

async function prepare(chain: Chain, purchase: PassPurchase, options: TransactOptions) {
  const buyer = accountOf(chain).address
  const tier = await readTier(chain, purchase, options)
  requirePrice(tier, purchase.maxPrice)
  await requireBalance(chain, buyer, tier.price, chain.addresses.token, options)
  const deadline = (await blockTime(chain, options.signal)) + PERMIT_SECONDS
  return { pass: purchase.pass, to: purchase.to ?? buyer, price: tier.price, deadline }
}

/** Throws `price-too-high` when the tier costs more than the buyer would pay. */
export function requirePrice(tier: Tier, maxPrice: bigint | undefined): void {
  if (maxPrice === undefined || tier.price <= maxPrice) return
  throw new BitCdnError(
    'price-too-high',
    `Tier ${tier.tier} costs ${tier.price} token units, and you would pay ${maxPrice} token units at most.`,
    {
      advice: 'Choose another tier or raise the most that you would pay.',
    },
  )
}

export function sold(mined: Mined): PassBought {
  const [bought] = parseEventLogs({ abi, logs: mined.receipt.logs, eventName: 'PassBought' })
  if (bought === undefined) throw new BitCdnError('transaction-failed', `Transaction ${mined.hash} sold no pass.`)
  const { tokenId, paid, delivery, validUntil } = bought.args
  return { ...mined, tokenId, paid, delivery, validUntil }
}
