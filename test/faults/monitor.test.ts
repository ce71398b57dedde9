import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readCredit } from '../../src/chain/index.ts'
import type { Persona } from '../../src/devnet/bed.ts'
import { atTerminal } from '../src/cli/at-terminal.ts'
import { call } from './call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from './shop.ts'

const BYTES = 16_000_000

describe('what a seeder tells its operator', function () {
  this.timeout(180_000)
  let shop: Shop
  let seeder: Persona
  let url: string

  before(async () => {
    shop = await openShop({ bytes: BYTES, seeders: 0 })
    seeder = await shop.bed.persona('watched')
    const started = await shop.startSeeder(seeder, shop.file, ['--monitor', '127.0.0.1:0', '--no-claim'])
    url = String(started.ready.monitor)
  })
  after(() => shop?.close())

  const get = (path: string): Promise<Response> => fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) })
  const earnings = async () => (await call(['earnings', '--home', seeder.home, '--json'])).json()
  const fresh = () => new Promise((resolve) => setTimeout(resolve, 1_100))

  /** Every sample of one scrape. */
  async function scrape(): Promise<Map<string, number>> {
    const lines = (await (await get('/metrics')).text()).split('\n').filter((line) => line !== '' && line[0] !== '#')
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    )
  }

  it('is healthy and ready, and says so on the address that it names', async () => {
    expect(await (await get('/healthz')).json()).to.deep.equal({ healthy: true })
    const ready = await get('/readyz')
    expect(ready.status).to.equal(200)
    expect(await ready.json()).to.deep.equal({ ready: true, reasons: [] })
    expect((await get('/v1/nothing')).status).to.equal(404)
  })

  it('gives the same five numbers by command, API and metrics, and they are what the download signed', async () => {
    const buyer = await shop.buyer('buyer')
    mkdirSync(join(buyer.home, 'downloads'))
    const ran = await call([...shop.get(buyer, join(buyer.home, 'downloads')), '--json'])
    expect(ran.code, ran.err + ran.out).to.equal(0)
    expect(readFileSync(join(buyer.home, 'downloads/film.bin')).equals(readFileSync(shop.file))).to.equal(true)
    await fresh()
    const owed = String((BigInt(BYTES) * PRICE_PER_GIB) / 2n ** 30n)
    const asked = await earnings()
    expect(asked).to.deep.equal({ served: '0', receipted: owed, vouchered: '0', submitted: '0', paid: '0' })
    expect(await (await get('/v1/earnings')).json()).to.deep.equal(asked)
    const samples = await scrape()
    for (const [state, amount] of Object.entries(asked)) {
      expect(samples.get(`bitcdn_earnings_token_units{state="${state}"}`), state).to.equal(Number(amount))
    }
    expect(samples.get('bitcdn_served_bytes_total')).to.equal(BYTES)
    expect(samples.get('bitcdn_acknowledged_bytes_total')).to.equal(BYTES)
    expect(samples.get('bitcdn_unsigned_bytes')).to.equal(0)
    expect(samples.get('bitcdn_sessions_admitted_total')).to.be.at.least(1)
    expect(samples.get('bitcdn_receipts_total')).to.be.at.least(1)
  })

  it('shows them in "bitcdn top", one line at a time where there is no terminal', async () => {
    const ran = await call(['top', '--home', seeder.home, '--count', '2', '--every', '1s'])
    expect(ran.code, ran.err).to.equal(0)
    const lines = ran.out.trim().split('\n')
    expect(lines).to.have.length(2)
    const toClaim = (Number((await earnings()).receipted) / 1e6).toFixed(6)
    for (const line of lines) expect(line).to.match(new RegExp(`0 sessions .* 0.00 paid  ${toClaim} to claim$`))
    expect(lines[1]).to.include('0 B/s sent')
    const named = await call(['top', '--url', url, '--count', '1', '--json'])
    expect(named.json()).to.deep.include({ earnings: await earnings(), rates: null })
    const none = await call(['top', '--url', 'http://127.0.0.1:1', '--count', '1'])
    expect(none.code).to.equal(5)
    expect(none.err).to.include('--monitor')
  })

  it('shows them in "bitcdn top" as a screen on a terminal', async () => {
    const { code, out } = await atTerminal(['top', '--home', seeder.home, '--count', '1'], [])
    expect(code, out).to.equal(0)
    const [first = '', ...rest] = out.replaceAll('\u001b', '^').split('\n')
    expect(first).to.match(/^\^\[2J\^\[Hbitcdn top .* up /)
    expect(rest.map((line) => line.split(' ')[0])).to.include.members(['Money', 'Traffic', 'Now', 'Downloads'])
  })

  it('splits the same numbers by day, content and payer', async () => {
    const statement = async (...more: string[]) =>
      call(['earnings', '--home', seeder.home, ...more]).then((ran) => {
        expect(ran.code, ran.err + ran.out).to.equal(0)
        return ran
      })
    const asked = await earnings()
    const today = new Date().toISOString().slice(0, 10)
    const keys = { day: today, content: shop.packaged.metainfo.contentId, payer: shop.creator.address }
    for (const [by, key] of Object.entries(keys)) {
      const said = (await statement('--by', by, '--json')).json() as { lines: object[]; total: object }
      expect(said.lines, by).to.deep.equal([{ [by]: key, ...asked }])
      expect(said.total, by).to.deep.equal(asked)
    }
    const coins = (Number(asked.receipted) / 1e6).toFixed(6)
    expect((await statement('--csv', '--from', today, '--to', today)).out.split('\n').slice(0, 2)).to.deep.equal([
      'day,served,receipted,vouchered,submitted,paid',
      `${today},0.00,${coins},0.00,0.00,0.00`,
    ])
    expect((await statement('--csv', '--to', '2020-02-29')).out.trim().split('\n')).to.have.length(1)
    expect((await call(['earnings', '--home', seeder.home, '--from', '2026-02-30'])).code).to.equal(2)
  })

  it('follows the money to the chain', async () => {
    const claim = [
      'claim',
      '--home',
      seeder.home,
      '--json',
      '--gateway',
      shop.gatewayUrl,
      '--no-withdraw',
      '--idle',
      '0',
    ]
    const claimed = await call([...claim, ...shop.bed.chainFlags()])
    expect(claimed.code, claimed.err + claimed.out).to.equal(0)
    await fresh()
    const credit = await readCredit(seeder.chain, seeder.address, { at: 'latest' })
    expect(credit > 0n).to.equal(true)
    expect(await earnings()).to.include({ receipted: '0', paid: String(credit) })
    expect((await scrape()).get('bitcdn_earnings_token_units{state="paid"}')).to.equal(Number(credit))
  })

  it('is not ready while the chain does not answer', async () => {
    await shop.bed.chain.close()
    await fresh()
    const ready = await get('/readyz')
    expect(ready.status).to.equal(503)
    const { reasons } = (await ready.json()) as { reasons: string[] }
    expect(reasons).to.have.length(1)
    expect(reasons[0]).to.match(/^The chain does not answer/)
    expect((await get('/healthz')).status).to.equal(200)
  })
})
