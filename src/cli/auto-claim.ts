// When a seeder settles by itself: worth it, cheap enough, and not too often.
import { formatGwei } from 'viem'
import { type Chain, readCoin } from '../chain/index.ts'
import type { SettlerInit } from '../settlement/index.ts'
import { coinPriceOf } from './claims.ts'
import type { CommandIo } from './io.ts'
import type { Settings } from './settings.ts'
import { parseGas, parseMoney, parseWhole } from './words.ts'

export const CLAIM_SETTINGS = ['claim', 'claimMin', 'claimMaxGas', 'claimInterval', 'coinPrice'] as const

export interface AutomaticClaims {
  readonly init: SettlerInit
  /** Milliseconds. */
  readonly interval: number
  words(say: (amount: bigint) => string): string
}

/** What the settings say about claims that nobody asks for; null where they are switched off. */
export async function automaticClaims(
  settings: Settings,
  { chain, decimals }: { chain: Chain; decimals: number },
  { err, signal }: CommandIo,
): Promise<AutomaticClaims | null> {
  if (!settings.flag('claim')) return null
  const min = parseMoney(settings.required('claimMin'), decimals, '--claim-min')
  const maxGasPrice = parseGas(settings.required('claimMaxGas'), '--claim-max-gas')
  const seconds = parseWhole(settings.required('claimInterval'), '--claim-interval', 1, 2_000_000)
  const coinPrice = coinPriceOf(settings, decimals)
  const { address } = chain.account!
  if ((await readCoin(chain, address, { signal })) === 0n) {
    err(`Warning: ${address} has none of the chain's coin for gas: nothing can be claimed until it has.`)
  }
  return {
    init: { min, maxGasPrice, ...(coinPrice === undefined ? {} : { coinPrice }) },
    interval: seconds * 1000,
    words: (say) =>
      `by itself every ${seconds} s, lanes from ${say(min)} on, while gas costs at most ${formatGwei(maxGasPrice)} gwei`,
  }
}
