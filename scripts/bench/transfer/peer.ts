// One side of a measured transfer, in a process of its own: says when it is ready, the receiver begins at a line from its
// standard input and says when everything is verified and written and every receipt is held.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tls } from '@libp2p/tls'
import { generatePrivateKey } from 'viem/accounts'
import { type ContentStore, parseMetainfo } from '../../../src/content/index.ts'
import { createNode, createPeerKey } from '../../../src/discovery/index.ts'
import { createDownloader, openDownloadRecord } from '../../../src/downloader/index.ts'
import { openDownload } from '../../../src/storage/pieces/index.ts'
import { DOMAIN } from '../../../test/swarm/desk.ts'
import { type SeederInit, startSeeder } from '../../../test/swarm/seeder.ts'
import { createSponsor } from '../../../test/swarm/sponsor.ts'

type Init = { readonly tls: 'direct' | 'stock'; readonly reads?: 'placed' | 'plain'; readonly free?: boolean } & (
  | ({ readonly role: 'send' } & SeederInit)
  | { readonly role: 'receive'; readonly torrent: string; readonly folder: string; readonly sources: readonly string[] }
)

const init = JSON.parse(process.argv[2] ?? '{}') as Init
const over = once(process.stdin, 'end')
/** Ways that were meant to be taken and were not: they belong to the result. */
const fallbacks: string[] = []
process.on('warning', ({ code = '' }: Error & { code?: string }) => {
  if (code.startsWith('BITCDN_')) fallbacks.push(code)
})
const special = {
  ...(init.tls === 'stock' ? { encrypters: [tls()] } : {}),
  ...(init.reads === undefined ? {} : { reads: init.reads }),
}

if (init.role === 'send') {
  const seeder = await startSeeder({ ...init, ...special })
  process.stdout.write(`${seeder.address}\n`)
  process.stdin.resume()
  await over
  await seeder.stop()
} else {
  const { torrent, folder, sources } = init
  const metainfo = parseMetainfo(await readFile(torrent))
  const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true, ...special })
  const downloader = createDownloader({
    node,
    sessions: init.free === true ? null : createSponsor(DOMAIN, 0n, generatePrivateKey()),
  })
  process.stdout.write('ready\n')
  await once(process.stdin, 'data')
  const store = await openDownload(metainfo, folder, { journal: join(folder, '.journal') })
  const record = openDownloadRecord(join(folder, '.record'))
  const request = { content: metainfo, sources, discover: false, record }
  await downloader.download({
    ...request,
    store: async () => untilSync(store, () => process.stdout.write(`${['done', ...fallbacks].join(' ')}\n`)),
  })
  await over
  record.close()
  await store.close()
  await node.stop()
}
process.exit(0)

/** The last thing that a download does is to sync what is complete: no rival does, so their time and ours end before. */
function untilSync(store: ContentStore, complete: () => void): ContentStore {
  let told = false
  return new Proxy(store, {
    get(target, property, receiver) {
      if (property === 'flush' && target.complete && !told) {
        told = true
        complete()
      }
      return Reflect.get(target, property, receiver)
    },
  })
}
