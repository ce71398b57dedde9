import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ReceiptLedger } from '../../../../src/receipts/index.ts'
import { openLedger, openSponsorLog } from '../../../../src/storage/sqlite/index.ts'
import { createTestLog, MIB } from '../../../behaviours/log-fixture.ts'
import { bitcdn } from '../terminal.ts'

describe('a backup', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-backup-test-'))
  const home = join(folder, 'home')
  const backup = join(folder, 'backup.tar')
  const log = createTestLog({ lines: 4, pricePerGiB: 2n ** 30n })
  let ledger: ReceiptLedger

  /** A seeder's ledger that somebody is writing, with keys and settings beside it. */
  before(async () => {
    mkdirSync(home, { recursive: true })
    await bitcdn(['key', 'new', '--home', home])
    writeFileSync(join(home, 'config.json'), '{"rpc":"https://rpc.example/v3/0123456789abcdef"}', { mode: 0o600 })
    ledger = await openLedger({ path: join(home, 'ledger.sqlite') })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    for (const place of [0, 1]) {
      await ledger.openSession(log.head(place), { contentId: 'c'.repeat(64), holder: null })
      const { bytesServed, signature } = log.receipt(place, MIB)
      await ledger.acceptReceipt(log.head(place), bytesServed, signature)
    }
    await (await openSponsorLog({ path: join(home, 'sponsor-log.sqlite') })).close()
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  const earned = async (): Promise<unknown> => (await bitcdn(['earnings', '--home', home, '--json'])).json()

  it('is one file for its owner alone, made while the ledger is written, without any key', async () => {
    const made = await bitcdn(['backup', backup, '--home', home])
    expect(made.code, made.err).to.equal(0)
    expect(made.out)
      .to.match(/the seeder's ledger: 1 lane with 4 lines/)
      .and.match(/the sponsor's log: 0 lanes/)
    expect(made.out)
      .to.match(/Not in it +keys/)
      .and.match(/key export/)
    expect(statSync(backup).mode & 0o777).to.equal(0o600)
    const bytes = readFileSync(backup, 'latin1')
    expect(bytes).not.to.include(readFileSync(join(home, 'keys/default.key'), 'utf8').trim())
    expect(bytes).not.to.include('0123456789abcdef')
    expect(readdirSync(folder).sort()).to.deep.equal(['backup.tar', 'home'])
  })

  it('opens with tar', () => {
    const names = execFileSync('tar', ['tf', backup], { encoding: 'utf8' }).trim().split('\n')
    expect(names).to.deep.equal(['backup.json', 'ledger.sqlite', 'sponsor-log.sqlite'])
  })

  it('is never written over another file', async () => {
    const again = await bitcdn(['backup', backup, '--home', home])
    expect(again.code).to.equal(7)
    expect(again.err).to.include('not overwritten')
  })

  it('is not put in the place of a ledger that somebody has open', async () => {
    const restored = await bitcdn(['restore', backup, '--home', home])
    expect(restored.code).to.equal(7)
    expect(restored.err).to.match(/open|serves from this ledger/)
    await ledger.close()
  })

  it('comes back: with what was earned, and with what stood there moved aside', async () => {
    const before = await earned()
    const later = await openLedger({ path: join(home, 'ledger.sqlite') })
    const { bytesServed, signature } = log.receipt(0, 2n * MIB)
    await later.acceptReceipt(log.head(0), bytesServed, signature)
    await later.close()
    expect(await earned()).not.to.deep.equal(before)
    const restored = await bitcdn(['restore', backup, '--home', home])
    expect(restored.code, restored.err).to.equal(0)
    expect(restored.out).to.match(/Moved +what stood there to .*ledger\.sqlite\.before-restore-/)
    expect(await earned()).to.deep.equal(before)
  })

  it('serves a new data folder after the disk is gone', async () => {
    const fresh = join(folder, 'fresh')
    const restored = await bitcdn(['restore', backup, '--home', fresh, '--json'])
    expect(restored.code, restored.out).to.equal(0)
    const { out } = await bitcdn(['earnings', '--home', fresh, '--json'])
    expect(JSON.parse(out)).to.include({ receipted: String(2n * MIB) })
  })

  it('replaces a damaged ledger, of which a copy is kept and named', async () => {
    const path = join(home, 'ledger.sqlite')
    const bytes = readFileSync(path)
    bytes.fill(0xee, 4096, 3 * 4096)
    writeFileSync(path, bytes)
    const asked = await bitcdn(['earnings', '--home', home])
    expect(asked.code).to.equal(3)
    expect(asked.err)
      .to.match(/is damaged.*copy is kept at .*ledger\.sqlite\.damaged-/)
      .and.include('bitcdn restore')
    const restored = await bitcdn(['restore', backup, '--home', home])
    expect(restored.code, restored.err).to.equal(0)
    expect((await bitcdn(['earnings', '--home', home])).code).to.equal(0)
    expect(readdirSync(home).filter((name) => name.includes('.damaged-'))).to.have.length.greaterThan(0)
  })

  it('that is damaged, cut off or none is refused before anything is changed', async () => {
    const kept = readFileSync(join(home, 'ledger.sqlite'))
    const bad = join(folder, 'bad.tar')
    const refused = async (why: RegExp): Promise<void> => {
      const { code, err } = await bitcdn(['restore', bad, '--home', home])
      expect(code, err).to.equal(3)
      expect(err).to.match(why)
      expect(readFileSync(join(home, 'ledger.sqlite')).equals(kept)).to.equal(true)
    }
    const whole = readFileSync(backup)
    const flipped = Buffer.from(whole)
    flipped[5_000]! ^= 1
    writeFileSync(bad, flipped)
    await refused(/ledger\.sqlite in it is damaged/)
    truncateSync(bad, 9_000)
    await refused(/ends in the middle/)
    writeFileSync(bad, 'this is no archive at all '.repeat(100))
    await refused(/no archive of BitCDN/)
    rmSync(bad)
    await refused(/no backup at/)
  })

  it('needs something to copy', async () => {
    const nothing = await bitcdn(['backup', join(folder, 'x.tar'), '--home', join(folder, 'nowhere')])
    expect(nothing.code).to.equal(3)
    expect(nothing.err).to.include('nothing to back up')
  })
})
