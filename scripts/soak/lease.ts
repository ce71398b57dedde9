// Processes contest one ledger, on SQLite and on PostgreSQL. The one that serves is killed, put to sleep and woken up when
// another has taken over, or has its connection cut. A trigger in the database writes down whose receipts were written in
// which order: once somebody else wrote, nobody who wrote before may write again.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { openLedger as openPostgres } from '../../src/storage/postgres/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createTestLog, type TestLog } from '../../test/behaviours/log-fixture.ts'
import { findPostgres, startPostgres } from '../../test/postgres.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'

const CONTENDER = join(import.meta.dirname, 'lease', 'contender.ts')
const TAKEOVER = 10_000
const PATIENCE = 60_000

interface Arena {
  readonly kind: 'sqlite' | 'postgres'
  readonly where: string
  /** Places of the writers, in the order of their writes. */
  written(): Promise<number[]>
  /** What can happen to the one that serves. */
  readonly fates: readonly Fate[]
  cut(): Promise<void>
  /** Whether somebody is within a transaction that writes, for longer than a commit takes. */
  isBusy(): boolean
  close(): Promise<void>
}

type Fate = 'kill' | 'sleep' | 'cut'

interface Contender {
  readonly place: number
  readonly child: ChildProcess
  /** When each word was heard first, by this process' clock. */
  readonly heard: Map<string, number>
  ended: boolean
}

campaign({ name: 'contested starts', runs: 100 }, async (run) => {
  const half = Math.ceil(run.runs / 2)
  const on = findPostgres() === null ? 'SQLite alone: PostgreSQL is not installed' : 'SQLite and PostgreSQL'
  const figures = [await contest(run, 'sqlite', { from: run.from, to: run.from + half })]
  if (findPostgres() !== null)
    figures.push(await contest(run, 'postgres', { from: run.from + half, to: run.from + run.runs }))
  const writes = figures.reduce((sum, each) => sum + each.writes, 0)
  const slowest = figures.map(({ kind, slowest }) => `${kind} ${(slowest / 1000).toFixed(1)} s`).join(', ')
  return `${run.runs} on ${on}, ${writes} writes, 0 overlapping, slowest takeover ${slowest}`
})

async function contest(run: Run, kind: Arena['kind'], { from, to }: { from: number; to: number }) {
  const log = createTestLog({ lines: 4 * (to - from) + 8 })
  const arena = kind === 'sqlite' ? await sqliteArena(run, log) : await postgresArena(log)
  const all: Contender[] = []
  let place = 0
  let slowest = 0
  const start = () => {
    const each = startContender(arena, log, place++)
    all.push(each)
    return each
  }
  try {
    let holder = start()
    await until(() => holder.heard.has('serving'), 'the first one serves')
    for (let index = from; index < to; index++) {
      try {
        const random = run.random(index)
        const fate = arena.fates[random.below(arena.fates.length)] as Fate
        const rivals = [start(), start()]
        await until(() => rivals.every(({ heard }) => heard.has('asking')), 'rivals ask')
        if (rivals.some(({ heard }) => heard.has('serving'))) throw new Error('a rival serves beside a live holder')
        // One that is struck before its first write leaves no trace of having served.
        await writes(holder)
        await delay(random.below(200))
        const begun = performance.now()
        await strike(arena, holder, fate)
        if (fate === 'cut') {
          // Whoever is cut off may take its own lease again; if a rival was faster, it must end.
          await delay(1_500)
          if (!holder.heard.has('lost')) await strike(arena, holder, 'kill')
        }
        const next = await firstOf(rivals)
        const took = (next.heard.get('serving') as number) - begun
        if (fate !== 'cut') slowest = Math.max(slowest, took)
        if (fate !== 'cut' && took > TAKEOVER)
          throw new Error(`takeover after ${fate} took ${(took / 1000).toFixed(1)} s`)
        if (fate === 'sleep') {
          holder.child.kill('SIGCONT')
          await until(() => holder.heard.has('lost') || holder.ended, 'the sleeper learns that it lost')
          if (!holder.heard.has('lost')) throw new Error('the sleeper ended without saying that it lost the lease')
        }
        holder.child.kill('SIGKILL')
        for (const rival of rivals) if (rival !== next) await stop(rival)
        holder = next
      } catch (error) {
        throw new CaseFailure(index, `${kind}: ${(error as Error).message}`, { cause: error })
      }
      if ((index - from + 1) % 10 === 0) run.say(`${kind}: ${index - from + 1} contested`)
    }
    await writes(holder)
    await stop(holder)
    const written = await arena.written()
    const over = new Set<number>()
    for (const [i, writer] of written.entries()) {
      if (over.has(writer)) throw new Error(`${kind}: writer ${writer} wrote after another had taken over`)
      if (i > 0 && written[i - 1] !== writer) over.add(written[i - 1] as number)
    }
    if (over.size < to - from) throw new Error(`${kind}: only ${over.size} of ${to - from} handed over`)
    return { kind, writes: written.length, slowest }
  } finally {
    for (const each of all) each.child.kill('SIGKILL')
    await arena.close()
  }
}

async function strike(arena: Arena, holder: Contender, fate: Fate): Promise<void> {
  if (fate === 'cut') return arena.cut()
  if (fate === 'kill') return void holder.child.kill('SIGKILL')
  holder.child.kill('SIGSTOP')
  if (arena.kind === 'postgres') return
  // Asleep within a commit it keeps SQLite's own lock, and nobody writes at all: that is safe, and no takeover.
  for (let tries = 0; arena.isBusy(); tries++) {
    if (tries === 200) throw new Error('the sleeper was never outside of a commit')
    holder.child.kill('SIGCONT')
    await delay(1 + (tries % 7))
    holder.child.kill('SIGSTOP')
  }
  // On one machine a sleeping process is alive, and its lock says so; here the lock file is lost as well.
  for (const end of ['', '-journal']) rmSync(`${arena.where}-owner${end}`, { force: true })
}

function startContender(arena: Arena, log: TestLog, place: number): Contender {
  const { session, bytesServed, signature } = log.receipt(place, 1n)
  const args = [CONTENDER, arena.kind, arena.where, session, String(bytesServed), signature]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const contender: Contender = { place, child, heard: new Map(), ended: false }
  child.once('exit', () => {
    contender.ended = true
  })
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    if (!contender.heard.has(line)) contender.heard.set(line, performance.now())
  })
  return contender
}

const writes = ({ heard }: Contender): Promise<void> => until(() => heard.has('wrote'), 'the holder writes')

async function stop({ child, ended }: Contender): Promise<void> {
  if (ended) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

async function firstOf(rivals: readonly Contender[]): Promise<Contender> {
  await until(() => rivals.some(({ heard }) => heard.has('serving')), 'a rival takes over')
  return rivals.find(({ heard }) => heard.has('serving')) as Contender
}

async function until(done: () => boolean, what: string): Promise<void> {
  for (const begun = performance.now(); !done(); ) {
    if (performance.now() - begun > PATIENCE) throw new Error(`after ${PATIENCE / 1000} s still not: ${what}`)
    await delay(5)
  }
}

async function sqliteArena(run: Run, log: TestLog): Promise<Arena> {
  const path = join(run.folder, 'ledger.sqlite')
  const ledger = await openLedger({ path })
  await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
  await ledger.close()
  const database = new DatabaseSync(path, { timeout: 500 })
  database.exec(`CREATE TABLE written (id INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER NOT NULL);
    CREATE TRIGGER written_first AFTER INSERT ON progress BEGIN INSERT INTO written (place) VALUES (new.place); END;
    CREATE TRIGGER written_again AFTER UPDATE ON progress BEGIN INSERT INTO written (place) VALUES (new.place); END`)
  return {
    kind: 'sqlite',
    where: path,
    fates: ['kill', 'sleep'],
    written: async () =>
      database
        .prepare('SELECT place FROM written ORDER BY id')
        .all()
        .map(({ place }) => Number(place)),
    cut: async () => {},
    isBusy() {
      try {
        database.exec('BEGIN IMMEDIATE; ROLLBACK')
        return false
      } catch {
        return true
      }
    },
    close: async () => database.close(),
  }
}

async function postgresArena(log: TestLog): Promise<Arena> {
  const server = await startPostgres()
  const where = await server.createDatabase()
  const ledger = await openPostgres({ url: where })
  await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
  await ledger.close()
  const client = new pg.Client({ connectionString: where })
  await client.connect()
  await client.query(`SET search_path = bitcdn_ledger;
    CREATE TABLE written (id bigserial PRIMARY KEY, place bigint NOT NULL);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO bitcdn_ledger.written (place) VALUES (new.place); RETURN new; END $$;
    CREATE TRIGGER written AFTER INSERT OR UPDATE ON progress FOR EACH ROW EXECUTE FUNCTION note()`)
  return {
    kind: 'postgres',
    where,
    fates: ['kill', 'sleep', 'cut'],
    written: async () =>
      (await client.query('SELECT place FROM written ORDER BY id')).rows.map(({ place }) => Number(place)),
    isBusy: () => false,
    cut: async () => {
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'bitcdn' AND datname = current_database()`,
      )
    },
    async close() {
      await client.end().catch(() => {})
      await server.remove()
    },
  }
}
