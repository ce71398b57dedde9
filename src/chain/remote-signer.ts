// JSON-RPC to a program that holds keys. Its address may carry a password: nothing but the host is ever said.
import { BitCdnError } from '../errors.ts'

/** How long a signer may take, milliseconds: a person may have to look at what is signed. */
export const SIGNER_TIMEOUT = 120_000

export interface RemoteSigner {
  readonly host: string
  /** Throws `signer-unreachable`, or `refused` with the signer's own words. */
  call(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown>
}

const UNKNOWN_METHOD = -32601

export function createRemoteSigner({ url, timeout }: { url: string; timeout?: number | undefined }): RemoteSigner {
  const at = URL.parse(url)
  if (at === null || !/^https?:$/.test(at.protocol)) {
    throw new BitCdnError('usage', 'The address of the signer is no http:// or https:// URL.', {
      advice: 'Give one such as http://127.0.0.1:8550.',
    })
  }
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (at.username !== '' || at.password !== '') {
    const login = `${decodeURIComponent(at.username)}:${decodeURIComponent(at.password)}`
    headers.authorization = `Basic ${Buffer.from(login).toString('base64')}`
    at.username = ''
    at.password = ''
  }
  let id = 0
  return {
    host: at.host,
    async call(method, params, signal) {
      const deadline = AbortSignal.timeout(timeout ?? SIGNER_TIMEOUT)
      const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })
      const answer = await exchange(at, {
        ...{ method: 'POST', headers, body, redirect: 'error' as const },
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      })
      if ('error' in answer && answer.error !== null && answer.error !== undefined) throw refusal(at.host, answer.error)
      return (answer as { result?: unknown }).result
    },
  }
}

/** Whether a signer refused because it does not know the method. */
export function isUnknownMethod(error: unknown): boolean {
  return error instanceof BitCdnError && (error.cause as { code?: unknown } | undefined)?.code === UNKNOWN_METHOD
}

async function exchange(at: URL, request: RequestInit): Promise<object> {
  let status = 0
  try {
    const response = await fetch(at, request)
    status = response.status
    const answer: unknown = await response.json()
    if (typeof answer === 'object' && answer !== null) return answer
  } catch (cause) {
    if (status === 0) throw unreachable(at, 'does not answer', cause)
  }
  throw unreachable(at, `answers HTTP ${status} without JSON-RPC`)
}

function unreachable(at: URL, what: string, cause?: unknown): BitCdnError {
  return new BitCdnError('signer-unreachable', `The signer at ${at.host} ${what}.`, {
    advice: 'Check that it runs and that --signer names it; nothing was sent.',
    retry: true,
    ...(cause === undefined ? {} : { cause }),
  })
}

function refusal(host: string, error: unknown): BitCdnError {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const words = typeof message === 'string' && message !== '' ? message.slice(0, 200) : 'without a reason'
  return new BitCdnError('refused', `The signer at ${host} refused: ${words}.`.replace('..', '.'), {
    advice: 'Nothing was sent. Allow it there, or use another account.',
    cause: { code },
  })
}
