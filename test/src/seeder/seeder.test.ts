import { expect } from 'chai'
import { deposit, readAccount, readCredit, settle } from '../../../src/chain/index.ts'
import { hasCode } from '../../../src/errors.ts'
import { createGatewayClient } from '../../../src/gateway-client/index.ts'
import {
  amountFor,
  encodeBatch,
  firstHead,
  nextHead,
  signerFromAccount,
  signVoucher,
} from '../../../src/receipts/index.ts'
import { USD } from '../../chain.ts'
import { type GatewayBed, PRICE } from '../gateway/fixture.ts'
import { type DeliveryBed, startDeliveryBed } from './delivery.ts'

const BYTES = 40 * 2 ** 20

describe('a seeder', () => {
  let delivery: DeliveryBed
  let bed: GatewayBed
  let seed: DeliveryBed['seed']
  let download: DeliveryBed['download']
  before(async () => {
    delivery = await startDeliveryBed(BYTES)
    ;({ bed, seed, download } = delivery)
  })
  after(() => delivery.close())

  it('delivers to a pass holder, trades the receipts for a voucher, and is paid', async () => {
    const one = await seed({ reserved: 10n * USD })
    const result = await download([one.node], (await bed.buyer()).client)
    expect(result.bytesOnDisk.equals(delivery.bytes)).to.equal(true)
    const earned = amountFor([BigInt(BYTES)], PRICE)
    expect(await one.ledger.earnings()).to.include({ receipted: earned, paid: 0n })
    const report = await one.settler.settleOnce()
    expect(report).to.include({ settled: earned })
    expect(report.vouchers).to.be.greaterThan(0)
    expect(await readCredit(await bed.chain.as(), one.account.address)).to.equal(earned)
    expect((await one.ledger.earnings()).paid).to.equal(earned)
  })

  it('settles the receipts themselves when the gateway is dead', async () => {
    const account = await bed.chain.account()
    const dead = createGatewayClient({ url: 'http://127.0.0.1:9', account })
    const one = await seed({ reserved: 10n * USD, gateway: dead })
    await download([one.node], (await bed.buyer()).client)
    const report = await one.settler.settleOnce()
    expect(report.vouchers).to.equal(0)
    expect(report.settled).to.equal(amountFor([BigInt(BYTES)], PRICE))
  })

  it('shares a download with others, each of them paid for its own bytes', async () => {
    const seeders = [
      await seed({ reserved: 10n * USD }),
      await seed({ reserved: 10n * USD }),
      await seed({ reserved: 10n * USD }),
    ]
    await download(
      seeders.map(({ node }) => node),
      (await bed.buyer()).client,
    )
    let sum = 0n
    let sharing = 0
    for (const { settler, ledger } of seeders) {
      const { receipted } = await ledger.earnings()
      if (receipted > 0n) sharing += 1
      const { settled } = await settler.settleOnce()
      expect(settled).to.equal(receipted)
      sum += settled
    }
    expect(sharing).to.be.at.least(2) // on a busy machine the third may be admitted when all is done
    // hedged slices are signed twice, and each seeder rounds down once
    expect(sum >= amountFor([BigInt(BYTES)], PRICE) - 3n).to.equal(true)
  })

  it('stops at a window where nothing is reserved, and the downloader hears why', async () => {
    const one = await seed()
    const failed = await download([one.node], (await bed.buyer()).client).catch((error: unknown) => error)
    expect(hasCode(failed, 'no-sources') || hasCode(failed, 'refused'), String(failed)).to.equal(true)
    const owed = await one.ledger.earnings()
    expect(owed.receipted <= amountFor([BigInt(16 * 2 ** 20)], PRICE)).to.equal(true)
  })

  it('loses nothing of a reserve, and a window at most without one, to a sponsor that empties its pool', async () => {
    const reserved = await seed({ reserved: 10n * USD })
    const trusting = await seed()
    // one after the other: side by side, the first to be connected may leave nothing to the other
    await download([trusting.node], (await bed.buyer()).client).catch(() => null)
    await download([reserved.node], (await bed.buyer()).client)
    const owed = await trusting.ledger.earnings()
    const promised = (await reserved.ledger.earnings()).receipted
    expect(owed.receipted > 0n && owed.receipted <= amountFor([BigInt(16 * 2 ** 20)], PRICE)).to.equal(true)

    // the sponsor owes everything to a seeder of its own, and is paid first
    const friend = await bed.chain.account()
    const own = await bed.chain.as(bed.sponsor)
    const { balance } = await readAccount(own, bed.sponsor.address)
    const lane = { sponsor: bed.sponsor.address, seeder: friend.address, lane: 0n, pricePerGiB: 1n }
    const to = nextHead(firstHead(lane), { sessionKey: friend.address, maxBytes: 1n })
    const voucher = { ...lane, from: firstHead(lane), to, amount: balance }
    const { signature } = await signVoucher(own.domain, signerFromAccount(bed.sponsor), voucher)
    const group = { kind: 'voucher', least: null, delegate: null, ...lane, to, amount: balance, signature } as const
    await settle(await bed.chain.as(friend), { seeder: friend.address, batch: encodeBatch([group]) })
    expect((await readAccount(own, bed.sponsor.address)).balance).to.equal(0n)

    expect((await reserved.settler.settleOnce()).settled).to.equal(promised)
    const unpaid = await trusting.settler.settleOnce()
    expect(unpaid.settled).to.equal(0n)
    expect(unpaid.notes.map(({ words }) => words).join()).to.include('top-up')

    // a top-up, and what was skipped is paid
    await bed.chain.fund(bed.sponsor.address, { usd: 50n * USD })
    await deposit(own, { amount: 50n * USD })
    expect((await trusting.settler.settleOnce()).settled).to.equal(owed.receipted)
  })

  it('gives away what its operator calls free', async () => {
    const one = await seed({ free: [delivery.metainfo.contentId] })
    const result = await download([one.node], null)
    expect(result.bytesOnDisk.equals(delivery.bytes)).to.equal(true)
  })

  it('is found through the DHT', async () => {
    const first = await seed()
    const second = await seed({ bootstrap: first.node.addresses()[0]! })
    const node = await delivery.peer(false, first.node.addresses()[0]!)
    const found = new Set<string>()
    const signal = AbortSignal.timeout(20_000)
    while (!found.has(second.node.peerId.toString())) {
      signal.throwIfAborted()
      for await (const { id } of node.findSeeders(delivery.metainfo.contentId, { signal })) found.add(id)
    }
  })

  it('refuses to speak for a payout address that did not approve it', async () => {
    const { address } = await bed.chain.account()
    const failed = await seed({ seeder: address }).catch((error: unknown) => error)
    expect(hasCode(failed, 'refused')).to.equal(true)
  })

  it('ends its streams with the last receipt when it is stopped', async () => {
    const one = await seed({ reserved: 10n * USD, credit: { firstWindow: 2 ** 20, maxWindow: 2 ** 20 } })
    const downloading = download([one.node], (await bed.buyer()).client).catch((error: unknown) => error)
    const signal = AbortSignal.timeout(20_000)
    while ((await one.ledger.earnings()).receipted === 0n) signal.throwIfAborted()
    await one.seeder.stop()
    expect(one.seeder.open).to.equal(0)
    const { receipted, served } = await one.ledger.earnings()
    expect(receipted > 0n).to.equal(true)
    expect(served, 'what was sent was signed for').to.equal(0n)
    await downloading
  })
})
