// The seeder: content, ledger, chain and swarm put together, with a start and an end. What it accepted is in the ledger
// before it acts on it, so an end by SIGKILL costs at most the bytes that nobody had signed for yet.
import { type Address, getAddress } from 'viem'
import type { Chain, LocalAccount } from '../chain/index.ts'
import { isOperator } from '../chain/index.ts'
import type { ContentId, ContentStore } from '../content/index.ts'
import type { PeerNode } from '../discovery/index.ts'
import { BitCdnError, hasCode } from '../errors.ts'
import type { Gateways } from '../gateway-client/index.ts'
import { type ReceiptLedger, signerFromAccount } from '../receipts/index.ts'
import type { Settler } from '../settlement/index.ts'
import type { Logger } from '../telemetry/index.ts'
import {
  type CreditInit,
  createCreditBook,
  RefusedError,
  type ServingGate,
  serve,
  TRANSFER_PROTOCOL,
  type Uplink,
} from '../transfer/index.ts'
import { announce } from './announce.ts'
import { createChainView } from './chain-view.ts'
import {
  DEFAULT_LANES,
  DRAIN_TIMEOUT,
  GATEWAY_INTERVAL,
  GATEWAY_TIMEOUT,
  RECONCILE_INTERVAL,
  RELEASE_INTERVAL,
  RESERVE_INTERVAL,
  SETTLE_INTERVAL,
  TERMS_INTERVAL,
  TRUST_INTERVAL,
  TRUSTED_WINDOWS,
} from './constants.ts'
import { createDesk, type Denying } from './desk.ts'
import { createExposure, type ExposureBook } from './exposure.ts'
import { createGatewayWatch } from './gateway-watch.ts'
import { createKeptDebts } from './kept-debts.ts'
import { type Counts, createMeter } from './meter.ts'
import { createPeriodic } from './periodic.ts'
import { createTerms } from './terms.ts'
import { watchTrust } from './trust-watch.ts'

export interface SeederComponents {
  node: PeerNode
  chain: Chain
  ledger: ReceiptLedger
  /** What is held; closed by whoever opened them. */
  stores: readonly ContentStore[]
  /** Signs the terms: the payout address itself or an operator that it approved. */
  account: LocalAccount
  /** Null: logs come from downloaders alone. */
  gateways: Gateways | null
  /** Compares the ledger with the chain now and then; settles too where `settles` says so. Null: neither. */
  settler: Pick<Settler, 'settleOnce' | 'reconcile'> | null
  logger: Logger
}

export interface SeederInit {
  /** The payout address. Default: the account itself. */
  seeder?: Address | undefined
  /** The least that is served for, token units per GiB. */
  pricePerGiB: bigint
  /** Default {@link DEFAULT_LANES}. */
  lanes?: readonly bigint[] | undefined
  /** Contents that are given away to whoever asks without a session. Default: none. */
  free?: readonly ContentId[] | undefined
  /** Windows of unreserved bytes that a sponsor is trusted with. Default {@link TRUSTED_WINDOWS}. */
  trustedWindows?: number | undefined
  /** Whether transactions are sent by itself, now and then and at the end: vouchers first, raw receipts else. Default true. */
  settles?: boolean | undefined
  /** Milliseconds between two settlements. Default {@link SETTLE_INTERVAL}. */
  settleInterval?: number | undefined
  /** Windows and the budget of unsigned bytes. */
  credit?: CreditInit | undefined
  /** What all sessions share, by price. Default: no limit. */
  uplink?: Uplink | undefined
  /** What a content's sessions count for there, beside others of the same price: 1 where nothing is said. */
  weights?: ReadonlyMap<ContentId, number> | undefined
  /** Whether anybody is served at all. Default: always. */
  gate?: ServingGate | undefined
  /** What is never served. Default: nothing. */
  denying?: Denying | undefined
}

export interface Seeder {
  readonly address: Address
  /** Sessions that are being served. */
  readonly open: number
  /** Bytes sent that nobody has signed for yet, debt not counted. */
  readonly unsigned: number
  readonly counts: Counts
  /** Why nobody is served now, in words: paused, out of hours, a cap. Null while it serves. */
  readonly resting: string | null
  readonly standing: ReturnType<ExposureBook['standing']>
  /** Serves one more content, or serves it again. */
  add(store: ContentStore): void
  /** Ends its downloads and serves it no more. The store stays open. */
  remove(contentId: ContentId): Promise<void>
  /** What is denied may have changed: ends what is by now, and announces what is not any more. */
  recheckDenied(): Promise<void>
  /** Serves from here on. Throws `refused` when the account may not speak for the payout address, or another process serves on this ledger. */
  start(options?: { signal?: AbortSignal }): Promise<void>
  /** Ends streams with their last receipts, then settles what is due. The node and the stores stay open. */
  stop(): Promise<void>
}

export function createSeeder(components: SeederComponents, init: SeederInit): Seeder {
  const { node, chain, ledger, account, gateways, settler, logger } = components
  const seeder = getAddress(init.seeder ?? account.address)
  const lanes = init.lanes ?? DEFAULT_LANES
  const stores = new Map(components.stores.map((store) => [store.metainfo.contentId, store]))
  const free = new Set(init.free)
  const view = createChainView(chain)
  const exposure = createExposure({ ledger, view }, { trustedWindows: init.trustedWindows ?? TRUSTED_WINDOWS })
  const { pricePerGiB } = init
  const { domain } = chain
  const terms = createTerms(
    { domain, signer: signerFromAccount(account), time: () => view.time() },
    { seeder, lanes, pricePerGiB, peerId: node.peerId },
  )
  const gatewayLog: Parameters<typeof createDesk>[0]['gatewayLog'] = async (lane) =>
    (await gateways?.log(lane, { signal: AbortSignal.timeout(GATEWAY_TIMEOUT) })) ?? null
  const desk = createDesk(
    {
      ...{ domain, ledger, view, exposure, stores, terms: terms.current, gatewayLog, logger },
      onFork: (lane) => gatewayWatch.presentAgain(lane.sponsor),
    },
    {
      seeder,
      pricePerGiB,
      lanes,
      isFree: (contentId) => free.has(contentId),
      weightOf: (contentId) => init.weights?.get(contentId) ?? 1,
      denying: init.denying && {
        of: init.denying.of,
        onDenied(denied) {
          meter.denied(denied.list)
          init.denying?.onDenied?.(denied)
        },
      },
    },
  )
  const gatewayWatch = createGatewayWatch(
    { gateways: gateways ?? { clients: [] }, ledger, desk, logger },
    { seeder, pricePerGiB, lanes },
  )
  const meter = createMeter()
  const credit = createCreditBook({
    ...init.credit,
    onDebt(debt) {
      logger.warn({ ...debt }, 'bytes were never signed for')
      meter.debt(debt)
      gatewayWatch.noteDebt(debt)
      keptDebts.noted()
      init.credit?.onDebt?.(debt)
    },
  })
  const keptDebts = createKeptDebts({ ledger, credit, logger })
  const closing = new AbortController()
  const announcing = new Map<ContentId, AbortController>()
  let started = false
  const periodic = createPeriodic(({ message }) => {
    logger.debug({ reason: message }, 'a periodic task failed; it comes again')
  })
  let settling: Promise<void> = Promise.resolve()

  /** One after the other: two settlements of one ledger would send the same ranges. */
  function settleDue(signal: AbortSignal): Promise<void> {
    if (settler === null || init.settles === false) return Promise.resolve()
    settling = settling.then(async () => {
      try {
        await settler.settleOnce({ signal })
      } catch (error) {
        if (!signal.aborted) tellSettling(error, 'could not settle; tried again later')
      }
    })
    return settling
  }

  return {
    address: seeder,
    get open() {
      return desk.open
    },
    get unsigned() {
      return credit.unsigned
    },
    counts: meter.counts,
    get resting() {
      return init.gate?.refusal()?.message ?? null
    },
    get standing() {
      return exposure.standing()
    },
    add(store) {
      const { contentId } = store.metainfo
      stores.set(contentId, store)
      beginAnnouncing(contentId)
    },
    async remove(contentId) {
      stores.delete(contentId)
      await endAnnouncing(contentId)
      const gone = new RefusedError('unknownContent', `${contentId} is not held here any more.`)
      await within(DRAIN_TIMEOUT, desk.endContent(contentId, gone))
    },
    async recheckDenied() {
      desk.recheckDenied()
      for (const contentId of stores.keys()) {
        if (init.denying?.of(contentId, null) == null) beginAnnouncing(contentId)
        else await endAnnouncing(contentId)
      }
    },
    async start({ signal } = {}) {
      await requireVoice(chain, seeder, account.address, signal)
      await ledger.releaseAll()
      await keptDebts.recall()
      await reconcile(signal)
      await gatewayWatch.look()
      const handler = serve(meter.watch(desk), {
        peerId: node.peerId,
        ...{ uplink: init.uplink, gate: init.gate },
        signal: closing.signal,
        credit,
        log: (level, message, fields) => logger[level](fields, message),
      })
      await node.handle(TRANSFER_PROTOCOL, handler)
      started = true
      for (const contentId of stores.keys()) beginAnnouncing(contentId)
      periodic.every(RESERVE_INTERVAL, () => exposure.refresh())
      periodic.every(RELEASE_INTERVAL, () => desk.releaseLate())
      periodic.every(TERMS_INTERVAL, () => terms.renew())
      periodic.every(TRUST_INTERVAL, () => watchTrust({ desk, view, exposure }))
      periodic.every(GATEWAY_INTERVAL, () => gatewayWatch.look())
      if (settler !== null) {
        periodic.every(RECONCILE_INTERVAL, () => reconcile(closing.signal))
        if (init.settles !== false)
          periodic.every(init.settleInterval ?? SETTLE_INTERVAL, () => settleDue(closing.signal))
      }
      logger.info({ seeder, peer: node.peerId.toString(), contents: [...stores.keys()] }, 'serving')
    },
    async stop() {
      periodic.stop()
      closing.abort()
      await node.unhandle(TRANSFER_PROTOCOL)
      await within(DRAIN_TIMEOUT, desk.idle())
      credit.writeOff()
      await keptDebts.keep()
      await settleDue(AbortSignal.timeout(DRAIN_TIMEOUT * 4))
      logger.info({ seeder }, 'stopped serving')
    },
  }

  function beginAnnouncing(contentId: ContentId): void {
    if (!started || announcing.has(contentId) || init.denying?.of(contentId, null) != null) return
    const over = new AbortController()
    announcing.set(contentId, over)
    void announce(node, contentId, logger, AbortSignal.any([closing.signal, over.signal]))
  }

  async function endAnnouncing(contentId: ContentId): Promise<void> {
    announcing.get(contentId)?.abort()
    if (announcing.delete(contentId)) await node.unprovide(contentId).catch(() => undefined) // it expires by itself too
  }

  /** What the chain did while we were away. A chain that is silent now is asked again by every admission. */
  async function reconcile(signal: AbortSignal | undefined): Promise<void> {
    try {
      await settler?.reconcile({ signal })
    } catch (error) {
      tellSettling(error, 'could not compare the ledger with the chain yet')
    }
  }

  /** That another process of a fleet settles just now is how it should be. */
  function tellSettling(error: unknown, words: string): void {
    if (hasCode(error, 'refused')) logger.debug({ reason: error.message }, words)
    else if (error instanceof BitCdnError && error.retry) logger.warn({ reason: error.message }, words)
    else logger.warn({ err: error }, words)
  }
}

/** Terms that no gateway would believe are no terms. */
async function requireVoice(
  chain: Chain,
  seeder: Address,
  account: Address,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (seeder === getAddress(account) || (await isOperator(chain, seeder, account, { signal }))) return
  throw new BitCdnError('refused', `${account} is no operator of the payout address ${seeder}.`, {
    advice: `Approve it with the key of the payout address: bitcdn claim --approve ${account}. Or start with that key.`,
  })
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
