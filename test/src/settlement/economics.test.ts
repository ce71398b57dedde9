import { expect } from 'chai'
import fc from 'fast-check'
import { parseEther, parseGwei } from 'viem'
import { authorizeSigner, deposit, reserve, revokeSigner, thaw, thawReserve } from '../../../src/chain/index.ts'
import { createSessionKey, laneKey, signHead } from '../../../src/receipts/index.ts'
import {
  type Candidate,
  type Claim,
  choose,
  type Prices,
  type SettleReport,
  TRANSACTION_GAS_CAP,
} from '../../../src/settlement/index.ts'
import { createTestLog, MIB } from '../../behaviours/log-fixture.ts'
import { startTestChain, type TestChain, USD } from '../../chain.ts'
import { createScenes, gateway, price, type Scene, type Scenes } from './scene.ts'

const COIN = parseEther('1')
const DAY = 86_400n

/** Lanes with one or two claims each, of some worth and gas. */
const candidates = fc
  .array(
    fc.record({
      urgent: fc.boolean(),
      parts: fc.array(
        fc.record({
          amount: fc.bigInt(1n, 10n ** 9n),
          gas: fc.oneof(
            fc.bigInt(20_000n, 90_000n),
            fc.bigInt(1n, 14n).map((n) => n * 10n ** 6n),
          ),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((lanes) =>
    lanes.map(({ urgent, parts }, at): Candidate => {
      const log = createTestLog({ lane: BigInt(at), lines: parts.length })
      const { lane } = log
      const claims = parts.map(({ amount, gas }, i): Claim => {
        const [from, to] = [log.head(i), log.head(i + 1)]
        const about = {
          sponsor: lane.sponsor,
          lane: lane.lane,
          pricePerGiB: lane.pricePerGiB,
          delegate: null,
          least: null,
        }
        const group = { kind: 'voucher', ...about, to, amount, signature: `0x${'11'.repeat(64)}` } as const
        return { group, move: { lane, from, to, amount }, receipts: 1, gas }
      })
      return { lane, claims, urgent }
    }),
  )
const prices = fc.record({
  gas: fc.bigInt(1n, parseGwei('500')),
  most: fc.option(fc.bigInt(1n, parseGwei('500'))),
  coin: fc.option(fc.bigInt(1n, 10n ** 10n)),
})

describe('The choice of what is worth its gas', () => {
  it('never pays more for a transaction than it brings, and twice that at most before forfeiture', () => {
    fc.assert(
      fc.property(candidates, prices, (lanes, { gas, most, coin }: Prices) => {
        const { transactions, waits } = choose(lanes, { gas, most, coin })
        const urgent = new Map(lanes.map((each) => [laneKey(each.lane), each.urgent]))
        const sent = new Set<string>()
        for (const { batches, maxFeePerGas } of transactions) {
          const keys = batches.flatMap(({ moves }) => moves.map(({ lane }) => laneKey(lane)))
          for (const key of keys) sent.add(key)
          const amount = batches.reduce((sum, batch) => sum + batch.amount, 0n)
          const used = batches.reduce((sum, batch) => sum + batch.gas, 0n)
          expect(used < TRANSACTION_GAS_CAP).to.equal(true)
          expect(most === null || (gas <= most && maxFeePerGas !== null && maxFeePerGas <= most)).to.equal(true)
          if (coin === null) continue
          expect(maxFeePerGas! >= gas, 'it can be sent now').to.equal(true)
          const worst = used * maxFeePerGas! * coin
          const factor = keys.every((key) => urgent.get(key)) ? 2n : 1n
          expect(worst <= factor * amount * COIN, `${worst} for ${amount}`).to.equal(true)
        }
        const waiting = waits.map(({ lane }) => laneKey(lane))
        expect([...sent, ...waiting].toSorted()).to.deep.equal([...urgent.keys()].toSorted())
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('Settling for profit', () => {
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

  const words = (report: SettleReport): string => report.notes.map((note) => note.words).join()
  /** A coin so dear that one gas costs `units` token units. */
  async function coinPrice({ seederChain }: Scene, millionthsPerGas: bigint): Promise<bigint> {
    const gas = await seederChain.client.getGasPrice()
    return (millionthsPerGas * COIN) / gas / 1_000_000n
  }
  const now = async ({ seederChain }: Scene): Promise<bigint> => (await seederChain.client.getBlock()).timestamp

  it('waits while the gas costs more than the claim, says so, and closes nothing', async () => {
    const at = await scenes.scene({ lines: 1 })
    await at.serve(0, 64n * MIB) // 0.125 tUSD
    const dear = { coinPrice: await coinPrice(at, 2_000_000n) }
    const source = gateway(at)
    const report = await at.settler(source, dear).settleOnce()
    expect([report.transactions.length, source.asked]).to.deep.equal([0, 0])
    expect(words(report)).to.match(/a claim of 125000 token units would cost \d+ token units in gas now/)
    const [lane] = report.lanes
    expect([lane?.decision, lane?.amount]).to.deep.equal(['wait', price(64n * MIB)])
    expect(lane!.profit! < 0n).to.equal(true)

    const cheap = await at.settler(source, { coinPrice: await coinPrice(at, 1_000_000n) }).settleOnce({ dryRun: true })
    expect(cheap.lanes[0]?.decision, 'a voucher is worth it').to.equal('send')
    const paid = await at.settler(source, { coinPrice: await coinPrice(at, 1_000_000n) }).settleOnce()
    expect([paid.settled, paid.lanes[0]?.decision]).to.deep.equal([price(64n * MIB), 'send'])
    const { gasUsed } = paid.transactions[0]!
    expect(gasUsed <= paid.lanes[0]!.gas, `${gasUsed} of ${paid.lanes[0]!.gas} expected`).to.equal(true)
  })

  it('waits while gas costs more than its operator allows', async () => {
    const at = await scenes.scene({ lines: 1 })
    await at.serve(0, 64n * MIB)
    const report = await at.settler(null, { maxGasPrice: 1n }).settleOnce()
    expect([report.transactions.length, report.lanes[0]?.decision]).to.deep.equal([0, 'wait'])
    expect(words(report)).to.match(/more than the 1 wei allowed/)
  })

  it('claims what is less than wished, when the log is about to expire', async () => {
    const first = await scenes.scene({ lines: 0 })
    const soon = (await now(first)) + 6n * DAY
    const later = (await now(first)) + 30n * DAY
    for (const [expiry, settled] of [
      [later, 0n],
      [soon, price(5n * MIB)],
    ] as const) {
      const at = await scenes.scene({ lines: 1, expiry })
      await at.serve(0, 5n * MIB)
      const report = await at.settler(null, { min: USD }).settleOnce()
      expect([report.settled, report.lanes[0]?.deadline]).to.deep.equal([settled, expiry])
    }
  })

  it('may lose as much as it saves before forfeiture, and no more', async () => {
    const first = await scenes.scene({ lines: 0 })
    const expiry = (await now(first)) + 6n * DAY
    for (const [millionths, sends] of [
      [1_500_000n, true],
      [3_500_000n, false],
    ] as const) {
      const at = await scenes.scene({ lines: 1, expiry })
      await at.serve(0, 64n * MIB)
      const report = await at.settler(null, { coinPrice: await coinPrice(at, millionths) }).settleOnce()
      expect(report.lanes[0]!.profit! < 0n).to.equal(true)
      expect(report.transactions.length > 0, words(report)).to.equal(sends)
      if (!sends) expect(words(report)).to.match(/forfeited soon: only cheaper gas/)
    }
  })

  it('claims before a pool or a reserve that pays has thawed, and before a delegate ends', async () => {
    const ends: [string, (at: Scene) => Promise<unknown>][] = [
      ['pool', (at) => thaw(at.sponsorChain, { amount: 100n * USD })],
      [
        'reserve',
        async (at) => {
          const { seeder, lane, pricePerGiB } = at.log.lane
          await reserve(at.sponsorChain, { seeder, lane, pricePerGiB, amount: 100n * USD })
          await thawReserve(at.sponsorChain, { seeder, lane, pricePerGiB, amount: 100n * USD })
        },
      ],
      [
        'delegate',
        async (at) => {
          const key = createSessionKey()
          await authorizeSigner(at.sponsorChain, { key: key.address, added: USD })
          const expiry = 4_000_000_000n
          const signed = await signHead(at.seederChain.domain, key, at.log.lane, { head: at.log.head(1), expiry })
          await at.ledger.extendLog(at.log.lane, at.log.head(1), [], signed)
          await revokeSigner(at.sponsorChain, { key: key.address })
        },
      ],
    ]
    for (const [what, end] of ends) {
      const at = await scenes.scene({ lines: what === 'delegate' ? 0 : 1 })
      if (what === 'delegate') {
        at.log.grow(1)
        await at.ledger.extendLog(at.log.lane, at.log.head(0), at.log.plain(0), await at.log.signed(1, 1_000n))
      }
      await at.serve(0, 5n * MIB)
      const settler = at.settler(null, { min: USD })
      expect((await settler.settleOnce()).settled, what).to.equal(0n)
      await end(at)
      const early = await settler.settleOnce()
      expect([early.settled, early.lanes[0]!.deadline! > 0n], what).to.deep.equal([0n, true])
      await chain.passTime(5 * 24 * 3600 + 60)
      expect((await settler.settleOnce()).settled, what).to.equal(price(5n * MIB))
    }
  })

  it('counts a pool once for all lanes of its sponsor', async () => {
    const at = await scenes.scene({ lines: 1, deposit: price(60n * MIB) })
    await at.serve(0, 40n * MIB)
    const { sponsor, seeder } = { sponsor: at.sponsor, seeder: at.log.lane.seeder }
    const second = createTestLog({
      ...{ sponsor, seeder: { ...createSessionKey(), address: seeder }, lane: 7n, lines: 1 },
      ...{ pricePerGiB: at.log.lane.pricePerGiB, domain: at.seederChain.domain },
    })
    await at.ledger.extendLog(second.lane, second.head(0), second.plain(0), await second.signed())
    await at.ledger.openSession(second.head(0), { contentId: 'c2', holder: null })
    const receipt = second.receipt(0, 40n * MIB)
    await at.ledger.acceptReceipt(receipt.session, receipt.bytesServed, receipt.signature)
    await at.ledger.releaseSession(second.head(0), true)
    const report = await at.settler().settleOnce()
    expect([report.settled, report.transactions.length]).to.deep.equal([price(40n * MIB), 1])
    expect(words(report)).to.match(/do not cover it/)
    await deposit(at.sponsorChain, { amount: USD })
    expect((await at.settler().settleOnce()).settled).to.equal(price(40n * MIB))
  })
})
