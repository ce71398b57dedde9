import { type Address, encodeFunctionData } from 'viem'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import { accountOf, type Chain } from './chain.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

/** Starts to thaw `amount` of the account's pool: seven days, in which it still pays seeders. 0 cancels. */
export async function thaw(
  chain: Chain,
  { amount }: { amount: bigint },
  options: TransactOptions = {},
): Promise<Mined> {
  return transact(
    chain,
    { to: chain.addresses.settlement, data: encodeFunctionData({ abi, functionName: 'thaw', args: [amount] }) },
    options,
  )
}

/** Pays out what has thawed; default to the account itself. */
export async function withdrawThawed(
  chain: Chain,
  { to }: { to?: Address | undefined } = {},
  options: TransactOptions = {},
): Promise<Mined> {
  const args = [to ?? accountOf(chain).address] as const
  return transact(
    chain,
    { to: chain.addresses.settlement, data: encodeFunctionData({ abi, functionName: 'withdrawThawed', args }) },
    options,
  )
}
