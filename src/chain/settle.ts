import { type Address, encodeFunctionData, type Hex, parseAbi } from 'viem'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { type LaneSettled, type LaneSkipped, settlementsIn } from './settlement-events.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

/** One seeder's groups, as `encodeBatch` of the receipts room packs them. */
export interface Settlement {
  readonly seeder: Address
  readonly batch: Hex
}

/** A mined settlement, with what became of each group. A skipped group changed nothing and stays claimable. */
export interface SettlementMined extends Mined {
  readonly settled: readonly LaneSettled[]
  readonly skipped: readonly LaneSkipped[]
}

/** Settles groups for one seeder, by itself or its operator; its credit grows. */
export async function settle(
  chain: Chain,
  { seeder, batch }: Settlement,
  options: TransactOptions = {},
): Promise<SettlementMined> {
  return sendSettlement(chain, settleCall({ seeder, batch }), options)
}

/** Settles for many seeders in one transaction, by an operator that each of them approved. */
export async function settleMany(
  chain: Chain,
  settlements: readonly Settlement[],
  options: TransactOptions = {},
): Promise<SettlementMined> {
  const [only] = settlements
  if (only !== undefined && settlements.length === 1) return settle(chain, only, options)
  const data = encodeFunctionData({ abi: multicallAbi, functionName: 'multicall', args: [settlements.map(settleCall)] })
  return sendSettlement(chain, data, options)
}

/** Pays out all of the account’s credit to `to`. */
export async function withdraw(chain: Chain, { to }: { to: Address }, options: TransactOptions = {}): Promise<Mined> {
  return transact(
    chain,
    { to: chain.addresses.settlement, data: encodeFunctionData({ abi, functionName: 'withdraw', args: [to] }) },
    options,
  )
}

async function sendSettlement(chain: Chain, data: Hex, options: TransactOptions): Promise<SettlementMined> {
  const mined = await transact(chain, { to: chain.addresses.settlement, data }, options)
  return { ...mined, ...settlementsIn(chain, mined.receipt) }
}

function settleCall({ seeder, batch }: Settlement): Hex {
  return encodeFunctionData({ abi, functionName: 'settle', args: [seeder, batch] })
}

/** OpenZeppelin's Multicall, which the contract inherits and its interface does not list. */
const multicallAbi = parseAbi(['function multicall(bytes[] data) returns (bytes[] results)'])
