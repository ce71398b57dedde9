import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readAccount, readCredit, settle } from '../../src/chain/index.ts'
import type { Persona } from '../../src/devnet/bed.ts'
import {
  createSessionKey,
  encodeBatch,
  firstHead,
  nextHead,
  signerFromAccount,
  signVoucher,
} from '../../src/receipts/index.ts'
import { type Called, call } from './call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from './shop.ts'

const BYTES = 64_000_000
const WINDOW = 16n * 1024n * 1024n

interface PeerEvent {
  readonly name: string
  readonly bytes: number
}

interface ProgressEvent {
  readonly verified: number
  readonly peers: readonly PeerEvent[]
}

const priceOf = (bytes: bigint): bigint => (bytes * PRICE_PER_GIB) / 2n ** 30n

describe('whatever happens between seeders, sponsors and gateways', function () {
  this.timeout(180_000)
  let shop: Shop
  const as = (who: Persona, ...args: string[]): string[] => [...args, '--home', who.home, '--json']
  const onChain = (who: Persona, ...args: string[]): string[] => [...as(who, ...args), ...shop.bed.chainFlags()]

  afterEach(() => shop?.close())

  /** Downloads; `during` sees every progress event. */
  function download(who: Persona, during: (event: ProgressEvent) => void = () => {}): Promise<Called> {
    return call([...shop.get(who, join(who.home, 'downloads')), '--json', '--events'], {
      onErr: (line) => {
        if (line.startsWith('{')) during(JSON.parse(line) as ProgressEvent)
      },
    })
  }

  function expectWhole(ran: Called, who: Persona): { seeder: string; bytes: bigint }[] {
    expect(ran.code, ran.err + ran.out).to.equal(0)
    expect(readFileSync(join(who.home, 'downloads/film.bin')).equals(readFileSync(shop.file))).to.equal(true)
    const { seeders } = ran.json() as { seeders: { seeder: string; bytes: string }[] }
    return seeders.map(({ seeder, bytes }) => ({ seeder, bytes: BigInt(bytes) }))
  }

  it('a seeder killed in mid-download keeps every receipt that it accepted and is paid for it, and the download completes', async () => {
    shop = await openShop({ bytes: BYTES, seeders: 3 })
    const buyer = await shop.buyer('buyer')
    const [victim] = shop.seeders
    const ending = String(victim!.started.ready.peerId).slice(-6)
    let killed: Promise<void> | undefined
    const signed = expectWhole(
      await download(buyer, ({ peers }) => {
        const served = peers.find(({ name }) => name === ending)?.bytes ?? 0
        if (served > 4_000_000) killed ??= victim!.started.program.kill()
      }),
      buyer,
    )
    expect(killed, 'the seeder was never killed').to.not.equal(undefined)
    await killed
    const promised = signed.find(({ seeder }) => seeder === victim!.persona.address)!.bytes
    expect(promised > 0n && promised < BigInt(BYTES)).to.equal(true)

    await shop.startSeeder(victim!.persona, victim!.data)
    const before = (await call(as(victim!.persona, 'earnings'))).json()
    const accepted = BigInt(String(before.receipted))
    // What was signed and on its way when it died is the one thing that it may not have: less than a window.
    expect(accepted > 0n && accepted <= priceOf(promised)).to.equal(true)
    expect(accepted >= priceOf(promised - WINDOW)).to.equal(true)
    const claimed = await call(
      onChain(victim!.persona, 'claim', '--gateway', shop.gatewayUrl, '--no-withdraw', '--idle', '0'),
    )
    expect(claimed.code, claimed.err + claimed.out).to.equal(0)
    expect(await readCredit(victim!.persona.chain, victim!.persona.address, { at: 'latest' })).to.equal(accepted)
  })

  it('with the gateway dead, seeders settle their raw receipts', async () => {
    shop = await openShop({ bytes: BYTES / 4, seeders: 2 })
    const buyer = await shop.buyer('buyer')
    const signed = expectWhole(await download(buyer), buyer)
    await shop.gateway.program.kill()
    for (const { persona } of shop.seeders) {
      const claimed = await call(onChain(persona, 'claim', '--gateway', shop.gatewayUrl))
      expect(claimed.code, claimed.err + claimed.out).to.equal(0)
      const owed = priceOf(signed.find(({ seeder }) => seeder === persona.address)?.bytes ?? 0n)
      const { settled, withdrawn, vouchers } = claimed.json()
      expect(settled).to.equal(String(owed))
      expect(withdrawn).to.equal(String(owed))
      expect(vouchers).to.equal(0)
      expect((await call(as(persona, 'earnings'))).json()).to.include({ receipted: '0', paid: String(owed) })
    }
  })

  it('a sponsor that empties its pool hurts no reserved seeder, and the others lose a window at most', async () => {
    shop = await openShop({ bytes: BYTES, seeders: 1 })
    const [reserved] = shop.seeders
    const trusting = await shop.bed.persona('trusting')
    await shop.startSeeder(trusting, reserved!.data)
    const buyer = await shop.buyer('buyer')
    const signed = expectWhole(await download(buyer), buyer)
    const bytesOf = (who: Persona): bigint => signed.find(({ seeder }) => seeder === who.address)?.bytes ?? 0n
    expect(bytesOf(trusting) <= WINDOW, `${bytesOf(trusting)} bytes on trust`).to.equal(true)

    await drain(await shop.bed.persona('accomplice'))
    const paid = await call(onChain(reserved!.persona, 'claim', '--gateway', shop.gatewayUrl))
    expect(paid.json().settled).to.equal(String(priceOf(bytesOf(reserved!.persona))))
    const unpaid = await call(onChain(trusting, 'claim', '--gateway', shop.gatewayUrl))
    expect(unpaid.json()).to.include({ settled: '0' })
  })

  it('a chain that halts for six hours: served on within reserve and window, and paid by itself afterwards', async () => {
    const reserve = 2_500n
    shop = await openShop({ bytes: BYTES / 2, seeders: 1, reserve })
    const [{ persona, data, started }] = shop.seeders as [(typeof shop.seeders)[number]]
    await started.program.stop()
    const often = ['--claim-interval', '2', '--claim-min', '0', '--claim-max-gas', '1000']
    await shop.startSeeder(persona, data, often)
    const buyers: Persona[] = []
    for (const name of ['first', 'second', 'third']) buyers.push(await shop.buyer(name))

    await tellChain(shop, 'evm_setAutomine', [false])
    const codes: number[] = []
    for (const buyer of buyers) codes.push((await download(buyer)).code)
    expect(codes[0], 'the reserve pays for the first').to.equal(0)
    expect(codes.at(-1), 'nothing pays for the last').not.to.equal(0)
    const earned = async (): Promise<Record<string, bigint>> => {
      const states = Object.entries((await call(as(persona, 'earnings'))).json())
      return Object.fromEntries(
        states.filter(([, sum]) => /^\d+$/.test(String(sum))).map(([k, v]) => [k, BigInt(String(v))]),
      )
    }
    const halted = await earned()
    const owed = (halted.receipted ?? 0n) + (halted.vouchered ?? 0n) + (halted.submitted ?? 0n)
    expect(owed > reserve / 2n, `${owed}`).to.equal(true)
    expect(owed <= reserve + priceOf(WINDOW) && halted.paid === 0n, `${owed} of ${reserve}`).to.equal(true)

    await shop.bed.passTime(6 * 3600)
    await tellChain(shop, 'evm_setAutomine', [true])
    const deadline = performance.now() + 60_000
    const credit = (): Promise<bigint> => readCredit(persona.chain, persona.address, { at: 'latest' })
    while ((await credit()) < owed && performance.now() < deadline) await new Promise((next) => setTimeout(next, 500))
    expect(await credit()).to.equal(owed)
    const after = await earned()
    expect([after.receipted, after.vouchered, after.submitted]).to.deep.equal([0n, 0n, 0n])
  })

  /** The sponsor "owes" a seeder of its own all that is in the pool. */
  async function drain(accomplice: Persona): Promise<void> {
    const { account, address: sponsor, chain } = shop.creator
    const lane = { sponsor, seeder: accomplice.address, lane: 0n, pricePerGiB: 1n }
    const from = firstHead(lane)
    const to = nextHead(from, { sessionKey: createSessionKey().address, maxBytes: 1n })
    const { balance: amount } = await readAccount(chain, sponsor, { at: 'latest' })
    expect(amount > 0n).to.equal(true)
    const { signature } = await signVoucher(chain.domain, signerFromAccount(account), { ...lane, from, to, amount })
    const group = { ...{ sponsor, lane: 0n, pricePerGiB: 1n }, delegate: null, least: null, signature, to, amount }
    const batch = encodeBatch([{ kind: 'voucher', ...group }])
    await settle(accomplice.chain, { seeder: accomplice.address, batch })
    expect(await readCredit(accomplice.chain, accomplice.address, { at: 'latest' })).to.equal(amount)
  }
})

async function tellChain({ bed }: Shop, method: string, params: unknown[]): Promise<void> {
  const response = await fetch(bed.chain.rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  expect(((await response.json()) as { error?: unknown }).error).to.equal(undefined)
}
