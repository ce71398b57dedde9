import { BitCdnError, type ErrorCode } from '../errors.ts'
import { REFUSAL, type Refusal } from './ports.ts'

const CODES: Partial<Record<Refusal, ErrorCode>> = {
  unknownContent: 'unknown-content',
  noAccess: 'no-pass',
}

const ADVICE: Record<Refusal, string> = {
  unknownContent: 'Ask a seeder that holds this content.',
  priceTooLow: "Offer at least the price in the seeder's terms.",
  logDoesNotExtend: 'Ask the gateway for a new line; it adopts the highest head that the seeder holds.',
  reserveTooSmall: 'The sponsor has to reserve more for this seeder, or use another seeder.',
  sessionExpired: 'Ask the gateway for a session with a later expiry.',
  sessionOpenElsewhere: 'Close the other stream of this session first, or open a new session.',
  busy: 'Try again in a moment, or use another seeder.',
  badSignature: 'Check that chain id, settlement contract and keys are those of this seeder.',
  noAccess: 'Buy a pass for this content, or renew it.',
  wrongLane: "Use one of the lanes in the seeder's terms.",
  resting: 'Use another seeder, or come back later: it serves again by itself.',
  needsPayment: 'Open the transfer with a session, and sign receipts for what arrives.',
}

/** A seeder's refusal to serve: thrown by its desk, travels as a number with words, and is thrown again at the downloader. */
export class RefusedError extends BitCdnError {
  override readonly name = 'RefusedError'
  readonly refusal: Refusal

  constructor(refusal: Refusal, words: string) {
    super(CODES[refusal] ?? 'refused', words, {
      advice: ADVICE[refusal],
      retry: refusal === 'busy' || refusal === 'resting',
    })
    this.refusal = refusal
  }
}

/** The reason behind the number that travelled; `busy` for numbers of a later version. */
export function refusalOf(reason: number): Refusal {
  for (const [refusal, number] of Object.entries(REFUSAL)) if (number === reason) return refusal as Refusal
  return 'busy'
}

/** The other side broke the protocol: its stream is aborted, and nothing that it says afterwards counts. */
export class ProtocolError extends BitCdnError {
  override readonly name = 'ProtocolError'

  constructor(message: string, cause?: unknown) {
    super('protocol', message, {
      advice: 'The other peer runs a faulty or hostile program; use another peer.',
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

/** The stream ended before the work was done: the peer left, or the connection broke. */
export class StreamEndedError extends BitCdnError {
  override readonly name = 'StreamEndedError'

  constructor(message: string, cause?: unknown) {
    super('protocol', message, {
      retry: true,
      advice: 'Connect again, or use another peer.',
      ...(cause === undefined ? {} : { cause }),
    })
  }
}
