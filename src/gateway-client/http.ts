// One HTTP exchange with a gateway: bounded in time and size, with every failure as an error of this project.
import { BitCdnError, type ErrorCode } from '../errors.ts'
import { MAX_ANSWER_BYTES, REQUEST_TIMEOUT } from './constants.ts'

export interface Exchange {
  method: 'GET' | 'POST'
  path: string
  body?: unknown
  /** Bearer token. */
  token?: string | undefined
  signal?: AbortSignal | undefined
  /** Milliseconds; default {@link REQUEST_TIMEOUT}. */
  timeout?: number | undefined
}

/** A refusal in the gateway's own words, with the HTTP status that it came with. */
export class GatewayRefusal extends BitCdnError {
  readonly status: number

  constructor(status: number, code: ErrorCode, message: string, advice: string | undefined) {
    super(code, message, { retry: status === 429 || status >= 500, ...(advice === undefined ? {} : { advice }) })
    this.status = status
  }
}

/** The answer's bytes. Throws `gateway-unreachable`, `interrupted`, or a {@link GatewayRefusal}. */
export async function exchange(base: string, request: Exchange): Promise<Uint8Array> {
  const ends = AbortSignal.timeout(request.timeout ?? REQUEST_TIMEOUT)
  const signal = request.signal === undefined ? ends : AbortSignal.any([request.signal, ends])
  try {
    const response = await send(base, request, signal)
    const bytes = await readBounded(response)
    if (!response.ok) throw refusal(response.status, bytes)
    return bytes
  } catch (error) {
    if (error instanceof BitCdnError) throw error
    if (request.signal?.aborted) {
      throw new BitCdnError('interrupted', 'The request to the gateway was stopped.', { cause: error, retry: true })
    }
    throw new BitCdnError('gateway-unreachable', `The gateway ${base} does not answer: ${reason(error)}`, {
      advice: 'Check the gateway URL. Seeders go on and can settle without it.',
      cause: error,
      retry: true,
    })
  }
}

/**
 * A gateway that restarted closed the connections that were kept for the next request: that request is sent again, once.
 * Nothing of the API is spoilt by being asked twice.
 */
async function send(base: string, { method, path, body, token }: Exchange, signal: AbortSignal): Promise<Response> {
  const once = () =>
    fetch(base + path, {
      method,
      redirect: 'error', // a gateway that sends its clients elsewhere would get their tokens there
      signal,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  try {
    return await once()
  } catch (error) {
    const code = ((error as Error).cause as { code?: unknown } | undefined)?.code
    if (code !== 'UND_ERR_SOCKET' && code !== 'ECONNRESET') throw error
    return once()
  }
}

export async function exchangeJson(base: string, request: Exchange): Promise<unknown> {
  const bytes = await exchange(base, request)
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new BitCdnError('protocol', `${base}${request.path} did not answer JSON.`, {
      cause,
      advice: 'Is this the URL of a BitCDN gateway?',
    })
  }
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > MAX_ANSWER_BYTES) {
      throw new BitCdnError('protocol', `The gateway's answer is larger than ${MAX_ANSWER_BYTES} bytes.`, {
        advice: 'Is this a BitCDN gateway?',
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

/** Codes that a gateway may pass on; anything else it says is a plain refusal. */
const passedOn = new Set<string>([
  'no-pass',
  'pass-expired',
  'unknown-content',
  'price-too-high',
  'no-funds',
  'transaction-failed',
  'rpc-unreachable',
  'protocol',
  'refused',
])

function refusal(status: number, bytes: Uint8Array): BitCdnError {
  const said = words(bytes)
  if (said === null && status >= 500) {
    return new BitCdnError('gateway-unreachable', `The gateway answered with status ${status}.`, {
      retry: true,
      advice: 'Try again later.',
    })
  }
  const code = said !== null && passedOn.has(said.code) ? (said.code as ErrorCode) : 'refused'
  return new GatewayRefusal(status, code, said?.message ?? `The gateway refused with status ${status}.`, said?.advice)
}

function words(bytes: Uint8Array): { code: string; message: string; advice?: string } | null {
  try {
    const { error } = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof error?.code !== 'string' || typeof error.message !== 'string') return null
    const advice = typeof error.advice === 'string' ? { advice: error.advice.slice(0, 1000) } : {}
    return { code: error.code, message: error.message.slice(0, 1000), ...advice }
  } catch {
    return null
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}
