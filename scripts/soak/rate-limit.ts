// What a limited download, a limited seeder and a limited web seed put on the wire, counted by a proxy below all of them: over
// every five seconds within a tenth of the limit. A case that misses it is judged again: a machine that stops for half
// a second is no limiter's fault, and a limiter that is wrong is wrong every time.
//   node scripts/soak/rate-limit.ts [--runs 24] [--seed N] [--tenth]
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { createDownloader } from '../../src/downloader/index.ts'
import { seedFreely } from '../../src/seeder/index.ts'
import { openDownload, openSeed } from '../../src/storage/pieces/index.ts'
import { createLogger } from '../../src/telemetry/index.ts'
import { createUplink } from '../../src/transfer/index.ts'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import { startFaultyOrigin } from '../../test/swarm/origin.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'
import { countWire, type Sample, type Wire } from './wire.ts'

const MIB = 2 ** 20
const KINDS = ['a download', 'a seeder', 'a web seed'] as const
const SECONDS = 14
const WINDOW = 5
const TRIES = 3

await campaign({ name: 'rate limits at the wire', runs: 24, tenth: 3 }, async (run) => {
  const content = await makeContent(160 * MIB, { seed: 1 + (run.seed % 200) })
  let least = 1
  let most = 1
  let again = 0
  try {
    for (let index = run.from; index < run.from + run.runs; index++) {
      const kind = KINDS[index % KINDS.length] as (typeof KINDS)[number]
      const limit = Math.round((1 + run.random(index).below(70) / 10) * MIB)
      let shares = await measure(run, content, kind, limit)
      let tries = 1
      for (; tries < TRIES && !within(shares); tries++) shares = await measure(run, content, kind, limit)
      const words = shares.map((share) => `${(100 * share).toFixed(1)} %`).join(' to ')
      run.say(`case ${index}: ${kind} at ${(limit / MIB).toFixed(1)} MiB/s: ${words}`)
      if (!within(shares))
        throw new CaseFailure(index, `${kind} limited to ${limit} bytes a second had ${words} of that`)
      again += tries - 1
      least = Math.min(least, shares[0])
      most = Math.max(most, shares[1])
    }
  } finally {
    await content.remove()
  }
  const range = `${(100 * least).toFixed(1)} to ${(100 * most).toFixed(1)} %`
  return `${run.runs} runs of ${SECONDS} s, 1 to 8 MiB/s, down, up and from a web seed: ${range} of the limit over any ${WINDOW} s, ${again} judged again`
})

function within([least, most]: readonly [number, number]): boolean {
  return least >= 0.9 && most <= 1.1
}

/** The least and the most that came over the wire in any window, as parts of what the limit allows. */
async function measure(
  run: Run,
  content: TestContent,
  kind: (typeof KINDS)[number],
  limit: number,
): Promise<[number, number]> {
  const folder = join(run.folder, 'limited')
  await mkdir(folder)
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })]
  try {
    const stop = new AbortController()
    const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
    closers.push(() => node.stop())
    const sources: string[] = []
    const webSeeds: string[] = []
    let wire: Wire
    if (kind === 'a web seed') {
      const origin = await startFaultyOrigin(dirname(content.path), {})
      wire = await countWire(Number(new URL(origin.url).port))
      closers.push(() => origin.stop(), wire.close)
      webSeeds.push(`http://127.0.0.1:${wire.port}/`)
    } else {
      const listen = ['/ip4/127.0.0.1/tcp/0']
      const seeder = await createNode({ privateKey: await createPeerKey(), allowPrivate: true, listen })
      const store = await openSeed(content.metainfo, content.path)
      const uplink = kind === 'a seeder' ? createUplink(limit) : undefined
      const logger = createLogger({ name: 'seeder', level: 'silent' })
      const serving = await seedFreely({ node: seeder, logger }, [store], { uplink })
      const [address = ''] = seeder.addresses()
      const port = /\/tcp\/(\d+)/.exec(address)?.[1] ?? ''
      wire = await countWire(Number(port))
      closers.push(
        () => store.close(),
        () => seeder.stop(),
        () => serving.stop(),
        wire.close,
      )
      sources.push(address.replace(`/tcp/${port}`, `/tcp/${wire.port}`))
    }
    const store = await openDownload(content.metainfo, join(folder, 'out'), { journal: join(folder, 'journal') })
    closers.push(() => store.close())
    const init = { allowPrivate: true, ...(kind === 'a seeder' ? {} : { limitDown: limit }) }
    const timer = setTimeout(() => stop.abort(), SECONDS * 1000)
    await createDownloader({ node, sessions: null }, init)
      .download({
        ...{ content: content.metainfo, discover: false, sources, webSeeds, signal: stop.signal },
        store: async () => store,
      })
      .catch((error: Error) => {
        if (!stop.signal.aborted) throw error
      })
    clearTimeout(timer)
    return extremes(wire.samples, limit)
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

function extremes(samples: readonly Sample[], limit: number): [number, number] {
  const begun = samples.find(({ bytes }) => bytes > 64 * 1024)?.at ?? 0
  const steady = samples.filter(({ at }) => at >= begun + 1_000)
  const end = steady.at(-1)?.at ?? 0
  const shares: number[] = []
  for (const [place, from] of steady.entries()) {
    if (from.at + WINDOW * 1000 > end - 500) break
    const to = steady.slice(place).find(({ at }) => at >= from.at + WINDOW * 1000) as Sample
    shares.push(((to.bytes - from.bytes) * 1000) / (to.at - from.at) / limit)
  }
  if (shares.length === 0) throw new Error('The download was over before anything could be measured.')
  return [Math.min(...shares), Math.max(...shares)]
}
