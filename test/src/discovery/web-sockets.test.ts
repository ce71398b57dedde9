import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { createDownloader, createMemoryRecord } from '../../../src/downloader/index.ts'
import { startSwarm } from '../../swarm/swarm.ts'

describe('a seeder behind a WebSocket', () => {
  it('serves and is paid like any other, and nobody is warned', async () => {
    const warnings: string[] = []
    const warned = ({ message }: Error) => void warnings.push(message)
    process.on('warning', warned)
    const swarm = await startSwarm({ bytes: 3 << 20, seeders: [{ listen: '/ip4/127.0.0.1/tcp/0/ws' }] })
    try {
      expect(swarm.sources[0]).to.match(/\/tcp\/\d+\/ws\/p2p\//)
      const { content, node, sponsor, sources } = swarm
      const downloader = createDownloader({ node, sessions: sponsor })
      const request = { content: content.metainfo, discover: false, sources, record: createMemoryRecord() }
      const { paid } = await downloader.download({ ...request, store: swarm.store() })
      expect(paid > 0n).to.equal(true)
      expect(Buffer.compare(await readFile(swarm.file()), await readFile(content.path))).to.equal(0)
      expect(warnings).to.deep.equal([])
    } finally {
      process.off('warning', warned)
      await swarm.stop()
    }
  })
})
