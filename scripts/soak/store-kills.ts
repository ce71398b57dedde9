// kill -9 of a process that accepts receipts on one ledger. What it said was held must be there when the ledger is opened
// again; the ledger lives through all kills of its worker.
//   node scripts/soak/store-kills.ts [--runs 1000] [--seed N] [--tenth]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Head } from '../../src/receipts/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'

const WRITER = resolve(import.meta.dirname, '../../test/src/storage/sqlite/writer-process.ts')
const SESSIONS = 16

await campaign({ name: 'kill -9 of a ledger that accepts receipts', runs: 1_000, tenth: 300 }, async (run) => {
  let next = run.from
  let acknowledged = 0
  const ledgers = Array.from({ length: Math.max(2, availableParallelism()) }, (_, at) =>
    join(run.folder, `${at}.sqlite`),
  )
  await Promise.all(
    ledgers.map(async (path) => {
      const held = new Map<string, bigint>()
      while (next < run.from + run.runs) {
        const index = next++
        acknowledged += await killOnce(run, index, path, held)
        if ((index + 1) % 100 === 0) run.say(`${index + 1} kills, ${acknowledged} receipts held`)
      }
    }),
  )
  return `${run.runs} kills, ${acknowledged} receipts held before them, 0 lost`
})

/** Resolves to the receipts that were acknowledged before the kill. */
async function killOnce(run: Run, index: number, path: string, held: Map<string, bigint>): Promise<number> {
  const random = run.random(index)
  const least = 1 + random.below(200)
  const child = spawn(process.execPath, [WRITER, path, String(SESSIONS)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  let count = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [session = '', bytes = ''] = line.split(' ')
    if (session === 'failed') throw new CaseFailure(index, `The writer ended by itself: ${line}`)
    held.set(session, BigInt(bytes))
    count += 1
    // A moment later, so that a group is under way whenever it comes.
    if (count === least) setTimeout(() => child.kill('SIGKILL'), random.below(8))
  })
  await ended
  const ledger = await openLedger({ path })
  await ledger.releaseAll()
  for (const [session, bytes] of held) {
    const receipt = (await ledger.session(session as Head))?.receipt?.bytesServed ?? 0n
    if (receipt < bytes) throw new CaseFailure(index, `${session}: ${bytes} bytes were held, ${receipt} are left.`)
  }
  await ledger.close()
  return count
}
