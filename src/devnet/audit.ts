import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Address } from 'viem'
import type { DevnetChain } from './chain.ts'
import type { Json } from './program.ts'

const AUDIT = resolve(import.meta.dirname, '../../scripts/audit.ts')

/** A program of its own, which is given the addresses and nothing else. */
export async function auditedBy(chain: DevnetChain, pass: Address): Promise<Json> {
  const args = [AUDIT, '--rpc', chain.rpcUrl, '--registry', chain.contracts.registry, '--pass', pass, '--json']
  try {
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as Json
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    if (stdout?.startsWith('{')) return JSON.parse(stdout) as Json
    throw error
  }
}

/** What this program saw must be what the chain says, to the last unit. */
export function agrees(
  audit: Json,
  paid: bigint,
  seeders: readonly { address: Address; earned: bigint }[],
  holders: readonly { address: Address; claimed: bigint }[],
): boolean {
  const onChain = (list: unknown, address: Address, field: string): bigint => {
    const entry = (list as Json[]).find(
      (candidate) => String(candidate.address).toLowerCase() === address.toLowerCase(),
    )
    return entry === undefined ? 0n : BigInt(entry[field] as string)
  }
  return (
    BigInt(audit.paid as string) === paid &&
    seeders.every(({ address, earned }) => onChain(audit.seeders, address, 'earned') === earned) &&
    holders.every(({ address, claimed }) => onChain(audit.holders, address, 'claimed') === claimed)
  )
}
