import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Address } from 'viem'
import type { ContentId, ContentStore, Metainfo } from '../content/index.ts'
import type { PeerNode } from '../discovery/index.ts'
import {
  createDownloader,
  type DownloadProgress,
  type DownloadRecord,
  type DownloadResult,
  openDownloadRecord,
  openSourceBook,
  type PeerProgress,
  type SessionSource,
} from '../downloader/index.ts'
import { openDownload } from '../storage/pieces/index.ts'
import { createUplink, type Uplink } from '../transfer/index.ts'

export interface GetRequest {
  readonly content: ContentId | Metainfo
  /** The content's own file or folder is made in here. */
  readonly folder: string
  readonly node: PeerNode
  /** Who authorises sessions: a gateway's client, one's own wallet, or null for free content. */
  readonly sessions: SessionSource | null
  /** Where it is remembered what is verified and what was signed; a download goes on from there. */
  readonly state: string
  readonly chain?: { readonly chainId: bigint | number; readonly settlement: Address }
  /** Token units per GiB. */
  readonly maxPrice?: bigint
  /** Token units per GiB that seeders are offered where they ask for less; its sponsor decides. */
  readonly bid?: bigint
  /** Token units that the download may cost at most, earlier runs included. */
  readonly maxSpend?: bigint
  /** Multiaddrs with `/p2p/…`, asked beside those that the DHT names. */
  readonly sources?: readonly string[]
  /** Web seeds (BEP 19), beside those of the metainfo. */
  readonly webSeeds?: readonly string[]
  /** Those that a magnet link names: like those of the metainfo, they are not asked for a day when they lied. */
  readonly linkedWebSeeds?: readonly string[]
  /** Bytes a second: web seeds help only while seeders bring less. */
  readonly p2pFloor?: number
  /** Bytes that web seeds are asked for at most. */
  readonly httpBudget?: number
  /** Whether web seeds at private addresses are asked. */
  readonly allowPrivate?: boolean
  /** What is asked for, bytes a second. */
  readonly limitDown?: number
  /** What is served, bytes a second. */
  readonly limitUp?: number
  readonly patience?: number
  /** Asked once what it is is known, before anything is written: what it throws ends the download. */
  readonly accept?: (metainfo: Metainfo) => Promise<void>
  /** Serves what is verified while the rest is fetched, within `uplink` where there is one. What it throws is told to `log`; the download goes on. */
  readonly serve?: (store: ContentStore, uplink: Uplink | undefined) => Promise<Serving>
  /** Milliseconds for which it serves on when all is there, or until `signal` aborts. Default 0. */
  readonly seedFor?: number
  readonly signal: AbortSignal
  /** All is on disk; it may be served for a while from here on. */
  readonly onComplete?: () => void
  readonly onProgress?: (progress: DownloadProgress) => void
  readonly log?: (level: 'debug' | 'info' | 'warn', message: string, fields: Record<string, unknown>) => void
}

export interface Serving {
  /** Ends streams in order. `earned`: token units that receipts came for. */
  stop(): Promise<{ readonly earned: bigint }>
}

export interface Got extends Pick<DownloadResult, 'metainfo' | 'seconds' | 'bytes' | 'paid' | 'peers'> {
  /** Where the content is. */
  readonly path: string
  /** Receipts signed in this run. */
  readonly receipts: number
  /** Bytes that were read to be sent to others. */
  readonly sent: number
  /** Token units that others signed for them. */
  readonly earned: bigint
  /** By seeder, what was acknowledged in this run and, of open sessions, before. */
  readonly seeders: readonly { readonly seeder: Address; readonly bytes: bigint }[]
}

/** Downloads a content into a folder, or goes on with it. Errors: see `Downloader.download`. */
export async function getContent(request: GetRequest): Promise<Got> {
  const { content, folder, node, sessions, state, signal } = request
  const contentId = typeof content === 'string' ? content : content.contentId
  // One content may be fetched into several folders: each is a download of its own.
  const name = `${contentId}-${createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 16)}`
  const record = openDownloadRecord(join(state, `${name}.record`))
  const { counted, receipts } = countReceipts(record)
  const downloader = createDownloader(
    { node, sessions, ...(request.chain === undefined ? {} : { chain: request.chain }) },
    {
      ...(request.maxPrice === undefined ? {} : { maxPrice: request.maxPrice }),
      ...(request.bid === undefined ? {} : { bid: request.bid }),
      ...(request.maxSpend === undefined ? {} : { maxSpend: request.maxSpend }),
      ...(request.patience === undefined ? {} : { patience: request.patience }),
      ...(request.p2pFloor === undefined ? {} : { p2pFloor: request.p2pFloor }),
      ...(request.limitDown === undefined ? {} : { limitDown: request.limitDown }),
      ...(request.httpBudget === undefined ? {} : { httpBudget: request.httpBudget }),
      ...(request.allowPrivate === undefined ? {} : { allowPrivate: request.allowPrivate }),
      ...(request.log === undefined ? {} : { log: request.log }),
    },
  )
  let close = async (): Promise<void> => {}
  const seeding = createSeeding(request)
  const book = openSourceBook(join(state, 'sources.json'))
  let seen: readonly PeerProgress[] = []
  try {
    const { metainfo, seconds, bytes, paid, peers } = await downloader.download({
      content,
      store: async (metainfo) => {
        await request.accept?.(metainfo)
        const store = await openDownload(metainfo, folder, { journal: join(state, `${name}.journal`), signal })
        close = () => store.close()
        seeding.start(store)
        return store
      },
      record: counted,
      signal,
      ...(request.sources === undefined ? {} : { sources: request.sources }),
      ...(request.webSeeds === undefined ? {} : { webSeeds: request.webSeeds }),
      ...(request.linkedWebSeeds === undefined ? {} : { linkedWebSeeds: request.linkedWebSeeds }),
      expected: book.expected,
      onProgress(progress) {
        seen = progress.peers
        request.onProgress?.(progress)
      },
    })
    request.onComplete?.()
    if (request.seedFor !== undefined) await until(request.seedFor, signal)
    const { sent, earned } = await seeding.stop()
    return {
      ...{ sent, earned },
      ...{ metainfo, seconds, bytes, paid, peers },
      path: join(resolve(folder), metainfo.name),
      receipts: receipts(),
      seeders: bySeeder(record),
    }
  } finally {
    await seeding.stop()
    await close()
    record.close()
    book.note(seen)
    book.save()
  }
}

interface Seeding {
  start(store: ContentStore): void
  /** May be called twice. */
  stop(): Promise<{ readonly sent: number; readonly earned: bigint }>
}

function createSeeding({ serve, log, limitUp }: GetRequest): Seeding {
  const uplink = limitUp === undefined ? undefined : createUplink(limitUp)
  let sent = 0
  let serving: Promise<Serving | null> = Promise.resolve(null)
  let stopped: Promise<bigint> | null = null
  return {
    start(store) {
      if (serve === undefined) return
      const counted: ContentStore = Object.create(store, {
        read: {
          value: async (piece: number, offset: number, target: Uint8Array) => {
            await store.read(piece, offset, target)
            sent += target.length
          },
        },
      })
      serving = serve(counted, uplink).catch((error: Error) => {
        log?.('warn', 'what is verified is not served to others', { reason: error.message })
        return null
      })
    },
    async stop() {
      stopped ??= serving.then(async (found) => (await found?.stop())?.earned ?? 0n)
      return { earned: await stopped, sent }
    },
  }
}

function countReceipts(record: DownloadRecord): { counted: DownloadRecord; receipts: () => number } {
  let signed = 0
  const counted: DownloadRecord = {
    ...record,
    sign(session, receipt) {
      signed++
      record.sign(session, receipt)
    },
  }
  return { counted, receipts: () => signed }
}

function bySeeder(record: DownloadRecord): { seeder: Address; bytes: bigint }[] {
  const sums = new Map<Address, bigint>()
  for (const { session, receipt } of record.sessions()) {
    const { seeder } = session.lane
    sums.set(seeder, (sums.get(seeder) ?? 0n) + (receipt?.bytesServed ?? 0n))
  }
  return [...sums].map(([seeder, bytes]) => ({ seeder, bytes }))
}

/** SHA-256 of a content's files, one after the other in the order of the metainfo; of a single file its own, in hex. */
export async function hashFiles(metainfo: Metainfo, path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(1 << 20)
  for (const file of metainfo.files) {
    const handle = await open(metainfo.single ? path : join(path, ...file.path))
    try {
      for (let offset = 0; offset < file.length; ) {
        signal?.throwIfAborted()
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset)
        if (bytesRead === 0) break
        hash.update(buffer.subarray(0, bytesRead))
        offset += bytesRead
      }
    } finally {
      await handle.close()
    }
  }
  return hash.digest('hex')
}

function until(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, signal.aborted ? 0 : milliseconds)
    signal.addEventListener('abort', done)
  })
}
