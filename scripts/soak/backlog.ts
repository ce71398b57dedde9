// A settlement worker and a million closed lines: of a thousand sponsors, and of one. Every part is read, sealed, written
// down as sent and as settled through the ledger alone; what is paid is what was owed, in bounded memory.
//   node scripts/soak/backlog.ts [--runs LINES] [--seed N] [--tenth]
import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { campaign, type Run } from './campaign.ts'

const FILLER = resolve(import.meta.dirname, 'disk/filler.ts')
/** MiB. */
const BAR = 512

await campaign({ name: 'a backlog of closed lines', runs: 1_000_000 }, async (run) => {
  const many = await settle(run, Math.ceil(run.runs / 1_000))
  const one = await settle(run, 1)
  const most = Math.round(process.resourceUsage().maxRSS / 1024)
  const figure = `${run.runs} lines of a thousand each: ${many}; on one lane: ${one}; at most ${most} MiB resident`
  if (most > BAR) throw new Error(`${figure}: above ${BAR} MiB`)
  return figure
})

async function settle(run: Run, lanes: number): Promise<string> {
  const path = join(run.folder, `${lanes}.sqlite`)
  const linesPerLane = Math.floor(run.runs / lanes)
  const args = [FILLER, path, lanes, linesPerLane, run.seed].map(String)
  const owed = BigInt(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  const ledger = await openLedger({ path })
  const begun = performance.now()
  const cpu = process.cpuUsage()
  let parts = 0
  let paid = 0n
  await ledger.settling(async () => {
    for (const lane of await ledger.lanes()) {
      for (let range = await ledger.settleable(lane); range !== null; range = await ledger.settleable(lane)) {
        const { from, to, amount } = range
        await ledger.seal(lane, to)
        await ledger.markSubmitted(`part-${parts}`, [{ lane, from, to, amount }])
        await ledger.markSettled(lane, to, amount)
        paid += amount
        parts += 1
      }
    }
  })
  const { user, system } = process.cpuUsage(cpu)
  const took = `${((performance.now() - begun) / 1000).toFixed(0)} s, ${((user + system) / 1e6).toFixed(0)} of CPU`
  const earnings = await ledger.earnings()
  await ledger.close()
  // each part is rounded down by itself
  if (owed < paid || owed - paid > BigInt(parts)) {
    throw new Error(`${paid} was paid of ${owed} in ${parts} parts`)
  }
  if (earnings.paid !== paid || earnings.receipted + earnings.submitted !== 0n) {
    throw new Error(`The ledger says ${earnings.paid} paid and ${earnings.receipted} receipted, not ${paid} and 0`)
  }
  run.say(`${lanes} lanes: ${parts} parts in ${took}`)
  return `${parts} parts in ${took}`
}
