// A seeder that chooses by itself what to serve: by publisher, by price, within its quota of disk.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Persona, Started } from '../../src/devnet/bed.ts'
import { packageContent, publish } from '../../src/sdk/index.ts'
import { call } from './call.ts'
import { content, openShop, PRICE_PER_GIB, type Shop } from './shop.ts'

const MB = 1_000_000

describe('what a seeder fetches by itself', function () {
  this.timeout(300_000)
  let shop: Shop
  let source: Persona
  const contents = new Map<string, { id: string; length: number }>()

  before(async () => {
    shop = await openShop({ bytes: MB, seeders: 0, reserve: 0n })
    source = await shop.bed.persona('source')
    const other = await shop.bed.persona('other')
    const torrents: string[] = []
    const tier = { price: 1n, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 0, transferable: true }
    for (const [name, publisher, factor, length] of [
      ['cheap', shop.creator, 2n, 3 * MB],
      ['fair', shop.creator, 3n, 3 * MB],
      ['dear', shop.creator, 5n, 4 * MB],
      ['foreign', other, 4n, 2 * MB],
    ] as const) {
      const file = join(shop.bed.folder, `${name}.bin`)
      writeFileSync(file, content(length).fill(name, 0, 100))
      const packaged = await packageContent(file)
      const torrent = join(shop.bed.folder, `${name}.torrent`)
      writeFileSync(torrent, packaged.torrent)
      torrents.push(torrent)
      await publish(publisher.chain, packaged, {
        pricePerGiB: PRICE_PER_GIB * factor,
        deliveryBps: 2_000,
        tiers: [tier],
      })
      contents.set(packaged.metainfo.contentId, { id: name, length })
    }
    const flags = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-claim', ...shop.peers, ...shop.bed.chainFlags()]
    await shop.bed.start(source, 'source', [...['seed', ...torrents, '--data', shop.bed.folder, '--free', ...flags]])
  })
  after(() => shop?.close())

  const start = (who: Persona, ...more: string[]): Promise<Started> =>
    shop.bed.start(who, who.name, [
      ...['seed', '--listen', '/ip4/127.0.0.1/tcp/0', '--no-claim', '--free', ...shop.peers],
      ...[...shop.bed.chainFlags(), ...more],
    ])
  const record = (who: Persona) =>
    JSON.parse(readFileSync(join(who.home, 'run/seed.json'), 'utf8')).details as {
      contents: { contentId: string; data: string }[]
    }
  const served = (who: Persona): string[] =>
    record(who)
      .contents.map(({ contentId }) => contents.get(contentId)?.id ?? contentId)
      .sort()
  const onDisk = (who: Persona): number => {
    const library = join(who.home, 'library')
    return readdirSync(library, { recursive: true, encoding: 'utf8' })
      .map((name) => join(library, name))
      .filter((path) => !path.endsWith('.torrent') && existsSync(path) && statSync(path).isFile())
      .reduce((sum, path) => sum + statSync(path).size, 0)
  }
  async function until(what: string, done: () => boolean, each: () => void = () => undefined): Promise<void> {
    const deadline = performance.now() + 120_000
    while (!done()) {
      each()
      if (performance.now() > deadline) throw new Error(`not yet: ${what}`)
      await new Promise((settle) => setTimeout(settle, 100))
    }
  }

  it('is what a publisher published and nothing of others; a restart holds it at once', async () => {
    const who = await shop.bed.persona('follower')
    const chosen = ['--seed-publisher', shop.creator.address, '--disk-quota', '100MB']
    const first = await start(who, ...chosen)
    await until('three contents', () => served(who).length === 3)
    expect(served(who)).to.deep.equal(['cheap', 'dear', 'fair'])
    await first.program.stop()
    const again = await start(who, ...chosen)
    expect(
      (again.ready.contents as { verifiedBytes: number }[]).map(({ verifiedBytes }) => verifiedBytes),
    ).to.have.members([3 * MB, 3 * MB, 4 * MB])
    await again.program.stop()
  })

  it('never takes more disk than its quota, and holds what pays most', async () => {
    const who = await shop.bed.persona('small')
    let most = 0
    const look = (): void => {
      most = Math.max(most, existsSync(join(who.home, 'library')) ? onDisk(who) : 0)
    }
    const cheap = await start(who, '--seed-publisher', shop.creator.address, '--disk-quota', '3500kB')
    await until('one content', () => served(who).length === 1, look)
    expect(served(who), 'dear does not fit').to.deep.equal(['fair'])
    expect(most).to.be.at.most(3_500_000)
    await cheap.program.stop()
    most = 0
    const all = await start(who, '--seed-price', '0.1', '--disk-quota', '6500kB')
    await until('dear and foreign', () => String(served(who)) === 'dear,foreign', look)
    expect(most).to.be.at.most(6_500_000)
    expect(onDisk(who)).to.equal(6 * MB)
    await all.program.stop()
    const less = await start(who, '--seed-price', '0.1', '--disk-quota', '4MB')
    expect(served(who), 'a smaller quota').to.deep.equal(['dear'])
    expect(onDisk(who)).to.equal(4 * MB)
    await less.program.stop()
  })

  it('is nothing that is denied: what was fetched is deleted', async () => {
    const who = await shop.bed.persona('wary')
    const never = join(shop.bed.folder, 'never.txt')
    const dear = [...contents].find(([, { id }]) => id === 'dear')?.[0]
    writeFileSync(never, `${dear}\n`)
    const { program } = await start(who, '--seed-price', '0.15', '--disk-quota', '100MB', '--deny', never)
    await until('two contents', () => served(who).length === 2)
    expect(served(who)).to.deep.equal(['fair', 'foreign'])
    await program.stop()
    writeFileSync(never, [...contents.keys()].join('\n'))
    const none = await start(who, '--seed-price', '0.15', '--disk-quota', '100MB', '--deny', never)
    expect(served(who)).to.deep.equal([])
    expect(onDisk(who)).to.equal(0)
    await none.program.stop()
  })

  it('has to be said in full', async () => {
    const home = join(shop.bed.folder, 'none')
    const flags = ['--home', home, '--key', join(source.home, 'keys/default.key'), ...shop.bed.chainFlags()]
    for (const [args, words] of [
      [['seed'], 'Nothing says what to serve'],
      [['seed', '--seed-price', '1'], '--disk-quota'],
      [['seed', shop.torrent, '--disk-quota', '5GB'], 'nothing is'],
    ] as const) {
      const { code, err } = await call([...args, ...flags])
      expect(code, err).to.equal(2)
      expect(err).to.include(words)
    }
  })
})
