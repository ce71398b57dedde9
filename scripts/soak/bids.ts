// A seeder whose uplink is full, with two downloaders that bid 1 and 3 for a GiB and one that pays nothing: bytes 1 : 3
// within 15 %, and the free one keeps its floor, all counted by a proxy below each of them. A case that misses it is
// judged again, as in rate-limit.ts.
//   node scripts/soak/bids.ts [--runs 20] [--seed N] [--tenth]
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { createDownloader } from '../../src/downloader/index.ts'
import { openDownload } from '../../src/storage/pieces/index.ts'
import { FREE_SHARE } from '../../src/transfer/index.ts'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import { DOMAIN } from '../../test/swarm/desk.ts'
import { startSeeder } from '../../test/swarm/seeder.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'
import { countWire, type Wire } from './wire.ts'

const MIB = 2 ** 20
const ASK = 1_000_000n
const TRIES = 3
/** Windows grow and rates are learned; then it is counted. */
const WARM_SECONDS = 5
const SECONDS = 15

interface Shares {
  /** Of the bytes of the higher bid by those of the lower. */
  readonly ratio: number
  /** Of all bytes, what the free one got. */
  readonly free: number
  /** Of what the limit allows, what was sent. */
  readonly used: number
}

await campaign({ name: 'bids on a full uplink', runs: 20, tenth: 2 }, async (run) => {
  const content = await makeContent(160 * MIB, { seed: 1 + (run.seed % 200) })
  const seen: Shares[] = []
  let again = 0
  try {
    for (let index = run.from; index < run.from + run.runs; index++) {
      const limit = Math.round((2 + run.random(index).below(60) / 10) * MIB)
      let shares = await measure(run, content, limit)
      let tries = 1
      for (; tries < TRIES && !within(shares); tries++) shares = await measure(run, content, limit)
      const words = `${shares.ratio.toFixed(2)} : 1, free ${percent(shares.free)}, ${percent(shares.used)} of the limit`
      run.say(`case ${index}: ${(limit / MIB).toFixed(1)} MiB/s: ${words}`)
      if (!within(shares)) throw new CaseFailure(index, `bids of 3 : 1 at ${limit} bytes a second had ${words}`)
      again += tries - 1
      seen.push(shares)
    }
  } finally {
    await content.remove()
  }
  const range = (of: (shares: Shares) => number): [number, number] => [
    Math.min(...seen.map(of)),
    Math.max(...seen.map(of)),
  ]
  const [least, most] = range(({ ratio }) => ratio)
  const [freeLeast, freeMost] = range(({ free }) => free)
  return `${run.runs} runs of ${SECONDS} s at 2 to 8 MiB/s: ${least.toFixed(2)} to ${most.toFixed(2)} : 1 for bids of 3 : 1, the free one ${percent(freeLeast)} to ${percent(freeMost)} (floor ${percent(FREE_SHARE)}), ${percent(range(({ used }) => used)[0])} of the limit used at least, ${again} judged again`
})

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function within({ ratio, free, used }: Shares): boolean {
  return ratio >= 3 * 0.85 && ratio <= 3 * 1.15 && free >= 0.9 * FREE_SHARE && used >= 0.9
}

async function measure(run: Run, content: TestContent, limitUp: number): Promise<Shares> {
  const folder = join(run.folder, 'bids')
  await mkdir(join(folder, 'seeder'), { recursive: true })
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })]
  try {
    const { torrent, path, metainfo } = content
    const seeder = await startSeeder({
      ...{ torrent, path, limitUp, free: true, pricePerGiB: String(ASK) },
      ...{ folder: join(folder, 'seeder'), key: `0x${'1'.repeat(64)}` },
    })
    closers.push(() => seeder.stop())
    const port = /\/tcp\/(\d+)/.exec(seeder.address)?.[1] ?? ''
    const stop = new AbortController()
    const wires: Wire[] = []
    const downloads: Promise<unknown>[] = []
    for (const [name, bid] of Object.entries({ low: ASK, high: 3n * ASK, free: null })) {
      const wire = await countWire(Number(port))
      const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
      const store = await openDownload(metainfo, join(folder, name), { journal: join(folder, `${name}.journal`) })
      closers.push(
        () => store.close(),
        () => node.stop(),
        wire.close,
      )
      wires.push(wire)
      const key = bid === ASK ? `0x${'51'.repeat(32)}` : `0x${'52'.repeat(32)}`
      const sessions = bid === null ? null : createSponsor(DOMAIN, 0n, key as `0x${string}`)
      const download = createDownloader({ node, sessions }, bid === null ? {} : { bid }).download({
        ...{ content: metainfo, discover: false, signal: stop.signal, store: async () => store },
        sources: [seeder.address.replace(`/tcp/${port}`, `/tcp/${wire.port}`)],
      })
      downloads.push(
        download.catch((error: Error) => {
          if (!stop.signal.aborted) throw error
        }),
      )
    }
    const failed = Promise.all(downloads).then(() => {
      if (!stop.signal.aborted) throw new Error('The downloads were over before anything could be measured.')
    })
    const counted = async (): Promise<Shares> => {
      await pause(WARM_SECONDS)
      const before = wires.map(({ bytes }) => bytes)
      const began = performance.now()
      await pause(SECONDS)
      const seconds = (performance.now() - began) / 1000
      const [low = 0, high = 0, free = 0] = wires.map(({ bytes }, index) => bytes - (before[index] ?? 0))
      const all = low + high + free
      return { ratio: high / low, free: free / all, used: all / seconds / limitUp }
    }
    const shares = await Promise.race([counted(), failed])
    stop.abort()
    await failed
    return shares as Shares
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}
