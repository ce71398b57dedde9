import { expect } from 'chai'
import { parseEther } from 'viem'
import { mintTestUsd } from '../../../../src/chain/index.ts'
import { type Bed, createBed, type Persona } from '../../../../src/devnet/bed.ts'
import { bitcdn, type Ran } from '../terminal.ts'

const SEEDER = '0x90F79bf6EB2c4f870365E785982E1f101E93b906'
const SEVEN_DAYS = 7 * 86_400

describe('money that a sponsor sets aside', function () {
  this.timeout(120_000)
  let bed: Bed
  let sponsor: Persona
  const run = (...argv: string[]): Promise<Ran> => bitcdn([...argv, '--home', sponsor.home, ...bed.chainFlags()])
  const done = async (...argv: string[]): Promise<string> => {
    const { code, out, err } = await run(...argv)
    expect(code, out + err).to.equal(0)
    return out
  }

  before(async () => {
    bed = await createBed()
    sponsor = await bed.persona('sponsor')
    await mintTestUsd(sponsor.chain, { to: sponsor.address, amount: 5_000_000n })
    expect(await sponsor.chain.client.getBalance({ address: sponsor.address })).to.be.greaterThan(parseEther('1'))
  })

  after(() => bed?.close())

  it('is refused where there is none to set aside', async () => {
    for (const argv of [
      ['deposit', '0'],
      ['reserve', SEEDER, '0'],
      ['reserve', SEEDER],
      ['reserve', SEEDER, '1', '--release'],
    ]) {
      expect((await run(...argv)).code, argv.join(' ')).to.equal(2)
    }
    await done('deposit', '0.10')
    const { code, err } = await run('reserve', SEEDER, '0.50')
    expect(code).to.equal(6)
    expect(err)
      .to.match(/has 0\.10 tUSD to reserve, not 0\.50/)
      .and.match(/bitcdn deposit 0\.40/)
    expect((await run('thaw', '0.11')).code).to.equal(6)
    expect((await run('reserve', SEEDER, '--thaw', '0.01')).code).to.equal(6)
  })

  it('comes back: reserves to the pool after seven days, the pool to the wallet after seven more', async () => {
    await done('deposit', '0.90')
    await done('reserve', SEEDER, '0.60')
    expect(await done('status'))
      .to.match(/0\.40 tUSD in the pool/)
      .and.match(/0\.60 tUSD reserved for 1 seeder/)

    expect((await run('withdraw')).err).to.match(/Nothing is thawing/)
    expect(await done('reserve', SEEDER, '--thaw', '0.50')).to.match(
      /Thawing +0\.50 until \d{4}-\d\d-\d\d \d\d:\d\d UTC/,
    )
    const early = await run('reserve', SEEDER, '--release')
    expect(early.code).to.equal(6)
    expect(early.err).to.match(/still thawing: it can be taken from \d{4}-/)
    await bed.passTime(SEVEN_DAYS)
    expect(await done('reserve', SEEDER, '--release')).to.match(/Released +0\.50 tUSD; .* holds 0\.10/)

    expect(await done('thaw', '0.90')).to.match(/Thawing +0\.90 tUSD until/)
    expect(await done('status')).to.match(/0\.90 tUSD of it thawing until/)
    expect((await run('withdraw')).code).to.equal(6)
    await bed.passTime(SEVEN_DAYS)
    expect(await done('withdraw')).to.match(/Withdrawn +0\.90 tUSD to 0x.*; the pool holds 0\.00/)
    expect(await done('status')).to.match(/holds +4\.90 tUSD/)
  })

  it('stays when the thaw is cancelled', async () => {
    await done('deposit', '1')
    await done('thaw', '1')
    expect(await done('thaw', '0')).to.match(/nothing is thawing/)
    expect((await run('withdraw')).err).to.match(/Nothing is thawing/)
  })
})

describe('a command line that Commander refuses', () => {
  it('is one JSON object on standard output with --json', async () => {
    const { code, out } = await bitcdn(['deposit', '--nonsense', '--json'])
    expect(code).to.equal(2)
    expect(JSON.parse(out).error).to.include({ code: 'usage', message: "unknown option '--nonsense'" })
  })
})
