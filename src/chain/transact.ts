// Sending one transaction: tried first without sending, signed here, told to the caller before it leaves, waited for
// with a deadline. A refusal is known before any gas is spent wherever the node can foresee it.
import {
  type Address,
  formatEther,
  type Hex,
  keccak256,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem'
import { BitCdnError } from '../errors.ts'
import { accountOf, type Chain } from './chain.ts'
import {
  GAS_MARGIN_PERCENT,
  NONCE_ATTEMPTS,
  RECEIPT_POLLING,
  TRANSACTION_GAS_CAP,
  TRANSACTION_TIMEOUT,
} from './constants.ts'
import { inTurn } from './queue.ts'
import { asBitCdnError, ask, interrupted } from './rpc.ts'

export interface TransactOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds to wait until it is mined; default {@link TRANSACTION_TIMEOUT}. */
  timeout?: number | undefined
  /** Blocks that must stand on it, its own included; default 1. */
  confirmations?: number | undefined
  /** Awaited after signing and before broadcasting: whoever must remember the transaction stores it here. */
  onSigned?: ((sent: { hash: Hex; raw: Hex; nonce: number }) => void | Promise<void>) | undefined
}

export interface Call {
  to: Address
  data: Hex
  /** Wei; default 0. */
  value?: bigint | undefined
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
  const account = accountOf(chain)
  const { hash, ended } = await inTurn(chain.id, account.address, async (turn) => {
    const { signal } = options
    const on = <T>(question: () => Promise<T>) => ask(chain.rpcUrl, question, signal)
    const gas = await estimate(chain, account.address, call, signal)
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
      try {
        await broadcast(chain, raw, hash)
        return { hash, ended: turn.sent(nonce) }
      } catch (error) {
        // Another process of the same wallet was faster. Whoever keeps books of what was signed must hear of it first.
        if (!isNonceTaken(error) || options.onSigned !== undefined || attempt === NONCE_ATTEMPTS) throw error
      }
    }
  })
  try {
    return await waitUntilMined(chain, hash, options)
  } finally {
    ended()
  }
}

/** Nodes agree on the words and on nothing else. */
function isNonceTaken(error: unknown): boolean {
  return error instanceof BitCdnError && /nonce( is)? too low/i.test(error.message)
}

async function estimate(chain: Chain, from: Address, call: Call, signal: AbortSignal | undefined): Promise<bigint> {
  const gas = await ask(
    chain.rpcUrl,
    () => chain.client.estimateGas({ account: from, to: call.to, data: call.data, value: call.value ?? 0n }),
    signal,
  )
  if (gas > TRANSACTION_GAS_CAP) {
    throw new BitCdnError(
      'transaction-failed',
      `The transaction needs ${gas} gas and may use ${TRANSACTION_GAS_CAP} at most.`,
      {
        advice: 'Send less at once.',
      },
    )
  }
  const generous = gas + (gas * GAS_MARGIN_PERCENT) / 100n
  return generous > TRANSACTION_GAS_CAP ? TRANSACTION_GAS_CAP : generous
}

async function requireCoin(
  chain: Chain,
  address: Address,
  needed: bigint,
  signal: AbortSignal | undefined,
): Promise<void> {
  const balance = await ask(chain.rpcUrl, () => chain.client.getBalance({ address }), signal)
  if (balance >= needed) return
  throw new BitCdnError(
    'no-funds',
    `${address} holds ${formatEther(balance)} of the chain's coin and this transaction may cost ${formatEther(needed)}: ${formatEther(needed - balance)} are missing.`,
    { advice: `Send at least ${formatEther(needed - balance)} to ${address} for gas.` },
  )
}

/** The answer to a broadcast may get lost although the node took the transaction: then the hash is known there. */
async function broadcast(chain: Chain, raw: Hex, hash: Hex): Promise<void> {
  try {
    await chain.client.sendRawTransaction({ serializedTransaction: raw })
  } catch (error) {
    const known = await chain.client.getTransaction({ hash }).then(
      () => true,
      () => false,
    )
    if (!known) throw asBitCdnError(error, chain.rpcUrl)
  }
}

/** Waits for a transaction that was sent, by us or before a restart. Same errors as {@link transact}. */
export async function waitUntilMined(chain: Chain, hash: Hex, options: TransactOptions = {}): Promise<Mined> {
  const deadline = Date.now() + (options.timeout ?? TRANSACTION_TIMEOUT)
  let wait = 10 // a local chain has mined it by now; a public one takes seconds
  for (;;) {
    const receipt = await receiptOf(chain, hash, options.signal)
    if (receipt !== null && (await isDeepEnough(chain, receipt, options))) return succeeded(chain, receipt)
    if (Date.now() > deadline) {
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
    return await ask(chain.rpcUrl, () => receiptOrNull(chain, hash), signal)
  } catch (error) {
    if (error instanceof BitCdnError && error.code === 'rpc-unreachable') return null
    throw error
  }
}

async function receiptOrNull(chain: Chain, hash: Hex): Promise<TransactionReceipt | null> {
  try {
    return await chain.client.getTransactionReceipt({ hash })
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return null
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

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(interrupted(signal))
    const stop = () => {
      clearTimeout(timer)
      reject(interrupted(signal as AbortSignal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
