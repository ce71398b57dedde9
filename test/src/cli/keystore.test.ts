import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { decryptKey } from '../../../src/cli/keystore.ts'
import { call } from '../../faults/call.ts'
import { atTerminal } from './at-terminal.ts'
import { bitcdn } from './terminal.ts'
import { SECRET_OF_VECTORS, VECTORS } from './web3-secret-storage.ts'

const PASSWORD = 'correct horse battery staple'

describe('an encrypted key', function () {
  this.timeout(60_000)
  const home = mkdtempSync(join(tmpdir(), 'bitcdn-keystore-'))
  const file = (name: string, content: string): string => {
    const path = join(home, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const password = file('password', `${PASSWORD}\nwhat follows the first line is no part of it\n`)
  const wrong = file('wrong', 'correct horse battery stable\n')
  const run = (...argv: string[]) => bitcdn([...argv, '--home', home])
  after(() => rmSync(home, { recursive: true, force: true }))

  it('is a keystore that another wallet opens, with nothing of the key beside it', async () => {
    const made = (await run('key', 'new', 'sealed', '--password-file', password, '--json')).json()
    expect(made.encrypted).to.equal(true)
    const path = String(made.path)
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    const content = readFileSync(path, 'utf8')
    const wallet = await Wallet.fromEncryptedJson(content, PASSWORD)
    expect(wallet.address).to.equal(made.address)
    expect(content).not.to.include(wallet.privateKey.slice(2))
    expect(JSON.parse(content)).to.have.property('version', 3)
  })

  it('shows its address without the password', async () => {
    const shown = await run('key', 'show', 'sealed')
    expect(shown.out).to.match(/^0x[0-9a-fA-F]{40}$/)
  })

  it('opens with its password alone: another one is a clear refusal with a code of its own', async () => {
    const refused = await run('key', 'export', 'sealed', '--password-file', wrong)
    expect(refused.code).to.equal(7)
    expect(refused.err).to.match(/password does not open the key/)
    const json = await run('key', 'export', 'sealed', '--password-file', wrong, '--json')
    expect((json.json().error as { code: string }).code).to.equal('wrong-password')
    for (const { out, err } of [refused, json]) expect(out + err).not.to.include('battery')
    const unasked = await run('key', 'export', 'sealed')
    expect(unasked.code).to.equal(2)
    expect(unasked.err).to.include('--password-file')
  })

  it('is exported as it is, or as hex digits where that is asked for', async () => {
    const copy = join(home, 'copy.json')
    expect((await run('key', 'export', 'sealed', '-o', copy, '--password-file', password)).code).to.equal(0)
    expect(readFileSync(copy, 'utf8')).to.equal(readFileSync(join(home, 'keys/sealed.key'), 'utf8'))
    expect(statSync(copy).mode & 0o777).to.equal(0o600)
    const again = await run('key', 'export', 'sealed', '-o', copy, '--password-file', password)
    expect(again.code).to.equal(2)
    expect(again.err).to.include('not overwritten')
    const { out } = await run('key', 'export', 'sealed', '--plain', '--password-file', password)
    expect(new Wallet(out).address).to.equal((await run('key', 'show', 'sealed')).out)
  })

  it('changes its password, and is the same key', async () => {
    const other = file('other', 'a much better one')
    const changed = await run(
      ...['key', 'change-password', 'sealed', '--password-file', password, '--new-password-file', other],
    )
    expect(changed.code, changed.err).to.equal(0)
    expect((await run('key', 'export', 'sealed', '--password-file', password)).code).to.equal(7)
    const { out } = await run('key', 'export', 'sealed', '--plain', '--password-file', other)
    expect(new Wallet(out).address).to.equal((await run('key', 'show', 'sealed')).out)
    await run('key', 'change-password', 'sealed', '--password-file', other, '--remove')
    expect(readFileSync(join(home, 'keys/sealed.key'), 'utf8').trim()).to.equal(out)
    expect(statSync(join(home, 'keys/sealed.key')).mode & 0o777).to.equal(0o600)
  })

  it('that was not encrypted at first becomes so, and its copies are encrypted in any case', async () => {
    await run('key', 'new', 'bare')
    const { out: hex } = await run('key', 'export', 'bare', '--plain')
    const { out: copy } = await run('key', 'export', 'bare', '--password-file', password)
    expect((await Wallet.fromEncryptedJson(copy, PASSWORD)).privateKey.slice(2)).to.equal(hex)
    expect((await run('key', 'export', 'bare')).err).to.include('--plain')
    await run('key', 'change-password', 'bare', '--new-password-file', password)
    const wallet = await Wallet.fromEncryptedJson(readFileSync(join(home, 'keys/bare.key'), 'utf8'), PASSWORD)
    expect(wallet.privateKey.slice(2)).to.equal(hex)
  })

  it('is taken over from another wallet, whose password stays its password', async () => {
    const wallet = Wallet.createRandom()
    const keystore = file('theirs.json', await wallet.encrypt(PASSWORD))
    const from = (name: string, passwordFile: string) =>
      call(['key', 'import', name, '--home', home, '--password-file', passwordFile], { input: keystore })
    expect((await from('theirs', wrong)).code).to.equal(7)
    const taken = await from('theirs', password)
    expect(taken.code, taken.err).to.equal(0)
    expect(taken.out).to.include(wallet.address)
    const { out } = await run('key', 'export', 'theirs', '--plain', '--password-file', password)
    expect(`0x${out}`).to.equal(wallet.privateKey)
  })

  for (const [name, vector] of Object.entries(VECTORS)) {
    it(`of the published test vector opens: ${name}`, async () => {
      expect(await decryptKey(JSON.stringify(vector), 'testpassword', name)).to.equal(SECRET_OF_VECTORS)
    })
  }

  it('is refused where others may read it or its password, and where it is no keystore', async () => {
    await run('key', 'new', 'open', '--password-file', password)
    chmodSync(join(home, 'keys/open.key'), 0o640)
    expect((await run('key', 'export', 'open', '--password-file', password)).err).to.include('chmod 600')
    chmodSync(join(home, 'keys/open.key'), 0o600)
    chmodSync(password, 0o604)
    const seen = await run('key', 'export', 'open', '--password-file', password)
    expect(seen.code).to.equal(3)
    expect(seen.err).to.match(/Others may read the password file .*mode 604/)
    chmodSync(password, 0o600)
    file('keys/odd.key', '{"version":1}')
    const odd = await run('key', 'export', 'odd', '--password-file', password)
    expect(odd.code).to.equal(3)
    expect(odd.err).to.include('no keystore of version 3')
    const empty = file('empty', '\n')
    expect((await run('key', 'new', 'none', '--password-file', empty)).code).to.equal(3)
  })
})

describe('a person at a terminal', function () {
  this.timeout(60_000)
  const home = mkdtempSync(join(tmpdir(), 'bitcdn-terminal-'))
  after(() => rmSync(home, { recursive: true, force: true }))
  before(function () {
    if (process.platform !== 'linux') this.skip() // `script` takes its command differently elsewhere
  })
  const typed = (argv: string[], answers: string[]) => atTerminal([...argv, '--home', home], answers)

  it('is asked for a password twice and sees nothing of it', async () => {
    const { out, code } = await typed(['key', 'new'], [PASSWORD, PASSWORD])
    expect(code, out).to.equal(0)
    expect(out)
      .to.include('Password for the key')
      .and.include('The same again')
      .and.match(/Address +0x/)
    expect(out).not.to.include('battery')
    const wallet = await Wallet.fromEncryptedJson(readFileSync(join(home, 'keys/default.key'), 'utf8'), PASSWORD)
    expect(out).to.include(wallet.address)
  })

  it('is asked for the password of a key that is used, and may mistype and correct it', async () => {
    const { out, code } = await typed(['key', 'export', '--plain'], [`${PASSWORD}xy\u007f\u007f`])
    expect(code, out).to.equal(0)
    expect(out).to.match(/^[0-9a-f]{64}$/m)
    const mistaken = await typed(['key', 'export'], ['another'])
    expect(mistaken.code).to.equal(7)
  })

  it('keeps the key unencrypted with an empty answer, and nothing after Ctrl-C or two different answers', async () => {
    expect((await typed(['key', 'new', 'bare'], [''])).code).to.equal(0)
    expect(readFileSync(join(home, 'keys/bare.key'), 'utf8')).to.match(/^[0-9a-f]{64}\n$/)
    expect((await typed(['key', 'new', 'none'], ['one', 'other'])).out).to.include('differ')
    expect((await typed(['key', 'new', 'none'], ['\u0003'])).code).to.equal(130)
    expect(() => statSync(join(home, 'keys/none.key'))).to.throw(/ENOENT/)
  })
})
