import { type Address, encodeFunctionData } from 'viem'
import type { Lane } from '../receipts/index.ts'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import { accountOf, type Chain } from './chain.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

/** Which lane of the sponsor, and how much is added to its reserve, in token units. */
export interface Reservation extends Omit<Lane, 'sponsor'> {
  readonly amount: bigint
}

/** Ring-fences money of the account's own pool for one lane: the only promise that a seeder counts on. */
export async function reserve(
  chain: Chain,
  { seeder, lane, pricePerGiB, amount }: Reservation,
  options: TransactOptions = {},
): Promise<Mined> {
  const data = encodeFunctionData({ abi, functionName: 'reserve', args: [seeder, lane, pricePerGiB, amount] })
  return transact(chain, { to: chain.addresses.settlement, data }, options)
}

/** {@link reserve} for many lanes at once, by the sponsor or by its delegate within the delegate's allowance. */
export async function reserveMany(
  chain: Chain,
  { sponsor, reservations }: { sponsor?: Address | undefined; reservations: readonly Reservation[] },
  options: TransactOptions = {},
): Promise<Mined> {
  const args = [sponsor ?? accountOf(chain).address, reservations] as const
  return transact(
    chain,
    { to: chain.addresses.settlement, data: encodeFunctionData({ abi, functionName: 'reserveMany', args }) },
    options,
  )
}

/** Starts to release `amount` of a lane's reserve to the pool: seven days, in which it still pays the seeder. 0 cancels. */
export async function thawReserve(
  chain: Chain,
  { seeder, lane, pricePerGiB, amount }: Reservation,
  options: TransactOptions = {},
): Promise<Mined> {
  const data = encodeFunctionData({ abi, functionName: 'thawReserve', args: [seeder, lane, pricePerGiB, amount] })
  return transact(chain, { to: chain.addresses.settlement, data }, options)
}

/** Returns what has thawed of a lane's reserve to the pool. */
export async function releaseReserve(
  chain: Chain,
  { seeder, lane, pricePerGiB }: Omit<Lane, 'sponsor'>,
  options: TransactOptions = {},
): Promise<Mined> {
  const data = encodeFunctionData({ abi, functionName: 'releaseReserve', args: [seeder, lane, pricePerGiB] })
  return transact(chain, { to: chain.addresses.settlement, data }, options)
}
