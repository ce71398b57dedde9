// What a session costs a seeder that does nothing but wait: resident memory, and how late the event loop is meanwhile. Beside
// it, in the same run, js-libp2p with its defaults and a bare mutual TLS socket.
//   node scripts/bench/sessions.ts [--json] [--sessions 1000] [--seconds 10]
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeContent } from '../../test/swarm/content.ts'
import { type Program, start } from './transfer/processes.ts'

const HERE = resolve(import.meta.dirname, 'sessions')
const UNIT = 128 * 1024
const { values } = parseArgs({
  options: {
    ...{ json: { type: 'boolean' }, sessions: { type: 'string', default: '1000' } },
    seconds: { type: 'string', default: '10' },
  },
})
const count = Number(values.sessions)
const content = await makeContent(UNIT)
const folder = join(content.folder, 'seeder')
await mkdir(folder)

interface Row {
  readonly name: string
  readonly kibEach: number
  readonly ratio: number
  readonly eventLoopP99: number
}

async function ask(host: Program): Promise<{ kib: number; p99: number }> {
  host.child.stdin?.write('\n')
  return JSON.parse(await host.nextLine()) as { kib: number; p99: number }
}

async function measure(kind: string, init = {}): Promise<{ kibEach: number; p99: number }> {
  const program = process.execPath
  // with the flags that `bitcdn` sets for itself
  const flags = ['--max-semi-space-size=8', '--heap-growing-percent=40', '--expose-gc']
  const host = start({ program, args: [...flags, join(HERE, 'host.ts'), kind, JSON.stringify(init)] })
  const address = await host.nextLine()
  const one = { kind, address, torrent: content.torrent }
  const crowds: Program[] = []
  async function crowd(size: number): Promise<void> {
    const joined = start({ program, args: [join(HERE, 'crowd.ts'), JSON.stringify({ ...one, count: size })] })
    crowds.push(joined)
    await joined.nextLine()
  }
  try {
    // code is compiled and caches are filled before it counts
    await crowd(Math.ceil(count / 10))
    const before = await ask(host)
    await crowd(count)
    await ask(host)
    await new Promise((done) => setTimeout(done, Number(values.seconds) * 1000))
    const { kib, p99 } = await ask(host)
    return { kibEach: (kib - before.kib) / count, p99 }
  } finally {
    await Promise.all([...crowds, host].map((each) => each.stop()))
  }
}

try {
  const seeder = { torrent: content.torrent, path: content.path, folder, key: `0x${'1'.repeat(64)}` }
  const ours = await measure('bitcdn', seeder)
  const stock = await measure('libp2p')
  const bare = await measure('tls')
  const row = (name: string, { kibEach, p99 }: typeof ours): Row => ({
    ...{ name, kibEach: Math.round(kibEach), ratio: Math.round((kibEach / ours.kibEach) * 100) / 100 },
    eventLoopP99: Math.round(p99 * 10) / 10,
  })
  const rows = [row('bitcdn', ours), row('js-libp2p with TLS', stock), row('a bare mutual TLS socket', bare)]
  if (values.json) console.log(JSON.stringify(rows))
  else
    for (const { name, kibEach, ratio, eventLoopP99 } of rows)
      console.log(`${name}: ${kibEach} KiB a session (${ratio} to bitcdn), event loop late by ${eventLoopP99} ms (p99)`)
} finally {
  await content.remove()
}
