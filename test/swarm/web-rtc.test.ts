// Transfers over WebRTC between programs: its streams have none of the ways of TCP's past libp2p's queues.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { createDownloader, createMemoryRecord } from '../../src/downloader/index.ts'
import { makeContent } from './content.ts'
import { spawnSeeder } from './processes.ts'
import { seederKey, startSwarm } from './swarm.ts'

const MIB = 1024 * 1024
const LISTEN = '/ip4/127.0.0.1/udp/0/webrtc-direct'

describe('a seeder behind WebRTC', function () {
  this.timeout(120_000)

  it('serves and is paid like any other, within its uplink, and nobody is warned', async () => {
    const warnings: string[] = []
    const warned = ({ message }: Error) => void warnings.push(message)
    process.on('warning', warned)
    const swarm = await startSwarm({ bytes: 3 * MIB, seeders: [{ listen: LISTEN, limitUp: 2 * MIB }] })
    try {
      const { content, node, sponsor, sources } = swarm
      const downloader = createDownloader({ node, sessions: sponsor })
      const request = { content: content.metainfo, discover: false, sources, record: createMemoryRecord() }
      const begun = performance.now()
      const { paid } = await downloader.download({ ...request, store: swarm.store() })
      expect(performance.now() - begun).to.be.greaterThan(1_000)
      expect(paid > 0n).to.equal(true)
      expect(Buffer.compare(await readFile(swarm.file()), await readFile(content.path))).to.equal(0)
      expect(warnings).to.deep.equal([])
    } finally {
      process.off('warning', warned)
      await swarm.stop()
    }
  })

  it('keeps little of what it sends to who has stopped reading', async () => {
    const content = await makeContent(192 * MIB)
    const seeder = await spawnSeeder({
      ...{ torrent: content.torrent, path: content.path, folder: join(content.folder, 'seeder'), key: seederKey(0) },
      ...{ free: true, listen: LISTEN },
    })
    const program = new URL('./reader.ts', import.meta.url).pathname
    const reader = spawn(process.execPath, [program, seeder.address, content.metainfo.contentId], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const stopped = new Promise<void>((settle) => {
        reader.stdout?.on('data', (text: Buffer) => {
          if (!String(text).includes('asked')) return
          reader.kill('SIGSTOP')
          settle()
        })
      })
      await Promise.race([stopped, once(reader, 'exit').then(() => Promise.reject(new Error('The reader left.')))])
      const first = residentBytes(seeder.child.pid)
      let most = first
      // long enough to read all of it from the disk into memory
      for (let round = 0; round < 50; round += 1) {
        await new Promise((settle) => setTimeout(settle, 100))
        most = Math.max(most, residentBytes(seeder.child.pid))
      }
      expect(most - first).to.be.lessThan(64 * MIB)
    } finally {
      reader.kill('SIGKILL')
      await seeder.kill('SIGTERM')
      await content.remove()
    }
  })
})

function residentBytes(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}
