// A content, a gateway on a real chain, and as many seeders and downloaders as a test wants, all over real sockets.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deposit, type LocalAccount, reserve } from '../../../src/chain/index.ts'
import type { ContentStore, Metainfo } from '../../../src/content/index.ts'
import { createNode, createPeerKey, type PeerNode } from '../../../src/discovery/index.ts'
import { createDownloader, createMemoryRecord, type DownloadResult } from '../../../src/downloader/index.ts'
import {
  createGatewayClient,
  createGateways,
  createSessionSource,
  type GatewayClient,
} from '../../../src/gateway-client/index.ts'
import type { ReceiptLedger } from '../../../src/receipts/index.ts'
import { createSeeder, type Seeder, type SeederInit } from '../../../src/seeder/index.ts'
import { createSettlementChain, createSettler, type Settler } from '../../../src/settlement/index.ts'
import { createTorrent, openDownload, openSeed } from '../../../src/storage/pieces/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import { type TestChain, USD } from '../../chain.ts'
import { type GatewayBed, PRICE, startGatewayBed } from '../gateway/fixture.ts'

export interface RunningSeeder {
  readonly account: LocalAccount
  readonly seeder: Seeder
  readonly node: PeerNode
  readonly ledger: ReceiptLedger
  readonly settler: Settler
  /** Every line that it logged. */
  readonly logged: string[]
  stop(): Promise<void>
}

export interface DeliveryBed {
  readonly bed: GatewayBed
  readonly folder: string
  readonly metainfo: Metainfo
  readonly bytes: Buffer
  peer(listen: boolean, bootstrap?: string): Promise<PeerNode>
  /** `account`: of a seeder that was stopped, to go on with its ledger; `gatewayUrl`: default the bed's gateway; `slow`: milliseconds before each read; `reserved`: for lane 0, before it starts. */
  seed(
    init?: Partial<SeederInit> & {
      account?: LocalAccount
      reserved?: bigint
      bootstrap?: string
      gateway?: GatewayClient
      gatewayUrl?: string
      slow?: number
    },
  ): Promise<RunningSeeder>
  download(
    sources: readonly PeerNode[],
    client: GatewayClient | null,
    signal?: AbortSignal,
  ): Promise<DownloadResult & { bytesOnDisk: Buffer }>
  close(): Promise<void>
}

/** `on`: default a chain of its own. */
export async function startDeliveryBed(length: number, on?: TestChain): Promise<DeliveryBed> {
  const folder = await mkdtemp(join(tmpdir(), 'bitcdn-seeder-'))
  const file = join(folder, 'film.mkv')
  const bytes = randomBytes(length)
  await writeFile(file, bytes)
  const { metainfo, torrent } = await createTorrent(file)
  const bed = await startGatewayBed({
    contentId: metainfo.contentId,
    length: metainfo.length,
    metainfo: torrent,
    ...(on === undefined ? {} : { chain: on }),
  })
  await bed.chain.fund(bed.sponsor.address, { usd: 100n * USD })
  await deposit(await bed.chain.as(bed.sponsor), { amount: 100n * USD })
  const running: (() => Promise<unknown>)[] = []

  const peer: DeliveryBed['peer'] = async (listen, bootstrap) => {
    const node = await createNode({
      privateKey: await createPeerKey(),
      listen: listen ? ['/ip4/127.0.0.1/tcp/0'] : [],
      allowPrivate: true,
      dht: listen ? 'server' : 'client',
      ...(bootstrap === undefined ? {} : { bootstrap: [bootstrap] }),
    })
    running.push(() => node.stop())
    return node
  }

  return {
    ...{ bed, folder, metainfo, bytes, peer },
    async seed(init = {}) {
      const account = init.account ?? (await bed.chain.account())
      const chain = await bed.chain.as(account)
      if (init.reserved !== undefined) {
        const lane = { seeder: account.address, lane: 0n, pricePerGiB: PRICE }
        await reserve(await bed.chain.as(bed.sponsor), { ...lane, amount: init.reserved })
      }
      const node = await peer(true, init.bootstrap)
      const ledger = await openLedger({ path: join(folder, `${account.address}.sqlite`) })
      const store = slowed(await openSeed(metainfo, file), init.slow ?? 0)
      const logged: string[] = []
      const logger = createLogger({
        ...{ name: 'seeder', level: 'info' },
        destination: { write: (line) => void logged.push(line) },
      })
      const gateways = createGateways([
        init.gateway ?? createGatewayClient({ url: init.gatewayUrl ?? bed.gateway.url, account }),
      ])
      const settler = createSettler(
        { ledger, chain: createSettlementChain(chain, ledger.journal), vouchers: gateways, logger },
        { idleSeconds: 0, voucherTimeout: 2_000 },
      )
      const seeder = createSeeder(
        { node, chain, ledger, stores: [store], account, gateways, settler: null, logger },
        { pricePerGiB: PRICE, ...init },
      )
      let open = true
      const stop = async (): Promise<void> => {
        if (!open) return
        open = false
        await seeder.stop()
        await ledger.close()
        await store.close()
      }
      running.push(stop)
      await seeder.start()
      return { account, seeder, node, ledger, settler, logged, stop }
    },
    async download(sources, client, signal) {
      const node = await peer(false)
      const to = await mkdtemp(join(folder, 'to-'))
      let store: ContentStore | undefined
      const downloader = createDownloader(
        { node, sessions: client === null ? null : createSessionSource(client) },
        { patience: 3_000 },
      )
      try {
        const result = await downloader.download({
          content: metainfo,
          discover: false,
          record: createMemoryRecord(),
          sources: sources.map((source) => source.addresses()[0]!),
          store: async (of) => {
            store = await openDownload(of, to, { journal: join(to, '.journal') })
            return store
          },
          ...(signal === undefined ? {} : { signal }),
        })
        return { ...result, bytesOnDisk: await readFile(join(to, 'film.mkv')) }
      } finally {
        await store?.close()
        await node.stop()
      }
    },
    async close() {
      for (const stop of running.reverse()) await stop()
      await bed.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function slowed(store: ContentStore, milliseconds: number): ContentStore {
  if (milliseconds === 0) return store
  const read: ContentStore['read'] = async (piece, offset, target) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    return store.read(piece, offset, target)
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'read') return read
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
