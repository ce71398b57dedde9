import type { Address } from 'viem'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { atBlock, type StateOptions } from './read-lane.ts'
import { ask } from './rpc.ts'

/** A sponsor's pool, in token units. */
export interface AccountState {
  /** What pays seeders, thawing money included. */
  readonly balance: bigint
  readonly thawing: bigint
  /** balance − thawing, at least 0. */
  readonly free: bigint
  /** Unix seconds from which `thawing` can be withdrawn; 0 when nothing is thawing. */
  readonly thawEnd: bigint
}

export async function readAccount(
  chain: Chain,
  sponsor: Address,
  { at, signal }: StateOptions = {},
): Promise<AccountState> {
  const read = () =>
    chain.client.readContract({
      address: chain.addresses.settlement,
      abi,
      functionName: 'account',
      args: [sponsor],
      ...atBlock(at),
    })
  const [balance, thawing, thawEnd] = await ask(chain.rpcUrl, read, signal)
  return { balance, thawing, free: balance > thawing ? balance - thawing : 0n, thawEnd }
}

/** What a seeder can withdraw, in token units. */
export async function readCredit(chain: Chain, seeder: Address, { at, signal }: StateOptions = {}): Promise<bigint> {
  const read = () =>
    chain.client.readContract({
      address: chain.addresses.settlement,
      abi,
      functionName: 'credit',
      args: [seeder],
      ...atBlock(at),
    })
  return ask(chain.rpcUrl, read, signal)
}
