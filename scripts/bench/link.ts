// Over a long link: how soon the first verified byte is there, and how much of the link a download fills. A raw TCP stream
// through a link of the same kind, in the same run, says what the link can carry.
//   node scripts/bench/link.ts [--json] [--rtt 100] [--mbit 500] [--mib 768] [--rounds 3]
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { generatePrivateKey } from 'viem/accounts'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { createDownloader } from '../../src/downloader/index.ts'
import { openDownload } from '../../src/storage/pieces/index.ts'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import { DOMAIN } from '../../test/swarm/desk.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { type Program, start } from './transfer/processes.ts'

const TEST = resolve(import.meta.dirname, '../../test')
const MIB = 2 ** 20
/** Windows have grown by then: what comes later is counted. */
const SETTLED_MILLISECONDS = 5_000

const { values } = parseArgs({
  options: {
    ...{ json: { type: 'boolean' }, rtt: { type: 'string', default: '100' }, mbit: { type: 'string', default: '500' } },
    ...{ mib: { type: 'string', default: '768' }, rounds: { type: 'string', default: '3' } },
  },
})
const rtt = Number(values.rtt)
const bytesPerSecond = (Number(values.mbit) * 1e6) / 8
const programs: Program[] = []

function node(file: string, init: object): Program {
  const program = start({ program: process.execPath, args: [join(TEST, file), JSON.stringify(init)] })
  programs.push(program)
  return program
}

async function link(to: number, delay: number, rate: number): Promise<number> {
  return Number(await node('shaper.ts', { to, delay, rate }).nextLine())
}

/** A seeder behind a link: its address at the near end. */
async function far(content: TestContent, folder: string, through: { delay: number; rate: number }): Promise<string> {
  const init = { torrent: content.torrent, path: content.path, folder, key: `0x${'1'.repeat(64)}` }
  const { address } = JSON.parse(await node('swarm/seeder.ts', init).nextLine()) as { address: string }
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  return address.replace(`/tcp/${port}`, `/tcp/${await link(port, through.delay, through.rate)}`)
}

interface Fetched {
  /** Milliseconds until the first byte was verified. */
  readonly first: number
  /** Bytes a second after the windows have grown; NaN when it was over before. */
  readonly rate: number
}

async function fetchFrom(address: string, content: TestContent, to: string): Promise<Fetched> {
  const own = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
  const store = await openDownload(content.metainfo, to, { journal: `${to}.journal` })
  const seen: { at: number; bytes: number }[] = []
  const watched = new Proxy(store, {
    get(target, property, receiver) {
      if (String(property).startsWith('write') && seen.length === 0)
        seen.push({ at: performance.now() - began, bytes: 0 })
      return Reflect.get(target, property, receiver)
    },
  })
  const began = performance.now()
  await createDownloader({ node: own, sessions: createSponsor(DOMAIN, 0n, generatePrivateKey()) }).download({
    ...{ content: content.metainfo, discover: false, sources: [address], store: async () => watched },
    onProgress({ verifiedBytes }) {
      if (verifiedBytes === 0) return
      seen.push({ at: performance.now() - began, bytes: verifiedBytes })
    },
  })
  await store.close()
  await own.stop()
  const later = seen.filter(({ at }) => at >= SETTLED_MILLISECONDS)
  const [from, last] = [later[0], later.at(-1)]
  const rate =
    from === undefined || last === undefined ? Number.NaN : ((last.bytes - from.bytes) * 1000) / (last.at - from.at)
  return { first: seen[0]?.at ?? Number.NaN, rate }
}

/** Bytes a second of a bare TCP stream after the same time. */
async function rawRate(milliseconds: number): Promise<number> {
  const chunk = Buffer.alloc(256 * 1024, 1)
  const server = createServer((socket) => {
    const write = (): void => {
      while (socket.write(chunk));
    }
    socket.on('drain', write).on('error', () => undefined)
    write()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = await link((server.address() as { port: number }).port, rtt / 2, bytesPerSecond)
  const socket = createConnection({ port, host: '127.0.0.1' })
  let bytes = 0
  socket.on('data', (data) => {
    bytes += data.length
  })
  await new Promise((done) => setTimeout(done, SETTLED_MILLISECONDS))
  const [before, at] = [bytes, performance.now()]
  await new Promise((done) => setTimeout(done, milliseconds))
  const rate = ((bytes - before) * 1000) / (performance.now() - at)
  socket.destroy()
  server.close()
  return rate
}

const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[of.length >> 1] ?? Number.NaN
const small = await makeContent(4 * MIB, { seed: 2 })
const large = await makeContent(Number(values.mib) * MIB)
try {
  const near: number[] = []
  const distant: number[] = []
  const share: number[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const here = (name: string) => join(small.folder, `${name}-${round}`)
    const folders = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        await mkdir(here(name))
        return here(name)
      }),
    )
    near.push((await fetchFrom(await far(small, folders[0]!, { delay: 0, rate: 0 }), small, here('near'))).first)
    const slow = { delay: rtt / 2, rate: bytesPerSecond }
    distant.push((await fetchFrom(await far(small, folders[1]!, slow), small, here('distant'))).first)
    const { rate } = await fetchFrom(await far(large, folders[2]!, slow), large, here('large'))
    const raw = await rawRate(3_000)
    share.push(rate / raw)
    process.stderr.write(
      `round ${round + 1}: ${near.at(-1)?.toFixed(0)} ms, ${distant.at(-1)?.toFixed(0)} ms, ` +
        `${(rate / MIB).toFixed(1)} of ${(raw / MIB).toFixed(1)} MiB/s\n`,
    )
    await Promise.all(programs.splice(0).map((program) => program.stop()))
  }
  const rows = [
    { name: 'first verified byte, loopback', milliseconds: Math.round(median(near)) },
    {
      name: `first verified byte, ${rtt} ms round trip`,
      ...{ milliseconds: Math.round(median(distant)), roundTrips: Math.round((median(distant) / rtt) * 10) / 10 },
    },
    {
      name: `${values.mbit} Mbit/s, ${rtt} ms round trip, after 5 s`,
      ratio: Math.round(median(share) * 1000) / 1000,
    },
  ]
  if (values.json) console.log(JSON.stringify(rows))
  else for (const { name, ...rest } of rows) console.log(`${name}: ${JSON.stringify(rest)}`)
} finally {
  await Promise.all(programs.map((program) => program.stop()))
  await small.remove()
  await large.remove()
}
