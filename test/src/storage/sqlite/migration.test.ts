import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { amountFor } from '../../../../src/receipts/index.ts'
import { LEDGER_MIGRATIONS } from '../../../../src/storage/ledger/migrations.ts'
import { openLedger } from '../../../../src/storage/sqlite/index.ts'
import { LEDGER_ID } from '../../../../src/storage/sqlite/ledger.ts'
import { createTestLog, MIB, type TestLog } from '../../../behaviours/log-fixture.ts'

const blob = (hex: string) => Buffer.from(hex.slice(2), 'hex')

describe('A ledger file of the first version', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-migration-'))
  const first = join(folder, 'first.sqlite')
  const log = createTestLog({ lines: 4 })

  before(() => writeFirstVersion(first, log))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('keeps its lines, receipts and what was paid in the newest one', async () => {
    const path = join(folder, 'kept.sqlite')
    copyFileSync(first, path)
    const ledger = await openLedger({ path })
    const known = await ledger.laneLog(log.lane)
    expect(known?.settled).to.equal(log.head(1))
    expect(
      known?.sessions.map(({ contentId, served, receipt }) => [contentId, served, receipt?.bytesServed]),
    ).to.deep.equal([
      ['c1', 3n * MIB, 2n * MIB],
      ['c2', 0n, undefined],
      [null, 0n, undefined],
    ])
    expect(known?.sessions[0]?.receipt).to.deep.equal(log.receipt(1, 2n * MIB))
    const earnings = await ledger.earnings()
    expect(earnings.receipted).to.equal(amountFor([2n * MIB], log.lane.pricePerGiB))
    expect(earnings.served).to.equal(amountFor([MIB], log.lane.pricePerGiB))
    expect(earnings.paid).to.equal(77n)
    expect((await ledger.earnings({ contentId: 'c0' })).paid).to.equal(70n)
    await ledger.markSettled(log.lane, log.head(2), 5n)
    expect((await ledger.earnings()).paid).to.equal(82n)
    const { lines } = await ledger.statement({ by: 'day' })
    // nobody wrote down then on which day it was
    expect(lines.at(-1)).to.deep.equal({
      key: null,
      earnings: { served: 0n, receipted: 0n, vouchered: 0n, submitted: 0n, paid: 77n },
    })
    const today = new Date().toISOString().slice(0, 10)
    expect(lines.find(({ key }) => key === today)?.earnings.paid).to.equal(5n)
    await ledger.close()
  })
})

function writeFirstVersion(path: string, log: TestLog): void {
  const database = new DatabaseSync(path)
  database.exec(LEDGER_MIGRATIONS[0] as string)
  database.exec(`PRAGMA application_id = ${LEDGER_ID}; PRAGMA user_version = 1; PRAGMA journal_mode = WAL`)
  const { sponsor, seeder, lane, pricePerGiB } = log.lane
  database
    .prepare(
      `INSERT INTO lanes (id, sponsor, seeder, lane, price, settled, settled_place, tip, length) VALUES (1, ?, ?, ?, ?, ?, 1, ?, 4)`,
    )
    .run(blob(sponsor), blob(seeder), String(lane), String(pricePerGiB), blob(log.head(1)), blob(log.head(4)))
  const line = database.prepare(
    `INSERT INTO sessions (id, lane_id, place, session, next, session_key, max_bytes, state, content_id, created)
     VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, 5)`,
  )
  const contents = ['c0', 'c1', 'c2', null]
  const states = ['settled', 'open', 'open', 'unused']
  for (const [place, { session, next, line: each }] of log.lines.entries()) {
    const about = [states[place] as string, contents[place] as string | null] as const
    line.run(place + 10, place, blob(session), blob(next), blob(each.sessionKey), Number(each.maxBytes), ...about)
  }
  const progress = database.prepare('INSERT INTO progress VALUES (?, ?, ?, ?, 6)')
  progress.run(10, Number(MIB), Number(MIB), blob(log.receipt(0, MIB).signature))
  progress.run(11, Number(3n * MIB), Number(2n * MIB), blob(log.receipt(1, 2n * MIB).signature))
  database.exec(`INSERT INTO paid VALUES (1, 'c0', '70'), (1, '', '7')`)
  database.close()
}
