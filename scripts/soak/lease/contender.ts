// A process that wants to serve: asks for the lease until it gets it, then writes receipts on a session of its own until it
// is stopped or told that it lost the lease. Lines on stdout: `asking`, `serving`, `wrote` once, `lost`, `cut`.
import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from '../../../src/errors.ts'
import type { CompactSignature, Head, ReceiptLedger } from '../../../src/receipts/index.ts'
import { openLedger as openPostgres } from '../../../src/storage/postgres/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'

const [kind, where = '', session, first, signature] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)

async function open(): Promise<ReceiptLedger> {
  for (;;) {
    try {
      return await (kind === 'postgres' ? openPostgres({ url: where }) : openLedger({ path: where }))
    } catch (error) {
      if (!hasCode(error, 'database-unreachable') && !hasCode(error, 'refused')) throw error
      await delay(20)
    }
  }
}

const ledger = await open()
say('asking')
for (;;) {
  try {
    await ledger.releaseAll()
    break
  } catch (error) {
    if (!hasCode(error, 'refused') && !hasCode(error, 'database-unreachable')) throw error
    await delay(20)
  }
}
say('serving')
let wrote = false
for (let bytes = BigInt(first ?? 1); ; bytes++) {
  try {
    await ledger.acceptReceipt(session as Head, bytes, signature as CompactSignature)
    if (!wrote) say('wrote')
    wrote = true
  } catch (error) {
    if (hasCode(error, 'lease-lost') || hasCode(error, 'refused')) break
    if (!hasCode(error, 'database-unreachable')) throw error
    say('cut')
  }
  await delay(2)
}
say('lost')
