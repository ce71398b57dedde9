// One program of soak/reach, inside a namespace: the relay that all start from, an origin, a seeder, or a downloader. Each says
// what it has to say as one line of JSON; all but the downloader end with their standard input.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatePrivateKey } from 'viem/accounts'
import { parseMetainfo } from '../../../src/content/index.ts'
import { createNode, createPeerKey } from '../../../src/discovery/index.ts'
import { isRelayed } from '../../../src/discovery/reach.ts'
import { createDownloader, createMemoryRecord } from '../../../src/downloader/index.ts'
import { announce } from '../../../src/seeder/announce.ts'
import { openDownload } from '../../../src/storage/pieces/index.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import { DOMAIN } from '../../../test/swarm/desk.ts'
import { startFaultyOrigin } from '../../../test/swarm/origin.ts'
import { startSeeder } from '../../../test/swarm/seeder.ts'
import { createSponsor } from '../../../test/swarm/sponsor.ts'

export type Task =
  | { readonly role: 'relay'; readonly listen: readonly string[] }
  | { readonly role: 'origin'; readonly folder: string; readonly host: string }
  | {
      readonly role: 'seed'
      readonly torrent: string
      readonly path: string
      readonly folder: string
      readonly listen: string
      readonly relay: string
    }
  | {
      readonly role: 'get'
      readonly torrent: string
      readonly folder: string
      readonly listen: string
      readonly relay: string
      readonly webSeed?: string
    }

export interface Got {
  readonly way: 'direct' | 'relay' | 'http'
  readonly paid: number
}

const ADDRESS_PATIENCE = 20_000
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`)
const task = JSON.parse(process.argv[2] ?? '{}') as Task
const over = once(process.stdin.resume(), 'end')

if (task.role === 'relay') {
  const { listen } = task
  const node = await createNode({
    ...{ privateKey: await createPeerKey(), listen, dht: 'server', reach: { relaysOthers: true } },
  })
  say({ peerId: node.peerId.toString() })
  await over
} else if (task.role === 'origin') {
  const origin = await startFaultyOrigin(task.folder, {}, task.host)
  say({ url: origin.url })
  await over
} else if (task.role === 'seed') {
  const { torrent, path, folder, listen, relay } = task
  const seeder = await startSeeder({
    ...{ torrent, path, folder, listen, key: `0x${'1'.repeat(64)}`, bootstrap: [relay] },
    node: { allowPrivate: false, reach: { relays: [relay] } },
  })
  const until = performance.now() + ADDRESS_PATIENCE
  const relayed = (): boolean => seeder.node.addresses().some((address) => address.includes('p2p-circuit'))
  while (!relayed() && performance.now() < until) await new Promise((settle) => setTimeout(settle, 50))
  const metainfo = parseMetainfo(await readFile(torrent))
  const logger = createLogger({ name: 'seeder', level: 'silent' })
  void announce(seeder.node, metainfo.contentId, logger, new AbortController().signal)
  say({ addresses: seeder.node.addresses() })
  await over
} else {
  const { torrent, folder, listen, relay, webSeed } = task
  const metainfo = parseMetainfo(await readFile(torrent))
  const node = await createNode({
    ...{ privateKey: await createPeerKey(), listen: [listen], bootstrap: [relay] },
  })
  const result = await createDownloader({ node, sessions: createSponsor(DOMAIN, 0n, generatePrivateKey()) }).download({
    ...{ content: metainfo, record: createMemoryRecord(), webSeeds: webSeed === undefined ? [] : [webSeed] },
    store: (known) => openDownload(known, join(folder, 'out'), { journal: join(folder, 'journal') }),
  })
  await result.store.close()
  const used = result.peers.filter(({ bytes, kind }) => kind === 'seeder' && bytes > 0).map(({ peer }) => peer)
  const open = node.libp2p.getConnections().filter(({ remotePeer }) => used.includes(remotePeer.toString()))
  const way = open.length === 0 ? 'http' : open.some((one) => !isRelayed(one)) ? 'direct' : 'relay'
  say({ way, paid: Number(result.paid) } satisfies Got)
}
process.exit(0)
