// Copies of a ledger that is being written: each opens, is whole, and holds every receipt that was held before it was begun.
//   node scripts/soak/backups.ts [--runs 100] [--seed N] [--tenth]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { Head } from '../../src/receipts/index.ts'
import { backupLedger, openLedger } from '../../src/storage/sqlite/index.ts'
import { CaseFailure, campaign } from './campaign.ts'

const WRITER = resolve(import.meta.dirname, '../../test/src/storage/sqlite/writer-process.ts')

await campaign({ name: 'backups of a ledger under load', runs: 100 }, async (run) => {
  const path = join(run.folder, 'ledger.sqlite')
  const writer = spawn(process.execPath, [WRITER, path, '64'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const held = new Map<string, bigint>()
  let receipts = 0
  let failed: string | null = null
  const lines = createInterface({ input: writer.stdout })
  lines.on('line', (line) => {
    const [session = '', bytes = ''] = line.split(' ')
    if (session === 'failed') failed = line
    else held.set(session, BigInt(bytes))
    receipts += 1
  })
  await once(lines, 'line')
  try {
    for (let index = run.from; index < run.from + run.runs; index++) {
      const before = new Map(held)
      const to = join(run.folder, `copy-${index}.sqlite`)
      await backupLedger({ path, to })
      const whole = new DatabaseSync(to, { readOnly: true })
      const integrity = whole.prepare('PRAGMA integrity_check(1)').get()?.integrity_check
      whole.close()
      if (integrity !== 'ok') throw new CaseFailure(index, `The copy is damaged: ${integrity}`)
      const copy = await openLedger({ path: to })
      for (const [session, bytes] of before) {
        const copied = (await copy.session(session as Head))?.receipt?.bytesServed ?? 0n
        if (copied < bytes)
          throw new CaseFailure(index, `${session}: ${bytes} were held before, ${copied} are in the copy.`)
      }
      await copy.close()
      for (const ending of ['', '-wal', '-shm', '-owner']) rmSync(`${to}${ending}`, { force: true })
      if (failed !== null) throw new CaseFailure(index, `The writer ended: ${failed}`)
    }
  } finally {
    writer.kill('SIGKILL')
    await once(writer, 'close')
  }
  if (receipts < run.runs) throw new Error(`Only ${receipts} receipts came meanwhile: that is no load.`)
  return `${run.runs} copies while ${receipts} receipts came, all whole, 0 receipts missing`
})
