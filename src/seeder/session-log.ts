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
  type LaneState,
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
    if (await isFork(ledger, session)) {
      onFork({ lane, held: (await ledger.laneLog(lane))?.heads.at(-1), shown: session.signed })
    }
    await refuseUnused(ledger, session)
  }
  try {
    await extend(ledger, lane, session, known, chainHead)
  } catch (error) {
    if (!isRefused(error)) throw error
    await takeFromGateway(lane, error)
    await extend(ledger, lane, session, await ledger.laneState(lane), chainHead).catch((again: unknown) => {
      throw isRefused(again) ? new RefusedError('logDoesNotExtend', again.message) : again
    })
  }
  await refuseSettled(ledger, session, chainHead)

  async function takeFromGateway(of: Lane, why: BitCdnError): Promise<void> {
    const log = await gatewayLog(of)
    const usable =
      log !== null && headsAfter(log.from, log.lines).at(-1) === log.signed.head && verifyHead(domain, of, log.signed)
    if (!usable) throw new RefusedError('logDoesNotExtend', why.message)
    // the same authority as the head in the hello, which was checked: another signer's head is not kept
    if (log.signed.signer !== session.signed.signer) throw new RefusedError('logDoesNotExtend', why.message)
    try {
      await extend(ledger, of, log, await ledger.laneState(of), chainHead)
    } catch (error) {
      throw isRefused(error) ? new RefusedError('logDoesNotExtend', error.message) : error
    }
  }
}

/** Whether a line of ours that is not settled and one that is shown follow the same head. */
async function isFork(ledger: ReceiptLedger, { from, lines }: AuthorizedSession): Promise<boolean> {
  const shown = new Map<Head, Head>()
  let head = from
  for (const next of headsAfter(from, lines)) {
    shown.set(head, next)
    head = next
  }
  const ours = await ledger.sessions([...shown.keys()])
  return ours.some(({ session, next, state }) => state !== 'settled' && shown.get(session) !== next)
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
async function meetChain(ledger: ReceiptLedger, lane: Lane, chainHead: Head): Promise<LaneState | null> {
  const known = await ledger.laneState(lane)
  if (known === null || (await knows(ledger, known, chainHead))) return known
  await ledger.markSettled(lane, chainHead, null)
  return ledger.laneState(lane)
}

async function knows(ledger: ReceiptLedger, known: LaneState, head: Head): Promise<boolean> {
  if (head === known.settled || head === known.tip || head === firstHead(known.lane)) return true
  return (await ledger.session(head)) !== null
}

async function extend(
  ledger: ReceiptLedger,
  lane: Lane,
  { from, lines, signed }: SignedLog,
  known: LaneState | null,
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
async function refuseSettled(
  ledger: ReceiptLedger,
  { lane, session }: AuthorizedSession,
  chainHead: Head,
): Promise<void> {
  const [state, found] = await Promise.all([ledger.laneState(lane), ledger.sessions([session, chainHead])])
  const line = found.find((one) => one.session === session)
  const next = found.find((one) => one.session === chainHead)
  const isPast = chainHead === state?.tip || (next !== undefined && line !== undefined && line.index < next.index)
  if (line === undefined || line.state === 'settled' || isPast) {
    throw new RefusedError(
      'sessionExpired',
      `The chain has settled this lane up to ${chainHead}, this session included.`,
    )
  }
}

/** Each unused line costs gas when the log is settled raw. */
async function refuseUnused(ledger: ReceiptLedger, { lane, session }: AuthorizedSession): Promise<void> {
  const { paid, unused } = await ledger.lineCounts(lane, session)
  if (unused > UNUSED_LINES_FREE + UNUSED_LINES_PER_PAID * paid) {
    throw new RefusedError('logDoesNotExtend', `The log has ${unused} unused lines for ${paid} paid ones.`)
  }
}

function isRefused(error: unknown): error is BitCdnError {
  return error instanceof BitCdnError && error.code === 'refused' && !(error instanceof RefusedError)
}
