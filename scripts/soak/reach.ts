// Who can reach whom: seeders and downloaders on open hosts, behind routers that translate addresses in two ways, with IPv6
// alone, and where UDP is blocked. Each pair in network namespaces of their own, with a relay that both can reach: connects
// directly where either side can be dialled, else through the relay, and a content comes whole and signed for either way.
// In the end there is neither seeder nor relay, and a web seed has it.
//   node scripts/soak/reach.ts [--seed N] [--tenth]            (as root; needs iproute2 and nftables)
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import { CaseFailure, campaign } from './campaign.ts'
import { createNet, type Host, type Kind } from './reach/net.ts'
import type { Got, Task } from './reach/peer.ts'

const PEER = resolve(import.meta.dirname, 'reach/peer.ts')
const KINDS = ['open', 'cone NAT', 'symmetric NAT', 'v6 only', 'UDP blocked'] as const satisfies readonly Kind[]
const BYTES = 8 * 2 ** 20
const START_MILLISECONDS = 60_000

/** Hosts that others can dial over v4. */
const isOpen = (kind: Kind): boolean => kind === 'open' || kind === 'UDP blocked'

function expected(seeder: Kind, downloader: Kind): Got['way'] {
  if (seeder === 'v6 only' || downloader === 'v6 only') return seeder === downloader ? 'direct' : 'relay'
  return isOpen(seeder) || isOpen(downloader) ? 'direct' : 'relay'
}

await campaign({ name: 'who reaches whom', runs: KINDS.length ** 2, tenth: 5 }, async (run) => {
  const net = createNet()
  const programs: ChildProcess[] = []
  const contents: TestContent[] = []
  const ways = { direct: 0, relay: 0, http: 0 }
  try {
    const start = (host: Host, task: Task) => program(host, task, programs)
    const { v4, v6, name } = net.hub
    const relay = start({ name, listen: '' }, { role: 'relay', listen: [`/ip4/${v4}/tcp/4001`, `/ip6/${v6}/tcp/4001`] })
    const { peerId } = (await relay.said) as { peerId: string }
    const relayFor = (kind: Kind): string =>
      `${kind === 'v6 only' ? `/ip6/${v6}` : `/ip4/${v4}`}/tcp/4001/p2p/${peerId}`

    for (const [at, kind] of KINDS.entries()) {
      const content = await makeContent(BYTES, { seed: 1 + at })
      contents.push(content)
      const host = net.host(kind)
      const folder = join(run.folder, `seeder-${at}`)
      await mkdir(folder)
      const { torrent, path } = content
      await start(host, { role: 'seed', torrent, path, folder, listen: host.listen, relay: relayFor(kind) }).said
    }
    const downloaders = KINDS.map((kind) => net.host(kind))
    const get = async (index: number, at: number, more: { torrent: string; webSeed?: string }): Promise<Got> => {
      const host = downloaders[at]!
      const folder = join(run.folder, `get-${index}`)
      await mkdir(folder)
      const task = { role: 'get', folder, listen: host.listen, relay: relayFor(KINDS[at]!), ...more } as const
      return (await start(host, task).said) as Got
    }

    // a smaller run sees another part of the pairs each time, every kind on both sides
    const shift = run.random().below(KINDS.length)
    for (let index = run.from; index < run.from + run.runs; index++) {
      const [from, to] = [index % KINDS.length, (index + shift + Math.floor(index / KINDS.length)) % KINDS.length]
      const [seeder, downloader] = [KINDS[from]!, KINDS[to]!]
      const got = await get(index, to, { torrent: contents[from]!.torrent })
      const wanted = expected(seeder, downloader)
      if (got.way !== wanted || got.paid === 0)
        throw new CaseFailure(index, `${seeder} to ${downloader}: ${got.way}, not ${wanted}; ${got.paid} paid`)
      ways[got.way] += 1
      run.say(`${seeder} to ${downloader}: ${got.way}`)
    }

    const [content] = contents as [TestContent]
    const origin = start(net.hub, { role: 'origin', folder: dirname(content.path), host: v4 })
    const { url: webSeed } = (await origin.said) as { url: string }
    for (const one of programs) if (one !== origin.child) one.kill('SIGKILL')
    const { way } = await get(run.from + run.runs, 2, { torrent: content.torrent, webSeed })
    if (way !== 'http') throw new Error(`Without seeders and relay it came by ${way}.`)
    ways.http += 1
  } finally {
    for (const one of programs) one.kill('SIGKILL')
    net.remove()
    for (const content of contents) await content.remove()
  }
  return `${run.runs} pairs: ${ways.direct} directly, ${ways.relay} by relay, each as the docs say; without either ${ways.http} by HTTP`
})

/** Runs `task` inside the host's namespace; `said` is its first line. */
function program(host: Host, task: Task, programs: ChildProcess[]): { child: ChildProcess; said: Promise<unknown> } {
  const args = ['netns', 'exec', host.name, process.execPath, PEER, JSON.stringify(task)]
  const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  programs.push(child)
  const said = new Promise<unknown>((settle, fail) => {
    const timer = setTimeout(() => fail(new Error(`${task.role} said nothing.`)), START_MILLISECONDS)
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer)
      settle(JSON.parse(line))
    })
    child.once('exit', (code) => fail(new Error(`${task.role} ended with ${code}.`)))
    child.once('error', fail)
  })
  return { child, said }
}
