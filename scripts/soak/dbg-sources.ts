// Downloads from good seeders beside a dead, a slow and a lying one, against the same download from the honest ones alone.
// Even cases have two good ones among five; odd ones a good and a slow one among four. Uplinks are bounded, so that they
// decide and not the processor; the two downloads of a case follow each other, and a case over its bar is judged again.
//   node scripts/soak/sources.ts [--runs 100] [--seed N] [--tenth]
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { createDownloader, createMemoryRecord, type DownloadResult } from '../../src/downloader/index.ts'
import { openDownload } from '../../src/storage/pieces/index.ts'
import type { Random } from '../../test/parity/random.ts'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import { DOMAIN } from '../../test/swarm/desk.ts'
import type { StoreFaults } from '../../test/swarm/hostile-store.ts'
import { startSeeder, type TestSeeder } from '../../test/swarm/seeder.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'

const MIB = 2 ** 20
const CONTENT = 64 * MIB
/** Bytes a second of a good seeder. */
const GOOD = 8 * MIB
const MOST = 1.5
/** A download that is wrong is slow every time; a machine that is busy is not. */
const TRIES = 1

await campaign({ name: 'one dead, one slow, one lying source', runs: 100, tenth: 4 }, async (run) => {
  const content = await makeContent(CONTENT, { seed: 1 + (run.seed % 200) })
  const ratios: number[] = []
  let again = 0
  try {
    for (let index = run.from; index < run.from + run.runs; index++) {
      const tries: number[] = []
      while (tries.length < TRIES && (tries.at(-1) ?? Number.POSITIVE_INFINITY) > MOST) {
        tries.push(await compare(run, content, index))
      }
      const ratio = tries.at(-1) as number
      again += tries.length - 1
      if (ratio > MOST)
        throw new CaseFailure(index, `${tries.map(two).join(', ')} times what the good ones needed alone`)
      ratios.push(ratio)
      run.say(`case ${index}: ${tries.map(two).join(', ')}`)
    }
  } finally {
    await content.remove()
  }
  ratios.sort((a, b) => a - b)
  const median = ratios[ratios.length >> 1] ?? 0
  return (
    `${run.runs} downloads, ${two(median)} times (at most ${two(ratios.at(-1) ?? 0)}) what the good ones need alone, ${again} judged again; ` +
    'every liar named and banned, 0 bad bytes, 0 receipts for them'
  )
})

function two(ratio: number): string {
  return ratio.toFixed(2)
}

/** How much longer the download takes beside those that are no help. */
async function compare(run: Run, content: TestContent, index: number): Promise<number> {
  const random = run.random(index)
  const slow = { rate: GOOD / (8 + random.below(40)) }
  const honest: StoreFaults[] = index % 2 === 0 ? [{ rate: GOOD }, { rate: GOOD }] : [{ rate: GOOD }, slow]
  const alone = await fetch(run, content, index, honest)
  const swarm = index % 2 === 0 ? [...honest, slow] : honest
  const beside = await fetch(run, content, index, swarm, random)
  return beside.seconds / alone.seconds
}

/** With a generator, a liar and a dead one take part. */
async function fetch(
  run: Run,
  content: TestContent,
  index: number,
  honest: readonly StoreFaults[],
  random?: Random,
): Promise<DownloadResult> {
  const folder = join(run.folder, `case-${index}`)
  const sponsor = createSponsor(DOMAIN)
  const seeders: TestSeeder[] = []
  const closers: (() => Promise<unknown>)[] = []
  const seed = async (faults: StoreFaults): Promise<string> => {
    const place = join(folder, `seeder-${seeders.length}`)
    await mkdir(place, { recursive: true })
    const key = `0x${String(seeders.length + 1).repeat(64)}` as const
    const { torrent, path } = content
    const seeder = await startSeeder({ torrent, path, folder: place, key, ...faults })
    seeders.push(seeder)
    closers.push(() => seeder.stop())
    return seeder.address
  }
  try {
    const sources: string[] = []
    let right = 0
    let wrong = 0
    if (random !== undefined) {
      const lie = random.pick<StoreFaults>([
        { flip: random.below(8) },
        { lieAfter: random.below(2 * MIB) },
        { forgeRoots: true },
      ])
      const onRead: StoreFaults['onRead'] = (read) => {
        right += read.right
        wrong += read.length - read.right
      }
      sources.push(await seed({ ...lie, onRead, ...(random.chance(0.5) ? { rate: GOOD } : {}) }))
      sources.push(await dead(random, seed, closers))
    }
    for (const faults of honest) sources.push(await seed(faults))
    const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
    closers.push(() => node.stop())
    const result = await createDownloader({ node, sessions: sponsor }).download({
      onProgress: (p) =>
        console.log(
          (p.verifiedBytes / MIB) | 0,
          p.peers
            .map((q) => `${q.peer.slice(-4)} ${q.state} ${(q.bytes / MIB).toFixed(1)} ${(q.rate / MIB).toFixed(1)}`)
            .join(' | '),
        ),
      ...{ content: content.metainfo, discover: false, sources, record: createMemoryRecord() },
      store: (metainfo) => openDownload(metainfo, join(folder, 'out'), { journal: join(folder, 'journal') }),
    })
    await result.store.close()
    const [got, wanted] = await Promise.all([
      readFile(join(folder, 'out', content.metainfo.name)),
      readFile(content.path),
    ])
    if (Buffer.compare(got, wanted) !== 0) throw new CaseFailure(index, 'bad bytes are in the file')
    if (random !== undefined) {
      const [liar] = seeders
      const name = liar?.node.peerId.toString() ?? ''
      const failure = result.peers.find(({ peer }) => peer === name)?.failure
      if (failure?.banned !== true || !failure.message.includes(name)) {
        throw new CaseFailure(index, `the liar was not banned: ${failure?.message} (${wrong} wrong bytes)`)
      }
      let receipted = 0
      for (const { session } of sponsor.granted) {
        receipted += Number((await liar?.ledger.session(session))?.receipt?.bytesServed ?? 0n)
      }
      if (receipted > right) throw new CaseFailure(index, `${receipted} bytes were signed, ${right} were right`)
      const others = result.peers.filter((peer) => peer.failure?.banned === true && peer.peer !== name)
      if (others.length > 0) throw new CaseFailure(index, `${others[0]?.peer} was banned and never lied`)
    }
    return result
  } finally {
    for (const close of closers.reverse()) await close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** An address where nobody listens, somebody who says nothing, or a seeder that goes silent on its way. */
async function dead(
  random: Random,
  seed: (faults: StoreFaults) => Promise<string>,
  closers: (() => Promise<unknown>)[],
): Promise<string> {
  const kind = random.pick(['closed', 'mute', 'stalls', 'never answers'] as const)
  if (kind === 'stalls') return seed({ rate: GOOD, stallAfter: random.below(16 * MIB) })
  if (kind === 'never answers') return seed({ stallAfter: 0 })
  const server = createServer(() => undefined)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)))
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
  const { port } = server.address() as { port: number }
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  if (kind === 'closed') await close()
  else closers.push(close)
  return `/ip4/127.0.0.1/tcp/${port}/p2p/12D3KooWQ9r9jinrrQofavKJGijKdm21EADiDE2rvboDjTacLgA5`
}
