// One JSON-RPC endpoint over HTTP, read strictly: whatever is not an answer to the question that was asked is a failure
// of the endpoint. An empty body taken for `null` would be taken for "not mined". The URL may carry a provider's key, so
// errors name the origin alone.
import { HttpRequestError, RpcRequestError, TimeoutError } from 'viem'

export interface Endpoint {
  readonly origin: string
  /** Rejects with viem's `HttpRequestError`, `TimeoutError` (also while the body is late) or `RpcRequestError`. */
  request(question: Question, signal: AbortSignal | undefined): Promise<unknown>
}

export interface Question {
  readonly method: string
  readonly params?: unknown
}

/** A call's answer is small and a range of logs is cut at 9,000 blocks: more is an attack or a mistake. */
const MOST_BYTES = 32 * 2 ** 20

export function createEndpoint(url: string, { timeout }: { timeout: number }): Endpoint {
  const { href, origin, headers } = address(url)
  let asked = 0

  return {
    origin,
    async request({ method, params }, signal) {
      const id = ++asked
      const body = { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }
      const failed = (details: string, status?: number) =>
        new HttpRequestError({ body: { method }, details, url: origin, ...(status === undefined ? {} : { status }) })
      const late = AbortSignal.timeout(timeout)
      let text: string
      let status: number
      try {
        const response = await fetch(href, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
          redirect: 'error',
          signal: signal === undefined ? late : AbortSignal.any([signal, late]),
        })
        status = response.status
        text = await wholeBody(response)
      } catch (error) {
        signal?.throwIfAborted()
        if (late.aborted) throw new TimeoutError({ body: { method }, url: origin })
        const { cause, message } = error as Error
        throw failed(cause instanceof Error ? cause.message : message)
      }
      const answer = parsed(text)
      const said = answer?.error
      if (isRpcError(said)) throw new RpcRequestError({ body: { method }, error: said, url: origin })
      if (status < 200 || status > 299) throw failed(`it answered with HTTP status ${status}`, status)
      if (answer === null || answer.id !== id || answer.result === undefined) {
        throw failed('its answer is no JSON-RPC response to the question')
      }
      return answer.result
    },
  }
}

/** What only says that the endpoint will not answer now: limits of rate and faults inside of it. */
export function isPassing(error: unknown): boolean {
  if (error instanceof TimeoutError || error instanceof HttpRequestError) return true
  if (!(error instanceof RpcRequestError)) return false
  return [429, -32005, -32007, -32097].includes(error.code) || (error.code === -32603 && error.data === undefined)
}

/** `fetch` takes no user and password in a URL; they travel in a header. */
function address(url: string): { href: string; origin: string; headers: Record<string, string> } {
  const at = new URL(url)
  const { origin, username, password } = at
  at.username = ''
  at.password = ''
  if (username === '' && password === '') return { href: at.href, origin, headers: {} }
  const user = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  return { href: at.href, origin, headers: { authorization: `Basic ${user}` } }
}

async function wholeBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new Error(`the answer is longer than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): { id?: unknown; result?: unknown; error?: unknown } | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

function isRpcError(value: unknown): value is { code: number; message: string; data?: unknown } {
  if (typeof value !== 'object' || value === null) return false
  const { code, message } = value as { code?: unknown; message?: unknown }
  return typeof code === 'number' && typeof message === 'string'
}
