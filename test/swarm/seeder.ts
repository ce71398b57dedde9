// A seeder for tests, in this process or (started as a program) in one of its own.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { parseMetainfo } from '../../src/content/index.ts'
import { createNode, type Encrypter, loadPeerKey, type NodeInit, type PeerNode } from '../../src/discovery/index.ts'
import type { Domain, ReceiptLedger } from '../../src/receipts/index.ts'
import { openSeed } from '../../src/storage/pieces/index.ts'
import { openThreadedLedger } from '../../src/storage/sqlite/index.ts'
import {
  type CreditBook,
  type CreditInit,
  createCreditBook,
  createUplink,
  type ServingGate,
  serve,
  TRANSFER_PROTOCOL,
} from '../../src/transfer/index.ts'
import { createDesk } from './desk.ts'
import { hostileStore, type StoreFaults, type Uplink } from './hostile-store.ts'

export interface SeederInit extends StoreFaults {
  readonly torrent: string
  readonly path: string
  /** Keeps ledger and peer key. */
  readonly folder: string
  readonly key: Hex
  readonly pricePerGiB?: string
  readonly listen?: string | readonly string[]
  readonly bootstrap?: readonly string[]
  readonly provide?: boolean
  readonly free?: boolean
  /** Windows, budget and debt. */
  readonly credit?: CreditInit
  /** What all sessions share by their bids, bytes a second. */
  readonly limitUp?: number
  /** Streams served at once. */
  readonly maxStreams?: number
  /** Whether anybody is served at all. */
  readonly gate?: ServingGate
  /** Default: one without a chain. */
  readonly domain?: Domain
  readonly encrypters?: readonly Encrypter[]
  readonly reads?: 'placed' | 'plain'
  /** How its node is reached. */
  readonly node?: Pick<NodeInit, 'reach' | 'allowPrivate'>
}

export interface TestSeeder {
  readonly node: PeerNode
  readonly ledger: ReceiptLedger
  readonly address: string
  readonly payout: string
  readonly credit: CreditBook
  readonly uplink: Uplink
  stop(): Promise<void>
}

export async function startSeeder(init: SeederInit): Promise<TestSeeder> {
  const metainfo = parseMetainfo(await readFile(init.torrent))
  const uplink: Uplink = { bytes: 0, idle: 0 }
  const store = hostileStore(await openSeed(metainfo, init.path), { ...init, uplink })
  const ledger = await openThreadedLedger({
    path: join(init.folder, 'ledger.sqlite'),
    ...(init.domain === undefined ? {} : { domain: init.domain }),
  })
  await ledger.releaseAll()
  const node = await createNode({
    privateKey: await loadPeerKey(join(init.folder, 'peer.key')),
    listen: [init.listen ?? '/ip4/127.0.0.1/tcp/0'].flat(),
    ...(init.bootstrap === undefined ? {} : { bootstrap: init.bootstrap }),
    ...(init.encrypters === undefined ? {} : { encrypters: init.encrypters }),
    ...(init.reads === undefined ? {} : { reads: init.reads }),
    allowPrivate: true,
    dht: 'server',
    ...init.node,
  })
  const desk = await createDesk({
    ...{ key: init.key, peerId: node.peerId, ledger, stores: [store] },
    ...(init.pricePerGiB === undefined ? {} : { pricePerGiB: BigInt(init.pricePerGiB) }),
    ...(init.free === undefined ? {} : { free: init.free }),
    ...(init.domain === undefined ? {} : { domain: init.domain }),
  })
  const stopping = new AbortController()
  const credit = createCreditBook(init.credit)
  const shared = init.limitUp === undefined ? undefined : createUplink(init.limitUp)
  const handler = serve(desk, {
    ...{ peerId: node.peerId, credit, uplink: shared, gate: init.gate, signal: stopping.signal },
    ...(init.maxStreams === undefined ? {} : { maxStreams: init.maxStreams }),
  })
  await node.handle(TRANSFER_PROTOCOL, handler)
  if (init.provide === true) await node.provide(metainfo.contentId, { signal: AbortSignal.timeout(20_000) })
  return {
    ...{ node, ledger, credit, uplink, payout: privateKeyToAccount(init.key).address },
    address: node.addresses()[0] ?? '',
    async stop() {
      stopping.abort()
      await node.stop()
      await ledger.close()
      await store.close()
    },
  }
}

if (process.argv[1] === import.meta.filename) {
  const init = JSON.parse(process.argv[2] ?? '{}') as SeederInit
  const seeder = await startSeeder(init)
  process.stdout.write(
    `${JSON.stringify({ address: seeder.address, addresses: seeder.node.addresses(), payout: seeder.payout })}\n`,
  )
  process.on('SIGTERM', () => void seeder.stop().then(() => process.exit(0)))
  // The parent is gone: nobody else would stop this process.
  process.stdin.on('close', () => process.exit(0)).resume()
}
