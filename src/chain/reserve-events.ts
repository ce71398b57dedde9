import type { Address } from 'viem'
import { type Lane, laneKey } from '../receipts/index.ts'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { type LogRange, readLogs } from './logs.ts'

/** Every lane that the sponsor ever reserved money for, each once, oldest first. What it holds now: `readLane`. */
export async function readReservedLanes(chain: Chain, sponsor: Address, range: LogRange = {}): Promise<Lane[]> {
  const logs = await readLogs(chain, range, (fromBlock, toBlock) =>
    chain.client.getContractEvents({
      address: chain.addresses.settlement,
      abi,
      eventName: 'ReserveChanged',
      args: { sponsor },
      fromBlock,
      toBlock,
      strict: true,
    }),
  )
  const lanes = logs.map(({ args: { seeder, lane, pricePerGiB } }) => ({ sponsor, seeder, lane, pricePerGiB }))
  return [...new Map(lanes.map((lane) => [laneKey(lane), lane])).values()]
}
