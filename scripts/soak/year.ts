// A year of one busy seeder: ten million lines with a receipt each, all settled but the last hundred thousand; a tenth of the
// lanes have a transaction under way. How large the file is, how long it takes to open it and to ask for the earnings, and
// what pruning leaves of it.
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { amountFor, createSessionKey } from '../../src/receipts/index.ts'
import { keccak256 } from '../../src/receipts/keccak.ts'
import { insertInto, sealed } from '../../src/storage/ledger/checked.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createTestLog } from '../../test/behaviours/log-fixture.ts'
import { campaign, type Run } from './campaign.ts'

const LANES = 50
const CONTENTS = 200
const UNSETTLED = 100_000
const BAR = 50
const PRICE = 10_000_000n
const MIB = 2 ** 20
/** Lines that a transaction under way moves. */
const MOVED = 100
/** 64 MiB, as a line has it. */
const MOST = Buffer.from('000004000000', 'hex')

campaign({ name: 'a year of receipts', runs: 10_000_000, tenth: 1_000_000 }, async (run) => {
  const path = join(run.folder, 'ledger.sqlite')
  await (await openLedger({ path })).close()
  const owed = build(run, path)
  const size = statSync(path).size
  const begun = performance.now()
  const ledger = await openLedger({ path })
  const opened = performance.now() - begun
  await ledger.releaseAll()
  const first = await timed(() => ledger.earnings())
  const wrong = Object.entries(owed).filter(([state, amount]) => first.value[state as keyof typeof owed] !== amount)
  if (wrong.length > 0)
    throw new Error(`${JSON.stringify(wrong, words)} was expected, not ${JSON.stringify(first, words)}`)
  const times: number[] = []
  const used = process.cpuUsage()
  for (let i = 0; i < 20; i++) times.push((await timed(() => ledger.earnings())).took)
  const { user, system } = process.cpuUsage(used)
  const cpu = (user + system) / 20_000
  const byContent = await timed(() => ledger.earnings({ contentId: 'c1' }))
  const log = createTestLog({ lines: 1 })
  const accepted = await timed(async () => {
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    const { session, bytesServed, signature } = log.receipt(0, 5n)
    await ledger.acceptReceipt(session, bytesServed, signature)
  })
  times.sort((a, b) => a - b)
  const median = times[10] as number
  run.say(
    `earnings ${median.toFixed(1)} ms (median of 20; the first ${first.took.toFixed(0)} ms), of one content ${byContent.took.toFixed(0)} ms`,
  )
  run.say(
    `opened and checked in ${(opened / 1000).toFixed(1)} s; a line and its receipt stored in ${accepted.took.toFixed(0)} ms`,
  )
  const pruning = await timed(() => ledger.prune(Date.now()))
  const after = await ledger.earnings()
  if (after.receipted < owed.receipted || after.paid !== owed.paid)
    throw new Error('pruning changed what is owed or paid')
  const lines = await Promise.all(
    (await ledger.lanes()).map(async (lane) => (await ledger.laneLog(lane))?.sessions.length ?? 0),
  )
  const left = lines.reduce((sum, count) => sum + count, 0)
  await ledger.close()
  if (left !== Math.min(UNSETTLED, run.runs) + 1) throw new Error(`${left} unsettled lines are left`)
  const vacuumed = vacuum(path)
  const figure =
    `${run.runs} lines, ${mib(size)} MiB, earnings ${cpu.toFixed(1)} ms of CPU (${median.toFixed(1)} ms by the clock), pruned ${pruning.value} in ` +
    `${(pruning.took / 1000).toFixed(0)} s to ${mib(vacuumed)} MiB (vacuumed), no unsettled one of ${UNSETTLED} lost`
  if (median > BAR) throw new Error(`${figure}: above ${BAR} ms`)
  return figure
})

/** Straight into the tables, as a year of calls would have left them. */
function build(run: Run, path: string): Record<'receipted' | 'submitted' | 'paid', bigint> {
  const database = new DatabaseSync(path)
  database.exec(
    'PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 100000',
  )
  const lane = database.prepare(insertInto('lanes'))
  const session = database.prepare(
    `INSERT INTO sessions (lane_id, place, session, next, session_key, max_bytes, state, sealed, holder, created)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const progress = database.prepare(insertInto('progress'))
  const move = database.prepare(insertInto('moves'))
  const seeder = Buffer.from(createSessionKey().address.slice(2), 'hex')
  const signature = randomBytes(64)
  const key = randomBytes(20)
  const each = run.runs / LANES
  const unsettled = Math.min(UNSETTLED, run.runs) / LANES
  const contents = Array.from({ length: CONTENTS }, (_, i) => (i === 0 ? 'c1' : `0x${randomBytes(32).toString('hex')}`))
  const random = run.random()
  const owed = { receipted: 0n, submitted: 0n, paid: 0n }
  const line = new Uint8Array(50)
  for (let id = 1; id <= LANES; id++) {
    database.exec('BEGIN')
    let head = randomBytes(24)
    let settled = head
    let sum = 0n
    let moved = 0n
    for (let place = 0; place < each; place++) {
      line.set(head)
      line.set(key, 24)
      line.set(MOST, 44)
      const next = Buffer.from(keccak256(line)).subarray(0, 24)
      const isSettled = place < each - unsettled
      const bytes = 1 + random.below(64 * MIB)
      const at = 1_000 + place
      session.run(id, place, head, next, key, 64 * MIB, isSettled ? 'settled' : 'closed', isSettled ? 1 : 0, key, at)
      progress.run(...sealed([id, place, contents[random.below(CONTENTS)] as string, bytes, bytes, signature, at]))
      if (!isSettled) sum += BigInt(bytes)
      if (!isSettled && place < each - unsettled + MOVED) moved += BigInt(bytes)
      head = next
      if (place + 1 === each - unsettled) settled = next
    }
    const isMoved = id % 10 === 0
    const amounts = {
      rest: amountFor([isMoved ? sum - moved : sum], PRICE),
      move: isMoved ? amountFor([moved], PRICE) : 0n,
    }
    owed.receipted += amounts.rest
    owed.submitted += amounts.move
    const paid = BigInt(id) * 10n ** 12n
    owed.paid += paid
    const at = each - unsettled
    const about = [id, randomBytes(20), seeder, '1', String(PRICE), settled, at, head, each, 0]
    lane.run(...sealed([...about, String(paid), String(sum), String(sum)]))
    if (isMoved) move.run(...sealed([`0x${id}`, id, at, at + MOVED, String(amounts.move), 1]))
    database.exec('COMMIT')
    if (id % 10 === 0) run.say(`${id * each} lines built`)
  }
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return owed
}

function vacuum(path: string): number {
  const database = new DatabaseSync(path)
  database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return statSync(path).size
}

const words = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
const mib = (bytes: number) => Math.round(bytes / MIB)

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; took: number }> {
  const begun = performance.now()
  const value = await work()
  return { value, took: performance.now() - begun }
}
