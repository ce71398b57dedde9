// What browsers cost a seeder and how fast they are served: its start and its memory with and without WebRTC, then a page in
// Chromium that fetches and verifies a free content, and a node that does so for money. Needs Debian's chromium.
//   node scripts/bench/browser.ts [--json] [--mib 64] [--rounds 5]
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { createDownloader, createMemoryRecord } from '../../src/downloader/index.ts'
import { openDownload } from '../../src/storage/pieces/index.ts'
import { startBrowser } from '../../test/interop/browser/browser.ts'
import { makeContent } from '../../test/swarm/content.ts'
import { DOMAIN } from '../../test/swarm/desk.ts'
import { type SeederProcess, spawnSeeder } from '../../test/swarm/processes.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { seederKey } from '../../test/swarm/swarm.ts'

const MIB = 2 ** 20
/** After its start a seeder still collects garbage. */
const SETTLE_MILLISECONDS = 2_500
const WAYS = { webSockets: '/ws/', webRtc: '/webrtc-direct/', tcp: '/tcp/' } as const

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    ...{ mib: { type: 'string', default: '64' }, rounds: { type: 'string', default: '5' } },
  },
})
const bytes = Number(values.mib) * MIB
const content = await makeContent(bytes)

const start = (name: string, webRtc: boolean): Promise<SeederProcess> =>
  spawnSeeder({
    ...{ torrent: content.torrent, path: content.path, folder: join(content.folder, name), key: seederKey(0) },
    ...{ free: true, listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'], node: { reach: { webRtc } } },
  })

const figures: Record<string, number> = {}
const idle = [false, true].map((webRtc) => ({ webRtc, starts: [] as number[], memory: [] as number[] }))
for (let round = 0; round < Number(values.rounds); round += 1) {
  // in turns: what else this machine does weighs on both
  for (const { webRtc, starts, memory } of idle) {
    const begun = performance.now()
    const seeder = await start('idle', webRtc)
    starts.push(performance.now() - begun)
    await sleep(SETTLE_MILLISECONDS)
    memory.push(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${seeder.child.pid}/status`, 'utf8'))?.[1]) / 1024)
    await seeder.kill('SIGTERM')
  }
}
for (const { webRtc, starts, memory } of idle) {
  const name = webRtc ? 'with WebRTC' : 'without WebRTC'
  figures[`start ${name}, ms`] = median(starts)
  figures[`resident ${name}, MiB`] = median(memory)
}

const seeder = await start('serves', true)
const addressOf = (part: string): string =>
  seeder.addresses.find((address) => address.includes(part) && (part !== WAYS.tcp || !address.includes('/ws/'))) ?? ''
const speed = (begun: number): number => bytes / MIB / ((performance.now() - begun) / 1000)

const sponsor = createSponsor(DOMAIN)
const browser = await startBrowser(() => Promise.reject(new Error('Nobody pays here.')))
try {
  for (const way of ['webSockets', 'webRtc'] as const) {
    const begun = performance.now()
    const request = { address: addressOf(WAYS[way]), contentId: content.metainfo.contentId, pays: false }
    const { verified } = await browser.fetchContent(request)
    if (verified !== bytes) throw new Error(`${verified} of ${bytes} bytes were verified.`)
    figures[`page over ${way}, MiB/s`] = speed(begun)
  }
  for (const way of ['webSockets', 'webRtc', 'tcp'] as const) {
    const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
    const begun = performance.now()
    await createDownloader({ node, sessions: sponsor }).download({
      ...{ content: content.metainfo, discover: false, sources: [addressOf(WAYS[way])], record: createMemoryRecord() },
      store: (metainfo) =>
        openDownload(metainfo, join(content.folder, way), { journal: join(content.folder, `${way}.journal`) }),
    })
    figures[`node over ${way}, MiB/s`] = speed(begun)
    await node.stop()
  }
} finally {
  await browser.close()
  await seeder.kill('SIGTERM')
  await content.remove()
}

if (values.json === true) console.log(JSON.stringify(figures))
else
  for (const [name, figure] of Object.entries(figures))
    console.log(`${name.padEnd(32)}${figure.toFixed(0).padStart(8)}`)
process.exit(0)

function median(numbers: number[]): number {
  return numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0
}
