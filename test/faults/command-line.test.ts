import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Persona } from '../../src/devnet/bed.ts'
import { type Called, call } from './call.ts'
import { openShop, type Shop } from './shop.ts'

/** Enough that a download can be interrupted on a fast machine. */
const BYTES = 200_000_000

/** A day, in seconds: how long a pass is valid in this shop. */
const DAY = 86_400

/** One clear sentence, what to do next, the documented code: and nothing that looks like a crash. */
function expectFailure(ran: Called, code: number, words: RegExp): void {
  expect(ran.err, ran.err).to.match(words)
  expect(ran.code, ran.err).to.equal(code)
  expect(ran.err).not.to.match(/unexpected failure|\n\s+at /)
}

describe('each of these fails with one clear sentence and a documented exit code', function () {
  this.timeout(180_000)
  let shop: Shop
  let buyer: Persona
  let folder: string
  const at = (who: Persona, ...args: string[]): string[] => [...args, '--home', who.home, ...shop.bed.chainFlags()]

  before(async () => {
    shop = await openShop({ bytes: BYTES, seeders: 1, duration: DAY })
    buyer = await shop.buyer('buyer')
    folder = join(shop.bed.folder, 'work')
    mkdirSync(folder)
  })

  after(() => shop?.close())

  it('a missing file', async () => {
    const path = join(folder, 'nothing.mkv')
    expectFailure(await call(['torrent', 'make', path, '-o', join(folder, 'x.torrent')]), 3, /no file .*nothing\.mkv/i)
    expectFailure(await call(at(shop.creator, 'publish', path)), 3, /no file .*nothing\.mkv/i)
    expectFailure(await call(at(shop.creator, 'seed', `${path}.torrent`)), 3, /nothing\.mkv\.torrent/)
  })

  it('an unreadable file', async () => {
    const path = join(folder, 'secret.mkv')
    writeFileSync(path, 'secret')
    chmodSync(path, 0)
    // Root reads everything, unless it gives up the right to.
    const caps = '-dac_override,-dac_read_search'
    const through = process.getuid?.() === 0 ? ['setpriv', `--bounding-set=${caps}`, `--inh-caps=${caps}`] : []
    const ran = await call(['torrent', 'make', path, '-o', join(folder, 'x.torrent')], { through })
    expectFailure(ran, 3, /secret\.mkv.*(read|permission)/i)
  })

  it('an empty file', async () => {
    const path = join(folder, 'empty.mkv')
    writeFileSync(path, '')
    expectFailure(await call(at(shop.creator, 'publish', path)), 3, /empty\.mkv is empty/)
  })

  it('a port in use', async () => {
    const { port } = new URL(shop.gatewayUrl)
    const gateway = at(shop.creator, 'gateway', shop.torrent, '--port', port)
    expectFailure(await call(gateway), 4, new RegExp(`Port ${port} .*taken`))
    const seeder = shop.seeders[0]!
    const [taken = ''] = seeder.started.ready.addresses as string[]
    const listen = taken.replace(/\/p2p\/.*/, '')
    const seed = at(shop.creator, 'seed', shop.torrent, '--data', seeder.data, '--listen', listen)
    expectFailure(await call(seed), 4, /in use|taken|already listens/)
  })

  it('an RPC endpoint that nobody answers at', async () => {
    const args = at(buyer, 'pass', 'list')
    args[args.indexOf('--rpc') + 1] = 'http://127.0.0.1:1'
    expectFailure(await call(args), 5, /http:\/\/127\.0\.0\.1:1 does not answer/)
  })

  it('another chain than the one meant', async () => {
    expectFailure(await call(at(buyer, 'pass', 'list', '--chain-id', '1')), 5, /serves chain 31337, not chain 1/)
  })

  it('a gateway for content that another sponsor published, or at an address that is none', async () => {
    const gateway = (...more: string[]): string[] => at(shop.seeders[0]!.persona, 'gateway', shop.torrent, ...more)
    const { creator } = shop
    expectFailure(
      await call(gateway('--port', '0')),
      8,
      new RegExp(`published by ${creator.address}.*\n.*--sponsor ${creator.address}`),
    )
    const own = (...more: string[]): string[] => at(creator, 'gateway', shop.torrent, '--port', '0', ...more)
    expectFailure(await call(own('--public-url', 'foo')), 2, /--public-url must be .*"foo"/)
    expectFailure(await call(own('--host', '192.0.2.1')), 4, /cannot listen on 192\.0\.2\.1/)
  })

  it('a download with nobody to ask', async () => {
    const get = at(buyer, 'get', shop.packaged.metainfo.contentId, '--gateway', shop.gatewayUrl, '--patience', '2')
    expectFailure(await call(get), 8, /No bootstrap peer is set.*\n.*--bootstrap, or a seeder with --peer/)
    expectFailure(await call([...get, '--peer', 'foo']), 2, /--peer must be .*"foo"/)
  })

  it('a download that one pays oneself, with nothing reserved', async () => {
    const started = Date.now()
    const get = [...shop.get(buyer, join(folder, 'self')), '--pay', 'self']
    const { address } = shop.seeders[0]!.persona
    expectFailure(await call(get), 6, new RegExp(`bitcdn reserve ${address} AMOUNT.*\\n.*bitcdn deposit AMOUNT`))
    expect(Date.now() - started).to.be.lessThan(15_000)
  })

  it('no funds', async () => {
    const poor = await shop.bed.persona('poor')
    expectFailure(
      await call(at(poor, 'pass', 'buy', shop.content.pass)),
      6,
      /holds 0\.00 tUSD and needs 5\.00 tUSD: 5\.00 tUSD are missing/,
    )
    const gasless = await shop.bed.persona('gasless', { gas: false })
    expectFailure(await call(at(gasless, 'claim', '--approve', shop.creator.address)), 6, /gas|coin/)
  })

  it('a price above --max-price', async () => {
    const args = ['pass', 'buy', shop.content.pass, '--again', '--max-price', '4.99']
    expectFailure(await call(at(buyer, ...args)), 6, /costs 5\.00 tUSD.*4\.99 tUSD at most/)
    const get = [...shop.get(buyer, folder), '--max-price-per-gib', '0.049', '--patience', '3']
    expectFailure(await call(get), 6, /0\.05 tUSD per GiB.*0\.049 tUSD/)
  })

  it('what would cost money twice, or overwrite what it should read', async () => {
    expectFailure(await call(at(buyer, 'pass', 'buy', shop.content.pass)), 2, /hold pass \d+ .* already/)
    const over = ['publish', shop.file, '-o', shop.file]
    expectFailure(await call(at(await shop.bed.persona('hasty'), ...over)), 3, /no torrent: it is not overwritten/)
    expect(statSync(shop.file).size).to.equal(BYTES)
    expectFailure(await call(at(shop.creator, 'publish', shop.file)), 2, /published .* already/)
    const seeder = shop.seeders[0]!.persona
    expectFailure(await call(at(seeder, 'claim', '--to', `0x${'0'.repeat(40)}`)), 2, /zero address/)
    const slip = seeder.address.replace(/[a-f]/, (letter) => letter.toUpperCase())
    expectFailure(await call(at(seeder, 'claim', '--to', slip)), 2, /checksum/)
    expectFailure(await call(at(seeder, 'claim', '--approve', buyer.address, '--dry-run')), 2, /--dry-run/)
  })

  it('a wallet without a pass', async () => {
    const stranger = await shop.bed.persona('stranger', { gas: false })
    expectFailure(
      await call([...shop.get(stranger, folder), '--patience', '3']),
      7,
      /holds no .*pass.*\n.*bitcdn pass buy [0-9a-f]{64} --relay/i,
    )
  })

  it('an unknown content id', async () => {
    const unknown = 'ab'.repeat(32)
    expectFailure(await call(at(buyer, 'pass', 'buy', unknown)), 8, new RegExp(unknown))
    const get = shop.get(buyer, folder).map((word) => (word === shop.packaged.metainfo.contentId ? unknown : word))
    expectFailure(await call([...get, '--patience', '3']), 8, new RegExp(unknown))
  })

  it('a full disk, and nothing is lost: the download goes on where there is room', async () => {
    const small = join(folder, 'small')
    mkdirSync(small)
    const mount = `mount -t tmpfs -o size=8m tmpfs '${small}' && exec "$@"`
    const through = ['unshare', '-rm', 'sh', '-c', mount, 'sh']
    const full = await call(shop.get(buyer, small), { through })
    expectFailure(full, 4, /no (room|space)|full/i)
    const whole = await call([...shop.get(buyer, join(folder, 'large')), '--json'])
    expect(whole.code, whole.err + whole.out).to.equal(0)
    expect(readFileSync(join(folder, 'large/film.bin')).equals(readFileSync(shop.file))).to.equal(true)
  })

  it('Ctrl-C, and the same command goes on where it stopped', async () => {
    const target = join(folder, 'interrupted')
    let asked = false
    const first = await call([...shop.get(buyer, target), '--events'], {
      onErr: (line, child) => {
        const verified = line.startsWith('{') ? (JSON.parse(line) as { verified?: number }).verified : 0
        if (asked || !verified || verified < 1_000_000) return
        asked = true
        child.kill('SIGINT')
      },
    })
    expect(first.code, first.err).to.equal(130)
    expect(first.err).to.include('interrupted')
    const second = await call([...shop.get(buyer, target), '--json'])
    expect(second.code, second.err + second.out).to.equal(0)
    expect(second.json().bytes)
      .to.be.greaterThan(0)
      .and.lessThan(BYTES - 900_000)
    expect(readFileSync(join(target, 'film.bin')).equals(readFileSync(shop.file))).to.equal(true)
    expect(statSync(join(target, 'film.bin')).size).to.equal(BYTES)
  })

  it('an expired pass', async () => {
    await shop.bed.passTime(DAY + 1)
    rmSync(join(folder, 'large'), { recursive: true })
    expectFailure(
      await call([...shop.get(buyer, join(folder, 'late')), '--patience', '3']),
      7,
      /pass.*(ended|expired)/i,
    )
  })

  it('content that nobody has', async () => {
    await shop.seeders[0]!.started.program.stop()
    expectFailure(await call([...shop.get(buyer, join(folder, 'none')), '--patience', '3']), 8, /Nobody serves/)
  })
})
