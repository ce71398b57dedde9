// Transactions that survive the process: an intent is written down, then each bid for it, and only then does anything
// leave. What became of it is read from the chain every time, so a reorganisation, a pool that forgets or another user of
// the wallet is met where it is found.
import { keccak256, type TransactionReceipt } from 'viem'
import { BitCdnError, hasCode } from '../errors.ts'
import type { Intent, JournalEntry, TransactionJournal } from '../receipts/index.ts'
import { broadcast, isPooled } from './broadcast.ts'
import { accountOf, type Chain } from './chain.ts'
import { BID_CAP, BUMP_AFTER, LOOKS_BEFORE_LOST, MOST_FILLED } from './constants.ts'
import { estimateGas, requireCoin } from './estimate.ts'
import { type Bid, feesNow, firstBid, nextBid } from './fees.ts'
import { inTurn } from './queue.ts'
import { ask } from './rpc.ts'
import { everywhere, type Standing, standingOf } from './standing.ts'

/** A connection whose transactions are written down. */
export type JournaledChain = Chain & { readonly journal: TransactionJournal }

export interface TendOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds without a block until the bid is raised; default {@link BUMP_AFTER}. */
  bumpAfter?: number | undefined
  /**
   * Awaited before an entry ends, so that whoever acts on it has done so when it is forgotten; may come again after a
   * crash. Null: nothing was ever signed, or it cannot be mined any more.
   */
  onEnd?: ((entry: JournalEntry, receipt: TransactionReceipt | null) => Promise<void>) | undefined
}

export type IntentStanding = Standing | { readonly state: 'unsigned' }

/** How often an entry was seen without a trace of it, by id and nonce; for nodes that keep no old state. */
const looks = new Map<string, number>()

/** Writes down the intent, runs `onBegin`, signs the first bid and sends it. Nothing leaves when `onBegin` throws. */
export async function beginIntent(
  chain: JournaledChain,
  intent: Omit<Intent, 'chainId' | 'account'>,
  options: TendOptions & { onBegin?: (() => Promise<void>) | undefined } = {},
): Promise<JournalEntry> {
  const { journal } = chain
  return inWalletTurn(chain, options.signal, async () => {
    const known = await journal.entry(intent.id)
    if (known !== null && (known.state !== 'open' || liveBids(known).length > 0)) return known
    const entry = await journal.begin({ ...intent, chainId: chain.id, account: accountOf(chain).address })
    try {
      await options.onBegin?.()
      return await firstSend(chain, entry, options.signal)
    } catch (error) {
      await dropUnsigned(chain, intent.id, options)
      throw error
    }
  })
}

/** One look at one entry: what the chain says, and what it takes to bring it there. */
export async function tendIntent(
  chain: JournaledChain,
  entry: JournalEntry,
  options: TendOptions = {},
): Promise<IntentStanding> {
  const { signal } = options
  const live = liveBids(entry)
  const last = live.at(-1)
  if (last === undefined) return { state: 'unsigned' }
  const { account } = entry
  const standing = await standingOf(chain, { account, nonce: last.nonce, hashes: live.map(({ hash }) => hash) }, signal)
  const key = `${entry.id}/${last.nonce}`
  if (standing.state !== 'unclear' || !standing.absent) looks.delete(key)
  if (standing.state === 'final') {
    await options.onEnd?.(entry, standing.receipt)
    await chain.journal.end(entry.id, standing.receipt.status === 'success' ? 'done' : 'failed')
  } else if (standing.state === 'pending' && chain.account !== null) {
    await push(chain, entry, options)
  } else if (standing.state === 'taken') {
    await signAnew(chain, entry, options)
  } else if (standing.state === 'unclear' && standing.absent) {
    looks.set(key, (looks.get(key) ?? 0) + 1)
    if ((looks.get(key) ?? 0) >= LOOKS_BEFORE_LOST) await signAnew(chain, entry, options)
  }
  return standing
}

/** One look at all open entries of the wallet (of the whole chain where the connection only reads). */
export async function tendIntents(
  chain: JournaledChain,
  options: TendOptions = {},
): Promise<{ entry: JournalEntry; standing: IntentStanding }[]> {
  const { journal, account, id: chainId } = chain
  const found: { entry: JournalEntry; standing: IntentStanding }[] = []
  for (const entry of await journal.open({ chainId, account: account?.address })) {
    let standing = await tendIntent(chain, entry, options)
    if (standing.state === 'unsigned' && account !== null) {
      // whoever signs does so in its turn: an entry without a bid in ours was left behind
      const dropped = await inWalletTurn(chain, options.signal, () => dropUnsigned(chain, entry.id, options))
      if (dropped) continue
      standing = { state: 'pending' }
    }
    found.push({ entry, standing })
  }
  if (account !== null) await fillGap(chain, found, options)
  return found.filter(({ standing }) => standing.state !== 'final')
}

export const liveBids = (entry: JournalEntry): JournalEntry['signed'] => entry.signed.filter(({ lost }) => !lost)

/** In this process one after the other, and on this machine as well. */
function inWalletTurn<T>(chain: JournaledChain, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const account = accountOf(chain).address
  return inTurn(chain.id, account, () => chain.journal.exclusively({ chainId: chain.id, account }, work, { signal }))
}

async function dropUnsigned(chain: JournaledChain, id: string, { onEnd }: TendOptions): Promise<boolean> {
  const entry = await chain.journal.entry(id)
  if (entry === null || entry.state !== 'open' || liveBids(entry).length > 0) return false
  await onEnd?.(entry, null)
  await chain.journal.end(id, 'dropped')
  return true
}

async function firstSend(
  chain: JournaledChain,
  entry: JournalEntry,
  signal: AbortSignal | undefined,
): Promise<JournalEntry> {
  const { call, account } = entry
  const gas = await estimateGas(chain, account, call, signal)
  const bid = firstBid(await feesNow(chain, signal), entry.maxFeePerGas)
  await requireCoin(chain, account, gas * bid.maxFeePerGas + call.value, signal)
  await signAndSend(chain, entry, { nonce: await freeNonce(chain, signal), gas, bid })
  return (await chain.journal.entry(entry.id)) as JournalEntry
}

async function signAndSend(
  chain: JournaledChain,
  { id, call }: JournalEntry,
  { nonce, gas, bid }: { nonce: number; gas: bigint; bid: Bid },
): Promise<void> {
  const fields = { type: 'eip1559', chainId: chain.id, ...call, nonce, gas, ...bid } as const
  const raw = await accountOf(chain).signTransaction(fields)
  const hash = keccak256(raw)
  await chain.journal.sign(id, { hash, raw, nonce, gas, ...bid })
  await broadcast(chain, { raw, hash })
}

/** The lowest nonce that neither the chain, nor a pool, nor an open entry uses. */
async function freeNonce(chain: JournaledChain, signal: AbortSignal | undefined): Promise<number> {
  const account = accountOf(chain).address
  const held = new Set<number>()
  for (const entry of await chain.journal.open({ chainId: chain.id, account })) {
    for (const { nonce } of liveBids(entry)) held.add(nonce)
  }
  const counts = await everywhere(
    chain,
    (client) => client.getTransactionCount({ address: account, blockTag: 'pending' }),
    signal,
  )
  let nonce = Math.max(...counts)
  while (held.has(nonce)) nonce++
  return nonce
}

/** Not in a block: a pool may have forgotten it, or others bid more. */
async function push(chain: JournaledChain, entry: JournalEntry, options: TendOptions): Promise<void> {
  const live = liveBids(entry)
  const last = live.at(-1) as (typeof live)[number]
  const first = live[0] as (typeof live)[number]
  try {
    if (last.age >= (options.bumpAfter ?? BUMP_AFTER)) {
      const now = await feesNow(chain, options.signal)
      const outbid = now.price > last.maxFeePerGas || now.maxPriorityFeePerGas > last.maxPriorityFeePerGas
      const cap = entry.maxFeePerGas ?? first.maxFeePerGas * BID_CAP
      const bid = outbid ? nextBid(last, now, cap) : null
      if (bid !== null) return await signAndSend(chain, entry, { nonce: last.nonce, gas: last.gas, bid })
    }
    if (!(await isPooled(chain, last.hash))) await broadcast(chain, last)
  } catch (error) {
    // it stays written down and is brought forward again at the next look
    if (!(error instanceof BitCdnError) || hasCode(error, 'interrupted')) throw error
  }
}

async function signAnew(chain: JournaledChain, entry: JournalEntry, options: TendOptions): Promise<void> {
  if (chain.account === null) return
  await inWalletTurn(chain, options.signal, async () => {
    await chain.journal.lose(entry.id)
    try {
      await firstSend(chain, entry, options.signal)
    } catch (error) {
      await dropUnsigned(chain, entry.id, options)
      if (!(error instanceof BitCdnError) || hasCode(error, 'interrupted')) throw error
    }
  })
}

/**
 * A bid above the account's next nonce is not mined before the gap is filled; a pool's transaction that held the nonce
 * when the bid was made may have been forgotten.
 */
async function fillGap(
  chain: JournaledChain,
  found: readonly { entry: JournalEntry; standing: IntentStanding }[],
  options: TendOptions,
): Promise<void> {
  const account = accountOf(chain).address
  const waiting = found.flatMap(({ entry, standing }) => (standing.state === 'pending' ? liveBids(entry) : []))
  const old = waiting.filter(({ age }) => age >= (options.bumpAfter ?? BUMP_AFTER))
  if (old.length === 0) return
  const lowest = Math.min(...old.map(({ nonce }) => nonce))
  for (let filled = 0; filled < MOST_FILLED; filled++) {
    const { client, rpcUrl } = chain
    const next = await ask(rpcUrl, () => client.getTransactionCount({ address: account, blockTag: 'pending' }))
    if (next >= lowest || (await freeNonce(chain, options.signal)) >= lowest) return
    const call = { to: account, data: '0x', value: 0n } as const
    await beginIntent(chain, {
      id: `fill-${chain.id}-${account}-${next}-${Date.now()}`,
      purpose: 'fill',
      call,
      maxFeePerGas: null,
    })
  }
}
