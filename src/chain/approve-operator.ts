import { type Address, encodeFunctionData } from 'viem'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { ask } from './rpc.ts'
import type { ReadOptions } from './token.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

/**
 * Lets `operator` settle for the account, or no longer. It cannot take money, but by settling badly it can forfeit what
 * is unsettled.
 */
export async function approveOperator(
  chain: Chain,
  { operator, approved = true }: { operator: Address; approved?: boolean },
  options: TransactOptions = {},
): Promise<Mined> {
  const data = encodeFunctionData({ abi, functionName: 'approveOperator', args: [operator, approved] })
  return transact(chain, { to: chain.addresses.settlement, data }, options)
}

export async function isOperator(
  chain: Chain,
  seeder: Address,
  operator: Address,
  options: ReadOptions = {},
): Promise<boolean> {
  const at = { address: chain.addresses.settlement, abi } as const
  return ask(
    chain.rpcUrl,
    () => chain.client.readContract({ ...at, functionName: 'isOperator', args: [seeder, operator] }),
    options.signal,
  )
}
