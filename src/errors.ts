/** What went wrong, as a stable word. The CLI maps each to an exit code; programs may switch on it. */
export type ErrorCode =
  | 'usage'
  | 'file-missing'
  | 'file-unreadable'
  | 'file-empty'
  | 'file-invalid'
  | 'disk-full'
  | 'disk-failed'
  | 'database-unreachable'
  | 'lease-lost'
  | 'port-in-use'
  | 'rpc-unreachable'
  | 'wrong-chain'
  | 'transaction-failed'
  | 'no-funds'
  | 'price-too-high'
  | 'no-pass'
  | 'pass-expired'
  | 'refused'
  | 'wrong-password'
  | 'unknown-content'
  | 'no-sources'
  | 'verification-failed'
  | 'protocol'
  | 'gateway-unreachable'
  | 'signer-unreachable'
  | 'monitor-unreachable'
  | 'interrupted'

export interface ErrorDetails {
  /** What the reader can do next, as a sentence. */
  advice?: string
  /** The failure underneath. */
  cause?: unknown
  /** Whether the same call may succeed later without anybody changing anything. */
  retry?: boolean
}

/** The one error of this project: what happened with values, what to do next, whether a retry can help. */
export class BitCdnError extends Error {
  override readonly name: string = 'BitCdnError'
  readonly code: ErrorCode
  readonly advice: string | undefined
  readonly retry: boolean

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.advice = details.advice
    this.retry = details.retry ?? false
  }
}

/** Whether `error` is a {@link BitCdnError} with this code. */
export function hasCode(error: unknown, code: ErrorCode): error is BitCdnError {
  return error instanceof BitCdnError && error.code === code
}
