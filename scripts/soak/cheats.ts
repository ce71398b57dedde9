// Downloaders that never sign and come back under new peer ids, each behind an address prefix of its own, beside two that pay
// and always want more. Real sockets, a seeder with a bounded uplink; the cheats run in a process of their own. What is
// judged are bytes that the seeder sent: how many it was paid for, and whether its uplink was busy.
//   node scripts/soak/cheats.ts [--runs 1000] [--seed N] [--tenth]
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { createDownloader } from '../../src/downloader/index.ts'
import { openDownload } from '../../src/storage/pieces/index.ts'
import { UNSIGNED_BUDGET_BYTES } from '../../src/transfer/constants.ts'
import { FIRST_WINDOW_BYTES } from '../../src/transfer/index.ts'
import { type Cheated, spawnCheats } from '../../test/swarm/cheat.ts'
import { makeContent } from '../../test/swarm/content.ts'
import { DOMAIN } from '../../test/swarm/desk.ts'
import { startSeeder } from '../../test/swarm/seeder.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { CaseFailure, campaign } from './campaign.ts'

const MIB = 2 ** 20
/** Bytes a second that the seeder sends, to all together. */
const UPLINK = 4 * MIB
const CONTENT = 32 * MIB
const RECONNECTS = 10
const PARALLEL = 32
const HONEST = 2
/** What of the bytes has to be paid for, and for what part of the time the uplink has to be busy. */
const GOODPUT = 0.9

await campaign({ name: 'cheats who never sign, under new peer ids', runs: 1_000 }, async (run) => {
  const content = await makeContent(CONTENT, { seed: 1 + (run.seed % 200) })
  const folder = join(run.folder, 'seeder')
  await mkdir(folder)
  const seeder = await startSeeder({
    ...{ torrent: content.torrent, path: content.path, folder, key: `0x${'1'.repeat(64)}`, rate: UPLINK },
    listen: ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0'],
  })
  // debt is held against address prefixes: who pays lives at another one
  const [cheatsDoor = '', honestDoor = ''] = ['/ip4/', '/ip6/'].map((kind) =>
    seeder.node.addresses().find((at) => at.startsWith(kind)),
  )
  let most = 0
  const sampler = setInterval(() => {
    most = Math.max(most, seeder.credit.unsigned)
  }, 20)
  const over = new AbortController()
  const sponsor = createSponsor(DOMAIN)
  let verified = 0

  /** Downloads again and again until told to stop. */
  async function downloadOn(name: string, signal: AbortSignal): Promise<void> {
    const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
    try {
      for (let again = 0; !signal.aborted; again++) {
        const to = join(run.folder, `${name}-${again}`)
        let before = 0
        const store = await openDownload(content.metainfo, to, { journal: `${to}.journal` })
        try {
          await createDownloader({ node, sessions: sponsor }).download({
            ...{ content: content.metainfo, discover: false, sources: [honestDoor], signal },
            store: async () => store,
            onProgress({ verifiedBytes }) {
              verified += verifiedBytes - before
              before = verifiedBytes
            },
          })
        } catch (error) {
          if (!signal.aborted) throw error
        } finally {
          await store.close()
          await rm(to, { recursive: true, force: true })
        }
      }
    } finally {
      await node.stop()
    }
  }

  const downloading = Promise.all(Array.from({ length: HONEST }, (_, at) => downloadOn(`honest-${at}`, over.signal)))
  const failed = new Promise<never>((_, fail) => downloading.catch(fail))
  await Promise.race([failed, pause(3_000)])
  const seen: Cheated[] = []
  const child = spawnCheats(
    {
      ...{ address: cheatsDoor, torrent: content.torrent, from: run.from, count: run.runs },
      ...{ reconnects: RECONNECTS, parallel: PARALLEL },
    },
    (one) => {
      seen.push(one)
      if (seen.length % 50 === 0) run.say(`${seen.length} cheats came ${RECONNECTS} times each; ${figures()}`)
    },
  )
  // machines of their own in the world: they shall not win by taking this one's processor
  setPriority(child.pid!, constants.priority.PRIORITY_BELOW_NORMAL)
  const [sent, idle, paid, at] = [seeder.uplink.bytes, seeder.uplink.idle, verified, performance.now()]
  const measure = () => {
    const all = seeder.uplink.bytes - sent
    const busy = 1 - (seeder.uplink.idle - idle) / (performance.now() - at)
    return { all, goodput: (verified - paid) / all, busy }
  }
  const figures = (): string => {
    const { all, goodput, busy } = measure()
    return `${(all / MIB).toFixed(0)} MiB sent, ${percent(goodput)} of it paid for, uplink busy for ${percent(busy)}`
  }
  let words = ''
  let measured = { goodput: 0, busy: 0 }
  try {
    await Promise.race([failed, once(child, 'close')])
    words = figures()
    measured = measure()
  } finally {
    clearInterval(sampler)
    child.kill('SIGKILL')
    over.abort()
    await downloading.catch(() => undefined)
    await seeder.stop()
    await content.remove()
  }
  const total = seen.reduce((sum, { bytes }) => sum + bytes, 0)
  const worst = seen.reduce((high, one) => (one.bytes > high.bytes ? one : high))
  if (seen.length !== run.runs) throw new Error(`${seen.length} of ${run.runs} cheats came to their end`)
  if (total === 0) throw new Error('no cheat got a byte: nothing was tried')
  if (worst.bytes > FIRST_WINDOW_BYTES)
    throw new CaseFailure(worst.cheat, `cheat ${worst.cheat} got ${worst.bytes} bytes`)
  if (most > UNSIGNED_BUDGET_BYTES) throw new Error(`${most} bytes were unsigned at once`)
  if (measured.goodput < GOODPUT || measured.busy < GOODPUT) throw new Error(words)
  return (
    `${seen.length} x ${RECONNECTS}: at most ${(worst.bytes / MIB).toFixed(2)} MiB a session, ` +
    `${(most / MIB).toFixed(0)} MiB unsigned at once, ${(total / MIB).toFixed(0)} MiB in all; ${words}`
  )
})

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
