// What settlements did, read from a receipt or from the chain's logs.
import { type Address, type Hash, type Hex, parseEventLogs, type TransactionReceipt } from 'viem'
import type { Head } from '../receipts/index.ts'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { type LogRange, readLogs } from './logs.ts'

/** A lane moved to `head`, and `amount` was credited to (or paid out by) `seeder`. */
export interface LaneSettled {
  readonly seeder: Address
  readonly sponsor: Address
  readonly laneKey: Hex
  /** Token units. */
  readonly amount: bigint
  readonly head: Head
  readonly hash: Hash
  readonly blockNumber: bigint
}

/** Why a group was skipped, as the contract's `SkipReason`. */
export const SKIP_REASONS = ['none', 'unpaid', 'signature', 'expired', 'revoked', 'head-unmoved'] as const

export type SkipReason = (typeof SKIP_REASONS)[number]

export interface LaneSkipped {
  readonly seeder: Address
  readonly sponsor: Address
  readonly laneKey: Hex
  /** What the group asked for. */
  readonly amount: bigint
  readonly reason: SkipReason
}

export function settlementsIn(
  chain: Chain,
  receipt: TransactionReceipt,
): { settled: LaneSettled[]; skipped: LaneSkipped[] } {
  const logs = receipt.logs.filter((log) => log.address.toLowerCase() === chain.addresses.settlement.toLowerCase())
  const settled = parseEventLogs({ abi, logs, eventName: 'Settled' }).map(({ args, transactionHash, blockNumber }) => ({
    ...args,
    hash: transactionHash,
    blockNumber,
  }))
  const skipped = parseEventLogs({ abi, logs, eventName: 'Skipped' }).map(({ args }) => ({
    ...args,
    reason: SKIP_REASONS[args.reason] ?? 'none',
  }))
  return { settled, skipped }
}

/** Every settlement of a seeder, a sponsor, or both, oldest first. */
export async function readSettlements(
  chain: Chain,
  about: { seeder?: Address | undefined; sponsor?: Address | undefined } = {},
  range: LogRange = {},
): Promise<LaneSettled[]> {
  const logs = await readLogs(chain, range, (fromBlock, toBlock) =>
    chain.client.getContractEvents({
      address: chain.addresses.settlement,
      abi,
      eventName: 'Settled',
      args: { ...(about.seeder ? { seeder: about.seeder } : {}), ...(about.sponsor ? { sponsor: about.sponsor } : {}) },
      fromBlock,
      toBlock,
      strict: true,
    }),
  )
  return logs.map(({ args, transactionHash, blockNumber }) => ({ ...args, hash: transactionHash, blockNumber }))
}
