// One side of a measured transfer, in a process of its own: says when it is ready, the receiver begins at a line from its
// standard input and says when everything is verified, written, synced and every receipt is held.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tls } from '@libp2p/tls'
import { parseMetainfo } from '../../../src/content/index.ts'
import { createNode, createPeerKey } from '../../../src/discovery/index.ts'
import { createDownloader, openDownloadRecord } from '../../../src/downloader/index.ts'
import { openDownload } from '../../../src/storage/pieces/index.ts'
import { DOMAIN } from '../../../test/swarm/desk.ts'
import { type SeederInit, startSeeder } from '../../../test/swarm/seeder.ts'
import { createSponsor } from '../../../test/swarm/sponsor.ts'

type Init = { readonly tls: 'direct' | 'stock' } & (
  | ({ readonly role: 'send' } & SeederInit)
  | { readonly role: 'receive'; readonly torrent: string; readonly folder: string; readonly sources: readonly string[] }
)

const init = JSON.parse(process.argv[2] ?? '{}') as Init
const encrypters = init.tls === 'stock' ? { encrypters: [tls()] } : {}

if (init.role === 'send') {
  const seeder = await startSeeder({ ...init, ...encrypters })
  process.stdout.write(`${seeder.address}\n`)
  await once(process.stdin.resume(), 'end')
  await seeder.stop()
} else {
  const { torrent, folder, sources } = init
  const metainfo = parseMetainfo(await readFile(torrent))
  const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true, ...encrypters })
  process.stdout.write('ready\n')
  await once(process.stdin, 'data')
  const store = await openDownload(metainfo, folder, { journal: join(folder, '.journal') })
  const record = openDownloadRecord(join(folder, '.record'))
  const downloader = createDownloader({ node, sessions: createSponsor(DOMAIN) })
  await downloader.download({ content: metainfo, store: async () => store, sources, discover: false, record })
  process.stdout.write('done\n')
  await once(process.stdin.resume(), 'end')
  record.close()
  await store.close()
  await node.stop()
}
process.exit(0)
