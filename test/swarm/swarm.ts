// A few seeders of one content in this process, and a node to download with: what most tests of transfers begin with.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hex } from 'viem'
import type { ContentStore, Metainfo } from '../../src/content/index.ts'
import { createNode, createPeerKey, type PeerNode } from '../../src/discovery/index.ts'
import { openDownload } from '../../src/storage/pieces/index.ts'
import { makeContent, type TestContent } from './content.ts'
import { DOMAIN } from './desk.ts'
import { type SeederInit, startSeeder, type TestSeeder } from './seeder.ts'
import { createSponsor, type TestSponsor } from './sponsor.ts'

export interface SwarmInit {
  readonly bytes: number
  readonly pieceLength?: number
  /** What is special about each seeder; one seeder for every entry. */
  readonly seeders: readonly Partial<SeederInit>[]
}

export interface Swarm {
  readonly content: TestContent
  readonly seeders: readonly TestSeeder[]
  readonly node: PeerNode
  readonly sponsor: TestSponsor
  readonly sources: string[]
  /** Opens a store below the swarm's folder; the same name goes on with the same files. */
  store(name?: string): (metainfo: Metainfo) => Promise<ContentStore>
  /** Where such a store puts the content's only file. */
  file(name?: string): string
  stop(): Promise<void>
}

export const seederKey = (index: number): Hex => `0x${String(index + 1).repeat(64)}`

export async function startSwarm(init: SwarmInit): Promise<Swarm> {
  const { bytes, pieceLength } = init
  const content = await makeContent(bytes, pieceLength === undefined ? {} : { pieceLength })
  const seeders: TestSeeder[] = []
  for (const [index, special] of init.seeders.entries()) {
    const folder = join(content.folder, `seeder-${index}`)
    await mkdir(folder)
    const { torrent, path } = content
    seeders.push(await startSeeder({ torrent, path, folder, key: seederKey(index), ...special }))
  }
  const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
  const stores: ContentStore[] = []
  return {
    ...{ content, seeders, node, sponsor: createSponsor(DOMAIN) },
    sources: seeders.map((seeder) => seeder.address),
    store:
      (name = 'out') =>
      async (metainfo) => {
        const store = await openDownload(metainfo, join(content.folder, name), {
          journal: join(content.folder, `${name}.journal`),
        })
        stores.push(store)
        return store
      },
    file: (name = 'out') => join(content.folder, name, content.metainfo.name),
    async stop() {
      await node.stop()
      await Promise.all(seeders.map((seeder) => seeder.stop()))
      await Promise.all(stores.map((store) => store.close()))
      await content.remove()
    },
  }
}
