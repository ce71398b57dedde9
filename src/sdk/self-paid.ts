import type { Address } from 'viem'
import { accountOf, blockTime, type Chain, contentIdBytes, readLane } from '../chain/index.ts'
import type { SessionGrant, SessionSource } from '../downloader/index.ts'
import { BitCdnError } from '../errors.ts'
import { type AuthorizedSession, type Lane, type SponsorLog, signerFromAccount, signHead } from '../receipts/index.ts'

/** A head of one's own is good for this long, in seconds: seeders refuse less than 30 days. */
const HEAD_SECONDS = 60n * 86_400n

/**
 * The downloader as its own sponsor: it logs one line to itself for each seeder and signs the head with its wallet.
 * Seeders serve it from a reserve that it made for them (`reserve`); without one they refuse.
 */
export function selfPaidSessions(chain: Chain, log: SponsorLog): SessionSource {
  const account = accountOf(chain)
  const signer = signerFromAccount(account)
  const sponsor = account.address

  return {
    async open({ contentId, download, requests }, signal): Promise<SessionGrant> {
      const now = await blockTime(chain, signal)
      const grant = { contentId: contentIdBytes(contentId), holder: sponsor, download, createdAt: Number(now) }
      const sessions: AuthorizedSession[] = []
      const refused: { seeder: Address; reason: string }[] = []
      for (const { terms, sessionKey, maxBytes, bid } of requests) {
        const { seeder } = terms
        const pricePerGiB = bid ?? terms.pricePerGiB
        if (terms.expiry < now) {
          refused.push({ seeder, reason: 'its terms have expired' })
          continue
        }
        const lane = await reservedLane(
          terms.lanes.map((lane) => ({ sponsor, seeder, lane, pricePerGiB })),
          signal,
        )
        if (lane === null) {
          refused.push({ seeder, reason: nothingReserved(seeder, bid) })
          continue
        }
        const line = await log.append(lane, { sessionKey, maxBytes }, grant)
        const signed = await signHead(chain.domain, signer, lane, { head: line.next, expiry: now + HEAD_SECONDS })
        await log.saveHead(lane, signed)
        const stored = await log.laneLog(lane)
        if (stored === null) throw new BitCdnError('disk-failed', 'The session log lost the line that it just stored.')
        sessions.push({
          lane,
          index: line.index,
          session: line.session,
          line: { sessionKey, maxBytes },
          from: stored.settled,
          lines: stored.lines,
          signed,
          ticket: null,
        })
      }
      return { sessions, refused }
    },
  }

  async function reservedLane(candidates: readonly Lane[], signal: AbortSignal): Promise<Lane | null> {
    for (const lane of candidates) {
      const { head, free } = await readLane(chain, lane, { signal })
      await log.markSettled(lane, head)
      if (free > 0n) return lane
    }
    return null
  }
}

/** A lane is told by its price: what is reserved at another one does not count. */
function nothingReserved(seeder: Address, bid: bigint | undefined): string {
  const price = bid === undefined ? '' : ` at a price of ${bid} token units per GiB`
  return `nothing is reserved for it${price}: bitcdn reserve ${seeder} AMOUNT${bid === undefined ? '' : ' --price-per-gib BID'}`
}
