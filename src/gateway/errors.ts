// What the gateway answers when it says no: a status, and a body that people and programs can read.
import { BitCdnError, type ErrorCode } from '../errors.ts'

/** A refusal with a status of its own. */
export class GatewayError extends BitCdnError {
  readonly status: number

  constructor(status: number, code: ErrorCode, message: string, advice?: string) {
    super(code, message, advice === undefined ? {} : { advice })
    this.status = status
  }
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  usage: 400,
  protocol: 400,
  'no-funds': 402,
  'no-pass': 403,
  'pass-expired': 403,
  'unknown-content': 404,
  refused: 409,
  'price-too-high': 409,
  'transaction-failed': 422,
  'rpc-unreachable': 503,
}

export interface Answer {
  readonly status: number
  readonly body: { readonly error: { readonly code: string; readonly message: string; readonly advice?: string } }
}

/** The answer for any failure. What is not ours to tell (the gateway's own disk, its RPC provider) is not told. */
export function answerFor(error: unknown): Answer {
  if (error instanceof BitCdnError && error.code === 'rpc-unreachable') {
    return answer(503, error.code, 'The chain does not answer the gateway at the moment.', 'Try again in a minute.')
  }
  if (error instanceof BitCdnError) {
    const status = error instanceof GatewayError ? error.status : (STATUS[error.code] ?? 500)
    if (status < 500) return answer(status, error.code, error.message, error.advice)
    if (error instanceof GatewayError) return answer(status, error.code, error.message, error.advice)
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return answer(status, 'protocol', (error as Error).message, 'See docs/API.md for the fields of this request.')
  }
  return answer(500, 'internal', 'The gateway failed. Its operator finds the reason in its log.', 'Try again later.')
}

function answer(status: number, code: string, message: string, advice: string | undefined): Answer {
  return { status, body: { error: { code, message, ...(advice === undefined ? {} : { advice }) } } }
}
