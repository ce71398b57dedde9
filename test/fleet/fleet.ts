// Several `bitcdn seed` processes on one PostgreSQL database with one payout address, as an operator runs them: each with a
// data folder and a peer key of its own, all with the same wallet, and any of them settles.
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { readCredit, reserveMany } from '../../src/chain/index.ts'
import type { Persona, Started } from '../../src/devnet/bed.ts'
import type { Earnings, Head } from '../../src/receipts/index.ts'
import { call } from '../faults/call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from '../faults/shop.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'

export interface FleetInit {
  readonly seeders: number
  /** Bytes of the content. */
  readonly bytes: number
  /** Where programs keep compiled code: the same program starts again and again. */
  readonly compiled: string
  /** A lane for each seeder, and none that two of them serve. */
  readonly ownLanes?: boolean
  /** More flags of each seeder. */
  readonly flags?: readonly string[]
}

export interface Member {
  readonly name: string
  readonly persona: Persona
  started: Started
  /** Where it listens, kept over restarts as behind a firewall. */
  readonly address: string
  readonly monitor: string
  readonly flags: readonly string[]
  /** Being killed, stopped or started. */
  busy: boolean
}

export interface Fleet {
  readonly shop: Shop
  readonly server: TestPostgres
  readonly url: string
  readonly payout: Persona
  readonly members: readonly Member[]
  /** Starts a member again after it was killed or stopped; it may have to wait for the database. */
  restart(member: Member): Promise<void>
  /** Downloads the content once as `buyer` into a folder of that name. Throws where it does not complete. */
  download(
    buyer: Persona,
    name: string,
    flags?: readonly string[],
    onProgress?: (verifiedBytes: number) => void,
  ): Promise<Downloaded>
  /** `claim` from the data folder of a member, whatever the members do by themselves; `idle` in seconds. */
  claim(member: Member, options?: { idle?: number; kill?: AbortSignal | undefined }): Promise<Record<string, unknown>>
  /** Every receipt in the ledger: bytes by session. */
  receipts(): Promise<Map<Head, bigint>>
  /** The five states by the metrics of a member. */
  metrics(member: Member): Promise<Record<keyof Earnings, bigint>>
  /** The five states by `bitcdn earnings`. */
  earnings(member: Member): Promise<Record<keyof Earnings, bigint>>
  /** What the chain has credited to the payout address. */
  credit(): Promise<bigint>
  close(): Promise<void>
}

export interface Downloaded {
  readonly seconds: number
  /** By session, the bytes signed for; `held`: the seeder said that it has stored the receipt for them. */
  readonly signed: ReadonlyMap<Head, { readonly bytes: bigint; readonly held: boolean }>
}

/** Long enough for a seeder to wait for the database or a dead process' lease. */
const START_TRIES = 60
/** Token units for the payout address, on all its lanes. */
const RESERVED = 800_000n

export async function openFleet(init: FleetInit): Promise<Fleet> {
  const server = await startPostgres({ max_connections: '200' })
  const url = await server.createDatabase()
  const env = { NODE_COMPILE_CACHE: init.compiled }
  const shop = await openShop({ bytes: init.bytes, seeders: 0, pieceLength: 2 ** 20, reserve: 0n, env: () => env })
  const payout = await shop.bed.persona('payout')
  const members: Member[] = []
  const closing = new AbortController()
  const { signal } = closing
  const flags = [
    '--ledger',
    url,
    '--claim-min',
    '0.0005',
    '--claim-interval',
    '5',
    '--claim-max-gas',
    '1000',
    ...(init.flags ?? []),
  ]

  async function close(): Promise<void> {
    closing.abort()
    await shop.close()
    await server.remove()
  }

  async function startMember(name: string, own: readonly string[]): Promise<Member> {
    const persona: Persona = { ...payout, name, home: join(shop.bed.folder, name) }
    mkdirSync(join(persona.home, 'keys'), { recursive: true, mode: 0o700 })
    copyFileSync(join(payout.home, 'keys/default.key'), join(persona.home, 'keys/default.key'))
    const started = await shop.startSeeder(persona, shop.file, [...flags, ...own, '--monitor', '127.0.0.1:0'])
    const [address = ''] = (started.ready.addresses as string[]).map((each) => each.replace(/\/p2p\/.*/, ''))
    return { name, persona, started, address, monitor: String(started.ready.monitor), flags: own, busy: false }
  }

  async function restart(member: Member): Promise<void> {
    const listen = [...member.flags, '--listen', member.address, '--monitor', member.monitor.replace('http://', '')]
    for (let tries = 1; ; tries++) {
      try {
        member.started = await shop.startSeeder(member.persona, shop.file, [...flags, ...listen])
        return
      } catch (error) {
        if (tries === START_TRIES || signal.aborted) throw error
        await delay(250) // as a supervisor does
      }
    }
  }

  try {
    for (let at = 1; at <= init.seeders; at++) {
      members.push(await startMember(`seeder${at}`, init.ownLanes === true ? ['--lanes', String(at)] : []))
    }
    await shop.buyer('patron')
    const lanes = init.ownLanes === true ? members.map((_, at) => BigInt(at + 1)) : [0n]
    const amount = RESERVED / BigInt(lanes.length)
    await reserveMany(shop.creator.chain, {
      reservations: lanes.map((lane) => ({ seeder: payout.address, lane, pricePerGiB: PRICE_PER_GIB, amount })),
    })
  } catch (error) {
    await close()
    throw error
  }

  return {
    ...{ shop, server, url, payout, members, restart, close },
    async download(buyer, name, more = [], onProgress = () => {}) {
      const folder = join(buyer.home, name)
      mkdirSync(folder, { recursive: true })
      const begun = performance.now()
      const log = join(shop.bed.logs, `${buyer.name}-${name}.log`)
      const got = await call(
        [...shop.get(buyer, folder), '--no-seed', '--patience', '120', '--json', '--events', ...more],
        {
          env,
          signal,
          onErr(line) {
            appendFileSync(log, `${new Date().toISOString()} ${line}\n`)
            const verified = /^\{"verified":(\d+)/.exec(line)?.[1]
            if (verified !== undefined) onProgress(Number(verified))
          },
        },
      )
      if (got.code !== 0)
        throw new Error(`${buyer.name}/${name} ended with ${got.code}: ${got.err.slice(-500)}${got.out}`)
      if (!readFileSync(join(folder, 'film.bin')).equals(readFileSync(shop.file)))
        throw new Error(`${name} is not the content`)
      rmSync(folder, { recursive: true })
      const state = join(buyer.home, 'downloads')
      const signed = new Map<Head, { bytes: bigint; held: boolean }>()
      for (const file of readdirSync(state).filter((each) => each.endsWith('.record'))) {
        readRecord(join(state, file), signed)
        rmSync(join(state, file))
      }
      return { seconds: (performance.now() - begun) / 1000, signed }
    },
    async claim({ persona }, { idle = 0, kill = signal } = {}) {
      const args = ['claim', '--idle', String(idle), '--no-withdraw', '--ledger', url, '--home', persona.home]
      const more = ['--gateway', shop.gatewayUrl, '--json', ...shop.bed.chainFlags()]
      for (let tries = 1; ; tries++) {
        const ran = await call([...args, ...more], { signal: kill, killSignal: 'SIGKILL', env })
        if (ran.code === 0) return ran.json()
        // another one settles at this moment
        if (ran.code !== 7 || tries === 20) throw new Error(`claim ended with ${ran.code}: ${ran.err}${ran.out}`)
        await delay(1_000)
      }
    },
    async receipts() {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      try {
        const { rows } = await client.query(
          `SELECT encode(s.session, 'hex') AS session, p.bytes FROM bitcdn_ledger.sessions s
           JOIN bitcdn_ledger.progress p ON p.lane_id = s.lane_id AND p.place = s.place`,
        )
        return new Map(rows.map(({ session, bytes }) => [`0x${session}` as Head, BigInt(bytes)]))
      } finally {
        await client.end().catch(() => {})
      }
    },
    async metrics({ monitor }) {
      const text = await (await fetch(`${monitor}/metrics`, { signal: AbortSignal.timeout(10_000) })).text()
      const found = text.matchAll(/^bitcdn_earnings_token_units\{state="(\w+)"\} (\d+)$/gm)
      return Object.fromEntries([...found].map(([, state, value]) => [state, BigInt(value!)])) as Record<
        keyof Earnings,
        bigint
      >
    },
    async earnings({ persona }) {
      const ran = await call(['earnings', '--ledger', url, '--home', persona.home, '--json'])
      if (ran.code !== 0) throw new Error(`earnings ended with ${ran.code}: ${ran.err}${ran.out}`)
      return Object.fromEntries(
        Object.entries(ran.json()).map(([state, value]) => [state, BigInt(String(value))]),
      ) as Record<keyof Earnings, bigint>
    },
    credit: () => readCredit(payout.chain, payout.address, { at: 'latest' }),
  }
}

/** The lines of a download's record, each a change: what was signed last on each session, and whether it is held. */
function readRecord(path: string, signed: Map<Head, { bytes: bigint; held: boolean }>): void {
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue
    const entry = JSON.parse(line) as {
      session?: { session: { session: Head }; receipt: { bytesServed: { bigint: string } } | null; held: boolean }
      signed?: { session: Head; bytesServed: { bigint: string } }
      held?: Head
    }
    if (entry.session?.receipt != null) {
      const { session, receipt, held } = entry.session
      signed.set(session.session, { bytes: BigInt(receipt.bytesServed.bigint), held })
    }
    if (entry.signed !== undefined) {
      signed.set(entry.signed.session, { bytes: BigInt(entry.signed.bytesServed.bigint), held: false })
    }
    const known = entry.held === undefined ? undefined : signed.get(entry.held)
    if (entry.held !== undefined && known !== undefined) signed.set(entry.held, { ...known, held: true })
  }
}

/** So many buyers with a pass each, all bought at once: a download at a time for each. */
export async function buyersOf({ shop }: Fleet, count: number): Promise<Persona[]> {
  const buyers: Persona[] = []
  for (let at = 1; at <= count; at++) buyers.push(await shop.buyer(`buyer${at}`))
  return buyers
}
