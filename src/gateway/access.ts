import type { Address } from 'viem'
import { type Chain, listPasses } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import { CHAIN_STATE_AGE } from './constants.ts'
import type { GatewayContent } from './contents.ts'
import { createExpiringMap } from './expiring.ts'

/** Answers until when (Unix seconds, later than `now`) `holder` may download; throws `no-pass` or `pass-expired`. */
export type AccessCheck = (content: GatewayContent, holder: Address, now: bigint) => Promise<bigint>

/** Asks the chain, and believes a yes for some seconds: a buyer asks for several seeders in a row. */
export function createAccessCheck(chain: Chain): AccessCheck {
  const known = createExpiringMap<bigint>({ capacity: 10_000, lifetime: CHAIN_STATE_AGE })
  return async ({ pass, name }, holder, now) => {
    const key = `${pass}:${holder}`
    const seen = known.get(key)
    if (seen !== undefined && seen > now) return seen // what is believed may have ended meanwhile
    const passes = await listPasses(chain, { pass, holder })
    const until = passes
      .filter((one) => one.valid && one.validUntil > now)
      .reduce<bigint | null>((best, one) => (best === null || one.validUntil > best ? one.validUntil : best), null)
    if (until !== null) {
      known.set(key, until)
      return until
    }
    if (passes.length > 0) {
      throw new BitCdnError('pass-expired', `The pass of ${holder} for '${name}' has ended or is used up.`, {
        advice: 'Renew it, or buy another one.',
      })
    }
    throw new BitCdnError('no-pass', `${holder} holds no pass for '${name}'.`, {
      advice: `Buy one: the pass contract is ${pass}.`,
    })
  }
}
