// Sending one transaction: tried first without sending, signed here, told to the caller before it leaves, waited for
// with a deadline. A refusal is known before any gas is spent wherever the node can foresee it.
import { type Hex, keccak256, type TransactionReceipt } from 'viem'
import { BitCdnError } from '../errors.ts'
import { broadcast, isNonceUsed } from './broadcast.ts'
import { carry, type IntentOptions } from './carry.ts'
import { accountOf, type Chain } from './chain.ts'
import { NONCE_ATTEMPTS, RECEIPT_POLLING, TRANSACTION_TIMEOUT } from './constants.ts'
import { type Call, estimateGas, requireCoin } from './estimate.ts'
import { inTurn } from './queue.ts'
import { asBitCdnError, ask, pause } from './rpc.ts'
import type { JournaledChain } from './sender.ts'
import { receiptOrNull } from './standing.ts'

export interface TransactOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds to wait until it is mined; default {@link TRANSACTION_TIMEOUT}. */
  timeout?: number | undefined
  /** Blocks that must stand on it, its own included; default 1. */
  confirmations?: number | undefined
  /** With a journal: how the transaction is known there. */
  intent?: IntentOptions | undefined
  /** Without a journal: awaited after signing and before broadcasting, for whoever must remember the transaction. */
  onSigned?: ((sent: { hash: Hex; raw: Hex; nonce: number }) => void | Promise<void>) | undefined
}

/** A mined transaction that did what it was sent for. */
export interface Mined {
  readonly hash: Hex
  readonly gasUsed: bigint
  readonly blockNumber: bigint
  readonly receipt: TransactionReceipt
}

/**
 * Sends `call` from the chain's account and waits until it is mined. Throws `no-funds` (naming what is missing),
 * `transaction-failed` (with the contract's own words, or when it was not mined in time), `rpc-unreachable`, `interrupted`.
 */
export async function transact(chain: Chain, call: Call, options: TransactOptions = {}): Promise<Mined> {
  const { journal } = chain
  if (journal !== null) return carried({ ...chain, journal }, call, options)
  const account = accountOf(chain)
  const { hash, ended } = await inTurn(chain.id, account.address, async (turn) => {
    const { signal } = options
    const on = <T>(question: () => Promise<T>) => ask(chain.rpcUrl, question, signal)
    const gas = await estimateGas(chain, account.address, call, signal)
    const { maxFeePerGas, maxPriorityFeePerGas } = await on(() => chain.client.estimateFeesPerGas())
    await requireCoin(chain, account.address, gas * maxFeePerGas + (call.value ?? 0n), signal)
    for (let attempt = 1; ; attempt++) {
      const pending = await on(() =>
        chain.client.getTransactionCount({ address: account.address, blockTag: 'pending' }),
      )
      const nonce = turn.nonce(pending)
      const fields = { chainId: chain.id, to: call.to, data: call.data, value: call.value ?? 0n, nonce, gas }
      const raw = await account.signTransaction({ type: 'eip1559', ...fields, maxFeePerGas, maxPriorityFeePerGas })
      const hash = keccak256(raw)
      await options.onSigned?.({ hash, raw, nonce })
      const doubt = await broadcast(chain, { raw, hash })
      if (doubt === null) return { hash, ended: turn.sent(nonce) }
      // Another process of the same wallet was faster. Whoever keeps books of what was signed must hear of it first.
      if (!isNonceUsed(doubt) || options.onSigned !== undefined || attempt === NONCE_ATTEMPTS) throw doubt
    }
  })
  try {
    return await waitUntilMined(chain, hash, options)
  } finally {
    ended()
  }
}

async function carried(chain: JournaledChain, call: Call, options: TransactOptions): Promise<Mined> {
  const { signal } = options
  const { receipt } = await carry(chain, call, {
    ...options.intent,
    signal,
    timeout: options.intent?.timeout ?? options.timeout,
  })
  if ((options.confirmations ?? 1) <= 1) return succeeded(chain, receipt)
  return waitUntilMined(chain, receipt.transactionHash, options)
}

/** Waits for a transaction that was sent, by us or before a restart. Same errors as {@link transact}. */
export async function waitUntilMined(chain: Chain, hash: Hex, options: TransactOptions = {}): Promise<Mined> {
  const deadline = performance.now() + (options.timeout ?? TRANSACTION_TIMEOUT)
  let wait = 10 // a local chain has mined it by now; a public one takes seconds
  for (;;) {
    const receipt = await receiptOf(chain, hash, options.signal)
    if (receipt !== null && (await isDeepEnough(chain, receipt, options))) return succeeded(chain, receipt)
    if (performance.now() > deadline) {
      throw new BitCdnError('transaction-failed', `Transaction ${hash} was not mined in time.`, {
        advice: 'It may still be mined: look it up by its hash before sending again.',
        retry: true,
      })
    }
    await pause(wait, options.signal)
    wait = Math.min(wait * 2, RECEIPT_POLLING)
  }
}

/** Null while it is not mined, and while the endpoint does not answer: the deadline ends both. */
async function receiptOf(chain: Chain, hash: Hex, signal: AbortSignal | undefined): Promise<TransactionReceipt | null> {
  try {
    return await ask(chain.rpcUrl, () => receiptOrNull(chain.client, hash), signal)
  } catch (error) {
    if (error instanceof BitCdnError && error.code === 'rpc-unreachable') return null
    throw error
  }
}

async function isDeepEnough(chain: Chain, receipt: TransactionReceipt, options: TransactOptions): Promise<boolean> {
  const wanted = BigInt(options.confirmations ?? 1)
  if (wanted <= 1n) return true
  const tip = await ask(chain.rpcUrl, () => chain.client.getBlockNumber(), options.signal)
  return tip - receipt.blockNumber + 1n >= wanted
}

async function succeeded(chain: Chain, receipt: TransactionReceipt): Promise<Mined> {
  const { transactionHash: hash, gasUsed, blockNumber } = receipt
  if (receipt.status === 'success') return { hash, gasUsed, blockNumber, receipt }
  throw new BitCdnError(
    'transaction-failed',
    `Transaction ${hash} was reverted in block ${blockNumber}.${await reasonOf(chain, receipt)}`,
    {
      advice: 'Something else came first in that block. Read the state again and send anew.',
    },
  )
}

/** Replays the call on the block before; says nothing where that succeeds or the node has forgotten. */
async function reasonOf(chain: Chain, receipt: TransactionReceipt): Promise<string> {
  try {
    const sent = await chain.client.getTransaction({ hash: receipt.transactionHash })
    await chain.client.call({
      account: sent.from,
      to: sent.to,
      data: sent.input,
      value: sent.value,
      blockNumber: receipt.blockNumber,
    })
    return ''
  } catch (error) {
    const { code, message } = asBitCdnError(error, chain.rpcUrl)
    return code === 'rpc-unreachable' ? '' : ` ${message}`
  }
}
