import { BitCdnError, type ErrorCode } from '../errors.ts'

/** Why a seeder gave nothing, or nothing any more. */
export interface SeederFailure {
  readonly peer: string
  readonly code: ErrorCode
  readonly message: string
  /** It sent a unit that does not belong to the content. */
  readonly banned: boolean
}

/** A seeder asks for more than the user wants to pay, or another chain than the user's. */
export class UnsuitableTermsError extends BitCdnError {
  override readonly name = 'UnsuitableTermsError'
}

/** A seeder sent bytes that are not the content's. It is named, and nothing is fetched from it or signed for it again. */
export class BadUnitError extends BitCdnError {
  override readonly name = 'BadUnitError'

  /** `unit`: null where the piece was judged as a whole. */
  constructor(peer: string, piece: number, unit: number | null) {
    const what = unit === null ? `bytes that are not piece ${piece}` : `a wrong unit ${unit} of piece ${piece}`
    super('verification-failed', `${peer} sent ${what}.`, {
      advice: 'Nothing needs to be done: the unit is fetched from another seeder, and this one gets no receipt for it.',
    })
  }
}

/** What a download says when nobody serves it (any more). */
export function nobodyServes(contentId: string, failures: readonly SeederFailure[], begun: boolean): BitCdnError {
  const details = failures.length === 0 ? '' : ` ${describe(failures)}`
  const only = (code: ErrorCode): boolean => failures.length > 0 && failures.every((failure) => failure.code === code)
  if (only('price-too-high')) {
    return new BitCdnError('price-too-high', `Every seeder asks for more than the maximum price.${details}`, {
      advice: 'Raise --max-price, or wait for cheaper seeders.',
    })
  }
  if (only('unknown-content')) {
    return new BitCdnError('unknown-content', `No seeder knows the content ${contentId}.${details}`, {
      advice: 'Check the content id and ask the publisher whether it is seeded.',
    })
  }
  const paid = failures.find(({ code }) => code === 'no-pass' || code === 'pass-expired')
  if (paid !== undefined) {
    return new BitCdnError(paid.code, paid.message, { advice: 'Buy a pass for this content, or renew it.' })
  }
  const spent = failures.find(({ code }) => code === 'no-funds')
  if (spent !== undefined) {
    return new BitCdnError('no-funds', spent.message, {
      advice: 'What was fetched is kept. Raise --max-spend where you set one, then start again.',
    })
  }
  if (only('gateway-unreachable')) {
    return new BitCdnError('gateway-unreachable', failures[0]!.message, {
      advice: 'Check --gateway and that the gateway runs, then start again: what was fetched is kept.',
      retry: true,
    })
  }
  if (failures.some(({ code }) => code === 'refused') && !begun) {
    return new BitCdnError('refused', `Every seeder refused.${details}`, {
      advice: 'The reasons above say what each of them asks for.',
      retry: true,
    })
  }
  const what = begun ? `Nobody serves the rest of ${contentId}.` : `Nobody serves the content ${contentId}.`
  return new BitCdnError('no-sources', `${what}${details}`, {
    advice: 'Try again later; what was fetched is kept. Or name a seeder by its address.',
    retry: true,
  })
}

function describe(failures: readonly SeederFailure[]): string {
  return failures.map(({ peer, message }) => `${peer}: ${message}`).join(' ')
}
