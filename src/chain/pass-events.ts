import type { Address, Hash } from 'viem'
import { accessPassAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { type LogRange, readLogs } from './logs.ts'

/** One sale of a pass. Amounts in token units. */
export interface Purchase {
  readonly tokenId: bigint
  readonly tier: number
  readonly to: Address
  readonly payer: Address
  readonly paid: bigint
  /** The part that went to the delivery budget. */
  readonly delivery: bigint
  readonly validUntil: bigint
  readonly hash: Hash
  readonly blockNumber: bigint
}

/** Every sale of one pass contract, oldest first. */
export async function readPurchases(chain: Chain, pass: Address, range: LogRange = {}): Promise<Purchase[]> {
  const logs = await readLogs(chain, range, (fromBlock, toBlock) =>
    chain.client.getContractEvents({ address: pass, abi, eventName: 'PassBought', fromBlock, toBlock, strict: true }),
  )
  return logs.map(({ args, transactionHash, blockNumber }) => ({
    ...args,
    tier: Number(args.tier),
    hash: transactionHash,
    blockNumber,
  }))
}
