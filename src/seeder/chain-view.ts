// What admission has to know of the chain, read once for many downloaders. Money is counted at the finality tag and at
// the newest block, and the smaller number holds: neither a reorganisation nor our own latest settlement misleads us.
import type { Address } from 'viem'
import { type Chain, readAccount, readLane, readSigner, type SignerState } from '../chain/index.ts'
import { type Head, type Lane, laneKey } from '../receipts/index.ts'
import { CHAIN_VIEW_AGE } from './constants.ts'

export interface LaneView {
  /** The lane's head in the newest block. */
  readonly head: Head
  /** Token units that this lane is sure of. */
  readonly free: bigint
}

export interface ChainView {
  lane(lane: Lane): Promise<LaneView>
  /** Token units in the sponsor's pool that are not thawing. */
  pool(sponsor: Address): Promise<bigint>
  signer(sponsor: Address, key: Address): Promise<SignerState>
  /** Unix seconds of the newest block. */
  time(): Promise<bigint>
}

export function createChainView(chain: Chain): ChainView {
  const kept = new Map<string, { value: Promise<unknown>; end: number }>()
  const { finality } = chain
  const tags = finality === 'latest' ? (['latest'] as const) : (['latest', finality] as const)

  /** One question at a time for each key; failures are not kept. */
  function once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const now = performance.now()
    const seen = kept.get(key)
    if (seen !== undefined && seen.end > now) return seen.value as Promise<T>
    const value = read()
    kept.set(key, { value, end: now + CHAIN_VIEW_AGE })
    value.catch(() => kept.delete(key))
    if (kept.size > 10_000) for (const [old, { end }] of kept) if (end <= now) kept.delete(old)
    return value
  }

  return {
    lane: (lane) =>
      once(`lane ${laneKey(lane)}`, async () => {
        const states = await Promise.all(tags.map((at) => readLane(chain, lane, { at })))
        return { head: states[0]!.head, free: least(states.map(({ free }) => free)) }
      }),
    pool: (sponsor) =>
      once(`pool ${sponsor}`, async () => {
        const states = await Promise.all(tags.map((at) => readAccount(chain, sponsor, { at })))
        return least(states.map(({ free }) => free))
      }),
    signer: (sponsor, key) =>
      once(`signer ${sponsor} ${key}`, async () => {
        const states = await Promise.all(tags.map((at) => readSigner(chain, { sponsor, key }, { at })))
        const ends = states.map(({ end }) => end)
        return {
          active: states.every(({ active }) => active),
          allowance: least(states.map(({ allowance }) => allowance)),
          end: ends.find((end) => end !== 0n) ?? 0n,
        }
      }),
    time: () => once('time', async () => (await chain.client.getBlock()).timestamp),
  }
}

/** The smallest of some amounts. */
export function least(values: readonly bigint[]): bigint {
  let smallest = values[0] ?? 0n
  for (const value of values) if (value < smallest) smallest = value
  return smallest
}
