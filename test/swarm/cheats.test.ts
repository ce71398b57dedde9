import type { ChildProcess } from 'node:child_process'
import { expect } from 'chai'
import { createNode, createPeerKey, type PeerNode } from '../../src/discovery/index.ts'
import { createDownloader } from '../../src/downloader/index.ts'
import { type Cheated, spawnCheats } from './cheat.ts'
import { type Swarm, startSwarm } from './swarm.ts'

const MIB = 2 ** 20

describe('a newcomer beside four who never sign and one who pays, on an uplink of 4 MiB/s', function () {
  this.timeout(120_000)
  let swarm: Swarm
  let newcomer: PeerNode
  let cheats: ChildProcess | undefined
  const seen: Cheated[] = []
  const over = new AbortController()
  let paying: Promise<unknown> = Promise.resolve()

  beforeEach(async () => {
    swarm = await startSwarm({ bytes: 8 * MIB, seeders: [{ rate: 4 * MIB }] })
    newcomer = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
    paying = payOn()
  })

  afterEach(async () => {
    over.abort()
    cheats?.kill('SIGKILL')
    await paying
    await newcomer.stop()
    await swarm.stop()
  })

  const download = (node: PeerNode, name: string, signal = over.signal) =>
    createDownloader({ node, sessions: swarm.sponsor }).download({
      ...{ content: swarm.content.metainfo, discover: false, sources: swarm.sources, signal },
      store: swarm.store(name),
    })

  async function payOn(): Promise<void> {
    for (let again = 0; !over.signal.aborted; again++) {
      await download(swarm.node, `payer-${again}`).catch((error: unknown) => {
        if (!over.signal.aborted) throw error
      })
    }
  }

  it('gets 8 MiB, from behind the address prefix of all of them', async () => {
    const address = swarm.sources[0] ?? ''
    const some = Promise.withResolvers<void>()
    const init = { address, torrent: swarm.content.torrent, from: 0, count: 10_000, reconnects: 3, parallel: 4 }
    cheats = spawnCheats({ ...init, behind: '127.0.0.1' }, (one) => {
      seen.push(one)
      if (seen.length >= 8) some.resolve()
    })
    await Promise.race([some.promise, paying])
    const before = seen.length
    const { peers } = await download(newcomer, 'newcomer')
    expect(peers.map(({ failure }) => failure)).to.deep.equal([null])
    expect(seen.length, 'cheats all the while').to.be.above(before)
    expect(seen.reduce((sum, { bytes }) => sum + bytes, 0)).to.be.above(0)
  })
})
