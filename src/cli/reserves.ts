import type { Address } from 'viem'
import { type Chain, readLane, readReservedLanes } from '../chain/index.ts'

/** What a sponsor has set aside, what of it was asked back, and for how many seeders it is. */
export async function readReserved(chain: Chain, sponsor: Address, signal: AbortSignal) {
  const lanes = await readReservedLanes(chain, sponsor, { signal })
  const states = await Promise.all(lanes.map((lane) => readLane(chain, lane, { at: 'latest', signal })))
  const held = lanes.filter((_lane, at) => states[at]!.reserved > 0n)
  return {
    reserved: states.reduce((sum, { reserved }) => sum + reserved, 0n),
    releasing: states.reduce((sum, { reserved, free }) => sum + reserved - free, 0n),
    seeders: new Set(held.map(({ seeder }) => seeder)).size,
  }
}
