import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { magnetLink } from '../../../../src/content/index.ts'
import { type Origin, startFaultyOrigin, startOrigin } from '../../../swarm/origin.ts'
import { type Swarm, startSwarm } from '../../../swarm/swarm.ts'
import { bitcdn } from '../terminal.ts'

const MIB = 2 ** 20

describe('bitcdn get', () => {
  let swarm: Swarm
  let origin: Origin

  before(async () => {
    swarm = await startSwarm({ bytes: 6 * MIB, seeders: [{ free: true, rate: 64 * 1024 }] })
    origin = await startOrigin(dirname(swarm.content.path), join(swarm.content.folder, 'nginx'))
  })

  after(async () => {
    await origin.stop()
    await swarm.stop()
  })

  let runs = 0
  async function get(what: string, ...more: string[]) {
    const folder = join(swarm.content.folder, `got-${++runs}`)
    const flags = ['-o', folder, '--home', join(folder, '.home'), '--pay', 'none', '--allow-private', '--patience', '2']
    const done = await bitcdn(['get', what, ...flags, '--json', ...more])
    const wanted = await readFile(swarm.content.path)
    const whole = await readFile(join(folder, 'content.bin')).then(
      (got) => got.equals(wanted),
      () => false,
    )
    return { ...done, whole }
  }

  it('takes a content from a web seed', async () => {
    const { code, whole, json } = await get(swarm.content.torrent, '--web-seed', origin.url)
    expect(code).to.equal(0)
    expect(whole).to.equal(true)
    expect(json()).to.include({ bytes: 6 * MIB, receipts: 0, paid: '0' })
  })

  it('takes it from one that a magnet link names, and what it consists of from a peer', async () => {
    const link = magnetLink({ ...swarm.content.metainfo, webSeeds: [`${origin.url}content.bin`] })
    const { code, whole } = await get(link, '--peer', swarm.sources[0] as string)
    expect(code).to.equal(0)
    expect(whole).to.equal(true)
  })

  it('says which web seed it banned, and why nobody is left', async () => {
    const liar = await startFaultyOrigin(dirname(swarm.content.path), { flip: 5 })
    const { code, json } = await get(swarm.content.torrent, '--web-seed', liar.url)
    await liar.stop()
    expect(code).to.equal(8)
    const { message } = json().error as { message: string }
    expect(message).to.match(/127\.0\.0\.1.* sent bytes that are not piece \d/)
  })

  it('remembers its sources: what they brought, and who lied', async () => {
    const liar = await startFaultyOrigin(dirname(swarm.content.path), { flip: 5 })
    const home = join(swarm.content.folder, 'remembering')
    const link = magnetLink({ ...swarm.content.metainfo, webSeeds: [liar.url] })
    const flags = ['--peer', swarm.sources[0] as string, '--web-seed', origin.url, '--home', home]
    expect((await get(link, ...flags)).code).to.equal(0)
    const asked = await liar.sent()
    const known = async (): Promise<{ name: string; bytes: number; blocked: boolean }[]> =>
      (await bitcdn(['peers', '--home', home, '--json'])).json().peers as never
    const peers = await known()
    expect(peers.find(({ name }) => name === liar.url)).to.include({ bytes: 0, blocked: true })
    expect(peers.find(({ name }) => name === origin.url)?.bytes).to.be.within(MIB, 6 * MIB)
    expect((await bitcdn(['peers', '--home', home])).out).to.include('bytes that are not piece')

    expect((await get(link, ...flags)).code).to.equal(0)
    expect(await liar.sent(), 'sent by the liar, the second time').to.equal(asked)
    expect((await bitcdn(['peers', '--home', home, '--forget', liar.url])).code).to.equal(0)
    expect((await known()).map(({ name }) => name)).to.not.include(liar.url)
    expect((await bitcdn(['peers', '--home', home, '--forget', liar.url])).code).to.equal(2)
    await liar.stop()
  })

  it('gives away what it has, from the first piece on and for as long as it is told', async () => {
    const stop = new AbortController()
    const folder = join(swarm.content.folder, 'giver')
    const listen = '/ip4/127.0.0.1/tcp/0'
    const giver = bitcdn(
      [
        ...['get', swarm.content.torrent, '-o', folder, '--home', join(folder, '.home'), '--pay', 'none'],
        ...['--allow-private', '--listen', listen, '--bootstrap', swarm.sources[0] as string, '--json'],
        ...['--web-seed', origin.url, '--seed-for', '1h'],
      ],
      {},
      stop.signal,
    )
    // Another one finds it through the DHT; the seeder that both know is slow.
    const flags = ['--bootstrap', swarm.sources[0] as string, '--no-seed', '--patience', '20']
    const { code, json } = await get(swarm.content.torrent, ...flags)
    stop.abort()
    const given = (await giver).json()
    expect(code).to.equal(0)
    expect(given.sent, 'sent').to.be.greaterThan(3 * MIB)
    expect(json()).to.include({ sent: 0, earned: '0' })
  })

  it('refuses addresses and sizes that are none', async () => {
    for (const flags of [
      ['--web-seed', 'ftp://a.example/'],
      ['--p2p-floor', 'fast'],
      ['--http-budget', '5 parsecs'],
      ['--seed-for', 'ever'],
      ['--limit-down', '0'],
    ]) {
      const { code, json } = await get(swarm.content.torrent, ...flags)
      expect(code, flags.join(' ')).to.equal(2)
      expect((json().error as { message: string }).message).to.include(flags[0])
    }
  })
})
