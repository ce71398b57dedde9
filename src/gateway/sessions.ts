// One line for each chosen seeder: who may acknowledge bytes, up to how many, at which price. Each line is durable
// before its head is signed, and the head before it is answered: a line that was answered is never forgotten.
import type { Address } from 'viem'
import { blockTime, type Chain, contentIdBytes } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import type { SessionQuestion, SessionsAnswer, SessionsQuestion } from '../gateway-client/index.ts'
import {
  type AuthorizedSession,
  type Lane,
  type Signer,
  type SponsorLimits,
  type SponsorLine,
  type SponsorLog,
  type SponsorSums,
  signHead,
  signTicket,
} from '../receipts/index.ts'
import type { AccessCheck } from './access.ts'
import { type GatewayLimits, HEAD_SECONDS, LINES_SENT, TICKET_SECONDS } from './constants.ts'
import { type GatewayContent, requireContent } from './contents.ts'
import type { Debts } from './debts.ts'
import type { Lanes } from './lanes.ts'
import type { Recovery } from './recovery.ts'
import type { TermsCheck } from './terms.ts'

export interface SessionsComponents {
  chain: Chain
  log: SponsorLog
  signer: Signer
  lanes: Lanes
  access: AccessCheck
  debts: Pick<Debts, 'of'>
  recovery: Pick<Recovery, 'settle'>
  terms: TermsCheck
  contents: readonly GatewayContent[]
}

export interface SessionsInit {
  sponsor: Address
  limits: GatewayLimits
}

export type GrantSessions = (question: SessionsQuestion, holder: Address) => Promise<SessionsAnswer>

/** Throws `unknown-content`, `no-pass`, `pass-expired`; a seeder that cannot be given a line is named in the answer. */
export function createSessions(components: SessionsComponents, { sponsor, limits }: SessionsInit): GrantSessions {
  const { chain, log, signer, lanes, access, debts, recovery, terms, contents } = components

  return async (question, holder) => {
    const content = requireContent(contents, question.contentId)
    const now = await blockTime(chain)
    const until = await access(content, holder, now)
    requirePayer(holder)
    let notAfter = now + TICKET_SECONDS
    if (until < notAfter) notAfter = until // a ticket does not outlive the pass
    const grant = {
      contentId: contentIdBytes(content.contentId),
      holder,
      download: question.download,
      createdAt: Number(now),
    }
    await recovery.settle(question.requests.flatMap(({ terms }) => lanesOf(terms)))
    const left = await allowance(question, content, grant)

    const sessions: AuthorizedSession[] = []
    const refused: { seeder: Address; reason: string }[] = []
    const asked = question.requests.reduce((sum, one) => sum + one.maxBytes, 0n)
    for (const request of question.requests) {
      const maxBytes = shareOf(request.maxBytes, asked, left.bytes, limits.lineBytes)
      const result = await one(request, maxBytes)
      if (typeof result === 'string') refused.push({ seeder: request.terms.seeder, reason: result })
      else sessions.push(result)
    }
    return { sessions, refused }

    /**
     * Every price is a lane of its own. A bid is paid as far as the content's price goes, and only from a reserve: otherwise
     * anybody could make a seeder settle any number of lanes.
     */
    async function laneAtBid({ terms, bid = 0n }: SessionQuestion): Promise<Lane | null> {
      const price = bid < content.pricePerGiB ? bid : content.pricePerGiB
      return price > terms.pricePerGiB ? lanes.choose(lanesOf(terms, price), { reserved: true }) : null
    }

    async function one(request: SessionQuestion, maxBytes: bigint): Promise<AuthorizedSession | string> {
      if (maxBytes === 0n) return 'the open lines of this download already cover what is left of it'
      const objection = (await terms(request.terms, content, now)) ?? (await unusedLines(request.terms.seeder, grant))
      if (objection !== null) return objection
      const lane = (await laneAtBid(request)) ?? (await lanes.choose(lanesOf(request.terms)))
      if (lane === null)
        return 'none of its lanes can take a line now: it has to present its logs, or to offer a new lane'
      try {
        const line = await log.append(lane, { sessionKey: request.sessionKey, maxBytes }, grant, left.limits)
        return await authorize(lane, line, notAfter, now)
      } catch (error) {
        if (error instanceof BitCdnError && error.code === 'refused') return error.message
        throw error
      }
    }
  }

  function lanesOf({ lanes, seeder, pricePerGiB }: SessionQuestion['terms'], price = pricePerGiB): Lane[] {
    return lanes.map((lane) => ({ sponsor, seeder, lane, pricePerGiB: price }))
  }

  function requirePayer(holder: Address): void {
    const owed = Math.round(debts.of(holder))
    if (owed <= limits.holderDebtBytes) return
    throw new BitCdnError('refused', `${holder} left ${owed} bytes unsigned, at more than one seeder.`, {
      advice: 'Wait: half of it is forgotten every hour. Programs sign for what they received.',
    })
  }

  /** How many bytes may be authorised for this download now, and the limits as the log enforces them. */
  async function allowance(
    question: SessionsQuestion,
    content: GatewayContent,
    grant: Grant,
  ): Promise<{ bytes: bigint; limits: SponsorLimits }> {
    const length = BigInt(content.length)
    const remaining = question.remaining < length ? question.remaining : length
    // the sum over a download asks about no seeder: any address will do
    const { openOfDownload } = await log.sums({ ...grant, seeder: sponsor, now: grant.createdAt })
    const open = question.open !== undefined && question.open < openOfDownload ? question.open : openOfDownload
    const arrived = question.open === undefined ? length - remaining : 0n
    const gone = openOfDownload - open + arrived
    const slack = limits.openSlackBytes * BigInt(question.requests.length)
    const perDay = length * limits.holderDayLengths
    const capped: SponsorLimits = {
      openPerDownload: gone + (remaining * limits.openPercent) / 100n + slack,
      perHolderContentDay: perDay > limits.holderDayBytes ? perDay : limits.holderDayBytes,
      perSeederHour: limits.seederHourBytes,
      openLinesPerSeeder: limits.seederOpenLines,
    }
    const left = (capped.openPerDownload ?? 0n) - openOfDownload
    return { bytes: left > 0n ? left : 0n, limits: capped }
  }

  /** Lines that nobody uses cost the seeder gas when it settles, and tell of one that does not deliver. */
  async function unusedLines(seeder: Address, grant: Grant): Promise<string | null> {
    const { unusedLinesOfSeeder: unused, usedLinesOfSeeder: used }: SponsorSums = await log.sums({
      ...grant,
      seeder,
      now: grant.createdAt,
    })
    if (unused <= limits.unusedLinesFree + used * limits.unusedLinesPerPaid) return null
    return `${unused} of its lines were never used, against ${used} that were`
  }

  async function authorize(lane: Lane, line: SponsorLine, notAfter: bigint, now: bigint): Promise<AuthorizedSession> {
    const { index, session, sessionKey, maxBytes, next, contentId, holder } = line
    const signed = await signHead(chain.domain, signer, lane, { head: next, expiry: now + HEAD_SECONDS })
    await log.saveHead(lane, signed)
    const ticket = await signTicket(chain.domain, signer, { session, contentId, holder, notAfter })
    const lines = await log.linesUpTo(session, LINES_SENT)
    const from = lines[0]?.session ?? session
    return {
      lane,
      index,
      session,
      line: { sessionKey, maxBytes },
      from,
      lines: lines.map((one) => ({ sessionKey: one.sessionKey, maxBytes: one.maxBytes })),
      signed,
      ticket,
    }
  }
}

type Grant = Parameters<SponsorLog['append']>[2]

/** Where more is asked than is left, each gets its part of what is left. */
function shareOf(wanted: bigint, asked: bigint, left: bigint, lineBytes: bigint): bigint {
  const part = asked <= left || asked === 0n ? wanted : (wanted * left) / asked
  return part < lineBytes ? part : lineBytes
}
