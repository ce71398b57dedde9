// Every question to the RPC endpoint goes through here, so that "nobody answers" and "the contract said no" are
// told apart once, and an error is never read as an answer.
import {
  type BaseError,
  HttpRequestError,
  RpcRequestError,
  SocketClosedError,
  TimeoutError,
  BaseError as ViemError,
  WebSocketRequestError,
} from 'viem'
import { BitCdnError } from '../errors.ts'
import { explainRevert } from './revert.ts'

/** Runs `question` against the endpoint; throws `rpc-unreachable`, `transaction-failed`, `no-funds` or `interrupted`. */
export async function ask<T>(url: string, question: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal?.aborted) throw interrupted(signal)
  try {
    return await untilAborted(question(), signal)
  } catch (error) {
    throw asBitCdnError(error, url)
  }
}

/** The same failure in the words of this project. */
export function asBitCdnError(error: unknown, url: string): BitCdnError {
  if (error instanceof BitCdnError) return error
  const refused = explainRevert(error)
  if (refused !== null) return refused
  if (isTransport(error)) return unreachable(error, url)
  return new BitCdnError('transaction-failed', `The chain refused the request: ${shortMessage(error)}`, {
    cause: error,
  })
}

function isTransport(error: unknown): boolean {
  if (!(error instanceof ViemError)) return error instanceof TypeError && error.message === 'fetch failed'
  return error.walk((inner) => transportErrors.some((kind) => inner instanceof kind)) !== null
}

const transportErrors = [HttpRequestError, TimeoutError, SocketClosedError, WebSocketRequestError]

function unreachable(error: unknown, url: string): BitCdnError {
  return new BitCdnError(
    'rpc-unreachable',
    `The chain's RPC endpoint ${withoutSecrets(url)} does not answer: ${shortMessage(error)}`,
    {
      advice: 'Check the RPC URL and that the node behind it runs.',
      cause: error,
      retry: true,
    },
  )
}

/** Keys of RPC providers travel in paths and queries: only the origin is shown, of each of several. */
export function withoutSecrets(url: string): string {
  return url
    .split(',')
    .map((one) => (URL.canParse(one) ? new URL(one).origin : 'given'))
    .join(', ')
}

export function shortMessage(error: unknown): string {
  if (error instanceof ViemError) {
    const rpc = error.walk((inner) => inner instanceof RpcRequestError) as BaseError | null
    return rpc?.details || error.shortMessage || error.details
  }
  return error instanceof Error ? error.message : String(error)
}

export function interrupted(signal: AbortSignal): BitCdnError {
  return new BitCdnError('interrupted', 'The wait for the chain was stopped.', { cause: signal.reason, retry: true })
}

/** Settles with `work`, or rejects as soon as `signal` aborts; the work's own end is then ignored. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const stop = () => reject(interrupted(signal))
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** Rejects with `interrupted` when `signal` aborts. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
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
