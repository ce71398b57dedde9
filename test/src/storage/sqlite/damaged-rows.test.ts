// What no look at the file's structure finds: a value that is another one.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { hasCode } from '../../../../src/errors.ts'
import type { ReceiptLedger } from '../../../../src/receipts/index.ts'
import { CHECKED } from '../../../../src/storage/ledger/checked.ts'
import { openLedger } from '../../../../src/storage/sqlite/index.ts'
import { createTestLog, MIB } from '../../../behaviours/log-fixture.ts'

const SESSIONS = ['session', 'next', 'session_key', 'max_bytes', 'place', 'state']

describe('A value that changed on the disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-damaged-'))
  const whole = join(folder, 'whole.sqlite')
  const log = createTestLog({ lines: 6 })
  const other = createTestLog({ lines: 1 })
  const path = join(folder, 'ledger.sqlite')

  before(async () => {
    const ledger = await openLedger({ path: whole })
    for (const each of [log, other]) {
      await ledger.extendLog(each.lane, each.head(0), each.plain(), await each.signed())
    }
    for (let place = 0; place < 5; place++) {
      const { session } = log.lines[place]!
      await ledger.openSession(session, { contentId: 'c1', holder: null })
      await ledger.acceptReceipt(session, MIB, log.receipt(place, MIB).signature)
      await ledger.releaseSession(session, true)
    }
    await ledger.markSettled(log.lane, log.head(1), 1_000n)
    await ledger.saveVoucher(await log.voucher(3, 4, [MIB]))
    await ledger.markSubmitted('0xaa', [{ lane: log.lane, from: log.head(1), to: log.head(2), amount: 9_765n }])
    await ledger.close()
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  it('is nowhere when nothing changed', async () => {
    copyFileSync(whole, path)
    expect(await failure(path)).to.equal(null)
  })

  // a row under another key is a hole, which the look at the structure finds
  const columns = Object.entries(CHECKED).flatMap(([table, { rest }]) => rest.map((one) => [table, one]))
  for (const [table = '', column = ''] of [...columns, ...SESSIONS.map((one) => ['sessions', one])]) {
    it(`is told of with its code: ${table}.${column}`, async () => {
      copyFileSync(whole, path)
      change(path, table, column)
      const reason = await failure(path)
      expect(hasCode(reason, 'file-invalid'), String(reason)).to.equal(true)
      expect(hasCode(reason, 'file-invalid') && reason.advice).to.match(/restore/)
    })
  }

  it('keeps no other lane from being served and settled', async () => {
    copyFileSync(whole, path)
    const database = new DatabaseSync(path)
    database.exec('UPDATE progress SET bytes = bytes - 1 WHERE place = 3')
    database.close()
    const ledger = await openLedger({ path })
    const good = other.receipt(0, MIB)
    const bad = log.receipt(3, 2n * MIB)
    const [held, refused] = await Promise.allSettled([
      ledger.acceptReceipt(good.session, MIB, good.signature),
      ledger.acceptReceipt(bad.session, bad.bytesServed, bad.signature),
    ])
    expect(held).to.deep.equal({ status: 'fulfilled', value: MIB })
    expect(refused.status === 'rejected' && hasCode(refused.reason, 'file-invalid')).to.equal(true)
    await ledger.releaseSession(good.session, true)
    expect((await ledger.settleable(other.lane))?.sessions).to.have.length(1)
    await ledger.close()
  })

  /** The first error of asking for everything that is or leads to an amount. */
  async function failure(file: string): Promise<unknown> {
    let ledger: ReceiptLedger | null = null
    try {
      ledger = await openLedger({ path: file })
      await ledger.earnings()
      await ledger.earnings({ contentId: 'c1' })
      await ledger.statement({ by: 'day' })
      await ledger.submissions()
      const found = await Promise.all([log, other].map(({ lane }) => ledger?.laneLog(lane)))
      expect(found).not.to.include(null)
      await ledger.settleable(log.lane, { from: log.head(3), idleSeconds: 0 })
      for (let place = 0; place < 6; place++) expect(await ledger.session(log.head(place))).not.to.equal(null)
      return null
    } catch (error) {
      return error
    } finally {
      await ledger?.close()
    }
  }
})

/** Another value of the same type in every row that has one, as no command of ours would write it. */
function change(path: string, table: string, column: string): void {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false })
  database.exec('PRAGMA ignore_check_constraints = ON')
  // the name of a settled line stands for no money any more
  const which = table === 'sessions' ? `${column} IS NOT NULL AND state <> 'settled'` : `${column} IS NOT NULL`
  const [row] = database.prepare(`SELECT ${column} AS value FROM ${table} WHERE ${which}`).all()
  const was = row?.value as number | string | Uint8Array
  const other =
    typeof was === 'number' ? was + 7 : typeof was === 'string' ? `${was.slice(0, -1)}7` : was.map((byte) => byte ^ 4)
  const { changes } = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`).run(other, was)
  expect(changes, `${table}.${column}`).to.be.greaterThan(0)
  database.close()
}
