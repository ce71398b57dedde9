// 64 sessions at once while another process copies the ledger, folds its log and asks for earnings, over and over: nothing is
// refused, nothing is lost. States how long a receipt waits until it is held.
//   node scripts/soak/busy.ts [--runs SECONDS] [--seed N] [--tenth]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createTestLog } from '../../test/behaviours/log-fixture.ts'
import { campaign } from './campaign.ts'

const DISTURBER = resolve(import.meta.dirname, 'disk/disturber.ts')
const SESSIONS = 64

await campaign({ name: 'a ledger that others keep busy', runs: 60 }, async (run) => {
  const path = join(run.folder, 'ledger.sqlite')
  const ledger = await openLedger({ path })
  await ledger.releaseAll()
  const log = createTestLog({ lines: SESSIONS })
  await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
  const disturber = spawn(process.execPath, [DISTURBER, path, run.folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  disturber.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await once(disturber.stdout, 'data')
  const until = performance.now() + run.runs * 1_000
  const waits: number[] = []
  const held = new Array<bigint>(SESSIONS).fill(0n)
  await Promise.all(
    log.lines.map(async ({ session }, place) => {
      await ledger.openSession(session, { contentId: 'c', holder: null })
      for (let bytes = 1n; performance.now() < until; bytes++) {
        const { signature } = log.receipt(place, bytes)
        const begun = performance.now()
        held[place] = await ledger.acceptReceipt(session, bytes, signature)
        waits.push(performance.now() - begun)
      }
    }),
  )
  disturber.kill('SIGTERM')
  const [code] = await once(disturber, 'close')
  if (code !== 0) throw new Error(`The disturber ended with ${code}.`)
  const rounds = said.trim().split('\n').length
  await ledger.close()
  const again = await openLedger({ path })
  for (const [place, { session }] of log.lines.entries()) {
    const stored = (await again.session(session))?.receipt?.bytesServed ?? 0n
    if (stored !== held[place]) throw new Error(`${session}: ${held[place]} held, ${stored} stored.`)
  }
  await again.close()
  waits.sort((a, b) => a - b)
  const at = (part: number): string => waits[Math.floor(waits.length * part)]!.toFixed(1)
  return `${waits.length} receipts of ${SESSIONS} sessions beside ${rounds} rounds of copy, checkpoint and earnings: 0 lost, 0 refused; held after ${at(0.5)} ms (p50), ${at(0.99)} ms (p99), ${at(0.9999)} ms (p99.99)`
})
