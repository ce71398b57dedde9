import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseKey } from '../../../src/cli/keys.ts'
import { bitcdn } from './terminal.ts'

describe('bitcdn key', () => {
  const home = mkdtempSync(join(tmpdir(), 'bitcdn-key-'))
  after(() => rmSync(home, { recursive: true, force: true }))

  it('makes a key that only its owner may read, and shows its address again', async () => {
    const made = await bitcdn(['key', 'new', '--home', home, '--json'])
    expect(made.code).to.equal(0)
    const { address, path } = made.json() as { address: string; path: string }
    expect(address).to.match(/^0x[0-9a-fA-F]{40}$/)
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    expect((await bitcdn(['key', 'show', '--home', home])).out).to.equal(address)
    expect(made.out).not.to.include(readFileSync(path, 'utf8').trim())
  })

  it('never overwrites a key', async () => {
    const before = readFileSync(join(home, 'keys/default.key'), 'utf8')
    const again = await bitcdn(['key', 'new', '--home', home])
    expect(again.code).to.equal(2)
    expect(again.err).to.include('not overwritten')
    expect(readFileSync(join(home, 'keys/default.key'), 'utf8')).to.equal(before)
  })

  it('refuses a key file that others may read, and says how to mend it', async () => {
    const path = join(home, 'keys/default.key')
    chmodSync(path, 0o644)
    const shown = await bitcdn(['key', 'show', '--home', home])
    expect(shown.code).to.equal(3)
    expect(shown.err).to.include(`chmod 600 ${path}`)
    chmodSync(path, 0o600)
  })

  it('says how to make a key where there is none', async () => {
    const shown = await bitcdn(['key', 'show', 'nobody', '--home', home])
    expect(shown.code).to.equal(3)
    expect(shown.err).to.include('bitcdn key new nobody')
  })

  it('does not repeat what it could not read as a key', () => {
    const secret = 'correct horse battery staple'
    expect(() => parseKey(secret, 'Standard input'))
      .to.throw()
      .with.property('message')
      .that.does.not.include(secret)
  })
})

describe('settings', () => {
  const home = mkdtempSync(join(tmpdir(), 'bitcdn-settings-'))
  after(() => rmSync(home, { recursive: true, force: true }))

  it('name the flag, the variable and the file for what is missing', async () => {
    await bitcdn(['key', 'new', '--home', home])
    const ran = await bitcdn(['deposit', '1', '--home', home])
    expect(ran.code).to.equal(2)
    for (const way of ['--rpc', 'BITCDN_RPC', 'config.json']) expect(ran.err).to.include(way)
  })

  it('end with one sentence where no folder can be made, and do not try for ever', async function () {
    if (process.platform !== 'linux') this.skip()
    for (const place of ['/proc/bitcdn/home', '/dev/null/home']) {
      const made = await bitcdn(['key', 'new', '--home', place])
      expect(made.code).to.equal(4)
      expect(made.err).to.include('cannot be made')
    }
  })

  it('take the data folder from the environment, and a flag before it', async () => {
    const other = join(home, 'other')
    const made = await bitcdn(['key', 'new', '--json', '--home', other], { BITCDN_HOME: home })
    expect((made.json() as { path: string }).path).to.equal(join(other, 'keys/default.key'))
    const shown = await bitcdn(['status', '--json'], { BITCDN_HOME: other })
    expect(shown.json().home).to.equal(other)
  })

  it('warn where others can read what they carry, and repeat nothing of it', async () => {
    const place = join(home, 'guarded')
    await bitcdn(['key', 'new', '--home', place])
    const path = join(place, 'config.json')
    writeFileSync(path, JSON.stringify({ rpc: 'http://127.0.0.1:1/v3/canary-0123456789' }), { mode: 0o644 })
    const registry = ['--registry', `0x${'ab'.repeat(20)}`, '--home', place]
    const open = await bitcdn(['status', ...registry])
    expect(open.err)
      .to.match(/"rpc" seems to carry a key.*config\.json/)
      .and.include('chmod 600')
    chmodSync(path, 0o600)
    const closed = await bitcdn(['status', ...registry])
    expect(closed.err).not.to.include('Warning')
    const told = await bitcdn(['status', ...registry, '--rpc', 'http://127.0.0.1:1/v3/canary-0123456789'])
    expect(told.err).to.include('can read command lines')
    for (const { out, err } of [open, closed, told]) expect(out + err).not.to.include('canary')
  })
})
