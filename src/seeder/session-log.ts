// The log that a downloader presents, put together with what is known here, with the chain, and where something is
// missing between them with the gateway. What cannot be rebuilt is not served.
import { BitCdnError } from '../errors.ts'
import type { SignedLog } from '../gateway-client/index.ts'
import type { Domain } from '../receipts/index.ts'
import {
  type AuthorizedSession,
  firstHead,
  type Head,
  headsAfter,
  type Lane,
  type LaneLog,
  type ReceiptLedger,
  type SignedHead,
  verifyHead,
} from '../receipts/index.ts'
import { RefusedError } from '../transfer/index.ts'
import { UNUSED_LINES_FREE, UNUSED_LINES_PER_PAID } from './constants.ts'

export interface SessionLogComponents {
  readonly domain: Domain
  readonly ledger: ReceiptLedger
  /** The sponsor's own copy of the log; null when it is not to be had. */
  readonly gatewayLog: (lane: Lane) => Promise<SignedLog | null>
  readonly onFork: (fork: Fork) => void
}

/** Two heads of one lane, both signed by its sponsor, of which none leads to the other. */
export interface Fork {
  readonly lane: Lane
  readonly held: SignedHead | undefined
  readonly shown: SignedHead
}

/** Stores the lines and the signed head of `session`. Throws `logDoesNotExtend`, `badSignature`, `sessionExpired`. */
export async function takeLog(
  { domain, ledger, gatewayLog, onFork }: SessionLogComponents,
  session: AuthorizedSession,
  chainHead: Head,
): Promise<void> {
  const { lane } = session
  checkForm(session)
  if (!verifyHead(domain, lane, session.signed)) {
    throw new RefusedError('badSignature', `The head ${session.signed.head} is not signed by ${session.signed.signer}.`)
  }
  const known = await meetChain(ledger, lane, chainHead)
  if (known !== null) {
    if (isFork(known, session)) onFork({ lane, held: known.heads.at(-1), shown: session.signed })
    refuseUnused(known, session)
  }
  try {
    await extend(ledger, lane, session, known, chainHead)
  } catch (error) {
    if (!isRefused(error)) throw error
    await takeFromGateway(lane, error)
    await extend(ledger, lane, session, await ledger.laneLog(lane), chainHead).catch((again: unknown) => {
      throw isRefused(again) ? new RefusedError('logDoesNotExtend', again.message) : again
    })
  }
  refuseSettled(await ledger.laneLog(lane), session, chainHead)

  async function takeFromGateway(of: Lane, why: BitCdnError): Promise<void> {
    const log = await gatewayLog(of)
    const usable =
      log !== null && headsAfter(log.from, log.lines).at(-1) === log.signed.head && verifyHead(domain, of, log.signed)
    if (!usable) throw new RefusedError('logDoesNotExtend', why.message)
    // the same authority as the head in the hello, which was checked: another signer's head is not kept
    if (log.signed.signer !== session.signed.signer) throw new RefusedError('logDoesNotExtend', why.message)
    try {
      await extend(ledger, of, log, await ledger.laneLog(of), chainHead)
    } catch (error) {
      throw isRefused(error) ? new RefusedError('logDoesNotExtend', error.message) : error
    }
  }
}

/** Whether a line of ours and one that is shown follow the same head. */
function isFork({ sessions }: LaneLog, { from, lines }: AuthorizedSession): boolean {
  const shown = new Map<Head, Head>()
  let head = from
  for (const next of headsAfter(from, lines)) {
    shown.set(head, next)
    head = next
  }
  return sessions.some(({ session, next }) => shown.has(session) && shown.get(session) !== next)
}

/** The lines must lead to the signed head, and the session must be one of them. */
function checkForm({ from, lines, signed, session, line }: AuthorizedSession): void {
  const heads = headsAfter(from, lines)
  if (heads.at(-1) !== signed.head)
    throw new RefusedError('logDoesNotExtend', `The lines do not lead to the signed head ${signed.head}.`)
  const at = session === from ? 0 : heads.indexOf(session) + 1
  const named = at === 0 && session !== from ? undefined : lines[at]
  if (named === undefined || named.sessionKey !== line.sessionKey || named.maxBytes !== line.maxBytes) {
    throw new RefusedError('logDoesNotExtend', `The lines do not contain the session ${session}.`)
  }
}

/** What is known of the lane, after the chain was heard: a head that we never saw lies behind all that we know. */
async function meetChain(ledger: ReceiptLedger, lane: Lane, chainHead: Head): Promise<LaneLog | null> {
  const known = await ledger.laneLog(lane)
  if (known === null || (await knows(ledger, known, chainHead))) return known
  await ledger.markSettled(lane, chainHead, null)
  return ledger.laneLog(lane)
}

async function knows(ledger: ReceiptLedger, known: LaneLog, head: Head): Promise<boolean> {
  if (head === known.settled || head === known.tip || head === firstHead(known.lane)) return true
  if (known.sessions.some(({ next }) => next === head)) return true
  return (await ledger.session(head)) !== null
}

async function extend(
  ledger: ReceiptLedger,
  lane: Lane,
  { from, lines, signed }: SignedLog,
  known: LaneLog | null,
  chainHead: Head,
): Promise<void> {
  if (known === null) {
    // a log that begins before the chain's head: only what lies behind that head can still be paid
    const settled = headsAfter(from, lines).indexOf(chainHead)
    if (settled >= 0) return ledger.extendLog(lane, chainHead, lines.slice(settled + 1), signed)
  }
  return ledger.extendLog(lane, from, lines, signed)
}

/** An operator may have settled without this ledger: what lies before the chain's head is never paid again. */
function refuseSettled(known: LaneLog | null, { session }: AuthorizedSession, chainHead: Head): void {
  const sessions = known?.sessions ?? []
  const settled = sessions.findIndex(({ next }) => next === chainHead)
  if (sessions.findIndex((one) => one.session === session) <= settled) {
    throw new RefusedError(
      'sessionExpired',
      `The chain has settled this lane up to ${chainHead}, this session included.`,
    )
  }
}

/** Each unused line costs gas when the log is settled raw. */
function refuseUnused(known: LaneLog, { session }: AuthorizedSession): void {
  const at = known.sessions.findIndex((one) => one.session === session)
  const before = at === -1 ? known.sessions : known.sessions.slice(0, at)
  const unused = before.filter(({ state, receipt }) => state === 'unused' && receipt === null).length
  const paid = before.filter(({ receipt }) => receipt !== null).length
  if (unused > UNUSED_LINES_FREE + UNUSED_LINES_PER_PAID * paid) {
    throw new RefusedError('logDoesNotExtend', `The log has ${unused} unused lines for ${paid} paid ones.`)
  }
}

function isRefused(error: unknown): error is BitCdnError {
  return error instanceof BitCdnError && error.code === 'refused' && !(error instanceof RefusedError)
}
