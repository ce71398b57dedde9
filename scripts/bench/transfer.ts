// How fast a content travels: seeder processes to one downloader process over loopback, on a new file, with receipts, every
// unit verified and the ledger durable. Beside it in the same rounds: the same with stock @libp2p/tls, and libtorrent when
// python3-libtorrent is there. One rival after the other, round by round; medians of the rounds.
//   node scripts/bench/transfer.ts [--json] [--mib 256] [--rounds 3]
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { parseArgs } from 'node:util'
import { makeContent } from '../../test/swarm/content.ts'
import { seederKey } from '../../test/swarm/swarm.ts'

const PYTHON = '/usr/bin/python3'
const HERE = import.meta.dirname
const MIB = 2 ** 20

/** Deleting a large file just before leaves its pages to the next writer: every run begins so, theirs and ours. */
const PAGES = 'warm: a file of the same length is deleted just before'

interface Row {
  readonly name: string
  readonly mib_s: number
  /** To ours with as many seeders in the same rounds: above 1 is faster than this project. */
  readonly ratio: number
  readonly senderCpuPerGiB: number
  readonly receiverCpuPerGiB: number
  /** Of the receiver, at its highest. */
  readonly rssMiB: number
}

interface Run {
  readonly mibPerSecond: number
  readonly sender: number
  readonly receiver: number
  readonly rss: number
}

interface Rival {
  readonly name: string
  readonly seeders: number
  readonly ours: boolean
  send(at: number, folder: string): [program: string, ...args: string[]]
  receive(addresses: readonly string[], folder: string): [program: string, ...args: string[]]
}

const { values: options } = parseArgs({
  options: { json: { type: 'boolean' }, mib: { type: 'string' }, rounds: { type: 'string' } },
})
const bytes = Number(options.mib ?? 256) * MIB
const rounds = Number(options.rounds ?? 3)
const content = await makeContent(bytes)
const hasLibtorrent = spawnSync(PYTHON, ['-c', 'import libtorrent'], { stdio: 'ignore' }).status === 0

function bitcdn(seeders: number, tls: 'direct' | 'stock'): Rival {
  const program = (role: object): [string, ...string[]] => {
    return [process.execPath, join(HERE, 'transfer', 'peer.ts'), JSON.stringify({ ...role, tls })]
  }
  const { path, torrent } = content
  return {
    name: `bitcdn, ${seeders} to 1${tls === 'stock' ? ', stock TLS' : ''}`,
    ...{ seeders, ours: tls === 'direct' },
    send: (at, folder) => program({ role: 'send', torrent, path, folder, key: seederKey(at) }),
    receive: (sources, folder) => program({ role: 'receive', torrent, folder, sources }),
  }
}

function libtorrent(seeders: number): Rival {
  const program = (...args: string[]): [string, ...string[]] => [PYTHON, join(HERE, 'transfer', 'rival.py'), ...args]
  return {
    ...{ name: `libtorrent, ${seeders} to 1`, seeders, ours: false },
    send: () => program('send', content.torrent, join(content.path, '..')),
    receive: (addresses, folder) => program('receive', content.torrent, folder, ...addresses),
  }
}

interface Peer {
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
  stop(): Promise<void>
}

function start([program, ...args]: readonly [string, ...string[]]): Peer {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const reader: Interface = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  return {
    child,
    lines: reader[Symbol.asyncIterator](),
    async stop() {
      child.stdin?.end()
      await exited
    },
  }
}

async function nextLine({ lines, child }: Peer): Promise<string> {
  const { value, done } = await lines.next()
  if (done === true) throw new Error(`${child.spawnargs.slice(1, 3).join(' ')} ended early.`)
  return value
}

/** User and system seconds of a process, its threads included. */
async function cpuSeconds({ child }: Peer): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function peakMebibytes({ child }: Peer): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024)
}

/** Fresh processes on both sides, held at a line until all are up. */
async function runOnce(rival: Rival, round: number): Promise<Run> {
  const folder = join(content.folder, `${rival.name.replaceAll(/\W+/g, '-')}-${round}`)
  const to = join(folder, 'to')
  await mkdir(to, { recursive: true })
  const peers: Peer[] = []
  try {
    const senders: Peer[] = []
    for (let at = 0; at < rival.seeders; at += 1) {
      const own = join(folder, `seeder-${at}`)
      await mkdir(own)
      senders.push(start(rival.send(at, own)))
    }
    peers.push(...senders)
    const addresses = await Promise.all(senders.map(nextLine))
    const receiver = start(rival.receive(addresses, to))
    peers.push(receiver)
    await nextLine(receiver)
    const before = await Promise.all(peers.map(cpuSeconds))
    await warmPages(folder)
    const startedAt = performance.now()
    receiver.child.stdin?.write('go\n')
    await nextLine(receiver)
    const seconds = (performance.now() - startedAt) / 1000
    const spent = (await Promise.all(peers.map(cpuSeconds))).map((cpu, at) => cpu - (before[at] ?? 0))
    const rss = await peakMebibytes(receiver)
    const file = join(to, 'content.bin')
    if ((await stat(file)).size !== bytes) throw new Error(`${rival.name} did not deliver ${file}.`)
    const receiverCpu = spent.pop() ?? 0
    const gib = bytes / 2 ** 30
    const sender = spent.reduce((sum, cpu) => sum + cpu, 0) / gib
    return { mibPerSecond: bytes / MIB / seconds, sender, receiver: receiverCpu / gib, rss }
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

async function warmPages(folder: string): Promise<void> {
  const path = join(folder, 'pages')
  await writeFile(path, Buffer.alloc(Math.min(bytes, 1024 * MIB), 1))
  await rm(path)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}

const rivals = [1, 3].flatMap((count) => [
  bitcdn(count, 'direct'),
  bitcdn(count, 'stock'),
  ...(hasLibtorrent ? [libtorrent(count)] : []),
])
const runs = new Map<Rival, Run[]>(rivals.map((rival) => [rival, []]))
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const [rival, list] of runs) {
      const run = await runOnce(rival, round)
      list.push(run)
      const load = loadavg()[0]?.toFixed(1)
      process.stderr.write(`round ${round + 1}: ${rival.name} ${run.mibPerSecond.toFixed(0)} MiB/s, load ${load}\n`)
    }
  }
} finally {
  await content.remove()
}

const rows: Row[] = [...runs].map(([rival, list]) => {
  const ours = [...runs].find(([other]) => other.ours && other.seeders === rival.seeders)?.[1] ?? list
  const rounded = (value: number): number => Math.round(value * 100) / 100
  return {
    name: rival.name,
    mib_s: Math.round(median(list.map((run) => run.mibPerSecond))),
    ratio: rounded(median(list.map((run, at) => run.mibPerSecond / (ours[at]?.mibPerSecond ?? 1)))),
    senderCpuPerGiB: rounded(median(list.map((run) => run.sender))),
    receiverCpuPerGiB: rounded(median(list.map((run) => run.receiver))),
    rssMiB: median(list.map((run) => run.rss)),
  }
})
process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : table(rows))

function table(lines: readonly Row[]): string {
  const line = (...cells: unknown[]): string =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(28) : String(cell).padStart(12))).join('')
  return [
    `${bytes / MIB} MiB, medians of ${rounds}; pages ${PAGES}.`,
    line('', 'MiB/s', 'to bitcdn', 'send s/GiB', 'recv s/GiB', 'recv MiB'),
    ...lines.map((row) => line(row.name, row.mib_s, row.ratio, row.senderCpuPerGiB, row.receiverCpuPerGiB, row.rssMiB)),
    ...(hasLibtorrent ? [] : ['libtorrent was not measured: python3-libtorrent is not installed.']),
    '',
  ].join('\n')
}
