import type { Address } from 'viem'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { atBlock, type StateOptions } from './read-lane.ts'
import { ask } from './rpc.ts'

/** A delegate key of a sponsor. */
export interface SignerState {
  /** Whether what it signs is honoured now. */
  readonly active: boolean
  /** What it may still spend from the pool, token units; reserves do not count against it. */
  readonly allowance: bigint
  /** Unix seconds at which its revocation takes effect; 0 when it is not revoked. */
  readonly end: bigint
}

export async function readSigner(
  chain: Chain,
  { sponsor, key }: { sponsor: Address; key: Address },
  { at, signal }: StateOptions = {},
): Promise<SignerState> {
  const read = () =>
    chain.client.readContract({
      address: chain.addresses.settlement,
      abi,
      functionName: 'signer',
      args: [sponsor, key],
      ...atBlock(at),
    })
  const [active, allowance, end] = await ask(chain.rpcUrl, read, signal)
  return { active, allowance, end }
}
