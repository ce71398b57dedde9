// Claims of one seeder packed into as few transactions as the gas cap allows, in order: a lane's later move comes after
// its earlier one.
import type { Address, Hex } from 'viem'
import { encodeBatch, type LaneMove } from '../receipts/index.ts'
import { BATCH_GAS, GAS_PER_BATCH } from './constants.ts'
import type { Claim } from './groups.ts'

/** One seeder's part of a transaction, ready for the seeder or its operator to send. */
export interface PreparedBatch {
  readonly seeder: Address
  readonly batch: Hex
  readonly moves: readonly LaneMove[]
  /** Token units. */
  readonly amount: bigint
  readonly vouchers: number
  readonly receipts: number
  /** An estimate. */
  readonly gas: bigint
}

export function packBatches(seeder: Address, claims: readonly Claim[], cap: bigint = BATCH_GAS): PreparedBatch[] {
  const packed: Claim[][] = []
  let gas = 0n
  for (const claim of claims) {
    const current = packed.at(-1)
    if (current === undefined || gas + claim.gas > cap) {
      packed.push([claim])
      gas = GAS_PER_BATCH + claim.gas
    } else {
      current.push(claim)
      gas += claim.gas
    }
  }
  return packed.map((batch) => prepared(seeder, batch))
}

/** Batches of several seeders grouped so that each group fits into one transaction, in order. */
export function groupByTransaction(batches: readonly PreparedBatch[], cap: bigint = BATCH_GAS): PreparedBatch[][] {
  const groups: PreparedBatch[][] = []
  let gas = 0n
  for (const batch of batches) {
    const current = groups.at(-1)
    if (current === undefined || gas + batch.gas > cap) {
      groups.push([batch])
      gas = batch.gas
    } else {
      current.push(batch)
      gas += batch.gas
    }
  }
  return groups
}

function prepared(seeder: Address, claims: readonly Claim[]): PreparedBatch {
  return {
    seeder,
    batch: encodeBatch(claims.map(({ group }) => group)),
    moves: claims.map(({ move }) => move),
    amount: claims.reduce((sum, { move }) => sum + move.amount, 0n),
    vouchers: claims.filter(({ group }) => group.kind === 'voucher').length,
    receipts: claims.reduce((sum, { receipts }) => sum + receipts, 0),
    gas: claims.reduce((sum, { gas }) => sum + gas, GAS_PER_BATCH),
  }
}
