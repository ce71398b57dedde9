import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { atTerminal } from '../src/cli/at-terminal.ts'
import { call } from './call.ts'
import { openShop, type Shop } from './shop.ts'

describe('bitcdn seed --init', function () {
  this.timeout(180_000)
  let shop: Shop

  before(async () => {
    shop = await openShop({ bytes: 300_000, seeders: 0, reserve: 0n })
  })
  after(() => shop?.close())

  const config = (home: string) =>
    JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')) as Record<string, unknown>
  const flags = () => ['--gateway', shop.gatewayUrl, ...shop.peers, ...shop.bed.chainFlags()]
  const seed = (home: string) => ['seed', '--init', shop.torrent, '--data', shop.file, '--home', home]
  const stopSoon = async (home: string): Promise<void> => {
    while (!existsSync(join(home, 'run/seed.json'))) await new Promise((settle) => setTimeout(settle, 100))
    await new Promise((settle) => setTimeout(settle, 1_500))
    const stopped = await call(['stop', 'seed', '--home', home])
    expect(stopped.code, stopped.err).to.equal(0)
  }

  it('takes flags, keeps them, makes a key and serves; the next start needs none of them', async () => {
    const home = join(shop.bed.folder, 'by-flags')
    const ran = call([...seed(home), ...flags(), '--listen', '/ip4/127.0.0.1/tcp/0', '--no-claim'])
    await stopSoon(home)
    const { code, out, err } = await ran
    expect(code, err).to.equal(0)
    expect(out).to.match(/^Serves {5}film\.bin/m)
    expect(err).to.match(/^Address {4}0x[0-9a-fA-F]{40}/m)
    expect(err, 'the wallet is new').to.match(/^ERROR {4}gas-short$/m)
    expect(err).not.to.include('unreachable')
    expect(statSync(join(home, 'config.json')).mode & 0o777).to.equal(0o600)
    const [, rpc, , registry, , finality] = shop.bed.chainFlags()
    expect(config(home)).to.deep.equal({
      ...{ rpc, registry, finality, gateway: shop.gatewayUrl, bootstrap: shop.peers[1] },
      ...{ allowPrivate: true, listen: '/ip4/127.0.0.1/tcp/0' },
    })
    const again = call(['seed', shop.torrent, '--data', shop.file, '--home', home, '--no-claim'])
    await stopSoon(home)
    expect((await again).code, (await again).err).to.equal(0)
  })

  it('asks five questions on a terminal', async () => {
    const home = join(shop.bed.folder, 'by-questions')
    const [, rpc = '', , registry = ''] = shop.bed.chainFlags()
    const answers = [rpc, registry, shop.gatewayUrl, String(shop.peers[1]), '', '']
    const more = ['--listen', '/ip4/127.0.0.1/tcp/0', '--allow-private', '--finality', 'latest', '--no-claim']
    const ran = atTerminal([...seed(home), ...more], answers)
    await stopSoon(home)
    const { code, out } = await ran
    expect(code, out).to.equal(0)
    const questions = ['JSON-RPC address', 'ContentRegistry', 'gateway', 'peer to start from', 'router', 'Password']
    const places = questions.map((words) => out.indexOf(words))
    expect(places, out).to.deep.equal([...places].sort((a, b) => a - b))
    expect(places[0]).to.be.at.least(0)
    expect(config(home)).to.include({ rpc, registry, gateway: shop.gatewayUrl, bootstrap: shop.peers[1] })
  })

  it('starts nothing and keeps nothing where something keeps it from earning', async () => {
    const home = join(shop.bed.folder, 'wrong')
    const given = flags()
    given[given.indexOf('--rpc') + 1] = 'http://127.0.0.1:1'
    const { code, err } = await call([...seed(home), ...given])
    expect(code, err).to.equal(11)
    expect(err).to.match(/^ERROR {4}chain-unreachable$/m)
    expect(existsSync(join(home, 'config.json'))).to.equal(false)
    expect(existsSync(join(home, 'config.json.new'))).to.equal(false)
    expect(existsSync(join(home, 'run'))).to.equal(false)
  })

  it('names the flag where nobody can be asked', async () => {
    const { code, err } = await call(seed(join(shop.bed.folder, 'silent')))
    expect(code).to.equal(2)
    expect(err).to.include('--rpc')
  })
})
