import { type Head, type Lane, laneKey } from '../receipts/index.ts'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import type { Chain, Finality } from './chain.ts'
import { ask } from './rpc.ts'

export interface StateOptions {
  /** Default `latest`; where money is at stake, pass the chain's `finality`, or a block. */
  at?: Finality | bigint | undefined
  signal?: AbortSignal | undefined
}

/** A lane on the chain. Amounts in token units. */
export interface LaneState {
  /** Everything before it is settled. */
  readonly head: Head
  /** Ring-fenced for this lane, releasing money included. */
  readonly reserved: bigint
  /** Asked back of it. */
  readonly releasing: bigint
  /** reserved − releasing, at least 0: what a seeder may count on. */
  readonly free: bigint
  /** Unix seconds from which `releasing` can leave; 0 when nothing is releasing. */
  readonly releaseEnd: bigint
}

export async function readLane(chain: Chain, lane: Lane, { at, signal }: StateOptions = {}): Promise<LaneState> {
  const read = () =>
    chain.client.readContract({
      address: chain.addresses.settlement,
      abi,
      functionName: 'lane',
      args: [laneKey(lane)],
      ...atBlock(at),
    })
  const [head, reserved, releasing, releaseEnd] = await ask(chain.rpcUrl, read, signal)
  return { head, reserved, releasing, free: reserved > releasing ? reserved - releasing : 0n, releaseEnd }
}

export function atBlock(at: StateOptions['at']): { blockTag: Finality } | { blockNumber: bigint } {
  return typeof at === 'bigint' ? { blockNumber: at } : { blockTag: at ?? 'latest' }
}
