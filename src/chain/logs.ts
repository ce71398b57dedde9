// Reading event logs: all at once where the endpoint lets us, in ranges where it does not.
import { BitCdnError } from '../errors.ts'
import type { Chain } from './chain.ts'
import { LOG_RANGE } from './constants.ts'
import { ask } from './rpc.ts'

export interface LogRange {
  /** Default: the chain's first block. */
  fromBlock?: bigint | undefined
  /** Default: the newest block. */
  toBlock?: bigint | undefined
  signal?: AbortSignal | undefined
}

/** What `read` finds between two blocks, both included, oldest first. */
export async function readLogs<T>(
  chain: Chain,
  range: LogRange,
  read: (fromBlock: bigint, toBlock: bigint) => Promise<readonly T[]>,
): Promise<T[]> {
  const from = range.fromBlock ?? 0n
  const to = range.toBlock ?? (await ask(chain.rpcUrl, () => chain.client.getBlockNumber(), range.signal))
  if (to < from) return []
  try {
    return [...(await ask(chain.rpcUrl, () => read(from, to), range.signal))]
  } catch (error) {
    // endpoints refuse wide ranges in words of their own: everything but silence is taken for that
    const tooWide = to - from >= LOG_RANGE && error instanceof BitCdnError && error.code === 'transaction-failed'
    if (!tooWide) throw error
  }
  const found: T[] = []
  for (let start = from; start <= to; start += LOG_RANGE) {
    const end = start + LOG_RANGE - 1n < to ? start + LOG_RANGE - 1n : to
    found.push(...(await ask(chain.rpcUrl, () => read(start, end), range.signal)))
  }
  return found
}
