// A seeder under attack: ten thousand dials, a thousand half handshakes, a thousand streams that are never read, messages of a
// million elements. Somebody who already is its customer keeps four fifths of the rate, somebody new is served within half
// a minute, and its memory stays within bounds. The uplink is limited, so that it decides and not the attacker's share of
// the processor.
//   node scripts/soak/flood.ts [--runs 20] [--seed N] [--tenth]
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createNode, createPeerKey, type PeerNode } from '../../src/discovery/index.ts'
import {
  createDownloader,
  createMemoryRecord,
  type DownloadResult,
  type SessionSource,
} from '../../src/downloader/index.ts'
import { openDownload } from '../../src/storage/pieces/index.ts'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import { DOMAIN } from '../../test/swarm/desk.ts'
import type { SeederInit } from '../../test/swarm/seeder.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'
import { ATTACKS, type Attack } from './flood/attacker.ts'

const MIB = 2 ** 20
const CONTENT = 64 * MIB
/** Bytes a second that the seeder sends in all. */
const UPLINK = 16 * MIB
const LEAST = 0.8
const MOST_MIB = 1024
const NEWCOMER_SECONDS = 30
const TRIES = 3

await campaign({ name: 'floods', runs: 20, tenth: 4 }, async (run) => {
  const content = await makeContent(CONTENT, { seed: 1 + (run.seed % 200) })
  const rates: number[] = []
  let again = 0
  let memory = 0
  let newcomer = 0
  try {
    for (let index = run.from; index < run.from + run.runs; index++) {
      const attack = ATTACKS[index % ATTACKS.length] as Attack
      let last: Attacked
      const tries: number[] = []
      do {
        last = await underAttack(run, content, attack)
        tries.push(last.rate)
      } while (last.rate < LEAST && tries.length < TRIES)
      again += tries.length - 1
      const words = tries.map((rate) => rate.toFixed(2)).join(', ')
      run.say(
        `case ${index}: ${attack}: ${words} of the rate, newcomer ${last.newcomer.toFixed(1)} s, ${last.memory} MiB`,
      )
      if (last.rate < LEAST) throw new CaseFailure(index, `${attack}: ${words} of the rate without it`)
      if (last.memory > MOST_MIB) throw new CaseFailure(index, `${attack}: ${last.memory} MiB of memory`)
      if (last.newcomer > NEWCOMER_SECONDS)
        throw new CaseFailure(index, `${attack}: somebody new waited ${last.newcomer.toFixed(1)} s`)
      rates.push(last.rate)
      memory = Math.max(memory, last.memory)
      newcomer = Math.max(newcomer, last.newcomer)
    }
  } finally {
    await content.remove()
  }
  const least = Math.min(...rates)
  return (
    `${run.runs} attacks (${ATTACKS.join(', ')}): a customer keeps ${(100 * least).toFixed(0)} % of its rate or more, somebody new is ` +
    `done within ${newcomer.toFixed(1)} s, at most ${memory} MiB, ${again} judged again`
  )
})

interface Attacked {
  /** Of a customer's rate without the attack. */
  readonly rate: number
  /** Seconds that somebody new needed to connect and be served. */
  readonly newcomer: number
  /** Of the seeder at its highest, MiB. */
  readonly memory: number
}

async function underAttack(run: Run, content: TestContent, attack: Attack): Promise<Attacked> {
  const folder = join(run.folder, 'case')
  await mkdir(folder)
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })]
  try {
    const seeder = await startProgram('../../test/swarm/seeder.ts', {
      ...{ torrent: content.torrent, path: content.path, folder, key: `0x${'1'.repeat(64)}` },
      ...{ free: true, limitUp: UPLINK },
    } satisfies SeederInit)
    closers.push(seeder.stop)
    const { address } = JSON.parse(seeder.line) as { address: string }
    const sessions = createSponsor(DOMAIN)
    const newCustomer = async (): Promise<Customer> => {
      const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
      closers.push(() => node.stop())
      return { node, sessions }
    }
    const customer = await newCustomer()
    const alone = await fetch(customer, content, address, join(folder, 'alone'))
    const attacker = await startProgram('flood/attacker.ts', { attack, address, torrent: content.torrent })
    closers.push(attacker.stop)
    const during = await fetch(customer, content, address, join(folder, 'during'))
    const begun = performance.now()
    await fetch(await newCustomer(), content, address, join(folder, 'newcomer'))
    const served = CONTENT / UPLINK
    const newcomer = Math.max(0, (performance.now() - begun) / 1000 - served)
    return { rate: alone.seconds / during.seconds, newcomer, memory: await highestMemory(seeder.child) }
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

interface Customer {
  readonly node: PeerNode
  readonly sessions: SessionSource
}

async function fetch(
  { node, sessions }: Customer,
  content: TestContent,
  address: string,
  folder: string,
): Promise<DownloadResult> {
  const result = await createDownloader({ node, sessions }).download({
    ...{ content: content.metainfo, discover: false, sources: [address], record: createMemoryRecord() },
    store: (metainfo) => openDownload(metainfo, folder, { journal: `${folder}.journal` }),
  })
  await result.store.close()
  return result
}

interface Program {
  readonly child: ChildProcess
  /** The first that it said. */
  readonly line: string
  stop(): Promise<void>
}

async function startProgram(path: string, init: object): Promise<Program> {
  const child = spawn(process.execPath, [join(import.meta.dirname, path), JSON.stringify(init)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    ...{ child, line },
    async stop() {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

async function highestMemory({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024)
}
