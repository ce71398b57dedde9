// Whether the sponsor stands behind a session: its own signature or its delegate's, long enough, for this content.
import { type AuthorizedSession, type Domain, verifyTicket } from '../receipts/index.ts'
import { RefusedError } from '../transfer/index.ts'
import type { ChainView } from './chain-view.ts'
import { LEAST_HEAD_SECONDS } from './constants.ts'

/** What of a session has to stay true while it is served. */
export type Standing = Pick<AuthorizedSession, 'lane' | 'signed' | 'ticket'>

export interface Authority {
  /** What a delegate may still spend of the pool; null where the sponsor itself signed. */
  readonly allowance: bigint | null
}

/** Throws `badSignature`, `sessionExpired`, `noAccess`. */
export async function checkAuthority(
  { domain, view }: { domain: Domain; view: ChainView },
  session: AuthorizedSession,
  contentId: string,
): Promise<Authority> {
  const { signed, ticket } = session
  const now = await view.time()
  if (signed.expiry < now + LEAST_HEAD_SECONDS) {
    throw new RefusedError(
      'sessionExpired',
      `The head expires at ${signed.expiry}, less than 30 days from now (${now}).`,
    )
  }
  const authority = await checkStanding(view, session)
  if (ticket === null) return authority
  if (ticket.session !== session.session || !verifyTicket(domain, ticket)) {
    throw new RefusedError('badSignature', `The ticket is not signed by ${ticket.signer} for this session.`)
  }
  if (ticket.contentId !== `0x${contentId}`)
    throw new RefusedError('noAccess', `The ticket is for ${ticket.contentId}, not for ${contentId}.`)
  return authority
}

/** Whether the sponsor still stands behind a session. Throws `badSignature`, `sessionExpired`. */
export async function checkStanding(view: ChainView, { lane, signed, ticket }: Standing): Promise<Authority> {
  const head = await authorityOf(signed.signer)
  if (ticket === null) return head
  const { allowance } = ticket.signer === signed.signer ? head : await authorityOf(ticket.signer)
  const now = await view.time()
  if (ticket.notAfter < now)
    throw new RefusedError('sessionExpired', `The ticket ended at ${ticket.notAfter}; it is ${now} now.`)
  return head.allowance === null ? head : { allowance }

  async function authorityOf(key: typeof signed.signer): Promise<Authority> {
    if (key === lane.sponsor) return { allowance: null }
    const { active, allowance, end } = await view.signer(lane.sponsor, key)
    if (!active) throw new RefusedError('badSignature', `${key} is no delegate of the sponsor ${lane.sponsor}.`)
    if (end !== 0n) throw new RefusedError('badSignature', `The authority of ${key} is being revoked.`)
    return { allowance }
  }
}
