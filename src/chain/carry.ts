// One transaction of a wallet whose transactions are written down, from the intent to its block.
import { randomUUID } from 'node:crypto'
import type { TransactionReceipt } from 'viem'
import { BitCdnError, hasCode } from '../errors.ts'
import { CARRY_POLLING, TRANSACTION_TIMEOUT } from './constants.ts'
import type { Call } from './estimate.ts'
import { pause } from './rpc.ts'
import { beginIntent, type IntentStanding, type JournaledChain, type TendOptions, tendIntent } from './sender.ts'

/** How a written-down transaction is known and limited. */
export interface IntentOptions extends TendOptions {
  /** The same id again goes on with the same transaction. Default: a new one. */
  id?: string | undefined
  purpose?: string | undefined
  /** Wei per gas that no bid passes. Throws `price-too-high` before anything is signed when the next block costs more. */
  maxFeePerGas?: bigint | null | undefined
  /** Awaited between the intent and the signature; when it throws, nothing leaves. */
  onBegin?: (() => Promise<void>) | undefined
  /** Milliseconds to wait for a block. */
  timeout?: number | undefined
}

export interface Carried {
  readonly id: string
  readonly receipt: TransactionReceipt
  /** Whether the block can still go away. */
  readonly final: boolean
}

/**
 * Sends `call` at most once for its id and waits until it is in a block; it may have been reverted there. Throws
 * `transaction-failed` with `retry` when that takes too long: it is written down, and tending brings it forward.
 */
export async function carry(chain: JournaledChain, call: Call, options: IntentOptions = {}): Promise<Carried> {
  const { signal, bumpAfter, onBegin, onEnd } = options
  const id = options.id ?? randomUUID()
  const deadline = performance.now() + (options.timeout ?? TRANSACTION_TIMEOUT)
  const intent = {
    ...{ id, purpose: options.purpose ?? 'transact' },
    call: { to: call.to, data: call.data, value: call.value ?? 0n },
    maxFeePerGas: options.maxFeePerGas ?? null,
  }
  let entry = await beginIntent(chain, intent, { signal, onBegin, onEnd })
  for (let wait = 10; ; wait = Math.min(wait * 2, CARRY_POLLING)) {
    const standing = await look(() => tendIntent(chain, entry, { signal, bumpAfter, onEnd }))
    if (standing?.state === 'final' || standing?.state === 'mined') {
      return { id, receipt: standing.receipt, final: standing.state === 'final' }
    }
    if (standing?.state === 'unsigned') {
      throw new BitCdnError('refused', `The transaction ${id} was given up before it was signed.`, { retry: true })
    }
    if (performance.now() > deadline) {
      throw new BitCdnError('transaction-failed', `The transaction ${id} was not mined in time.`, {
        advice: 'It is written down and brought forward again; nothing needs to be sent anew.',
        retry: true,
      })
    }
    await pause(wait, signal)
    entry = (await chain.journal.entry(id)) ?? entry
  }
}

/** Null while no endpoint answers: the deadline ends that. */
async function look(question: () => Promise<IntentStanding>): Promise<IntentStanding | null> {
  try {
    return await question()
  } catch (error) {
    if (hasCode(error, 'rpc-unreachable')) return null
    throw error
  }
}
