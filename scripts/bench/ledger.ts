// How many receipts a ledger stores: SQLite and PostgreSQL, beside one commit per receipt in the same run.
//   node scripts/bench/ledger.ts [--seconds 5] [--folder DIR] [--postgres URL]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import secp256k1 from 'secp256k1'
import type { Address } from 'viem'
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
/** Receipts of each stream that are verified. */
const EACH = 50
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
  await verifyAndStore(name, ledger, streams)
  await ledger.close()
  return many
}

/** Signed ahead, so that only verifying and storing is timed; then the same verifications alone. */
async function verifyAndStore(
  name: string,
  ledger: ReceiptLedger,
  streams: readonly { log: TestLog; place: number }[],
) {
  const ahead = streams.map(({ log, place }) => ({
    key: (log.lines[place] as (typeof log.lines)[0]).key.address,
    receipts: Array.from({ length: EACH }, (_, i) => log.receipt(place, BigInt(2 ** 24 + i))),
  }))
  const verify = (receipt: SignedReceipt, key: Address) => {
    if (!verifyReceipt(TEST_DOMAIN, receipt, key)) throw new Error('a good receipt did not verify')
  }
  const count = streams.length * EACH
  const stored = await timed(async () => {
    const each = ahead.map(async ({ key, receipts }) => {
      for (const receipt of receipts) {
        verify(receipt, key)
        await ledger.acceptReceipt(receipt.session, receipt.bytesServed, receipt.signature)
      }
    })
    await Promise.all(each)
  })
  const verified = await timed(async () => {
    for (const { key, receipts } of ahead) for (const receipt of receipts) verify(receipt, key)
  })
  const { signature } = (ahead[0] as (typeof ahead)[0]).receipts[0] as SignedReceipt
  const rs = Uint8Array.from(Buffer.from(signature.slice(2), 'hex'))
  const parity = (rs[32] as number) >> 7
  rs[32] = (rs[32] as number) & 0x7f
  const digest = TEST_DOMAIN.receipt({ session: `0x${'00'.repeat(24)}`, bytesServed: 1n })
  const recovered = await timed(async () => {
    for (let i = 0; i < count; i++) secp256k1.ecdsaRecover(rs, parity, digest, false)
  })
  const rate = ({ wall, cpu }: Took) => `${Math.round(count / wall)}/s (${Math.round(count / cpu)} a second of CPU)`
  console.log(
    `${name}, verify and store, ${STREAMS} streams: ${rate(stored)}; verify alone ${rate(verified)}, ` +
      `of which the native recovery ${rate(recovered)}, ${((recovered.cpu * 1e6) / count).toFixed(1)} µs each`,
  )
}

interface Took {
  /** Seconds. */
  readonly wall: number
  readonly cpu: number
}

async function timed(work: () => Promise<void>): Promise<Took> {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  await work()
  const used = process.cpuUsage(cpu)
  return { wall: (performance.now() - begun) / 1000, cpu: (used.user + used.system) / 1e6 }
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
