// A year of one busy seeder: ten million lines with a receipt each, all settled but the last hundred thousand; a tenth of the
// lanes have a transaction under way. How large the file is, how long it takes to open it and to ask for the earnings, and
// what pruning leaves of it.
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createTestLog } from '../../test/behaviours/log-fixture.ts'
import { campaign } from './campaign.ts'
import { fillLedger } from './full-ledger.ts'

const LANES = 50
const CONTENTS = 200
const UNSETTLED = 100_000
const BAR = 50
const MIB = 2 ** 20

campaign({ name: 'a year of receipts', runs: 10_000_000, tenth: 1_000_000 }, async (run) => {
  const path = join(run.folder, 'ledger.sqlite')
  const owed = await fillLedger(path, {
    ...{ lanes: LANES, linesPerLane: run.runs / LANES, unsettledPerLane: Math.min(UNSETTLED, run.runs) / LANES },
    contents: Array.from({ length: CONTENTS }, (_, i) => (i === 0 ? 'c1' : `0x${randomBytes(32).toString('hex')}`)),
    isMoved: (lane) => lane % 10 === 0,
    random: run.random(),
    onLane: (lane) => lane % 10 === 0 && run.say(`${(lane * run.runs) / LANES} lines built`),
  })
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
  const states = await Promise.all((await ledger.lanes()).map((lane) => ledger.laneState(lane)))
  const lines = states.map((state) => state?.unsettled ?? 0)
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
