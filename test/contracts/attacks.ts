// What must not work, one attack per test: by seeders, sponsors and delegates. `skips` says that a batch changed nothing and why.
import { expect } from 'chai'
import { brokenLine, createLog, join, owed, PRICE } from './batch.ts'
import { settle, skips } from './fates.ts'
import { DAY, ethers, MIB, networkHelpers, now, USD, wallet } from './fixture.ts'
import { funded, pool, signer } from './funded.ts'

const { loadFixture, time } = networkHelpers

describe('BandwidthSettlement under attack', () => {
  describe('by a seeder', () => {
    it('a batch settles once: the head has moved', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB)
      const batch = await log.raw({ by: all.payer })
      expect(await settle(all, batch)).to.deep.equal([owed([MIB])])
      await skips(all, batch, 'Signature')
      await skips(all, await log.voucher({ by: all.payer, amount: 1n }), 'HeadUnmoved')
    })

    it('another seeder’s log, lane, price, instance or chain is worth nothing', async () => {
      const all = await loadFixture(funded)
      const { settlement, payer, seeder, other, token } = all
      const init = { settlement, sponsor: payer.address, seeder: seeder.address }
      const log = createLog({ ...init, seeder: other.address }).add(MIB)
      await skips(all, await log.raw({ by: payer }), 'Signature')
      const good = createLog(init).add(MIB)
      const batch = (await good.raw({ by: payer })).slice(2)
      const lane2 = `0x${batch.slice(0, 42)}${'2'.padStart(16, '0')}${batch.slice(58)}`
      await skips(all, lane2, 'Signature')
      const dearer = `0x${batch.slice(0, 58)}${(PRICE + 1n).toString(16).padStart(16, '0')}${batch.slice(74)}`
      await skips(all, dearer, 'Signature')
      const twin = await ethers.deployContract('BandwidthSettlement', [await token.getAddress()])
      const elsewhere = createLog({ ...init, settlement: twin as unknown as typeof settlement }).add(MIB)
      await skips(all, await elsewhere.raw({ by: payer }), 'Signature')
    })

    it('signatures for another chain are worth nothing', async () => {
      const all = await loadFixture(funded)
      const { settlement, payer, seeder } = all
      const { name, version, verifyingContract } = await settlement.eip712Domain()
      const elsewhere = { eip712Domain: async () => ({ name, version, verifyingContract, chainId: 1n }) }
      const log = createLog({
        settlement: elsewhere as unknown as typeof settlement,
        sponsor: payer.address,
        seeder: seeder.address,
      })
      await skips(all, await log.add(MIB).raw({ by: payer }), 'Signature')
    })

    it('a receipt above maxBytes pays maxBytes; a raised maxBytes pays nothing', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(100n * MIB, 10n * MIB)
      const [line] = await Promise.all(log.lines.map(log.lineBytes))
      const raised = `0x${(100n * MIB).toString(16).padStart(12, '0')}${line!.slice(14)}`
      await skips(all, await log.raw({ by: all.payer, lines: [raised] }), 'Signature')
      expect(await settle(all, await log.raw({ by: all.payer }))).to.deep.equal([owed([10n * MIB])])
    })

    it('an inflated count of bytes leads to another head', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB)
      const [line] = await Promise.all(log.lines.map(log.lineBytes))
      const more = line!.slice(0, 14) + (2n * MIB).toString(16).padStart(12, '0') + line!.slice(26)
      await skips(all, await log.raw({ by: all.payer, lines: [more] }), 'Signature')
    })

    it('a receipt that recovers nobody cannot stand for the key zero or for the key before', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB)
      const zeroHead = ethers
        .solidityPackedKeccak256(
          ['bytes24', 'address', 'uint48'],
          [log.lines[0]!.session, ethers.ZeroAddress, 64n * MIB],
        )
        .slice(0, 50)
      const lines = [brokenLine(64n * MIB, MIB)]
      await skips(all, await log.raw({ by: all.payer, lines, signedHead: zeroHead }), 'Signature')
      const [first] = await Promise.all(log.lines.map(log.lineBytes))
      const again = ethers
        .solidityPackedKeccak256(['bytes24', 'address', 'uint48'], [log.head, log.lines[0]!.key.address, 64n * MIB])
        .slice(0, 50)
      const both = [first!, brokenLine(64n * MIB, MIB)]
      await skips(all, await log.raw({ by: all.payer, lines: both, signedHead: again }), 'Signature')
    })

    it('a log that the seeder signs itself, or that a stranger signs, is forged', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB)
      const stranger = wallet()
      await skips(all, await log.raw({ by: stranger }), 'Signature')
      await skips(all, await log.raw({ by: stranger, delegated: true }), 'Revoked')
      await skips(all, await log.voucher({ by: stranger, amount: 5n }), 'Signature')
      await skips(all, await log.voucher({ by: stranger, delegated: true, amount: 5n }), 'Revoked')
    })

    it('after raw receipts the voucher over the same lines is void, and the other way round, in one transaction too', async () => {
      for (const order of ['raw first', 'voucher first', 'together'] as const) {
        const all = await loadFixture(funded)
        const log = all
          .log()
          .add(MIB)
          .add(2n * MIB)
        const raw = await log.raw({ by: all.payer })
        const voucher = await log.voucher({ by: all.payer, amount: owed([3n * MIB]) })
        const [one, two] = order === 'voucher first' ? [voucher, raw] : [raw, voucher]
        if (order === 'together') {
          expect(await settle(all, join(one, two, one))).to.deep.equal([owed([3n * MIB]), 'HeadUnmoved', 'Signature'])
        } else {
          expect(await settle(all, one)).to.deep.equal([owed([3n * MIB])])
          await skips(all, two, order === 'raw first' ? 'HeadUnmoved' : 'Signature')
        }
        expect(await pool(all.settlement, all.payer.address)).to.equal(1_000n * USD - owed([3n * MIB]))
      }
    })

    it('a voucher for some lines and raw receipts for the rest pay each line once', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB)
      const voucher = await log.voucher({ by: all.payer, amount: owed([MIB]) })
      log.add(2n * MIB)
      const rest = await log.raw({ by: all.payer, first: 1 })
      expect(await settle(all, join(voucher, rest))).to.deep.equal([owed([MIB]), owed([2n * MIB])])
    })

    it('groups that leave the head where it is are skipped', async () => {
      const all = await loadFixture(funded)
      const log = all.log()
      await skips(all, await log.raw({ by: all.payer }), 'HeadUnmoved')
      await skips(all, await log.voucher({ by: all.payer, amount: 9n, to: log.head }), 'HeadUnmoved')
      await skips(all, await log.voucher({ by: all.payer, amount: 9n, to: `0x${'00'.repeat(24)}` }), 'HeadUnmoved')
    })

    it('an expired log is skipped', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB)
      await skips(all, await log.raw({ by: all.payer, expiry: await now() }), 'Expired')
    })
  })

  describe('by a sponsor or its delegate', () => {
    it('a sponsor that cannot pay is skipped, and paid in full after a top-up', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(1n)
      const batch = await log.voucher({ by: all.payer, amount: 1_500n * USD })
      await skips(all, batch, 'Unpaid')
      await all.settlement.connect(all.other).deposit(all.payer.address, 500n * USD)
      expect(await settle(all, batch)).to.deep.equal([1_500n * USD])
    })

    it('a seeder may take a part, but not less than it says', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(1n)
      const ask = (least: bigint) => log.voucher({ by: all.payer, amount: 1_500n * USD, least })
      await skips(all, await ask(1_001n * USD), 'Unpaid')
      expect(await settle(all, await ask(1_000n * USD))).to.deep.equal([1_000n * USD])
      expect(await pool(all.settlement, all.payer.address)).to.equal(0n)
    })

    it('a sponsor that drains its pool in the victim’s own batch hurts neither the reserve nor the others', async () => {
      const all = await loadFixture(funded)
      const { own, payer, seeder, settlement, other } = all
      await own.reserve(seeder.address, 1n, PRICE, 50n * USD)
      const second = wallet()
      await settlement.connect(other).deposit(second.address, 10n * USD)
      const drain = all.log({ lane: 9n }).add(1n)
      const victim = all.log().add(1n)
      const unreserved = all.log({ lane: 2n }).add(1n)
      const honest = createLog({ settlement, sponsor: second.address, seeder: seeder.address }).add(1n)
      const batch = join(
        await drain.voucher({ by: payer, amount: 950n * USD }),
        await victim.voucher({ by: payer, amount: 50n * USD }),
        await unreserved.voucher({ by: payer, amount: 1n }),
        await honest.voucher({ by: second, amount: 10n * USD }),
      )
      expect(await settle(all, batch)).to.deep.equal([950n * USD, 50n * USD, 'Unpaid', 10n * USD])
    })

    it('what is thawing is paid to the seeder who comes in time, and nothing is released early', async () => {
      const all = await loadFixture(funded)
      const { own, payer, seeder } = all
      await own.reserve(seeder.address, 1n, PRICE, 100n * USD)
      await own.thawReserve(seeder.address, 1n, PRICE, 100n * USD)
      await time.increase(7n * DAY - 5n)
      await expect(own.releaseReserve(seeder.address, 1n, PRICE)).to.be.revert(ethers)
      const log = all.log().add(1n)
      expect(await settle(all, await log.voucher({ by: payer, amount: 100n * USD }))).to.deep.equal([100n * USD])
      await time.increase(10n)
      await own.releaseReserve(seeder.address, 1n, PRICE)
      expect(await pool(all.settlement, payer.address)).to.equal(900n * USD)
    })

    it('a stolen delegate key costs its allowance and no more', async () => {
      const all = await loadFixture(funded)
      const { own, payer, settlement } = all
      const stolen = wallet()
      await own.authorizeSigner(stolen.address, 30n * USD)
      const log = all.log().add(1n)
      const by = { by: stolen, delegated: true }
      await skips(all, await log.voucher({ ...by, amount: 31n * USD }), 'Unpaid')
      expect(await settle(all, await log.voucher({ ...by, amount: 30n * USD }))).to.deep.equal([30n * USD])
      log.add(1n)
      await skips(all, await log.voucher({ ...by, amount: 1n, first: 1 }), 'Unpaid')
      expect((await signer(settlement, payer.address, stolen.address)).allowance).to.equal(0n)
      expect(await pool(settlement, payer.address)).to.equal(970n * USD)
    })

    it('an allowance above the pool spends the pool and no more', async () => {
      const all = await loadFixture(funded)
      const delegate = wallet()
      await all.own.authorizeSigner(delegate.address, 5_000n * USD)
      const log = all.log().add(1n)
      const by = { by: delegate, delegated: true, amount: 1_500n * USD }
      await skips(all, await log.voucher(by), 'Unpaid')
      expect(await settle(all, await log.voucher({ ...by, least: 1n }))).to.deep.equal([1_000n * USD])
      expect(await pool(all.settlement, all.payer.address)).to.equal(0n)
      expect((await signer(all.settlement, all.payer.address, delegate.address)).allowance).to.equal(4_000n * USD)
    })

    it('a used-up allowance does not void what a reserve covers', async () => {
      const all = await loadFixture(funded)
      const { own, seeder } = all
      const delegate = wallet()
      await own.authorizeSigner(delegate.address, 0n)
      await own.reserve(seeder.address, 1n, PRICE, 20n * USD)
      const log = all.log().add(64n * MIB)
      const batch = await log.raw({ by: delegate, delegated: true })
      expect(await settle(all, batch)).to.deep.equal([owed([64n * MIB])])
    })

    it('a revoked delegate is honoured for seven days, then not', async () => {
      const all = await loadFixture(funded)
      const delegate = wallet()
      await all.own.authorizeSigner(delegate.address, 100n * USD)
      await all.own.revokeSigner(delegate.address)
      const log = all.log().add(MIB)
      await time.increase(7n * DAY - 60n)
      const by = { by: delegate, delegated: true }
      expect(await settle(all, await log.raw(by))).to.deep.equal([owed([MIB])])
      log.add(MIB)
      await time.increase(60n)
      await skips(all, await log.raw({ ...by, first: 1 }), 'Revoked')
    })

    it('a bad group never blocks a good one', async () => {
      const all = await loadFixture(funded)
      const { payer } = all
      const bad = all.log({ lane: 2n }).add(MIB)
      const good = all.log({ lane: 3n }).add(MIB)
      const later = all.log({ lane: 4n }).add(MIB)
      const batch = join(
        await bad.raw({ by: wallet() }),
        await good.raw({ by: payer }),
        await bad.voucher({ by: payer, amount: 2_000n * USD }),
        await later.raw({ by: payer }),
      )
      expect(await settle(all, batch)).to.deep.equal(['Signature', owed([MIB]), 'Unpaid', owed([MIB])])
    })
  })
})
