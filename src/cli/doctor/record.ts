// What a running seeder wrote down about itself, for who looks after it: `run/seed.json` of the data folder.
import { type Address, isAddress } from 'viem'
import type { Running } from '../running.ts'

export interface SeedRecord {
  readonly peerId: string
  /** Multiaddrs, each with `/p2p/…`. */
  readonly addresses: readonly string[]
  /** The payout address. */
  readonly seeder: Address
  /** Token units. */
  readonly pricePerGiB: string
  readonly lanes: readonly string[]
  readonly trustWindows: number
  readonly allowPrivate: boolean
  /** How many peers it started from. */
  readonly bootstrap: number
  readonly contents: readonly {
    readonly contentId: string
    readonly name: string
    readonly length: number
    /** As found when it started. */
    readonly verifiedBytes: number
    readonly torrent: string
    readonly data: string
    /** Why it is not served, where a list of the operator's names it. */
    readonly denied?: string
  }[]
  readonly monitor?: string
}

/** Null for the record of another version. */
export function seedRecordOf({ details }: Running): SeedRecord | null {
  const { seeder, pricePerGiB, lanes, contents, addresses } = details as Partial<SeedRecord>
  const known = typeof seeder === 'string' && isAddress(seeder) && typeof pricePerGiB === 'string'
  const lists = Array.isArray(lanes) && Array.isArray(contents) && Array.isArray(addresses)
  return known && lists ? (details as unknown as SeedRecord) : null
}
