// A process that accepts receipts and tells its parent after each one, until somebody kills it or the disk is full.
// Arguments: ledger path, number of sessions, most rounds. Lines on stdout: `session bytes`, or `failed code`.
import { writeSync } from 'node:fs'
import { BitCdnError } from '../../../../src/errors.ts'
import { createSessionKey } from '../../../../src/receipts/index.ts'
import { openLedger } from '../../../../src/storage/sqlite/index.ts'
import { createTestLog } from '../../../behaviours/log-fixture.ts'

const [path = '', sessions = '4', rounds = '1000000'] = process.argv.slice(2)
const ledger = await openLedger({ path })
await ledger.releaseAll()
const log = createTestLog({ sponsor: createSessionKey(), lines: Number(sessions) })
await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())

async function fill(place: number): Promise<void> {
  const { session } = log.lines[place]!
  await ledger.openSession(session, { contentId: 'c', holder: null })
  for (let bytes = 1n; bytes <= BigInt(rounds); bytes++) {
    const { signature } = log.receipt(place, bytes)
    const held = await ledger.acceptReceipt(session, bytes, signature)
    writeSync(1, `${session} ${held}\n`)
  }
}

try {
  await Promise.all(log.lines.map((_, place) => fill(place)))
} catch (error) {
  writeSync(1, `failed ${error instanceof BitCdnError ? error.code : error}\n`)
}
