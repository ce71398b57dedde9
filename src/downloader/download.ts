import type { Address } from 'viem'
import type { ContentStore, Metainfo } from '../content/index.ts'
import { BitCdnError } from '../errors.ts'
import type { SignedTerms } from '../receipts/index.ts'
import { createRateLimit } from '../transfer/index.ts'
import { sharedChecker } from './checker.ts'
import {
  FIND_MILLISECONDS,
  FLOOR_MILLISECONDS,
  FLUSH_MILLISECONDS,
  HELD_MILLISECONDS,
  MAX_IDLE_SEEDERS,
  MAX_SEEDERS,
  PATIENCE_MILLISECONDS,
  PROGRESS_MILLISECONDS,
  STUCK_MILLISECONDS,
  TICK_MILLISECONDS,
} from './constants.ts'
import { nobodyServes, type SeederFailure, UnsuitableTermsError } from './errors.ts'
import type { Destination, Fetcher } from './fetcher.ts'
import { createIntake } from './intake.ts'
import { createLines, tooExpensive } from './lines.ts'
import { fetchMetainfo } from './metadata.ts'
import { createPeer } from './peer.ts'
import { createPlan } from './plan.ts'
import type { DownloadNode, DownloadRecord, FoundPeer, SessionSource } from './ports.ts'
import { createMeter, type DownloadProgress, describePeers, type PeerProgress } from './progress.ts'
import { createMemoryRecord } from './record.ts'
import type { DownloadPeer } from './source.ts'
import { until } from './until.ts'
import { createHttpBudget, createWebSeed, shownUrl } from './web-seed.ts'

export interface DownloaderComponents {
  readonly node: DownloadNode
  /** Who authorises lines; null to ask for free content only. */
  readonly sessions: SessionSource | null
  /** Seeders with terms for another chain or contract are left alone. */
  readonly chain?: { readonly chainId: bigint | number; readonly settlement: Address }
}

export interface DownloaderInit {
  /** Token units per GiB; seeders that ask for more are left alone. */
  readonly maxPrice?: bigint
  /** Token units per GiB, offered to seeders that ask for less: on a busy uplink those who bid more get more. Default: what they ask. */
  readonly bid?: bigint
  /** Token units that a download may cost at most, earlier runs included. Default: no limit. */
  readonly maxSpend?: bigint
  /** Default {@link MAX_SEEDERS}. */
  readonly maxSeeders?: number
  /** Bytes a second: web seeds help only while seeders bring less. Default: always. */
  readonly p2pFloor?: number
  /** Bytes that web seeds are asked for at most in one run. Default: no limit. */
  readonly httpBudget?: number
  /** Whether web seeds at private and loopback addresses are asked; default false. */
  readonly allowPrivate?: boolean
  /** What seeders and web seeds are asked for, bytes a second. Default: no limit. */
  readonly limitDown?: number
  /** How long a download waits for a seeder when it has none, milliseconds; default {@link PATIENCE_MILLISECONDS}. */
  readonly patience?: number
  readonly log?: (level: 'debug' | 'info' | 'warn', message: string, fields: Record<string, unknown>) => void
}

export interface DownloadRequest {
  /** 64 hex digits, or the metainfo when it is known. */
  readonly content: string | Metainfo
  /** Opens where the content goes, once its metainfo is known and checked; called once. The caller closes it. */
  store(metainfo: Metainfo): Promise<ContentStore>
  /** Seeders by address (`…/p2p/<id>`), asked beside those that the DHT names. */
  readonly sources?: readonly string[]
  /** Web seeds (BEP 19), asked beside those that the metainfo names, and those that a link names. */
  readonly webSeeds?: readonly string[]
  readonly linkedWebSeeds?: readonly string[]
  /** Whether the DHT is asked too; default true. */
  readonly discover?: boolean
  /** What was signed before, for a download that goes on; default: nothing. */
  readonly record?: DownloadRecord
  /** What a source brought earlier, bytes a second: 0 for a new one, null for one that is not to be asked unless it is named. */
  expected?(name: string): number | null
  readonly signal?: AbortSignal
  onProgress?(progress: DownloadProgress): void
}

export interface DownloadResult {
  readonly metainfo: Metainfo
  readonly store: ContentStore
  /** Of this run. */
  readonly seconds: number
  /** Verified bytes that came in this run. */
  readonly bytes: number
  readonly paid: bigint
  readonly peers: readonly PeerProgress[]
}

export interface Downloader {
  /**
   * Fetches a content from all seeders that suit, verifies every unit, pays for it by receipts, and resolves when all is on disk
   * and every seeder holds its last receipt. Throws `no-sources`, `unknown-content`, `price-too-high`, `refused`, `no-pass`,
   * `disk-full`, `disk-failed`, and `interrupted` when `signal` aborts: what was verified is kept then, and receipts are sent.
   */
  download(request: DownloadRequest): Promise<DownloadResult>
}

export function createDownloader(components: DownloaderComponents, init: DownloaderInit = {}): Downloader {
  // Its thread starts before the first download needs it.
  sharedChecker()
  return { download: (request) => run(components, init, request) }
}

async function run(
  components: DownloaderComponents,
  init: DownloaderInit,
  request: DownloadRequest,
): Promise<DownloadResult> {
  const { node } = components
  const log = init.log ?? (() => undefined)
  const contentId = typeof request.content === 'string' ? request.content : request.content.contentId
  const record = request.record ?? createMemoryRecord()
  const earlier = new Set(record.sessions().map(({ session }) => session.session))
  const peers = new Map<string, DownloadPeer>()
  const over = new AbortController()
  const outcome = Promise.withResolvers<void>()
  const meter = createMeter()
  const floorMeter = createMeter(FLOOR_MILLISECONDS)
  const limit = init.limitDown === undefined ? null : createRateLimit(init.limitDown)
  const budget = createHttpBudget(init.httpBudget)
  const checker = sharedChecker()
  const startedAt = performance.now()
  const maxSeeders = init.maxSeeders ?? MAX_SEEDERS
  const patience = init.patience ?? PATIENCE_MILLISECONDS
  let metainfo: Metainfo | null = typeof request.content === 'string' ? null : request.content
  let to: (Destination & { store: ContentStore }) | null = null
  let opening: Promise<void> | null = null
  /** What is on disk already is looked at, which may take long: nobody is waited for meanwhile. */
  let opensStore = false
  let aliveAt = performance.now()
  let progressAt = performance.now()
  let received = 0
  let fromSeeders = 0
  let searching = request.discover !== false
  let flushedAt = performance.now()
  let flushing: Promise<void> | null = null
  let toldAt = 0

  outcome.promise.catch(() => undefined)
  const fail = (error: unknown): void => outcome.reject(error)
  const alive = (): DownloadPeer[] => [...peers.values()].filter((peer) => peer.state !== 'over')
  const seeders = (): DownloadPeer[] => alive().filter((peer) => peer.kind === 'seeder')

  const lines =
    components.sessions === null
      ? null
      : createLines({
          ...{ contentId, source: components.sessions, record, signal: over.signal },
          ...{ maxPrice: init.maxPrice ?? null, maxSpend: init.maxSpend ?? null, bid: init.bid ?? null },
          left: () => to?.plan.left ?? metainfo?.length ?? 0,
          seeders: () => seeders().length,
          connecting: () => seeders().filter((peer) => peer.state === 'connecting').length,
        })

  function check(terms: SignedTerms | null): void {
    if (terms === null) return
    const { chain } = components
    if (chain !== undefined) {
      const same =
        terms.chainId === BigInt(chain.chainId) && terms.settlement.toLowerCase() === chain.settlement.toLowerCase()
      if (!same) {
        const where = `${terms.settlement} on chain ${terms.chainId}`
        throw new UnsuitableTermsError('wrong-chain', `It wants to be paid through ${where}.`)
      }
    }
    if (init.maxPrice !== undefined && terms.pricePerGiB > init.maxPrice) {
      throw tooExpensive(terms.pricePerGiB, init.maxPrice)
    }
  }

  async function openStore(known: Metainfo): Promise<void> {
    opensStore = true
    const store = await request.store(known).finally(() => {
      opensStore = false
      aliveAt = performance.now()
      progressAt = aliveAt
    })
    const plan = createPlan(store, rarity)
    const intake = createIntake({ store, plan, checker, failed: fail, written })
    to = { plan, intake, store }
    metainfo = known
    for (const url of known.webSeeds) addWebSeed(url)
    if (plan.complete) outcome.resolve()
  }

  /** Pieces that few hold come first, as soon as somebody lacks some. */
  function rarity(): ((piece: number) => number) | null {
    const holders = seeders().filter(({ state }) => state === 'fetching')
    if (holders.every(({ holds }) => holds.whole)) return null
    return (piece) => holders.reduce((sum, { holds }) => sum + (holds.has(piece) ? 1 : 0), 0)
  }

  function written(): void {
    if (to?.plan.complete === true) outcome.resolve()
    // Wants may have waited for a free slot.
    if (to?.intake.free === 1) for (const peer of alive()) peer.pump()
  }

  /** The first seeder that can tell what the content consists of opens the way for all. */
  async function destination(fetcher: Fetcher): Promise<Destination> {
    while (to === null) {
      if (opening === null) {
        opening = fetchMetainfo(fetcher.transfer, contentId, over.signal)
          .then((fetched) => openStore(fetched).catch(fail))
          .finally(() => {
            opening = null
          })
        await opening
      } else await opening.catch(() => undefined)
      over.signal.throwIfAborted()
    }
    return to
  }

  function addPeer(target: string | FoundPeer): void {
    const id = typeof target === 'string' ? (target.split('/p2p/').at(-1) ?? target) : target.id
    const known = peers.get(id)
    if (over.signal.aborted || seeders().length >= maxSeeders + MAX_IDLE_SEEDERS) return
    if (seeders().filter(({ useful }) => useful).length >= maxSeeders) return
    if (known !== undefined && (known.state !== 'over' || known.failure?.banned !== false)) return
    if (id === node.peerId.toString()) return
    const expected = request.expected?.(id) ?? (typeof target === 'string' || request.expected === undefined ? 0 : null)
    if (expected === null) return
    const peer = createPeer({
      ...{ target, node, limit, expected, contentId, record, lines, check, destination, signal: over.signal },
      before: known ?? null,
      progressed(bytes) {
        fromSeeders += bytes
        progressed(bytes)
      },
    })
    follow(id, peer)
  }

  function progressed(bytes: number): void {
    received += bytes
    if (bytes > 0) progressAt = performance.now()
  }

  function addWebSeed(url: string): void {
    const named = request.webSeeds?.includes(url) === true
    if (peers.has(url) || (!named && request.expected?.(shownUrl(url)) === null)) return
    const webSeed = createWebSeed({
      ...{ url, budget, progressed, limit, signal: over.signal, allowPrivate: init.allowPrivate ?? false },
      destination: () => to,
      wanted: () => init.p2pFloor === undefined || (floorMeter.warm() && floorMeter.rate() < init.p2pFloor),
    })
    follow(url, webSeed)
  }

  function follow(id: string, peer: DownloadPeer): void {
    peers.set(id, peer)
    aliveAt = performance.now()
    void peer.done.then(() => {
      if (peer.failure !== null && !over.signal.aborted) {
        log(peer.failure.banned ? 'warn' : 'info', `${peer.kind} left`, { ...peer.failure })
      }
      if (isFatal(peer.failure) && alive().length === 0) fail(nobodyServes(contentId, failures(), received > 0))
      aliveAt = performance.now()
    })
  }

  function failures(): SeederFailure[] {
    return [...peers.values()].flatMap((peer) => (peer.failure === null ? [] : [peer.failure]))
  }

  async function search(): Promise<void> {
    for (const source of request.sources ?? []) addPeer(source)
    for (const url of [...(request.webSeeds ?? []), ...(request.linkedWebSeeds ?? [])]) addWebSeed(url)
    if (request.discover === false) return
    while (!over.signal.aborted) {
      const round = AbortSignal.any([over.signal, AbortSignal.timeout(FIND_MILLISECONDS)])
      try {
        for await (const found of node.findSeeders(contentId, { signal: round })) addPeer(found)
      } catch (error) {
        log('debug', 'the search for seeders ended early', { reason: String(error) })
      }
      await until(FIND_MILLISECONDS, over.signal)
    }
  }

  function tick(): void {
    const now = performance.now()
    floorMeter.note(fromSeeders)
    for (const peer of peers.values()) if (peer.state !== 'over') peer.tick()
    if (alive().some((peer) => peer.lacksLine)) slowestHolder()?.yieldLine()
    // Seeders that only wait (for a line, for another try) do not keep a download alive.
    if (alive().some(({ state }) => state !== 'waiting')) aliveAt = now
    const nobody =
      peers.size === 0 ? !searching && (request.sources ?? []).length === 0 : !searching && alive().length === 0
    const stuck = now - aliveAt >= patience || now - progressAt >= patience + STUCK_MILLISECONDS
    if (!opensStore && (nobody || stuck)) fail(nobodyServes(contentId, failures(), received > 0))
    if (to !== null && flushing === null && now - flushedAt >= FLUSH_MILLISECONDS) {
      flushing = to.intake
        .flush()
        .catch(fail)
        .finally(() => {
          flushedAt = performance.now()
          flushing = null
        })
    }
    if (now - toldAt >= PROGRESS_MILLISECONDS) {
      toldAt = now
      tell()
    }
  }

  /** Who would take longest to use up its line, if that is long: while others wait for one, its line is better given up. */
  function slowestHolder(): DownloadPeer | null {
    let slowest: DownloadPeer | null = null
    for (const peer of alive()) if (peer.secondsOfLine > (slowest?.secondsOfLine ?? 1)) slowest = peer
    return slowest
  }

  function tell(): void {
    meter.note(received)
    if (request.onProgress === undefined || metainfo === null) return
    const left = to?.plan.left ?? metainfo.length
    const rate = meter.rate()
    const described = describePeers(peers.values())
    request.onProgress({
      ...{ contentId, totalBytes: metainfo.length, verifiedBytes: metainfo.length - left, rate },
      timeLeft: left === 0 ? 0 : rate < 1 ? null : left / rate,
      paid: described.reduce((sum, peer) => sum + peer.paid, 0n),
      peers: described,
    })
  }

  /** Whether a seeder is not known to hold what an earlier process signed for it. */
  function owes(): boolean {
    return record.sessions().some(({ session, receipt, held, refused }) => {
      return receipt !== null && !held && refused !== true && earlier.has(session.session)
    })
  }

  /** Seeders that are still owed by an earlier process get a moment to be found: they hear of it when all is closed. */
  async function creditorsFound(): Promise<void> {
    const late = AbortSignal.timeout(HELD_MILLISECONDS)
    const coming = (): boolean =>
      alive().some(({ state }) => state === 'connecting') || (peers.size === 0 && request.discover !== false)
    while (owes() && coming() && !late.aborted) await until(TICK_MILLISECONDS, late)
  }

  function interrupt(): void {
    fail(
      new BitCdnError('interrupted', `The download of ${contentId} was interrupted.`, {
        advice: 'Start it again to go on where it stopped.',
        retry: true,
      }),
    )
  }

  request.signal?.addEventListener('abort', interrupt)
  if (request.signal?.aborted === true) interrupt()
  const ticker = setInterval(tick, TICK_MILLISECONDS)
  try {
    if (metainfo !== null) await openStore(metainfo)
    if (!isComplete(to) || owes()) {
      void search()
      // while seeders are looked for
      components.sessions?.prepare?.(over.signal).catch(() => undefined)
    }
    await outcome.promise
    await creditorsFound()
  } finally {
    clearInterval(ticker)
    request.signal?.removeEventListener('abort', interrupt)
    searching = false
    await Promise.all([...peers.values()].map((peer) => peer.finish()))
    over.abort(new BitCdnError('interrupted', 'The download is over.'))
    await Promise.all([...peers.values()].map((peer) => peer.done))
    const destination = to as (Destination & { store: ContentStore }) | null
    await destination?.intake.flush()
    destination?.intake.close()
    tell()
  }
  const described = describePeers(peers.values())
  const { store } = to as unknown as { store: ContentStore }
  return {
    ...{ metainfo: store.metainfo, store, bytes: received, peers: described },
    seconds: (performance.now() - startedAt) / 1000,
    paid: described.reduce((sum, peer) => sum + peer.paid, 0n),
  }
}

function isComplete(to: Destination | null): boolean {
  return to?.plan.complete ?? false
}

/** What no other seeder would answer differently. */
function isFatal(failure: SeederFailure | null): boolean {
  return failure !== null && ['no-pass', 'pass-expired', 'gateway-unreachable', 'no-funds'].includes(failure.code)
}
