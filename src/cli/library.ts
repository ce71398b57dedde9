// What a seeder fetches by itself to serve it: everything of some publishers, or whatever pays enough, within a quota of disk.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Address } from 'viem'
import { type Chain, listContents } from '../chain/index.ts'
import {
  type ContentId,
  type ContentStore,
  encodeTorrent,
  type Metainfo,
  parseMagnet,
  parseMetainfo,
} from '../content/index.ts'
import type { PeerNode } from '../discovery/index.ts'
import { BitCdnError } from '../errors.ts'
import { getContent } from '../sdk/index.ts'
import { type Denying, type Held, roomFor } from '../seeder/index.ts'
import { openSeed, readTorrentFile, writeTorrentFile } from '../storage/pieces/index.ts'
import type { Logger } from '../telemetry/index.ts'
import type { CommandIo } from './io.ts'
import { type Payments, payments } from './payments.ts'
import type { Options, Settings } from './settings.ts'
import { parseAddress } from './wallet.ts'
import { bytesInWords, parseBytes, parseMoney } from './words.ts'

/** How often the registry is looked at, and how long a content rests that could not be fetched, milliseconds. */
const LOOK_INTERVAL = 30_000
const RETRY_AFTER = 600_000
const PATIENCE = 30_000

export function withLibraryOptions(command: Command): Command {
  return command
    .option('--seed-publisher <addresses>', 'also fetch and serve what these publish, separated by commas')
    .option('--seed-price <amount>', 'also fetch and serve whatever pays at least this per GiB, whoever publishes it')
    .option('--disk-quota <bytes>', 'how much disk what is fetched may take, such as 50GiB; what pays least goes first')
    .option('--pay <who>', 'who pays for fetching: none (free seeders and web seeds), self or gateway', 'none')
}

/** What is fetched by itself. */
export interface LibraryWish {
  readonly publishers: readonly Address[]
  /** Token units per GiB; null where only publishers count. */
  readonly price: bigint | null
  /** Bytes. */
  readonly quota: number
  readonly words: string
}

/** Null where nothing is to be fetched. Throws `usage`. */
export function libraryWish(options: Options, decimals: number): LibraryWish | null {
  const { seedPublisher, seedPrice, diskQuota } = options
  if (seedPublisher === undefined && seedPrice === undefined) {
    if (diskQuota === undefined) return null
    throw new BitCdnError('usage', '--disk-quota is for what is fetched, and nothing is.', {
      advice: 'Say what to fetch with --seed-publisher or --seed-price; what lies on your disk already is not counted.',
    })
  }
  if (diskQuota === undefined) {
    throw new BitCdnError('usage', 'Nothing says how much disk what is fetched may take.', {
      advice: 'Give --disk-quota, such as 50GiB.',
    })
  }
  const publishers = String(seedPublisher ?? '')
    .split(',')
    .filter((each) => each.trim() !== '')
    .map((each) => parseAddress(each.trim(), '--seed-publisher'))
  const price = seedPrice === undefined ? null : parseMoney(String(seedPrice), decimals, '--seed-price')
  const quota = parseBytes(String(diskQuota), '--disk-quota')
  const from = publishers.length > 0 ? `of ${publishers.join(', ')}` : 'of anybody'
  const least = seedPrice === undefined ? '' : ` that pays ${seedPrice} per GiB or more`
  return { publishers, price, quota, words: `what is ${from}${least}, in ${bytesInWords(quota)} of disk` }
}

export interface LibraryComponents {
  readonly settings: Settings
  readonly options: Options
  readonly chain: Chain
  readonly node: PeerNode
  readonly denying: Denying & { know(metainfo: Pick<Metainfo, 'contentId' | 'infohashV1'>): Promise<void> }
  readonly logger: Logger
  readonly io: CommandIo
  /** Contents that are served from elsewhere. */
  readonly others: ReadonlySet<ContentId>
  /** What is asked for, token units per GiB: what pays less is not fetched. */
  readonly pricePerGiB: bigint
}

/** Who serves what is fetched. */
export interface LibraryUser {
  added(store: ContentStore): void
  /** Resolves when nobody is being served with it. */
  removed(contentId: ContentId): Promise<void>
}

export interface Library {
  /** What is whole, and where it and its torrent are. */
  readonly held: readonly { readonly store: ContentStore; readonly torrent: string; readonly data: string }[]
  /** Looks again and again until `stop`. */
  start(user: LibraryUser): void
  stop(): Promise<void>
}

interface Entry {
  readonly metainfo: Metainfo
  /** Null while parts are missing. */
  store: ContentStore | null
  pricePerGiB: bigint
  since: number
}

/** Opens what was fetched earlier; what does not fit any more goes. */
export async function openLibrary(wish: LibraryWish, components: LibraryComponents): Promise<Library> {
  const { settings, chain, node, denying, logger, io } = components
  const folder = settings.folder('library')
  const entries = new Map<ContentId, Entry>()
  const resting = new Map<ContentId, number>()
  const closing = new AbortController()
  const pathsOf = (contentId: ContentId) => ({
    torrent: join(folder, `${contentId}.torrent`),
    data: join(folder, contentId),
  })
  const heldOf = (): Held[] =>
    [...entries.values()].map(({ metainfo, store, pricePerGiB, since }) => {
      return {
        ...{ contentId: metainfo.contentId, length: metainfo.length },
        pricePerGiB,
        since,
        whole: store !== null,
      }
    })
  let looking: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let user: LibraryUser | null = null

  for (const name of readdirSync(folder).filter((each) => each.endsWith('.torrent'))) await recall(join(folder, name))
  await look(() => Promise.resolve())
  return {
    get held() {
      return [...entries].flatMap(([contentId, { store }]) => (store === null ? [] : { store, ...pathsOf(contentId) }))
    },
    start(by) {
      user = by
      const round = (): void => {
        looking = look(fetchAll).catch((error: Error) =>
          logger.warn({ reason: error.message }, 'could not look for more to serve'),
        )
        void looking.then(() => {
          if (!closing.signal.aborted) timer = setTimeout(round, LOOK_INTERVAL)
        })
      }
      round()
    },
    async stop() {
      closing.abort()
      clearTimeout(timer)
      await looking
      await Promise.all([...entries.values()].map(({ store }) => store?.close()))
    },
  }

  async function recall(torrent: string): Promise<void> {
    const metainfo = parseMetainfo(await readTorrentFile(torrent))
    const { contentId } = metainfo
    if (components.others.has(contentId)) return
    await denying.know(metainfo)
    const since = statSync(torrent).mtimeMs
    entries.set(contentId, { metainfo, store: await whole(metainfo), pricePerGiB: 0n, since })
  }

  /** Null where not all of it is there. */
  async function whole(metainfo: Metainfo): Promise<ContentStore | null> {
    const { data } = pathsOf(metainfo.contentId)
    if (!existsSync(data)) return null
    const journal = settings.path('journals', `${metainfo.contentId}.journal`)
    const store = await openSeed(metainfo, data, { journal, signal: closing.signal })
    if (store.complete) return store
    await store.close()
    return null
  }

  /** Learns what is wanted, lets go of what does not fit or is denied, and does `more`. */
  async function look(more: (wanted: readonly Wanted[]) => Promise<void>): Promise<void> {
    const wanted = await wantedNow()
    for (const [contentId, entry] of entries) {
      entry.pricePerGiB = wanted.find((each) => each.contentId === contentId)?.pricePerGiB ?? 0n
      if (denying.of(contentId, null) !== null) await drop(contentId, 'it is denied')
    }
    for (const contentId of roomFor(null, heldOf(), wish.quota) ?? []) await drop(contentId, 'the quota is smaller')
    await more(wanted)
  }

  /** What pays most first. */
  async function wantedNow(): Promise<Wanted[]> {
    const { publishers } = wish
    const from = publishers.length === 0 ? [undefined] : publishers
    const signal = AbortSignal.any([io.signal, closing.signal])
    const published = (
      await Promise.all(from.map((publisher) => listContents(chain, { publisher }, { signal })))
    ).flat()
    const least = wish.price ?? 0n
    const best = new Map<ContentId, Wanted>()
    for (const { contentId, pricePerGiB, metainfoUri, sponsor } of published) {
      if (pricePerGiB < least || pricePerGiB < components.pricePerGiB || components.others.has(contentId)) continue
      if (denying.of(contentId, sponsor) !== null) continue
      if ((best.get(contentId)?.pricePerGiB ?? -1n) < pricePerGiB)
        best.set(contentId, { contentId, pricePerGiB, metainfoUri })
    }
    return [...best.values()].sort((a, b) => Number(b.pricePerGiB - a.pricePerGiB))
  }

  async function fetchAll(wanted: readonly Wanted[]): Promise<void> {
    for (const one of wanted) {
      closing.signal.throwIfAborted()
      if (entries.get(one.contentId)?.store != null || (resting.get(one.contentId) ?? 0) > performance.now()) continue
      try {
        await fetchOne(one)
      } catch (error) {
        if (closing.signal.aborted) return
        resting.set(one.contentId, performance.now() + RETRY_AFTER)
        logger.info({ content: one.contentId, reason: (error as Error).message }, 'did not fetch it; tried again later')
      }
    }
  }

  async function fetchOne({ contentId, pricePerGiB, metainfoUri }: Wanted): Promise<void> {
    const { torrent, data } = pathsOf(contentId)
    const paying: Payments = await payments(settings, components.options, io)
    try {
      const { metainfo } = await getContent({
        ...{ content: entries.get(contentId)?.metainfo ?? contentId, node, folder: data, sessions: paying.sessions },
        ...(paying.chain === undefined ? {} : { chain: paying.chain }),
        state: settings.folder('downloads'),
        patience: PATIENCE,
        linkedWebSeeds: /^magnet:/i.test(metainfoUri) ? parseMagnet(metainfoUri).webSeeds : [],
        allowPrivate: settings.flag('allowPrivate'),
        signal: AbortSignal.any([io.signal, closing.signal]),
        async accept(known) {
          await denying.know(known)
          if (denying.of(contentId, null) !== null) throw new BitCdnError('refused', 'It is denied.')
          if (entries.has(contentId)) return
          const going = roomFor({ length: known.length, pricePerGiB }, heldOf(), wish.quota)
          if (going === null) {
            throw new BitCdnError(
              'refused',
              `${bytesInWords(known.length)} do not fit into the quota beside what pays as much.`,
            )
          }
          for (const each of going) await drop(each, 'something else pays more')
          await writeTorrentFile(torrent, encodeTorrent(known))
          entries.set(contentId, { metainfo: known, store: null, pricePerGiB, since: Date.now() })
        },
      })
      const store = await whole(metainfo)
      const entry = entries.get(contentId)
      if (store === null || entry === undefined) return
      entry.store = store
      user?.added(store)
      logger.info({ content: contentId, name: metainfo.name, bytes: metainfo.length }, 'fetched, and serves it now')
    } finally {
      await paying.close()
    }
  }

  async function drop(contentId: ContentId, why: string): Promise<void> {
    const { torrent, data } = pathsOf(contentId)
    const entry = entries.get(contentId)
    entries.delete(contentId)
    await user?.removed(contentId)
    await entry?.store?.close()
    rmSync(data, { recursive: true, force: true })
    rmSync(torrent, { force: true })
    rmSync(settings.path('journals', `${contentId}.journal`), { force: true })
    logger.info({ content: contentId, name: entry?.metainfo.name, reason: why }, 'let go of a content')
  }
}

interface Wanted {
  readonly contentId: ContentId
  readonly pricePerGiB: bigint
  readonly metainfoUri: string
}
