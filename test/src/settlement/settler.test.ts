import { expect } from 'chai'
import {
  approveOperator,
  authorizeSigner,
  deposit,
  reserve,
  revokeSigner,
  settle,
  settleMany,
} from '../../../src/chain/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { createSessionKey, signHead } from '../../../src/receipts/index.ts'
import {
  createSettlementChain,
  createSettler,
  type TakeOver,
  type VoucherSource,
} from '../../../src/settlement/index.ts'
import { takeOver } from '../../../src/settlement/reconcile.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { MIB } from '../../behaviours/log-fixture.ts'
import { startTestChain, type TestChain, USD } from '../../chain.ts'
import { createScenes, gateway, logger, price, type Scene, type Scenes, USE } from './scene.ts'

describe('Settling', () => {
  let chain: TestChain
  let scenes: Scenes

  before(async () => {
    chain = await startTestChain()
    scenes = createScenes(chain)
  })
  after(async () => {
    await scenes.close()
    await chain.close()
  })

  const scene: Scenes['scene'] = (init) => scenes.scene(init)

  it('pays raw receipts without anybody’s permission, to the unit', async () => {
    const at = await scene()
    await at.serve(0, 5n * MIB)
    await at.serve(1, 0n)
    await at.serve(2, 64n * MIB)
    const report = await at.settler().settleOnce()
    expect(report.settled).to.equal(price(69n * MIB))
    expect([report.transactions.length, report.receipts, report.vouchers, report.notes.length]).to.deep.equal([
      1, 2, 0, 0,
    ])
    expect(await at.credit()).to.equal(price(69n * MIB))
    expect(await at.head()).to.equal(at.log.head(3))
    expect(await at.ledger.earnings()).to.deep.include({ paid: price(69n * MIB), receipted: 0n, submitted: 0n })
    const again = await at.settler().settleOnce()
    expect([again.settled, again.transactions.length]).to.deep.equal([0n, 0])
  })

  it('asks for a voucher first and redeems it', async () => {
    const at = await scene()
    await at.serve(0, 5n * MIB)
    await at.serve(1, 6n * MIB)
    await at.serve(2, 7n * MIB)
    const vouchers = gateway(at)
    const report = await at.settler(vouchers).settleOnce()
    expect([report.settled, report.vouchers, report.receipts]).to.deep.equal([price(18n * MIB), 1, 3])
    expect(vouchers.asked).to.equal(1)
    expect(await at.credit()).to.equal(price(18n * MIB))
    expect((await at.ledger.earnings()).paid).to.equal(price(18n * MIB))
  })

  it('takes the raw way when the voucher is late, refused or wrong in any part', async () => {
    const stranger = createSessionKey()
    const sources: [RegExp, (at: Scene) => VoucherSource][] = [
      [/fetch failed/, () => ({ request: () => Promise.reject(new Error('fetch failed')) })],
      [/abort|timeout/i, () => ({ request: () => new Promise(() => {}) })],
      [/pays 1 where/, (at) => gateway(at, { twist: () => ({ amount: 1n }) })],
      [/leads from/, (at) => gateway(at, { twist: () => ({ to: at.log.head(1) }) })],
      [/may not sign/, (at) => gateway(at, { signer: stranger })],
      [
        /did not sign/,
        (at) => ({
          request: async (range) => ({
            ...(await gateway(at, { signer: stranger }).request(range)),
            signer: at.sponsor.address,
          }),
        }),
      ],
      [
        /names another seeder/,
        (at) => ({
          request: async (range) => ({ ...(await gateway(at).request(range)), seeder: at.sponsor.address }),
        }),
      ],
    ]
    for (const [words, source] of sources) {
      const at = await scene({ lines: 2 })
      await at.serve(0, 5n * MIB)
      await at.serve(1, 5n * MIB)
      const init = words.test('timeout') ? { voucherTimeout: 20 } : {}
      const report = await at.settler(source(at), init).settleOnce()
      expect(report.notes.map((note) => note.words).join()).to.match(words)
      expect([report.settled, report.vouchers]).to.deep.equal([price(10n * MIB), 0])
      expect((await at.ledger.earnings()).vouchered).to.equal(0n)
    }
  })

  it('keeps a voucher that was not worth redeeming, and the rest raw when the gateway is gone', async () => {
    const at = await scene()
    await at.serve(0, 5n * MIB)
    await at.ledger.seal(at.log.lane, at.log.head(1))
    await at.ledger.saveVoucher(await at.log.voucher(0, 1, [5n * MIB]))
    await at.serve(1, 6n * MIB)
    await at.serve(2, 7n * MIB)
    const report = await at.settler().settleOnce()
    expect([report.settled, report.vouchers, report.receipts]).to.deep.equal([price(5n * MIB) + price(13n * MIB), 1, 3])
    expect(report.transactions).to.have.length(1)
    expect(await at.ledger.earnings()).to.deep.include({ paid: report.settled, vouchered: 0n, receipted: 0n })
  })

  it('never closes a session that is open, also as a second process beside the seeder', async () => {
    const at = await scene()
    await at.serve(0, 5n * MIB)
    await at.ledger.openSession(at.log.head(1), USE)
    await at.serve(2, 7n * MIB)
    const beside = await openLedger({ path: at.path })
    const claim = createSettler({
      ledger: beside,
      chain: createSettlementChain(at.seederChain, beside.journal),
      vouchers: null,
      logger,
    })
    expect((await claim.settleOnce({ idleSeconds: 0 })).settled).to.equal(price(5n * MIB))
    expect((await claim.settleOnce({ idleSeconds: 0 })).settled).to.equal(0n)
    await beside.close()
    const { session, bytesServed, signature } = at.log.receipt(1, 6n * MIB)
    expect(await at.ledger.acceptReceipt(session, bytesServed, signature)).to.equal(6n * MIB)
    await at.ledger.releaseSession(session, true)
    expect((await at.settler().settleOnce()).settled).to.equal(price(13n * MIB))
  })

  it('reaches raw only as far as a signed head that closes nothing live', async () => {
    const at = await scene({ lines: 1 })
    at.log.grow(2)
    await at.ledger.extendLog(at.log.lane, at.log.head(1), at.log.plain(1), await at.log.signed(3))
    await at.serve(0, 5n * MIB)
    await at.serve(1, 6n * MIB)
    await at.ledger.openSession(at.log.head(2), USE)
    const report = await at.settler().settleOnce()
    expect(report.settled).to.equal(price(5n * MIB))
    expect(report.notes.map(({ words }) => words).join()).to.match(/the next signed head lies behind a session/)
    await at.ledger.releaseSession(at.log.head(2), true)
    expect((await at.settler().settleOnce()).settled).to.equal(price(6n * MIB))
  })

  it('leaves what the sponsor cannot pay claimable, says so, and collects it after a top-up', async () => {
    const at = await scene({ deposit: 0n, lines: 1 })
    await at.serve(0, 50n * MIB)
    const report = await at.settler().settleOnce()
    expect(report.settled).to.equal(0n)
    expect(report.notes.map(({ words }) => words).join()).to.match(/do not cover it; it can be claimed after a top-up/)
    expect(await at.ledger.earnings()).to.deep.include({ receipted: price(50n * MIB), submitted: 0n, paid: 0n })
    await deposit(at.sponsorChain, { amount: USD })
    expect((await at.settler().settleOnce()).settled).to.equal(price(50n * MIB))
  })

  it('is paid from its reserve when the pool was drained', async () => {
    const at = await scene({ deposit: USD, lines: 1 })
    const { seeder, lane, pricePerGiB } = at.log.lane
    await reserve(at.sponsorChain, { seeder, lane, pricePerGiB, amount: USD })
    await at.serve(0, 64n * MIB)
    expect((await at.settler(gateway(at)).settleOnce()).settled).to.equal(price(64n * MIB))
  })

  it('waits while gas is dear, and while it is not worth it; nothing is sealed meanwhile', async () => {
    const at = await scene({ lines: 1 })
    await at.ledger.openSession(at.log.head(0), USE)
    const { session, bytesServed, signature } = at.log.receipt(0, 5n * MIB)
    await at.ledger.acceptReceipt(session, bytesServed, signature)
    await at.ledger.releaseSession(session, false)
    const options = { idleSeconds: 0 }
    const failed = await at
      .settler()
      .settleOnce({ ...options, maxGasPrice: 1n })
      .catch((error) => error)
    expect(failed).to.be.instanceOf(BitCdnError)
    expect(failed.code).to.equal('price-too-high')
    const poor = await at.settler().settleOnce({ ...options, min: 2n * USD })
    expect(poor.notes.map(({ words }) => words).join()).to.match(/are less than the 2000000/)
    const dry = await at.settler(gateway(at)).settleOnce({ ...options, dryRun: true })
    expect([dry.asked, dry.settled, dry.transactions.length]).to.deep.equal([price(5n * MIB), 0n, 0])
    await at.ledger.openSession(session, USE)
  })

  it('does not send a log that has expired, or that a revoked delegate signed', async () => {
    const at = await scene({ lines: 0 })
    const { log, ledger } = at
    const delegate = createSessionKey()
    const byDelegate = (place: number) =>
      signHead(at.seederChain.domain, delegate, log.lane, { head: log.head(place), expiry: 4_000_000_000n })
    const waits = async () => (await at.settler().settleOnce()).notes.map(({ words }) => words).join()
    await authorizeSigner(at.sponsorChain, { key: delegate.address, added: USD })

    log.grow(2)
    await ledger.extendLog(log.lane, log.head(0), log.plain(0, 1), await log.signed(1, 1_000n))
    await at.serve(0, 5n * MIB)
    expect(await waits()).to.match(/no signed head is held/)

    await ledger.extendLog(log.lane, log.head(1), [], await byDelegate(1))
    await revokeSigner(at.sponsorChain, { key: delegate.address })
    expect((await at.settler().settleOnce()).settled, 'until the thaw ends').to.equal(price(5n * MIB))

    await ledger.extendLog(log.lane, log.head(1), log.plain(1), await byDelegate(2))
    await at.serve(1, 5n * MIB)
    await chain.passTime(8 * 24 * 3600)
    expect(await waits()).to.match(/no signed head is held/)
    expect((await at.settler(gateway(at)).settleOnce()).settled).to.equal(price(5n * MIB))
  })

  it('lets one operator settle for several seeders in one transaction, and each of them finds out from the chain', async () => {
    const three = [await scene(), await scene({ lines: 1 }), await scene({ lines: 2 })]
    const operator = await chain.account()
    const operatorChain = await chain.as(operator)
    const batches = []
    for (const [i, at] of three.entries()) {
      await approveOperator(at.seederChain, { operator: operator.address })
      for (let place = 0; place < at.log.lines.length; place++) await at.serve(place, BigInt(i + 1) * MIB)
      const prepared = await at.settler(i === 1 ? null : gateway(at)).prepare()
      expect(prepared.batches).to.have.length(1)
      batches.push(...prepared.batches)
    }
    const mined = await settleMany(operatorChain, batches)
    for (const [i, at] of three.entries()) {
      const settler = at.settler()
      if (i === 0) await settler.submitted(mined.hash, batches[0]!.moves)
      expect(await settler.reconcile()).to.deep.equal([])
      const owed = price(BigInt((i + 1) * at.log.lines.length) * MIB)
      expect(await at.credit()).to.equal(owed)
      expect(await at.ledger.earnings()).to.deep.include({ paid: owed, submitted: 0n, vouchered: 0n, receipted: 0n })
    }
  })

  it('sends nothing while another process settles, and nothing again after it', async () => {
    const at = await scene({ lines: 1 })
    await at.serve(0, 5n * MIB)
    const beside = await openLedger({ path: at.path })
    const onChain = createSettlementChain(at.seederChain, at.ledger.journal)
    const besideChain = createSettlementChain(at.seederChain, beside.journal)
    const second = createSettler({ ledger: beside, chain: besideChain, vouchers: null, logger })
    let refusal: unknown
    const watched: typeof onChain = {
      ...onChain,
      // Between the plan of the first and its signature, the second comes.
      async settle(id, calls, options) {
        refusal = await second.settleOnce().catch((error: unknown) => error)
        return onChain.settle(id, calls, options)
      },
    }
    const first = createSettler({ ledger: at.ledger, chain: watched, vouchers: null, logger })
    expect((await first.settleOnce()).transactions).to.have.length(1)
    expect((refusal as Error).message).to.include('Another process settles')
    expect((await second.settleOnce()).transactions).to.have.length(0)
    await beside.close()
    expect(await at.credit()).to.equal(price(5n * MIB))
    expect((await at.ledger.earnings()).paid).to.equal(price(5n * MIB))
  })

  it('finds out after a crash what became of what it had sent', async () => {
    const at = await scene({ lines: 2 })
    await at.serve(0, 5n * MIB)
    await at.serve(1, 6n * MIB)
    const [first] = (await at.settler().prepare()).batches
    // Signed and written down, but never sent.
    await at.ledger.markSubmitted(`0x${'ab'.repeat(32)}`, first!.moves)
    expect((await at.ledger.earnings()).submitted).to.equal(price(11n * MIB))
    expect(await at.settler().reconcile(), 'perhaps no node has heard of it yet').to.have.length(1)
    expect(await at.settler(null, { submissionGrace: 0 }).reconcile()).to.deep.equal([])
    expect(await at.ledger.earnings()).to.deep.include({ submitted: 0n, receipted: price(11n * MIB) })
    // Sent and mined, but the process died before it could write that down.
    await settle(at.seederChain, first!, { onSigned: ({ hash }) => at.ledger.markSubmitted(hash, first!.moves) })
    const report = await at.settler().settleOnce()
    expect(report.transactions).to.have.length(0)
    expect(await at.ledger.earnings()).to.deep.include({ submitted: 0n, receipted: 0n, paid: price(11n * MIB) })
  })

  it('counts what each of two transactions paid, also when the later one is known to be final first', async () => {
    const at = await scene({ lines: 2 })
    const chain = createSettlementChain(at.seederChain, at.ledger.journal)
    const ends: { id: string; end: Parameters<TakeOver>[1] }[] = []
    for (const place of [0, 1]) {
      await at.serve(place, BigInt(5 + place) * MIB)
      const [batch] = (await at.settler().prepare()).batches
      const id = `claim ${place}`
      await at.ledger.markSubmitted(id, batch!.moves)
      ends.push({ id, end: await settle(at.seederChain, batch!) })
    }
    const take = takeOver({ ledger: at.ledger, chain })
    for (const { id, end } of ends.toReversed()) await take(id, end)
    expect(await at.ledger.earnings()).to.deep.include({ submitted: 0n, receipted: 0n, paid: await at.credit() })
  })
})
