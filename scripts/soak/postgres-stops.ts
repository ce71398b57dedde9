// PostgreSQL is stopped at once (no checkpoint, no goodbye) while a ledger in it takes receipts, and started again: what was
// held is there, and the ledger goes on by itself.
//   node scripts/soak/postgres-stops.ts [--runs 200] [--seed N] [--tenth]
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from '../../src/errors.ts'
import { openLedger } from '../../src/storage/postgres/index.ts'
import { createTestLog } from '../../test/behaviours/log-fixture.ts'
import { startPostgres } from '../../test/postgres.ts'
import { CaseFailure, campaign } from './campaign.ts'

const SESSIONS = 32

await campaign({ name: 'PostgreSQL stopped at once under load', runs: 200 }, async (run) => {
  const server = await startPostgres()
  const held = new Array<bigint>(SESSIONS).fill(0n)
  const offered = new Array<bigint>(SESSIONS).fill(0n)
  let receipts = 0
  let failures = 0
  let ending = false
  try {
    const url = await server.createDatabase()
    const ledger = await openLedger({ url })
    await ledger.releaseAll()
    const log = createTestLog({ lines: SESSIONS })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    const work = log.lines.map(async ({ session }, place) => {
      while (!ending) {
        const bytes = (offered[place] ?? 0n) + 1n
        offered[place] = bytes
        try {
          const answer = await ledger.acceptReceipt(session, bytes, log.receipt(place, bytes).signature)
          if (answer > held[place]!) held[place] = answer
          receipts += 1
        } catch (error) {
          if (!hasCode(error, 'database-unreachable')) throw error
          failures += 1
          await delay(5)
        }
      }
    })
    const broken = Promise.all(work)
    broken.catch(() => {})
    for (let index = run.from; index < run.from + run.runs; index++) {
      const before = receipts
      await Promise.race([broken, delay(50 + run.random(index).below(300))])
      await server.stopAtOnce()
      await server.start()
      const fresh = await openLedger({ url })
      const snapshot = [...held]
      for (const [place, { session }] of log.lines.entries()) {
        const stored = (await fresh.session(session))?.receipt?.bytesServed ?? 0n
        if (stored < snapshot[place]! || stored > offered[place]!) {
          throw new CaseFailure(
            index,
            `${session}: ${snapshot[place]} held, ${offered[place]} offered, ${stored} stored.`,
          )
        }
      }
      await fresh.close()
      for (let tries = 0; receipts === before; tries++) {
        if (tries === 600) throw new CaseFailure(index, 'Nothing was accepted for a minute after the server was back.')
        await Promise.race([broken, delay(100)])
      }
      if ((index + 1) % 20 === 0) run.say(`${index + 1} stops, ${receipts} receipts held`)
    }
    ending = true
    await broken
    await ledger.close()
  } finally {
    ending = true
    await server.remove()
  }
  if (failures === 0) throw new Error('No call ever met a server that was gone: that is no load.')
  return `${run.runs} stops, ${receipts} receipts held, 0 lost; ${failures} calls failed with database-unreachable and were repeated`
})
