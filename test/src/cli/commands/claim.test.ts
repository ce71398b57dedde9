import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readBalance, readCredit, readSettlements, reserveMany } from '../../../../src/chain/index.ts'
import type { Persona } from '../../../../src/devnet/bed.ts'
import { call } from '../../../faults/call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from '../../../faults/shop.ts'
import { bitcdn, type Ran } from '../terminal.ts'

const BYTES = 64_000_000
const EARNED = (BigInt(BYTES) * PRICE_PER_GIB) / 2n ** 30n

interface Lane {
  readonly decision: string
  readonly reason: string | null
  readonly amount: string
  readonly gas: string
  readonly cost: string | null
}

describe('a seeder that is paid', function () {
  this.timeout(180_000)
  let shop: Shop
  const at = (who: Persona, ...argv: string[]): string[] => [...argv, '--home', who.home, ...shop.bed.chainFlags()]
  const run = (who: Persona, ...argv: string[]): Promise<Ran> => bitcdn(at(who, ...argv))
  const claim = (who: Persona, ...argv: string[]) => run(who, 'claim', '--gateway', shop.gatewayUrl, ...argv)
  const lanes = (ran: Ran): Lane[] => JSON.parse(ran.out).lanes
  const download = async (name: string): Promise<void> => {
    const buyer = await shop.buyer(name)
    const got = await call(shop.get(buyer, join(buyer.home, 'got')))
    expect(got.code, got.err).to.equal(0)
  }

  before(async () => {
    shop = await openShop({ bytes: BYTES, seeders: 1 })
  })
  after(() => shop?.close())

  describe('by hand', () => {
    let seeder: Persona
    before(async () => {
      seeder = shop.seeders[0]!.persona
      await download('first')
    })

    it('hears from a dry run what each lane pays, takes and costs, and nothing is sent', async () => {
      const told = await claim(seeder, '--dry-run', '--all', '--json')
      expect(told.code, told.out).to.equal(0)
      const [lane, ...others] = lanes(told)
      expect(others).to.deep.equal([])
      expect(lane).to.include({ decision: 'send', reason: null, amount: String(EARNED), cost: null })
      expect(Number(lane!.gas)).to.be.within(50_000, 500_000)
      const words = await claim(seeder, '--dry-run', '--all')
      expect(words.out)
        .to.match(/Pays +Takes +Costs/)
        .and.match(/0\.00298 tUSD .* gas .*coin +goes/)
      expect(await seeder.chain.client.getTransactionCount({ address: seeder.address })).to.equal(0)
    })

    it('hears why a lane waits: too little, too dear, or costing more than it pays', async () => {
      const little = await claim(seeder, '--dry-run', '--all', '--min', '1')
      expect(little.out).to.match(/waits: 0\.00298 tUSD are less than the 1\.00 tUSD/)
      const dear = await claim(seeder, '--dry-run', '--all', '--max-gas', '0.001')
      expect(dear.out).to.match(/waits: gas costs [\d.]+ gwei now, more than the 0\.001 gwei allowed/)
      const loss = await claim(seeder, '--all', '--coin-price', '2500')
      expect(loss.code).to.equal(0)
      expect(loss.out)
        .to.match(/Nothing to claim now/)
        .and.match(/Waits +0\.00298 tUSD .*would cost [\d.]+ tUSD in gas/)
      const stopped = await claim(seeder, '--all', '--max-gas', '0.001')
      expect(stopped.code).to.equal(6)
      expect(stopped.err).to.match(/Gas costs [\d.]+ gwei now, more than the 0\.001 gwei allowed: nothing was sent/)
      for (const [flag, value] of [
        ['--min', 'much'],
        ['--max-gas', '-1'],
        ['--coin-price', '1.2345678'],
      ] as const) {
        const wrong = await claim(seeder, flag, value)
        expect(wrong.code, wrong.err).to.equal(2)
        expect(wrong.err).to.include(flag).and.include(value)
      }
      expect(await seeder.chain.client.getTransactionCount({ address: seeder.address })).to.equal(0)
    })

    it('gets it into the wallet', async () => {
      const claimed = await claim(seeder, '--all')
      expect(claimed.code, claimed.err).to.equal(0)
      expect(claimed.out)
        .to.match(/Settled +0\.00298\d* tUSD for 1 receipt, 1 voucher/)
        .and.match(/Withdrawn +0\.00298\d* tUSD to 0x/)
      expect(await readBalance(seeder.chain, seeder.address)).to.equal(EARNED)
      expect((await claim(seeder, '--all')).out).to.equal('Nothing to claim now.')
    })
  })

  describe('by itself', () => {
    it('claims above a threshold, below a price of gas, and never with --no-claim', async () => {
      const { persona: seeder, data } = shop.seeders[0]!
      await shop.seeders[0]!.started.program.stop()
      const start = async (...flags: string[]) => {
        const started = await shop.startSeeder(seeder, data, ['--claim-interval', '1', ...flags])
        shop.seeders[0]!.started = started
        return started
      }
      const sent = () => seeder.chain.client.getTransactionCount({ address: seeder.address })
      const before = await sent()
      const off = await start('--no-claim', '--claim-min', '0.001', '--claim-max-gas', '100')
      await download('second')
      await off.program.stop()
      await (await start('--claim-min', '1', '--claim-max-gas', '100')).program.stop()
      await (await start('--claim-min', '0.001', '--claim-max-gas', '0.001')).program.stop()
      await (await start('--claim-min', '0.001', '--claim-max-gas', '100', '--coin-price', '2500')).program.stop()
      expect(await sent(), 'something was sent although it should wait').to.equal(before)
      await start('--claim-min', '0.001', '--claim-max-gas', '100')
      const paid = async (): Promise<bigint> => readCredit(seeder.chain, seeder.address, { at: 'latest' })
      for (let tries = 0; tries < 200 && (await paid()) === 0n; tries++) await new Promise((ok) => setTimeout(ok, 100))
      expect(await paid()).to.equal(EARNED)
    })
  })

  describe('at an address whose key is not there', () => {
    let hot: Persona
    let cold: Persona
    let data: string

    before(async () => {
      await shop.seeders[0]!.started.program.stop()
      hot = await shop.bed.persona('hot')
      cold = await shop.bed.persona('cold')
      data = join(hot.home, 'content', 'film.bin')
      mkdirSync(join(hot.home, 'content'))
      cpSync(shop.file, data)
      const lane = { seeder: cold.address, lane: 0n, pricePerGiB: PRICE_PER_GIB, amount: 100_000n }
      await reserveMany(shop.creator.chain, { reservations: [lane] })
    })

    it('is refused until that key approves the operator, in words that say how', async () => {
      const seed = at(hot, 'seed', shop.torrent, '--data', data, '--payout', cold.address, '--json')
      const refused = await call(seed)
      expect(refused.code).to.equal(7)
      const { code, message, advice } = refused.json().error as Record<string, string>
      expect(code).to.equal('refused')
      expect(message).to.include(`${hot.address} is no operator of the payout address ${cold.address}`)
      expect(advice).to.include(`bitcdn claim --approve ${hot.address}`)
      const approved = await run(cold, 'claim', '--approve', hot.address)
      expect(approved.out)
        .to.match(/Approved/)
        .and.match(/cannot take money/)
    })

    it('earns through the operator, which settles and cannot withdraw', async () => {
      await shop.startSeeder(hot, data, ['--payout', cold.address])
      await download('third')
      const claimed = await claim(hot, '--all')
      expect(claimed.code, claimed.err).to.equal(0)
      expect(claimed.out)
        .to.match(/Settled +0\.00298/)
        .and.match(new RegExp(`Credited +0\\.00298\\d* tUSD to ${cold.address}`))
      expect(claimed.out).to.include('bitcdn claim --credit')
      expect((await run(hot, 'claim', '--credit')).out).to.include(`Nothing is credited to ${hot.address}`)
      const taken = await run(cold, 'claim', '--credit')
      expect(taken.out).to.match(/Withdrawn +0\.00298/)
      expect(await readBalance(cold.chain, cold.address)).to.equal(EARNED)
      expect(await readBalance(hot.chain, hot.address)).to.equal(0n)
    })

    it('stops claiming through an operator that was revoked', async () => {
      expect((await run(cold, 'claim', '--revoke', hot.address)).out).to.include('may no longer settle')
      const refused = await claim(hot, '--all')
      expect(refused.code).to.equal(7)
      expect(refused.err).to.include('is no operator')
    })
  })

  describe('sees one number everywhere', () => {
    it('in earnings, status and on the chain, after all of the above', async () => {
      const { persona: seeder } = shop.seeders[0]!
      const history = await readSettlements(seeder.chain, { seeder: seeder.address })
      const onChain = history.reduce((sum, { amount }) => sum + amount, 0n)
      expect(onChain).to.equal(2n * EARNED)
      const earnings = (await run(seeder, 'earnings', '--json')).json()
      expect(earnings).to.include({ receipted: '0', vouchered: '0', submitted: '0', paid: String(onChain) })
      const status = (await run(seeder, 'status', '--json')).json() as { earnings: object }
      expect(status.earnings).to.deep.equal(earnings)
      expect((await run(seeder, 'status')).out).to.match(/Earned +0\.00596 tUSD paid, 0\.00 tUSD on their way/)
    })
  })
})
