// How many receipts a ledger stores: SQLite and PostgreSQL, beside one commit per receipt in the same run.
//   node scripts/bench/ledger.ts [--seconds 5] [--folder DIR] [--postgres URL]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ReceiptLedger, SignedReceipt } from '../../src/receipts/index.ts'
import { verifyReceipt } from '../../src/receipts/index.ts'
import { openLedger as openPostgres } from '../../src/storage/postgres/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createTestLog, TEST_DOMAIN, type TestLog } from '../../test/behaviours/log-fixture.ts'
import { findPostgres, startPostgres } from '../../test/postgres.ts'
import { commitEach } from './ledger/rival.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, folder: { type: 'string' }, postgres: { type: 'string' } },
})
const LANES = 8
const STREAMS = 2_048
const seconds = Number(values.seconds)
const folder = mkdtempSync(join(values.folder ?? tmpdir(), 'bitcdn-bench-ledger-'))

/** Streams spread over lanes, each with its session open. */
async function prepare(ledger: ReceiptLedger): Promise<{ log: TestLog; place: number }[]> {
  await ledger.releaseAll()
  const streams: { log: TestLog; place: number }[] = []
  for (let lane = 0; lane < LANES; lane++) {
    const log = createTestLog({ lines: STREAMS / LANES })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    for (let place = 0; place < log.lines.length; place++) streams.push({ log, place })
  }
  const use = { contentId: 'c', holder: null }
  await Promise.all(streams.map(({ log, place }) => ledger.openSession(log.head(place), use)))
  return streams
}

interface Figures {
  readonly perSecond: number
  readonly perCpuSecond: number
  readonly p50: number
  readonly p99: number
}

/** Each stream sends its next receipt when the last one is held, as downloaders do. */
async function run(
  ledger: ReceiptLedger,
  streams: readonly { log: TestLog; place: number }[],
  init: { first: number; receipt: (log: TestLog, place: number, bytes: bigint) => SignedReceipt },
): Promise<Figures> {
  const waits: number[] = []
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const until = begun + seconds * 1000
  await Promise.all(
    streams.map(async ({ log, place }) => {
      for (let n = init.first; performance.now() < until; n++) {
        const { session, bytesServed, signature } = init.receipt(log, place, BigInt(n))
        const asked = performance.now()
        const held = await ledger.acceptReceipt(session, bytesServed, signature)
        if (held !== bytesServed) throw new Error(`held ${held} of ${bytesServed}`)
        waits.push(performance.now() - asked)
      }
    }),
  )
  const took = (performance.now() - begun) / 1000
  const used = process.cpuUsage(cpu)
  waits.sort((a, b) => a - b)
  const at = (part: number) => waits[Math.floor(waits.length * part)] ?? 0
  return {
    perSecond: Math.round(waits.length / took),
    perCpuSecond: Math.round(waits.length / ((used.user + used.system) / 1e6)),
    p50: at(0.5),
    p99: at(0.99),
  }
}

function print(what: string, { perSecond, perCpuSecond, p50, p99 }: Figures): void {
  console.log(
    `${what}: ${perSecond} receipts/s, ${perCpuSecond} a second of this process' CPU; held after ${p50.toFixed(1)} ms (p50), ${p99.toFixed(1)} ms (p99)`,
  )
}

async function measure(name: string, open: () => Promise<ReceiptLedger>): Promise<Figures> {
  const ledger = await open()
  const streams = await prepare(ledger)
  // One signature for all: what is measured is the store, and its form is right.
  const { signature } = (streams[0] as (typeof streams)[0]).log.receipt(0, 1n)
  const same = (log: TestLog, place: number, bytesServed: bigint) => ({
    session: log.head(place),
    bytesServed,
    signature,
  })
  const many = await run(ledger, streams, { first: 1, receipt: same })
  print(`${name}, store alone, ${STREAMS} streams`, many)
  print(`${name}, store alone, 64 streams`, await run(ledger, streams.slice(0, 64), { first: 2 ** 20, receipt: same }))
  // Signed ahead, so that only verifying and storing is timed.
  const few = streams.slice(0, 256)
  const ahead = few.map(({ log, place }) =>
    Array.from({ length: 400 }, (_, i) => log.receipt(place, BigInt(2 ** 24 + i))),
  )
  const index = new Map(few.map(({ log, place }, i) => [log.head(place), i]))
  const cpu = process.cpuUsage()
  const begun = performance.now()
  await Promise.all(
    few.map(async ({ log, place }) => {
      for (const receipt of ahead[index.get(log.head(place)) as number] as SignedReceipt[]) {
        if (!verifyReceipt(TEST_DOMAIN, receipt, (log.lines[place] as (typeof log.lines)[0]).key.address))
          throw new Error('bad')
        await ledger.acceptReceipt(receipt.session, receipt.bytesServed, receipt.signature)
      }
    }),
  )
  const count = few.length * 400
  const used = process.cpuUsage(cpu)
  console.log(
    `${name}, verify and store, 256 streams: ${Math.round(count / ((performance.now() - begun) / 1000))} receipts/s, ` +
      `${Math.round(count / ((used.user + used.system) / 1e6))} a second of CPU`,
  )
  await ledger.close()
  return many
}

try {
  const rival = await commitEach(join(folder, 'rival.sqlite'), seconds)
  console.log(`SQLite, one commit per receipt: ${rival} receipts/s`)
  const sqlite = await measure('SQLite', () => openLedger({ path: join(folder, 'ledger.sqlite') }))
  console.log(`SQLite in groups is ${(sqlite.perSecond / rival).toFixed(1)} times one commit per receipt`)
  if (values.postgres !== undefined) {
    const url = values.postgres
    await measure('PostgreSQL', () => openPostgres({ url, node: `bench-${process.pid}` }))
  } else if (findPostgres() !== null) {
    const server = await startPostgres()
    try {
      const url = await server.createDatabase()
      const figures = await measure('PostgreSQL', () => openPostgres({ url }))
      console.log(
        `PostgreSQL in groups is ${(figures.perSecond / rival).toFixed(1)} times one commit per receipt in SQLite`,
      )
    } finally {
      await server.remove()
    }
  } else console.log('PostgreSQL is not installed: not measured.')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
