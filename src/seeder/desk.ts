// Who may be served: the transfer room asks, and this desk answers from the ledger and the chain.
import { setTimeout as delay } from 'node:timers/promises'
import type { Address } from 'viem'
import type { ContentId, ContentStore } from '../content/index.ts'
import { BitCdnError, hasCode } from '../errors.ts'
import type { SignedLog } from '../gateway-client/index.ts'
import {
  amountFor,
  type Domain,
  type Head,
  type Lane,
  type LedgerSession,
  paidBytes,
  type ReceiptLedger,
  type SignedTerms,
} from '../receipts/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { type Admission, type HelloRequest, RefusedError, type ServingDesk } from '../transfer/index.ts'
import { checkAuthority, type Standing } from './authority.ts'
import { type ChainView, least } from './chain-view.ts'
import { DATABASE_PATIENCE, DATABASE_PAUSE, WINDOW_BYTES } from './constants.ts'
import type { Denial } from './denials.ts'
import type { Exposed, ExposureBook } from './exposure.ts'
import { type Fork, takeLog } from './session-log.ts'

export interface DeskComponents {
  readonly domain: Domain
  readonly ledger: ReceiptLedger
  readonly view: ChainView
  readonly exposure: ExposureBook
  readonly stores: ReadonlyMap<ContentId, ContentStore>
  readonly terms: () => Promise<SignedTerms>
  readonly gatewayLog: (lane: Lane) => Promise<SignedLog | null>
  /** The sponsor signed another log beside the one that is held. */
  readonly onFork?: (lane: Lane) => void
  readonly logger: Logger
}

/** What may not be served, and who hears of it. */
export interface Denying {
  /** Null where it may be. `payer`: whose pool would pay. */
  of(contentId: ContentId, payer: Address | null): Denial | null
  /** Somebody asked for it, or was being served. */
  onDenied?(denied: Denied): void
}

export interface Denied extends Denial {
  readonly contentId: ContentId
  readonly did: 'refused' | 'stopped'
  /** The downloader, where it is known. */
  readonly peer?: string
}

export interface DeskInit {
  /** The payout address: `seeder` of every lane. */
  readonly seeder: Address
  readonly pricePerGiB: bigint
  readonly lanes: readonly bigint[]
  /** Whether a content is given away. */
  readonly isFree: (contentId: ContentId) => boolean
  /** What its sessions count for beside others of the same price; default 1. */
  readonly weightOf?: (contentId: ContentId) => number
  /** Default: nothing is denied. */
  readonly denying?: Denying | undefined
}

/** A session that is being served. */
export interface OpenSession extends Standing {
  readonly contentId: ContentId
  readonly session: Head
  readonly maxBytes: bigint
  /** Ends it in order: the downloader hears why and may sign for what it has. */
  end(reason: RefusedError): void
}

export interface Desk extends ServingDesk {
  /** Free ones not counted. */
  readonly sessions: readonly OpenSession[]
  /** Sessions that are being served, free ones not counted. */
  readonly open: number
  /** Throws `reserveTooSmall` when neither the delegate's allowance nor the reserve covers another window. */
  checkAllowance(lane: Lane, maxBytes: bigint, allowance: bigint): Promise<void>
  /** Looks at all that is being served, and ends what is denied by now. */
  recheckDenied(): void
  /** Ends all downloads of a content; resolves when the paid ones are over. */
  endContent(contentId: ContentId, reason: RefusedError): Promise<void>
  /** Resolves when no session is being served. */
  idle(): Promise<void>
  /** Ends in the ledger what ended while its database was gone. Throws what it throws. */
  releaseLate(): Promise<void>
}

export function createDesk(components: DeskComponents, init: DeskInit): Desk {
  const { ledger, view, exposure, stores, logger } = components
  const serving = new Map<OpenSession, Promise<void>>()
  const weightOf = init.weightOf ?? (() => 1)
  /** Who is given a content; they end together. */
  const given = new Map<ContentId, AbortController>()

  function isDenied(contentId: ContentId, payer: Address | null, more: Omit<Denied, keyof Denial | 'contentId'>) {
    const denial = init.denying?.of(contentId, payer) ?? null
    if (denial !== null) init.denying?.onDenied?.({ ...denial, contentId, ...more })
    return denial !== null
  }

  /** Streams that ended while the database was gone, and whether for good: else nobody could go on with them. */
  const unreleased = new Map<Head, boolean>()

  async function admit(hello: HelloRequest): Promise<Admission> {
    const { contentId, session } = hello
    if (isDenied(contentId, session?.lane.sponsor ?? null, { did: 'refused', peer: hello.remotePeer })) {
      throw notServed(contentId)
    }
    if (session === null) {
      if (init.isFree(contentId)) {
        const bid = { pricePerGiB: 0n, weight: weightOf(contentId) }
        return { ...freeAdmission, bid, over: givenOf(contentId).signal }
      }
      throw new RefusedError('needsPayment', `${contentId} is not given away here.`)
    }
    await releaseLate()
    const { lane } = session
    if (lane.seeder !== init.seeder || !init.lanes.includes(lane.lane))
      throw new RefusedError('wrongLane', `Lane ${lane.lane} of ${lane.seeder} is not served here.`)
    if (lane.pricePerGiB < init.pricePerGiB)
      throw new RefusedError(
        'priceTooLow',
        `${lane.pricePerGiB} token units per GiB were offered, ${init.pricePerGiB} token units are asked.`,
      )
    const selfPaid = session.ticket === null
    const { allowance } = await checkAuthority(components, session, contentId)
    await takeLog({ ...components, onFork: noteFork }, session, (await view.lane(lane)).head)
    // stored before anything else is decided: what was signed for stays owed, whether we go on serving or not
    await takeReceipt(hello)
    const held = await ledger.session(session.session)
    if (held === null || held.state === 'settled' || held.state === 'closed') {
      throw new RefusedError('sessionExpired', `This session is ${held?.state ?? 'settled'}: a new one is needed.`)
    }
    if (allowance !== null) await checkAllowance(lane, held.maxBytes, allowance)
    const bytes = held.receipt === null ? 0n : paidBytes(held.receipt.bytesServed, held.maxBytes)
    const exposed = await exposure.open(lane, session.session, { bytes, maxBytes: held.maxBytes, selfPaid })
    try {
      const opened = await ledger.openSession(session.session, { contentId, holder: session.ticket?.holder ?? null })
      return admission(opened, session, { contentId, exposed, weight: weightOf(contentId) })
    } catch (error) {
      // it may have been committed, and nobody will serve on it
      if (hasCode(error, 'database-unreachable')) unreleased.set(session.session, false)
      await exposed.close()
      if (hasCode(error, 'refused')) throw new RefusedError('sessionOpenElsewhere', error.message)
      throw error
    }
  }

  /** It costs us nothing: what we hold is signed, and is settled as it is. The sponsor's gateway is shown our copy. */
  function noteFork({ lane, held, shown }: Fork): void {
    logger.warn(
      { sponsor: lane.sponsor, lane: String(lane.lane), held: held?.head, shown: shown.head, signer: shown.signer },
      'the sponsor signed two logs for one lane: the one held here goes on',
    )
    components.onFork?.(lane)
  }

  /** A used-up allowance does not matter where the reserve pays. */
  async function checkAllowance(lane: Lane, maxBytes: bigint, allowance: bigint): Promise<void> {
    const ahead = least([maxBytes, WINDOW_BYTES])
    if (allowance >= amountFor([ahead], lane.pricePerGiB) || (await exposure.isReserved(lane, ahead))) return
    throw new RefusedError(
      'reserveTooSmall',
      `The delegate may spend ${allowance} token units more, and nothing is reserved for lane ${lane.lane}.`,
    )
  }

  async function takeReceipt({ session, receipt }: HelloRequest): Promise<void> {
    if (session === null || receipt === null || receipt.bytesServed > session.line.maxBytes) return
    try {
      await ledger.acceptReceipt(session.session, receipt.bytesServed, receipt.signature)
    } catch (error) {
      if (!hasCode(error, 'refused')) throw error // sealed or settled: the rest of the admission says so
    }
  }

  async function release(session: Head, final: boolean): Promise<void> {
    try {
      await ledger.releaseSession(session, final)
    } catch (error) {
      if (!(error instanceof BitCdnError && error.retry)) throw error
      unreleased.set(session, final)
    }
  }

  async function releaseLate(): Promise<void> {
    for (const [session, final] of unreleased) {
      await ledger.releaseSession(session, final)
      unreleased.delete(session)
    }
  }

  function admission(
    opened: LedgerSession,
    shown: Standing,
    { contentId, exposed, weight }: { contentId: ContentId; exposed: Exposed; weight: number },
  ): Admission {
    const { session, sessionKey, maxBytes, receipt, served } = opened
    const { lane, signed, ticket } = shown
    const ended = Promise.withResolvers<void>()
    const over = new AbortController()
    const end = (refusal: RefusedError): void => {
      if (over.signal.aborted) return
      const { refusal: reason, message } = refusal
      logger.warn(
        { session, sponsor: lane.sponsor, lane: String(lane.lane), refusal: reason, reason: message },
        'stopped serving a session',
      )
      over.abort(refusal)
    }
    const open: OpenSession = { contentId, session, maxBytes, lane, signed, ticket, end }
    serving.set(open, ended.promise)
    let released = false
    return {
      over: over.signal,
      session: { id: session, key: sessionKey, maxBytes },
      ...{ receipt, served },
      bid: { pricePerGiB: lane.pricePerGiB, weight },
      acceptReceipt: (bytesServed, signature) => patiently(() => ledger.acceptReceipt(session, bytesServed, signature)),
      noteServed(bytesServed) {
        try {
          exposed.served(bytesServed)
        } catch (error) {
          if (error instanceof RefusedError) end(error)
          throw error
        }
        ledger.noteServed(session, bytesServed)
      },
      async release(final) {
        if (released) return
        released = true
        try {
          await release(session, final)
          await exposed.close()
        } finally {
          serving.delete(open)
          ended.resolve()
        }
      },
    }
  }

  function givenOf(contentId: ContentId): AbortController {
    const found = given.get(contentId)
    if (found !== undefined) return found
    const made = new AbortController()
    given.set(contentId, made)
    return made
  }

  function endGiven(contentId: ContentId, reason: RefusedError): void {
    given.get(contentId)?.abort(reason)
    given.delete(contentId)
  }

  return {
    get open() {
      return serving.size
    },
    get sessions() {
      return [...serving.keys()]
    },
    checkAllowance,
    recheckDenied() {
      for (const { contentId, lane, end } of serving.keys()) {
        if (isDenied(contentId, lane.sponsor, { did: 'stopped' })) end(notServed(contentId))
      }
      for (const contentId of [...given.keys()]) {
        if (isDenied(contentId, null, { did: 'stopped' })) endGiven(contentId, notServed(contentId))
      }
    },
    async endContent(contentId, reason) {
      endGiven(contentId, reason)
      const open = [...serving].filter(([each]) => each.contentId === contentId)
      for (const [each] of open) each.end(reason)
      await Promise.all(open.map(([, released]) => released))
    },
    releaseLate,
    async idle() {
      while (serving.size > 0) await Promise.all(serving.values())
    },
    async content(contentId) {
      return isDenied(contentId, null, { did: 'refused' }) ? null : (stores.get(contentId) ?? null)
    },
    terms: components.terms,
    async admit(hello) {
      try {
        return await patiently(() => admit(hello))
      } catch (error) {
        if (error instanceof RefusedError) {
          logger.info(
            { peer: hello.remotePeer, content: hello.contentId, refusal: error.refusal, reason: error.message },
            'refused a downloader',
          )
          throw error
        }
        if (error instanceof BitCdnError && error.retry) {
          logger.warn({ peer: hello.remotePeer, reason: error.message }, 'could not decide on a downloader yet')
          throw new RefusedError('busy', 'The chain or the ledger does not answer this seeder at the moment.')
        }
        logger.error({ err: error, peer: hello.remotePeer }, 'could not decide on a downloader')
        throw error
      }
    },
  }
}

const notServed = (contentId: ContentId): RefusedError =>
  new RefusedError('unknownContent', `${contentId} is not served here.`)
/**
 * A database that restarts or fails over answers again soon. Until then what is asked of it waits, and nothing is sent beyond
 * the windows that are open.
 */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + DATABASE_PATIENCE
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!hasCode(error, 'database-unreachable') || performance.now() >= until) throw error
      await delay(DATABASE_PAUSE)
    }
  }
}

export const freeAdmission: Admission = {
  session: null,
  receipt: null,
  served: 0n,
  acceptReceipt: async () => 0n,
  noteServed: () => undefined,
  release: async () => undefined,
}
