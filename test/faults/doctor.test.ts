// Each way in which a node earns nothing, brought about for real; the doctor must name it first, and find nothing where
// nothing is wrong.
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { deposit, mintTestUsd, reserve, reserveMany, revokeSigner } from '../../src/chain/index.ts'
import { FINDINGS } from '../../src/cli/doctor/report.ts'
import type { Persona, Started } from '../../src/devnet/bed.ts'
import { createOwner } from '../../src/storage/sqlite/owner.ts'
import { call } from './call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from './shop.ts'

const BYTES = 2_000_000

interface Said {
  readonly code: number
  readonly first: string | undefined
  readonly codes: readonly string[]
  readonly words: string
}

describe('bitcdn doctor', function () {
  this.timeout(180_000)
  let shop: Shop
  let healthy: Persona
  let started: Started
  const seen = new Set<string>()

  before(async () => {
    shop = await openShop({ bytes: BYTES, seeders: 0 })
    healthy = await shop.bed.persona('healthy')
    started = await seed(healthy)
    await reserveFor(healthy)
  })
  after(() => shop?.close())

  const dataOf = ({ name }: Persona): string => join(shop.bed.folder, `${name}.bin`)

  /** A seeder with a monitor, and files of its own. */
  async function seed(who: Persona, ...more: string[]): Promise<Started> {
    cpSync(shop.file, dataOf(who))
    return shop.startSeeder(who, dataOf(who), ['--monitor', '127.0.0.1:0', '--no-claim', ...more])
  }

  async function reserveFor({ address }: Persona, amount = 100_000n): Promise<void> {
    const reservations = [{ seeder: address, lane: 0n, pricePerGiB: PRICE_PER_GIB, amount }]
    await reserveMany(shop.creator.chain, { reservations })
  }

  interface Change {
    /** Instead of the shop's own. */
    readonly flags?: Readonly<Record<string, string>>
    readonly through?: readonly string[]
  }

  async function ask(who: Persona, { flags = {}, through = [] }: Change = {}): Promise<Said> {
    const [, rpc = '', , registry = ''] = shop.bed.chainFlags()
    const named = { '--rpc': rpc, '--registry': registry, '--gateway': shop.gatewayUrl, '--home': who.home, ...flags }
    const ran = await call(['doctor', '--json', '--finality', 'latest', ...Object.entries(named).flat()], { through })
    const { findings } = ran.json() as { findings: { code: string; what: string; costs: string; advice: string }[] }
    expect(findings, ran.out + ran.err).to.be.an('array')
    for (const { what, costs, advice } of findings) expect([what, costs, advice].every((text) => text.length > 10))
    const codes = findings.map(({ code }) => code)
    return { code: ran.code, first: codes[0], codes, words: JSON.stringify(findings, null, 1) }
  }

  /** What the doctor must say first, and whether that stops all earning. */
  function expectFirst(said: Said, finding: (typeof FINDINGS)[number], code = 11): void {
    expect(said.first, said.words).to.equal(finding)
    expect(said.code, said.words).to.equal(code)
    seen.add(finding)
  }

  it('nobody has asked yet: said as no fault', async () => {
    const said = await ask(healthy)
    expectFirst(said, 'nobody-asks', 0)
    expect(said.codes).to.have.length(1)
  })

  it('finds nothing at a healthy node that has delivered', async () => {
    const buyer = await shop.buyer('buyer')
    const got = await call([...shop.get(buyer, join(buyer.home, 'downloads')), '--json', '--no-seed'])
    expect(got.code, got.err + got.out).to.equal(0)
    const said = await ask(healthy)
    expect(said.codes, said.words).to.deep.equal([])
    expect(said.code).to.equal(0)
  })

  it('it is paused, or out of its hours', async () => {
    expect((await call(['pause', 'seed', '--home', healthy.home])).code).to.equal(0)
    expectFirst(await ask(healthy), 'resting', 10)
    expect((await call(['resume', 'seed', '--home', healthy.home])).code).to.equal(0)
    expect((await ask(healthy)).codes).to.deep.equal([])
    const who = await shop.bed.persona('night')
    const hour = new Date().getUTCHours()
    const spans = `${(hour + 2) % 24}:00-${(hour + 3) % 24}:00`
    const { program } = await seed(who, '--hours', spans, '--time-zone', 'UTC')
    await reserveFor(who)
    const resting = await ask(who)
    expectFirst(resting, 'resting', 10)
    expect(resting.words).to.include('only')
    await program.stop()
  })

  it('the chain does not answer', async () => {
    expectFirst(await ask(healthy, { flags: { '--rpc': 'http://127.0.0.1:1' } }), 'chain-unreachable')
  })

  it('another chain than the one meant', async () => {
    expectFirst(await ask(healthy, { flags: { '--chain-id': '1' } }), 'wrong-chain')
  })

  it('no contracts at the address of the registry', async () => {
    expectFirst(await ask(healthy, { flags: { '--registry': healthy.address } }), 'wrong-chain')
  })

  it('the clock is two hours ahead, or behind', async () => {
    for (const offset of ['+2h', '-2h']) {
      const said = await ask(healthy, { through: ['faketime', '-f', offset] })
      expectFirst(said, 'clock-off', 10)
      expect(said.words).to.include(offset === '+2h' ? 'ahead of the gateway' : 'behind the gateway')
    }
  })

  it('the disk is full', async () => {
    const mount = `mount -t tmpfs -o size=8m tmpfs '${healthy.home}' && exec "$@"`
    expectFirst(await ask(healthy, { through: ['unshare', '-rm', 'sh', '-c', mount, 'sh'] }), 'disk-full')
  })

  it('the disk is nearly full', async () => {
    const copy = join(shop.bed.folder, 'copy')
    const home = healthy.home
    const mount = `cp -a '${home}' '${copy}' && mount -t tmpfs -o size=500m tmpfs '${home}' && cp -a '${copy}/.' '${home}' && rm -r '${copy}' && exec "$@"`
    expectFirst(await ask(healthy, { through: ['unshare', '-rm', 'sh', '-c', mount, 'sh'] }), 'disk-nearly-full', 10)
  })

  it('the data folder cannot be written', async () => {
    chmodSync(healthy.home, 0o500)
    const caps = '-dac_override,-dac_read_search'
    const through = process.getuid?.() === 0 ? ['setpriv', `--bounding-set=${caps}`, `--inh-caps=${caps}`] : []
    expectFirst(await ask(healthy, { through }), 'folder-not-writable')
    chmodSync(healthy.home, 0o700)
  })

  it('others may read the key', async () => {
    const path = join(healthy.home, 'keys/default.key')
    chmodSync(path, 0o644)
    expectFirst(await ask(healthy), 'key-refused')
    chmodSync(path, 0o600)
  })

  it('there is no key', async () => {
    expectFirst(await ask(healthy, { flags: { '--key': 'other' } }), 'key-missing')
  })

  it('works for a payout address that has not approved it', async () => {
    expectFirst(await ask(healthy, { flags: { '--payout': shop.creator.address } }), 'no-operator')
  })

  it('the gateway does not answer', async () => {
    expectFirst(await ask(healthy, { flags: { '--gateway': 'http://127.0.0.1:1' } }), 'gateway-unreachable')
  })

  it('the gateway works with contracts of another chain', async () => {
    const other = await openShop({ bytes: 300_000, seeders: 0, reserve: 0n, chainId: 4_242 })
    try {
      const said = await ask(healthy, { flags: { '--gateway': other.gatewayUrl } })
      expectFirst(said, 'gateway-other-chain')
      expect(said.words).to.include('on chain 4242')
    } finally {
      await other.close()
    }
  })

  it('a setting is malformed', async () => {
    const said = await ask(healthy, { flags: { '--registry': '0x12' } })
    expectFirst(said, 'settings-wrong')
    expect(said.words).to.include('--registry')
  })

  it('the program that holds the key does not answer', async () => {
    expectFirst(await ask(healthy, { flags: { '--signer': 'http://127.0.0.1:1' } }), 'signer-unreachable')
  })

  it('the database of the ledger does not answer', async () => {
    const said = await ask(healthy, { flags: { '--ledger': 'postgresql://seeder@127.0.0.1:1/ledger' } })
    expectFirst(said, 'ledger-unavailable')
  })

  it('a list of its own denies what it serves', async () => {
    const who = await shop.bed.persona('denying')
    const never = join(who.home, 'never.txt')
    writeFileSync(never, '')
    const { program } = await seed(who, '--deny', never)
    await reserveFor(who)
    writeFileSync(never, `${shop.packaged.metainfo.contentId}\n`)
    let said = await ask(who)
    while (said.first !== 'content-denied' && said.codes.every((code) => code === 'nobody-asks')) said = await ask(who)
    expectFirst(said, 'content-denied')
    await program.stop()
  })

  it('one of two gateways does not answer: a warning', async () => {
    const flags = { '--gateway': `${shop.gatewayUrl},http://127.0.0.1:1` }
    expectFirst(await ask(healthy, { flags }), 'gateway-unreachable', 10)
  })

  it('files were changed, or are gone', async () => {
    const path = dataOf(healthy)
    writeFileSync(path, 'cut', { flag: 'a' })
    expectFirst(await ask(healthy), 'content-missing')
    rmSync(path)
    expectFirst(await ask(healthy), 'content-missing')
  })

  it('the seeder hangs', async () => {
    await started.program.stop()
    started = await seed(healthy)
    process.kill(started.program.pid, 'SIGSTOP')
    expectFirst(await ask(healthy), 'seeder-unreachable')
    process.kill(started.program.pid, 'SIGCONT')
  })

  it('it is at private addresses alone', async () => {
    const who = await shop.bed.persona('private')
    const torrent = ['seed', shop.torrent, '--data', shop.file, '--listen', '/ip4/127.0.0.1/tcp/0']
    const { program } = await shop.bed.start(who, 'private', [...torrent, ...shop.bed.chainFlags()])
    await reserveFor(who)
    expectFirst(await ask(who), 'private-addresses')
    await program.stop()
  })

  it('a gateway sees it at another address than it announces', async () => {
    const who = await shop.bed.persona('elsewhere')
    const { program } = await seed(who, '--listen', '/ip4/127.0.0.2/tcp/0')
    await reserveFor(who)
    expectFirst(await ask(who), 'seen-elsewhere', 10)
    const net = await call(['doctor', 'net', '--home', who.home, '--gateway', shop.gatewayUrl])
    expect(net.code).to.equal(10)
    expect(net.out).to.match(/^Not reachable: seen from outside as 127\.0\.0\.1\./)
    await program.stop()
  })

  it('net alone: it is reached, from outside too', async () => {
    const net = await call(['doctor', 'net', '--home', healthy.home, '--gateway', shop.gatewayUrl])
    expect(net.out + net.err).to.match(
      /^Reachable directly at \/ip4\/127\.0\.0\.1\/tcp\/\d+\S*: seen from outside as 127\.0\.0\.1\./,
    )
    expect(net.code).to.equal(0)
  })

  it('it asks for more than is paid', async () => {
    const who = await shop.bed.persona('dear')
    const { program } = await seed(who, '--price-per-gib', '0.06')
    expectFirst(await ask(who), 'price-too-high')
    await program.stop()
  })

  it('no gas', async () => {
    const who = await shop.bed.persona('poor', { gas: false })
    const { program } = await seed(who)
    await reserveFor(who)
    expectFirst(await ask(who), 'gas-short')
    await program.stop()
  })

  it('nothing is reserved: a warning while trust lasts', async () => {
    const who = await shop.bed.persona('trusting')
    const { program } = await seed(who)
    expectFirst(await ask(who), 'no-reserve', 10)
    await program.stop()
  })

  it('nothing is reserved, and no trust is left', async () => {
    const who = await shop.bed.persona('wary')
    const { program } = await seed(who, '--trust-windows', '0')
    expectFirst(await ask(who), 'reserve-used-up')
    await program.stop()
  })

  it('who asks is refused', async () => {
    const who = await shop.bed.persona('refusing')
    const { program, ready } = await seed(who)
    await reserveFor(who)
    const [peer = ''] = ready.addresses as string[]
    const payer = await shop.buyer('payer')
    await mintTestUsd(shop.creator.chain, { to: payer.address, amount: 10n })
    await shop.bed.passTime(1)
    await giveGas(payer)
    await deposit(payer.chain, { amount: 10n })
    await reserve(payer.chain, { seeder: who.address, lane: 0n, pricePerGiB: PRICE_PER_GIB, amount: 1n })
    const get = [...shop.get(payer, join(payer.home, 'downloads')), '--pay', 'self', '--peer', peer, '--patience', '2']
    const got = await call([...get, '--json'])
    expect(got.code, got.out + got.err).to.not.equal(0)
    expectFirst(await ask(who), 'lines-refused')
    await program.stop()
  })

  it('the content is published by nobody, or by somebody whose gateway is not named', async () => {
    const who = await shop.bed.persona('unsold')
    const own = join(who.home, 'own.bin')
    writeFileSync(own, Buffer.alloc(300_000, 'own'))
    const torrent = join(who.home, 'own.torrent')
    expect((await call(['torrent', 'make', own, '-o', torrent])).code).to.equal(0)
    const flags = ['--listen', '/ip4/127.0.0.1/tcp/0', ...shop.peers, ...shop.bed.chainFlags()]
    const { program } = await shop.bed.start(who, 'unsold', ['seed', torrent, '--data', own, ...flags])
    await reserveFor(who)
    expectFirst(await ask(who), 'content-not-sold')
    // published, by somebody whose gateway is not named
    const seller = await call(['publish', own, '--home', who.home, '--price', '1', ...shop.bed.chainFlags()])
    expect(seller.code, seller.err + seller.out).to.equal(0)
    expectFirst(await ask(who), 'gateway-lacks-content')
    await program.stop()
  })

  it('another process holds the ledger; nothing runs; the ledger is damaged', async () => {
    await started.program.stop()
    const path = join(healthy.home, 'ledger.sqlite')
    const owner = createOwner(`${path}-owner`)
    owner.take()
    expectFirst(await ask(healthy), 'ledger-held')
    owner.release()
    expectFirst(await ask(healthy), 'seeder-not-running')
    writeFileSync(path, Buffer.alloc(8_192, 'damage'))
    expectFirst(await ask(healthy), 'ledger-damaged')
  })

  it("the gateway's key is being revoked", async () => {
    const who = await shop.bed.persona('revoked')
    const { program } = await seed(who)
    await reserveFor(who)
    await revokeSigner(shop.creator.chain, { key: shop.gatewayKey.address })
    expectFirst(await ask(who), 'gateway-key-revoked')
    await program.stop()
  })

  it('was asked about every fault but that only relays lead to it', () => {
    expect([...FINDINGS].filter((code) => !seen.has(code))).to.deep.equal(['unreachable-outside', 'relay-only'])
  })

  async function giveGas({ address }: Persona): Promise<void> {
    const params = [address, '0xde0b6b3a7640000']
    await fetch(shop.bed.chain.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'hardhat_setBalance', params }),
    })
  }
})
