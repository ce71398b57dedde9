// Downloaders that never sign and come back under new peer ids, beside one that pays. Real sockets, a seeder with a
// bounded uplink; the cheats run in a process of their own.
//   node scripts/soak/cheats.ts [--runs 1000] [--seed N] [--tenth]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { createDownloader } from '../../src/downloader/index.ts'
import { openDownload } from '../../src/storage/pieces/index.ts'
import { UNSIGNED_BUDGET_BYTES } from '../../src/transfer/constants.ts'
import { FIRST_WINDOW_BYTES } from '../../src/transfer/index.ts'
import type { Cheated, CheatsInit } from '../../test/swarm/cheat.ts'
import { makeContent } from '../../test/swarm/content.ts'
import { DOMAIN } from '../../test/swarm/desk.ts'
import { startSeeder } from '../../test/swarm/seeder.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { CaseFailure, campaign } from './campaign.ts'

const CHEAT = resolve(import.meta.dirname, '../../test/swarm/cheat.ts')
const MIB = 2 ** 20
/** Bytes a second that the seeder sends, to all together. */
const UPLINK = 4 * MIB
const CONTENT = 32 * MIB
const RECONNECTS = 10
/** Cheats run for this long, then stand still for as long: what else happens on this machine meets both alike. */
const SPAN_MILLISECONDS = 10_000

await campaign({ name: 'cheats who never sign, under new peer ids', runs: 1_000, tenth: 30 }, async (run) => {
  const content = await makeContent(CONTENT, { seed: 1 + (run.seed % 200) })
  const folder = join(run.folder, 'seeder')
  await mkdir(folder)
  const seeder = await startSeeder({
    ...{ torrent: content.torrent, path: content.path, folder, key: `0x${'1'.repeat(64)}`, rate: UPLINK },
    listen: ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0'],
  })
  const addresses = seeder.node.addresses()
  // debt is held against address prefixes: who pays lives at another one
  const [cheatsDoor = '', honestDoor = ''] = ['/ip4/', '/ip6/'].map((kind) =>
    addresses.find((at) => at.startsWith(kind)),
  )
  let most = 0
  const sampler = setInterval(() => {
    most = Math.max(most, seeder.credit.unsigned)
  }, 20)
  const over = new AbortController()
  const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
  const sponsor = createSponsor(DOMAIN)
  let honest = 0
  let downloads = 0

  /** Downloads again and again until told to stop. */
  async function downloadOn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const to = join(run.folder, `honest-${downloads++}`)
      let before = 0
      const store = await openDownload(content.metainfo, to, { journal: `${to}.journal` })
      try {
        await createDownloader({ node, sessions: sponsor }).download({
          ...{ content: content.metainfo, discover: false, sources: [honestDoor], signal },
          store: async () => store,
          onProgress({ verifiedBytes }) {
            honest += verifiedBytes - before
            before = verifiedBytes
          },
        })
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        await store.close()
      }
    }
  }

  const downloading = downloadOn(over.signal)
  const failed = new Promise<never>((_, fail) => downloading.catch(fail))
  const alone = { bytes: 0, seconds: 0 }
  const beside = { bytes: 0, seconds: 0 }
  async function span(into: typeof alone, until: Promise<unknown>): Promise<void> {
    const [bytes, at] = [honest, performance.now()]
    await Promise.race([failed, until, pause(SPAN_MILLISECONDS)])
    into.bytes += honest - bytes
    into.seconds += (performance.now() - at) / 1000
  }
  await Promise.race([failed, pause(3_000)])
  const seen: Cheated[] = []
  const init: CheatsInit = {
    ...{ address: cheatsDoor, torrent: content.torrent, from: run.from, count: run.runs },
    ...{ reconnects: RECONNECTS, parallel: 4 },
  }
  const child = spawn(process.execPath, [CHEAT, JSON.stringify(init)], { stdio: ['pipe', 'pipe', 'inherit'] })
  // machines of their own in the world: they shall not win by taking this one's processor
  setPriority(child.pid!, constants.priority.PRIORITY_LOW)
  createInterface({ input: child.stdout }).on('line', (line) => {
    seen.push(JSON.parse(line) as Cheated)
    if (seen.length % 50 === 0) run.say(`${seen.length} cheats came ${RECONNECTS} times each`)
  })
  let ended = false
  const end = once(child, 'close').then(() => {
    ended = true
  })
  while (!ended) {
    await span(beside, end)
    if (ended) break
    child.kill('SIGSTOP')
    await span(alone, end)
    child.kill('SIGCONT')
  }
  over.abort()
  await downloading.catch(() => undefined)
  clearInterval(sampler)
  await node.stop()
  await seeder.stop()
  await content.remove()

  const total = seen.reduce((sum, { bytes }) => sum + bytes, 0)
  const worst = seen.reduce((high, one) => (one.bytes > high.bytes ? one : high))
  const baseline = alone.bytes / alone.seconds
  const under = beside.bytes / beside.seconds
  const share = under / baseline
  if (seen.length !== run.runs) throw new Error(`${seen.length} of ${run.runs} cheats came to their end`)
  if (total === 0) throw new Error('no cheat got a byte: nothing was tried')
  if (worst.bytes > FIRST_WINDOW_BYTES)
    throw new CaseFailure(worst.cheat, `cheat ${worst.cheat} got ${worst.bytes} bytes`)
  if (most > UNSIGNED_BUDGET_BYTES) throw new Error(`${most} bytes were unsigned at once`)
  run.say(
    `${(total / MIB).toFixed(0)} MiB were cheated, goodput ${(under / MIB).toFixed(1)} of ${(baseline / MIB).toFixed(1)} MiB/s`,
  )
  if (share < 0.9)
    throw new Error(`honest goodput fell to ${(share * 100).toFixed(1)} % of ${(baseline / MIB).toFixed(1)} MiB/s`)
  return (
    `${seen.length} x ${RECONNECTS}: at most ${(worst.bytes / MIB).toFixed(2)} MiB a session, ${(most / MIB).toFixed(0)} MiB unsigned at once, ` +
    `${(total / MIB).toFixed(0)} MiB in all; honest goodput ${(share * 100).toFixed(1)} % of ${(baseline / MIB).toFixed(1)} MiB/s`
  )
})
