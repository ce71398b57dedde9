// What the canonical chain says of the bids for one nonce. Every endpoint is asked by itself: the slowest of those that
// answer decides what is final, and silence says nothing.
import { type Address, type Hex, type TransactionReceipt, TransactionReceiptNotFoundError } from 'viem'
import { BitCdnError } from '../errors.ts'
import type { Chain } from './chain.ts'
import { FINAL_DEPTH } from './constants.ts'
import { ask } from './rpc.ts'

export type Standing =
  /** In a block that cannot go away, reverted or not. */
  | { readonly state: 'final'; readonly receipt: TransactionReceipt }
  /** In a block that may still go away. */
  | { readonly state: 'mined'; readonly receipt: TransactionReceipt }
  /** No block has it, and its nonce is free. */
  | { readonly state: 'pending' }
  /**
   * Another transaction has its nonce in a block that may still go away, or endpoints disagree. `absent`: all say that
   * the nonce is used for good and none shows a receipt, but none proves by what.
   */
  | { readonly state: 'unclear'; readonly absent: boolean }
  /** Another transaction, `by`, has its nonce for good. */
  | { readonly state: 'taken'; readonly by: Hex }

type Client = Chain['client']

interface View {
  readonly client: Client
  readonly final: bigint
  readonly receipt: TransactionReceipt | null
  /** How many of the account's nonces are used, at the newest block and at the final one. */
  readonly used: { readonly latest: number; readonly final: number }
}

export interface Bids {
  readonly account: Address
  readonly nonce: number
  readonly hashes: readonly Hex[]
}

/** Throws `rpc-unreachable` when no endpoint answers. */
export async function standingOf(chain: Chain, bids: Bids, signal?: AbortSignal): Promise<Standing> {
  const views = await everywhere(chain, (client) => viewOf(chain, client, bids), signal)
  const seen = views.find(({ receipt }) => receipt !== null)?.receipt ?? null
  if (seen !== null) {
    const final = views.every(
      (view) => view.receipt?.blockHash === seen.blockHash && view.receipt.blockNumber <= view.final,
    )
    return { state: final ? 'final' : 'mined', receipt: seen }
  }
  if (views.every(({ used }) => used.latest <= bids.nonce)) return { state: 'pending' }
  if (!views.every(({ used }) => used.final > bids.nonce)) return { state: 'unclear', absent: false }
  for (const { client, final } of views) {
    const by = await userOf(client, bids, final, signal).catch(() => null)
    if (by !== null) return bids.hashes.includes(by) ? { state: 'unclear', absent: false } : { state: 'taken', by }
  }
  return { state: 'unclear', absent: true }
}

/** The newest block that cannot go away, as the slowest endpoint that answers sees it. */
export async function finalBlock(chain: Chain, signal?: AbortSignal): Promise<bigint> {
  const blocks = await everywhere(chain, (client) => finalAt(chain, client), signal)
  return blocks.toSorted((a, b) => (a < b ? -1 : 1))[0] as bigint
}

/** What each endpoint that answers says; rejects with the first failure when none does. */
export async function everywhere<T>(
  chain: Chain,
  question: (client: Client) => Promise<T>,
  signal?: AbortSignal,
): Promise<T[]> {
  const answers = await Promise.allSettled(
    chain.endpoints.map((client) => ask(chain.rpcUrl, () => question(client), signal)),
  )
  const said = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  if (said.length === 0) throw (answers[0] as PromiseRejectedResult).reason
  return said
}

async function viewOf(chain: Chain, client: Client, { account, nonce, hashes }: Bids): Promise<View> {
  const final = await finalAt(chain, client) // before the receipt: what is mined meanwhile is not final by then
  for (const hash of hashes.toReversed()) {
    const receipt = await receiptOrNull(client, hash)
    if (receipt !== null) return { client, final, receipt, used: { latest: nonce + 1, final: nonce + 1 } }
  }
  const latest = await client.getTransactionCount({ address: account, blockTag: 'latest' })
  const used = { latest, final: 0 }
  if (latest > nonce) used.final = await client.getTransactionCount({ address: account, blockNumber: final })
  return { client, final, receipt: null, used }
}

export async function receiptOrNull(client: Client, hash: Hex): Promise<TransactionReceipt | null> {
  try {
    return await client.getTransactionReceipt({ hash })
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return null
    throw error
  }
}

async function finalAt(chain: Chain, client: Client): Promise<bigint> {
  const latest = await client.getBlockNumber()
  const { finality, confirmations } = chain
  const deep = (blocks: number): bigint => (latest + 1n > BigInt(blocks) ? latest + 1n - BigInt(blocks) : 0n)
  if (finality === 'latest') return deep(confirmations ?? 1)
  const tagged = await ask('', () => client.getBlock({ blockTag: finality })).then(
    ({ number }) => number,
    (error: unknown) => {
      if (!(error instanceof BitCdnError) || error.code === 'rpc-unreachable') throw error
      return null // the node knows no such tag, or has no such block yet
    },
  )
  const byDepth = deep(confirmations ?? (tagged === null ? FINAL_DEPTH + 1 : 1))
  return tagged !== null && tagged < byDepth ? tagged : byDepth
}

/**
 * The transaction that used the nonce, found by walking back from `final` to the block before it was used. Proof, where
 * an absent receipt is none: nodes behind one address do not know the same. Null where the node keeps no such old state.
 */
async function userOf(
  client: Client,
  { account, nonce }: Bids,
  final: bigint,
  signal: AbortSignal | undefined,
): Promise<Hex | null> {
  const usedAt = async (block: bigint): Promise<boolean> => {
    signal?.throwIfAborted()
    return (await client.getTransactionCount({ address: account, blockNumber: block })) > nonce
  }
  let used = final
  let free = final
  for (let step = 1n; ; step *= 2n) {
    if (free === 0n) return null
    free = final > step ? final - step : 0n
    if (!(await usedAt(free))) break
    used = free
  }
  while (used - free > 1n) {
    const middle = (used + free) / 2n
    if (await usedAt(middle)) used = middle
    else free = middle
  }
  const { transactions } = await client.getBlock({ blockNumber: used, includeTransactions: true })
  const by = transactions.find(({ from, nonce: its }) => its === nonce && from.toLowerCase() === account.toLowerCase())
  return by?.hash ?? null
}
