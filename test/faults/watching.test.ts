// What operators watch with: metrics as Prometheus' own tool wants them, alert rules that fire and stay quiet, a dashboard
// that asks for what there is.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import type { Persona } from '../../src/devnet/bed.ts'
import { call } from './call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from './shop.ts'

const OPERATE = resolve(import.meta.dirname, '../../docs/operate')
const BYTES = 2_000_000

function promtool(args: readonly string[], input?: string): string {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { cwd: OPERATE, encoding: 'utf8', input })
  if (error !== undefined) {
    throw new Error('This needs promtool: apt-get install --no-install-recommends prometheus', { cause: error })
  }
  expect(status, stdout + stderr).to.equal(0)
  return stdout + stderr
}

describe('what operators watch with', function () {
  this.timeout(180_000)
  let shop: Shop
  let seeder: Persona
  const urls: { seeder: string; gateway: string } = { seeder: '', gateway: '' }

  before(async () => {
    shop = await openShop({ bytes: BYTES, seeders: 0, gatewayFlags: ['--monitor', '127.0.0.1:0'] })
    urls.gateway = String(shop.gateway.ready.monitor)
    seeder = await shop.bed.persona('watched')
    const started = await shop.startSeeder(seeder, shop.file, ['--monitor', '127.0.0.1:0', '--no-claim'])
    urls.seeder = String(started.ready.monitor)
    const buyer = await shop.buyer('buyer')
    mkdirSync(join(buyer.home, 'downloads'))
    const got = await call([...shop.get(buyer, join(buyer.home, 'downloads')), '--json', '--no-seed'])
    expect(got.code, got.err + got.out).to.equal(0)
    const claim = [
      'claim',
      '--home',
      seeder.home,
      '--gateway',
      shop.gatewayUrl,
      '--no-withdraw',
      '--idle',
      '0',
      '--json',
    ]
    const claimed = await call([...claim, ...shop.bed.chainFlags()])
    expect(claimed.code, claimed.err + claimed.out).to.equal(0)
    await new Promise((settle) => setTimeout(settle, 1_100))
  })
  after(() => shop?.close())

  const get = (who: keyof typeof urls, path: string) =>
    fetch(`${urls[who]}${path}`, { signal: AbortSignal.timeout(10_000) })
  const metrics = async (who: keyof typeof urls) => (await get(who, '/metrics')).text()

  for (const who of ['seeder', 'gateway'] as const) {
    it(`the metrics of a ${who} are as promtool wants them`, async () => {
      promtool(['check', 'metrics'], await metrics(who))
    })
  }

  it('the rules are as promtool wants them, fire where they should, and stay quiet beside that', () => {
    promtool(['check', 'rules', 'alerts.yml'])
    promtool(['test', 'rules', 'alerts.test.yml'])
    const rules = [...readFileSync(join(OPERATE, 'alerts.yml'), 'utf8').matchAll(/- alert: (\w+)/g)].map(
      ([, name]) => name,
    )
    const tests = readFileSync(join(OPERATE, 'alerts.test.yml'), 'utf8')
    for (const name of rules) {
      expect(tests, name).to.include(`- name: ${name} fires`)
      expect(tests, name).to.include(`- name: ${name} stays quiet`)
    }
  })

  it('rules and dashboard ask only for metrics that a seeder or a gateway has', async () => {
    const there = new Set(
      [...`${await metrics('seeder')}${await metrics('gateway')}`.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name),
    )
    const dashboard = JSON.parse(readFileSync(join(OPERATE, 'grafana.json'), 'utf8')) as {
      panels: { id: number; title: string; targets: { expr: string }[] }[]
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).to.equal(dashboard.panels.length)
    const asked = [
      readFileSync(join(OPERATE, 'alerts.yml'), 'utf8'),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ].join('\n')
    const names = new Set([...asked.matchAll(/\b(?:bitcdn|process|nodejs)_\w+/g)].map(([name]) => name))
    expect(names.size).to.be.greaterThan(15)
    expect([...names].filter((name) => !there.has(name))).to.deep.equal([])
  })

  it('a gateway counts what it signs, and says whether it can work', async () => {
    expect(await (await get('gateway', '/healthz')).json()).to.deep.equal({ healthy: true })
    const ready = await get('gateway', '/readyz')
    expect(ready.status).to.equal(200)
    expect(await ready.json()).to.deep.equal({ ready: true, reasons: [] })
    const samples = await metrics('gateway')
    const value = (name: string): number => Number(new RegExp(`^${name} (.*)$`, 'm').exec(samples)?.[1])
    expect(value('bitcdn_gateway_sessions_total')).to.be.at.least(1)
    expect(value('bitcdn_gateway_vouchers_total')).to.equal(1)
    const owed = Math.floor((BYTES * Number(PRICE_PER_GIB)) / 2 ** 30)
    expect(value('bitcdn_gateway_vouchered_token_units_total')).to.equal(owed)
    expect(value('bitcdn_gateway_purchases_total')).to.equal(2)
    expect(value('bitcdn_gateway_pool_free_token_units')).to.be.greaterThan(1e6)
    expect(value('bitcdn_gateway_allowance_token_units')).to.equal(5e6 - owed) // nothing is reserved
    expect(value('bitcdn_gateway_relayer_coin_wei')).to.be.greaterThan(9e19)
    expect(value('bitcdn_gateway_requests_total\\{route="/v1/sessions",status="200"\\}')).to.be.at.least(1)
    expect(value('bitcdn_disk_free_bytes')).to.be.greaterThan(0)
    expect(value('bitcdn_ready')).to.equal(1)
    expect(Math.abs(value('bitcdn_clock_seconds') - Date.now() / 1_000)).to.be.lessThan(5)
  })

  it('a gateway is not ready while the chain does not answer, and its metrics are still told', async () => {
    await shop.bed.chain.close()
    await new Promise((settle) => setTimeout(settle, 1_100))
    const ready = await get('gateway', '/readyz')
    expect(ready.status).to.equal(503)
    const { reasons } = (await ready.json()) as { reasons: string[] }
    expect(reasons).to.have.length(1)
    expect(reasons[0]).to.match(/^The chain does not answer/)
    const samples = await metrics('gateway')
    expect(samples).to.match(/^bitcdn_ready 0$/m)
    expect(samples).to.match(/^bitcdn_gateway_vouchers_total 1$/m)
    expect(samples).to.not.match(/^bitcdn_gateway_pool_free_token_units \d/m)
  })
})
