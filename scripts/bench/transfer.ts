// How fast a content travels: sender processes to receiver processes over loopback, into new files. Ours with TLS, receipts,
// every unit verified and the ledger durable; beside it, in the same rounds, the rivals that this machine has.
//   node scripts/bench/transfer.ts [--json] [--mib 1024] [--rounds 5] [--states warm,cold] [--only bitcdn,libtorrent]
//                                  [--files COUNT] [--against ../other-checkout]
// With --files the content is a folder of that many files of 1 to 32 KiB.
// Page state: on virtual machines that give free memory back to their host, the first touch of a page costs more than
// everything else. So it is made on purpose: `warm` deletes a file of the same length just before each run, `cold` waits
// after that until the pages are gone. Receivers are held at a line until all is ready, theirs and ours. The time ends when
// the content is verified and written and every receipt is held; that we sync it to the disk too, nobody's time counts.
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeContent, makeFolder } from '../../test/swarm/content.ts'
import { type Program, start } from './transfer/processes.ts'
import { missing, type Rival, rivals } from './transfer/rivals.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const COLD_MILLISECONDS = 3_500
const SAMPLE_MILLISECONDS = 50

interface Row {
  readonly name: string
  readonly mib_s: number
  /** To ours of the same case in the same rounds: above 1 is faster than this project. */
  readonly ratio: number
  readonly senderCpuPerGiB: number
  readonly receiverCpuPerGiB: number
  /** Of one process, sender or receiver, at its highest. */
  readonly rssMiB: number
}

interface Run {
  readonly mibPerSecond: number
  readonly sender: number
  readonly receiver: number
  readonly rss: number
  readonly fallbacks: readonly string[]
}

interface Contest {
  readonly rival: Rival
  readonly state: string
  readonly runs: (Run | null)[]
}

const { values: options } = parseArgs({
  options: {
    ...{ json: { type: 'boolean' }, mib: { type: 'string' }, rounds: { type: 'string' } },
    ...{ files: { type: 'string' } },
    ...{ states: { type: 'string' }, only: { type: 'string' }, against: { type: 'string' } },
  },
})
const mebibytes = Number(options.mib ?? 1024)
const rounds = Number(options.rounds ?? 5)
const states = (options.states ?? 'warm,cold').split(',')
const only = options.only?.split(',')
const fileCount = Number(options.files ?? 0)
const content = fileCount > 0 ? await makeFolder(fileCount) : await makeContent(mebibytes * MIB)

/** Eight receivers fetch a quarter each, so that all of them fit into memory as one does. */
const shared = fileCount === 0 && mebibytes >= 8 ? await makeContent((mebibytes / 4) * MIB, { seed: 2 }) : content

/** Fresh processes on both sides, held at a line until all are up. */
async function runOnce(rival: Rival, state: string, round: number): Promise<Run> {
  const { seeders, receivers } = rival
  const what = receivers === 1 ? content : shared
  const bytes = what.metainfo.length
  const folder = join(content.folder, `${rival.name.replaceAll(/\W+/g, '-')}-${state}-${round}`)
  const programs: Program[] = []
  let sampler: NodeJS.Timeout | undefined
  try {
    const addresses: string[] = []
    for (let at = 0; at < seeders; at += 1) {
      const own = join(folder, `seeder-${at}`)
      await mkdir(own, { recursive: true })
      const sender = start(await rival.send(what, own, at))
      programs.push(sender)
      addresses.push(await sender.nextLine())
    }
    const targets = Array.from({ length: receivers }, (_, at) => join(folder, `to-${at}`))
    for (const to of targets) {
      await mkdir(to, { recursive: true })
      programs.push(start(rival.receive(what, to, addresses)))
    }
    const fetching = programs.slice(seeders)
    await Promise.all(fetching.map((program) => program.nextLine()))
    const before = await Promise.all(programs.map((program) => program.cpuSeconds()))
    await preparePages(folder, bytes * receivers, state)
    sampler = setInterval(() => programs.forEach((program) => void program.peakMebibytes()), SAMPLE_MILLISECONDS)
    const startedAt = performance.now()
    for (const program of fetching) program.child.stdin?.write('go\n')
    const answers = await Promise.all(fetching.map((program) => program.nextLine()))
    const seconds = (performance.now() - startedAt) / 1000
    const after = await Promise.all(programs.map((program) => program.cpuSeconds()))
    for (const to of targets) await checkDelivered(join(to, basename(what.path)), bytes, rival)
    const spent = after.map((cpu, at) => cpu - (before[at] ?? 0))
    const gib = (bytes * receivers) / GIB
    return {
      mibPerSecond: (bytes * receivers) / MIB / seconds,
      sender: sum(spent.slice(0, seeders)) / gib,
      receiver: sum(spent.slice(seeders)) / gib,
      rss: Math.max(...programs.map((program) => program.peakMebibytes())),
      fallbacks: answers.flatMap((answer) => answer.split(' ').slice(1)), // what was slower than it was meant to be
    }
  } finally {
    clearInterval(sampler)
    await Promise.all(programs.map((program) => program.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

async function preparePages(folder: string, bytes: number, state: string): Promise<void> {
  const path = join(folder, 'pages')
  const part = Buffer.alloc(16 * MIB, 1)
  await rm(path, { force: true })
  for (let done = 0; done < bytes; done += part.length) {
    await writeFile(path, part.subarray(0, Math.min(part.length, bytes - done)), { flag: 'a' })
  }
  await rm(path)
  if (state === 'cold') await new Promise((resolve) => setTimeout(resolve, COLD_MILLISECONDS))
}

async function checkDelivered(path: string, bytes: number, { name }: Rival): Promise<void> {
  const size = await lengthOf(path)
  if (size !== bytes) throw new Error(`${name} left ${size} of ${bytes} bytes in ${path}.`)
}

/** Of a file, or of all files in a folder. */
async function lengthOf(path: string): Promise<number> {
  const found = await stat(path)
  if (!found.isDirectory()) return found.size
  const names = await readdir(path)
  return sum(await Promise.all(names.map((name) => lengthOf(join(path, name)))))
}

const contests: Contest[] = states.flatMap((state) =>
  rivals({ against: options.against })
    .filter(({ name, folders, receivers }) =>
      only === undefined ? fileCount === 0 || (folders && receivers === 1) : only.includes(name),
    )
    .map((rival) => ({ rival, state, runs: [] })),
)
let failures = 0
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const { rival, state, runs } of contests) {
      const label = `round ${round + 1}: ${rival.name} ${state}`
      try {
        const run = await runOnce(rival, state, round)
        runs.push(run)
        const fallbacks = [...new Set(run.fallbacks)].map((code) => `, fell back: ${code}`).join('')
        process.stderr.write(
          `${label} ${run.mibPerSecond.toFixed(0)} MiB/s, load ${loadavg()[0]?.toFixed(1)}${fallbacks}\n`,
        )
      } catch (error) {
        // One rival's failure must not cost the others' hours; ours is counted.
        runs.push(null)
        if (rival.name.startsWith('bitcdn')) failures += 1
        process.stderr.write(`${label} failed: ${(error as Error).message}\n`)
      }
    }
  }
} finally {
  await shared.remove()
  await content.remove()
}

const rows = contests.filter(({ runs }) => runs.some((run) => run !== null)).map(rowOf)
process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : table(rows))
process.exitCode = failures === 0 ? 0 : 1

function rowOf({ rival, state, runs }: Contest): Row {
  const base = contests.find((other) => other.rival.name === rival.base && other.state === state)?.runs ?? []
  const ratios = runs.flatMap((run, at) => {
    const ours = base[at]
    return run === null || ours == null ? [] : [run.mibPerSecond / ours.mibPerSecond]
  })
  const middle = (value: (run: Run) => number): number =>
    median(runs.flatMap((run) => (run === null ? [] : [value(run)])))
  return {
    name: `${rival.name} ${state}`,
    mib_s: Math.round(middle((run) => run.mibPerSecond)),
    ratio: rounded(median(ratios)),
    senderCpuPerGiB: rounded(middle((run) => run.sender)),
    receiverCpuPerGiB: rounded(middle((run) => run.receiver)),
    rssMiB: middle((run) => run.rss),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

function table(lines: readonly Row[]): string {
  const line = (...cells: unknown[]): string =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(28) : String(cell).padStart(12))).join('')
  return [
    `${fileCount > 0 ? `${fileCount} files, ` : ''}${Math.round(content.metainfo.length / MIB)} MiB (1 to 8: a quarter each), medians of ${rounds}`,
    line('', 'MiB/s', 'to bitcdn', 'send s/GiB', 'recv s/GiB', 'MiB resident'),
    ...lines.map((row) => line(row.name, row.mib_s, row.ratio, row.senderCpuPerGiB, row.receiverCpuPerGiB, row.rssMiB)),
    ...missing().map((rival) => `Not on this machine, so not measured: ${rival}.`),
    '',
  ].join('\n')
}
