// Who may be served: the transfer room asks, and this desk answers from the ledger and the chain.
import type { Address } from 'viem'
import type { ContentId, ContentStore } from '../content/index.ts'
import { BitCdnError, hasCode } from '../errors.ts'
import type { SignedLog } from '../gateway-client/index.ts'
import {
  amountFor,
  type Domain,
  type Lane,
  type LedgerSession,
  paidBytes,
  type ReceiptLedger,
  type SignedTerms,
} from '../receipts/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { type Admission, type HelloRequest, RefusedError, type ServingDesk } from '../transfer/index.ts'
import { checkAuthority } from './authority.ts'
import { type ChainView, least } from './chain-view.ts'
import { WINDOW_BYTES } from './constants.ts'
import type { Exposed, ExposureBook } from './exposure.ts'
import { takeLog } from './session-log.ts'

export interface DeskComponents {
  readonly domain: Domain
  readonly ledger: ReceiptLedger
  readonly view: ChainView
  readonly exposure: ExposureBook
  readonly stores: ReadonlyMap<ContentId, ContentStore>
  readonly terms: () => Promise<SignedTerms>
  readonly gatewayLog: (lane: Lane) => Promise<SignedLog | null>
  readonly logger: Logger
}

export interface DeskInit {
  /** The payout address: `seeder` of every lane. */
  readonly seeder: Address
  readonly pricePerGiB: bigint
  readonly lanes: readonly bigint[]
  /** Whether a content is given away. */
  readonly isFree: (contentId: ContentId) => boolean
}

export interface Desk extends ServingDesk {
  /** Sessions that are being served, free ones not counted. */
  readonly open: number
  /** Resolves when no session is being served. */
  idle(): Promise<void>
}

export function createDesk(components: DeskComponents, init: DeskInit): Desk {
  const { ledger, view, exposure, stores, logger } = components
  const serving = new Set<Promise<void>>()

  async function admit(hello: HelloRequest): Promise<Admission> {
    const { contentId, session } = hello
    if (session === null) {
      if (init.isFree(contentId)) return freeAdmission
      throw new RefusedError('needsPayment', `${contentId} is not given away here.`)
    }
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
    await takeLog(components, session, (await view.lane(lane)).head)
    // stored before anything else is decided: what was signed for stays owed, whether we go on serving or not
    await takeReceipt(hello)
    const held = await ledger.session(session.session)
    if (held === null || held.state === 'settled' || held.state === 'closed') {
      throw new RefusedError('sessionExpired', `This session is ${held?.state ?? 'settled'}: a new one is needed.`)
    }
    if (allowance !== null) await checkAllowance(lane, held, allowance)
    const bytes = held.receipt === null ? 0n : paidBytes(held.receipt.bytesServed, held.maxBytes)
    const exposed = await exposure.open(lane, session.session, { bytes, maxBytes: held.maxBytes, selfPaid })
    try {
      const opened = await ledger.openSession(session.session, { contentId, holder: session.ticket?.holder ?? null })
      return admission(opened, exposed)
    } catch (error) {
      await exposed.close()
      if (hasCode(error, 'refused')) throw new RefusedError('sessionOpenElsewhere', error.message)
      throw error
    }
  }

  /** A used-up allowance does not matter where the reserve pays. */
  async function checkAllowance(lane: Lane, { maxBytes }: LedgerSession, allowance: bigint): Promise<void> {
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

  function admission({ session, sessionKey, maxBytes, receipt }: LedgerSession, exposed: Exposed): Admission {
    const ended = Promise.withResolvers<void>()
    serving.add(ended.promise)
    let released = false
    return {
      session: { id: session, key: sessionKey, maxBytes },
      receipt,
      acceptReceipt: (bytesServed, signature) => ledger.acceptReceipt(session, bytesServed, signature),
      noteServed(bytesServed) {
        exposed.served(bytesServed)
        ledger.noteServed(session, bytesServed)
      },
      async release(final) {
        if (released) return
        released = true
        try {
          await ledger.releaseSession(session, final)
          await exposed.close()
        } finally {
          serving.delete(ended.promise)
          ended.resolve()
        }
      },
    }
  }

  return {
    get open() {
      return serving.size
    },
    async idle() {
      while (serving.size > 0) await Promise.all(serving)
    },
    content: async (contentId) => stores.get(contentId) ?? null,
    terms: components.terms,
    async admit(hello) {
      try {
        return await admit(hello)
      } catch (error) {
        if (error instanceof RefusedError) {
          logger.info(
            { peer: hello.remotePeer, content: hello.contentId, refusal: error.refusal, reason: error.message },
            'refused a downloader',
          )
          throw error
        }
        logger.error({ err: error, peer: hello.remotePeer }, 'could not decide on a downloader')
        if (error instanceof BitCdnError && error.retry)
          throw new RefusedError('busy', 'The chain does not answer this seeder at the moment.')
        throw error
      }
    },
  }
}

const freeAdmission: Admission = {
  session: null,
  receipt: null,
  acceptReceipt: async () => 0n,
  noteServed: () => undefined,
  release: async () => undefined,
}
