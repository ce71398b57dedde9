// What the end of a stream says about the seeder: come back later, or leave it.
import { BitCdnError } from '../errors.ts'
import { ProtocolError, RefusedError } from '../transfer/index.ts'
import { BadUnitError, type SeederFailure, UnsuitableTermsError } from './errors.ts'

/** A refusal that says nothing against the session itself. */
export const isForNow = ({ refusal }: RefusedError): boolean =>
  refusal === 'busy' || refusal === 'resting' || refusal === 'sessionOpenElsewhere'

/** Whether the same seeder may serve later: a broken connection, a full house or a line that ended, not a refusal or a lie. */
export function mayRetry(error: Error | null): boolean {
  if (error === null) return false
  if (error instanceof BadUnitError || error instanceof ProtocolError || error instanceof UnsuitableTermsError)
    return false
  if (error instanceof RefusedError) return isForNow(error) || error.refusal === 'sessionExpired'
  return error instanceof BitCdnError ? error.retry : true
}

export function failureOf(peer: string, error: Error | null): SeederFailure {
  const code = error instanceof BitCdnError ? error.code : 'no-sources'
  const message = error?.message ?? 'It stopped serving.'
  return { peer, code, message, banned: error instanceof BadUnitError || error instanceof ProtocolError }
}
