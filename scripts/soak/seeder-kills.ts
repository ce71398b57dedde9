// kill -9 of a seeder that serves four downloaders who sign. After each kill it is started again on what it left, and asked
// for every line: what it had said that it held must be held. At the end of each life of its ledger all lines are read.
// Then the same with a million receipts stored: how long from the start of the process to the first receipt that is held.
//   node scripts/soak/seeder-kills.ts [--runs 1000] [--seed N] [--tenth]
import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Hex } from 'viem'
import { createNode, createPeerKey, type PeerNode } from '../../src/discovery/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import { DOMAIN } from '../../test/swarm/desk.ts'
import { spawnSeeder } from '../../test/swarm/processes.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'
import { type Customer, createCustomer } from './kills/customer.ts'
import { fillLedger } from './kills/fill-ledger.ts'

const CUSTOMERS = 4
/** Kills of one ledger. */
const LIFE = 25
const STORED = 1_000_000
const MOST_MILLISECONDS = 3_000

interface Life {
  readonly folder: string
  readonly customers: readonly Customer[]
}

/** Whom to tell of a receipt that is held, by the folder of the seeder. */
const heard = new Map<string, () => void>()

await campaign({ name: 'kill -9 of a seeder under live receipts', runs: 1_000 }, async (run) => {
  process.env.NODE_COMPILE_CACHE = join(run.folder, 'compiled') // every seeder runs the same code
  const content = await makeContent(4 * 2 ** 20, { pieceLength: 2 ** 20 })
  const nodes: PeerNode[] = []
  let next = run.from
  let held = 0
  try {
    const seats = Array.from({ length: Math.max(2, availableParallelism()) }, async () => {
      while (next < run.from + run.runs) {
        const first = next
        const end = Math.min(first + LIFE, run.from + run.runs)
        next = end
        const life = await begin(run, content, first, nodes)
        for (let index = first; index < end; index++) held += (await killOnce(run, content, life, index)).receipts
        await readAll(life, first)
        run.say(`${end} kills, ${held} receipts held`)
      }
    })
    await Promise.all(seats)
    const restart = await restartWithMany(run, content, nodes)
    return `${run.runs} kills, ${held} receipts held by downloaders' count, 0 lost; ${restart}`
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
    await content.remove()
  }
})

async function begin(run: Run, content: TestContent, first: number, nodes: PeerNode[]): Promise<Life> {
  const folder = join(run.folder, `life-${first}`)
  mkdirSync(folder)
  const sponsor = createSponsor(DOMAIN)
  const customers = await Promise.all(
    Array.from({ length: CUSTOMERS }, async () => {
      const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
      nodes.push(node)
      return createCustomer({ node, sponsor, content, onHeld: () => heard.get(folder)?.() })
    }),
  )
  return { folder, customers }
}

interface Killed {
  readonly receipts: number
  /** From the start of the process to its first held receipt. */
  readonly milliseconds: number
}

async function killOnce(run: Run, content: TestContent, { folder, customers }: Life, index: number): Promise<Killed> {
  const random = run.random(index)
  const enough = CUSTOMERS + random.below(60)
  const more = random.below(20)
  const reached = Promise.withResolvers<void>()
  reached.promise.catch(() => {})
  const begun = performance.now()
  let milliseconds = 0
  let receipts = 0
  heard.set(folder, () => {
    receipts += 1
    if (receipts === 1) milliseconds = performance.now() - begun
    if (receipts === enough) reached.resolve()
  })
  const { torrent, path } = content
  const seeder = await spawnSeeder({ torrent, path, folder, key: keyOf(index - (index % LIFE)) })
  const gone = AbortSignal.timeout(60_000)
  let dead = false
  const visits = customers.map((customer) =>
    customer.visit(seeder.address, gone).catch((error: unknown) => {
      if (!dead) reached.reject(error)
    }),
  )
  try {
    gone.addEventListener('abort', () => reached.reject(new Error('Too few receipts came within a minute.')))
    await reached.promise
    await delay(more)
  } catch (error) {
    throw new CaseFailure(index, (error as Error).message, { cause: error })
  } finally {
    dead = true
    await seeder.kill('SIGKILL')
  }
  await Promise.all(visits)
  return { receipts, milliseconds }
}

async function readAll({ folder, customers }: Life, index: number): Promise<void> {
  const ledger = await openLedger({ path: join(folder, 'ledger.sqlite') })
  for (const { session, held, signed } of customers.flatMap(({ lines }) => lines)) {
    const stored = (await ledger.session(session.session))?.receipt?.bytesServed ?? 0n
    if (stored < held || stored > signed) {
      throw new CaseFailure(index, `${session.session}: ${held} held, ${signed} signed, ${stored} stored.`)
    }
  }
  await ledger.close()
}

async function restartWithMany(run: Run, content: TestContent, nodes: PeerNode[]): Promise<string> {
  const stored = run.tenth ? STORED / 10 : STORED
  const life = await begin(run, content, 1_000_000, nodes)
  await fillLedger(join(life.folder, 'ledger.sqlite'), stored)
  run.say(`${stored} receipts stored`)
  const times: number[] = []
  for (let at = 0; at < 5; at++) times.push((await killOnce(run, content, life, 1_000_000 + at)).milliseconds)
  await readAll(life, 1_000_000)
  const slowest = Math.round(Math.max(...times))
  if (slowest > MOST_MILLISECONDS && !run.tenth) {
    throw new Error(`${slowest} ms from start to first held receipt with ${stored} receipts stored.`)
  }
  return `start to first held receipt with ${stored} stored: ${times.map(Math.round).sort((a, b) => a - b)[2]} ms (at most ${slowest})`
}

function keyOf(life: number): Hex {
  return `0x${(life + 1).toString(16).padStart(64, '0')}`
}
