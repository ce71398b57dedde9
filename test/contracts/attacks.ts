// What must not work, one attack per test. `skips` says that a batch changed nothing and why.
import { expect } from 'chai'
import secp256k1 from 'secp256k1'
import { brokenLine, createLog, join, owed, PRICE } from './batch.ts'
import { DAY, ethers, MIB, networkHelpers, now, USD, wallet } from './fixture.ts'
import { funded, pool, signer } from './funded.ts'

const { loadFixture, time } = networkHelpers
const REASONS = ['None', 'Unpaid', 'Signature', 'Expired', 'Revoked', 'HeadUnmoved']

type Funded = Awaited<ReturnType<typeof funded>>

/** Settles `batch` for the seeder and answers each group's fate: the amount paid, or the reason of the skip. */
async function settle({ settlement, seeding, seeder }: Funded, batch: string): Promise<(bigint | string)[]> {
  const receipt = await (await seeding.settle(seeder.address, batch)).wait()
  return receipt!.logs.map((log) => {
    const { name, args } = settlement.interface.parseLog(log)!
    return name === 'Settled' ? args.amount : REASONS[Number(args.reason)]
  })
}

async function skips(all: Funded, batch: string, reason: string): Promise<void> {
  const { settlement, seeder, payer } = all
  const before = [await pool(settlement, payer.address), await settlement.credit(seeder.address)]
  expect(await settle(all, batch)).to.deep.equal([reason])
  expect([await pool(settlement, payer.address), await settlement.credit(seeder.address)]).to.deep.equal(before)
}

/** A signature that does recover somebody, but with the higher of the two values of s. */
function highS(digest: string): { signature: string; signer: string } {
  const { r } = wallet().signingKey.sign(digest)
  const s = ethers.toBeHex(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1n, 32)
  const signature = ethers.concat([r, s])
  const key = secp256k1.ecdsaRecover(ethers.getBytes(signature), 0, ethers.getBytes(digest), false)
  return { signature, signer: ethers.computeAddress(ethers.hexlify(key)) }
}

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

  describe('by whoever comes first', () => {
    it('two logs from one head: the first that is settled counts, the other is void, and no line is paid twice', async () => {
      const all = await loadFixture(funded)
      const [one, other] = [all.log().add(MIB), all.log().add(3n * MIB)] // other sessions on the same lane
      const [first, second] = [await one.raw({ by: all.payer }), await other.raw({ by: all.payer })]
      expect(await settle(all, join(first, second, first))).to.deep.equal([owed([MIB]), 'Signature', 'Signature'])
      await skips(all, await other.voucher({ by: all.payer, amount: 5n }), 'Signature')
    })

    it('thaw, release and settle race: whoever is first is paid, nobody twice, and never more than there is', async () => {
      for (const settledFirst of [true, false]) {
        const all = await loadFixture(funded)
        const { own, payer, seeder, seeding, settlement, token, other } = all
        await own.reserve(seeder.address, 1n, PRICE, 100n * USD)
        await own.thawReserve(seeder.address, 1n, PRICE, 100n * USD)
        await own.thaw(900n * USD)
        await time.increase(7n * DAY)
        const batch = await all
          .log()
          .add(1n)
          .voucher({ by: payer, amount: 1_000n * USD })
        const leave = async () => {
          await own.releaseReserve(seeder.address, 1n, PRICE)
          await own.withdrawThawed(other.address)
        }
        if (settledFirst) {
          expect(await settle(all, batch)).to.deep.equal([1_000n * USD])
          await leave() // gets nothing
          await seeding.withdraw(seeder.address)
        } else {
          await leave()
          await skips(all, batch, 'Unpaid') // the released reserve is in the pool, the thawed pool is gone
          expect(await pool(settlement, payer.address)).to.equal(100n * USD)
        }
        const left = settledFirst ? 0n : 100n * USD
        expect(await token.balanceOf(settlement)).to.equal(left)
      }
    })

    it('a reserve that the pool cannot complete is kept whole, unless the seeder takes what is there', async () => {
      const all = await loadFixture(funded)
      const { own, payer, seeder, settlement } = all
      await own.reserve(seeder.address, 1n, PRICE, 100n * USD)
      const log = all.log().add(1n)
      await skips(all, await log.voucher({ by: payer, amount: 1_001n * USD }), 'Unpaid')
      expect((await settlement.lane(log.key)).reserved).to.equal(100n * USD)
      const ask = { by: payer, amount: 1_001n * USD, least: 1_000n * USD }
      expect(await settle(all, await log.voucher(ask))).to.deep.equal([1_000n * USD])
      expect((await settlement.lane(log.key)).reserved).to.equal(0n)
    })

    it('an operator cannot redirect a payout', async () => {
      const all = await loadFixture(funded)
      const { settlement, seeding, seeder, operator, payer, token } = all
      await seeding.approveOperator(operator.address, true)
      const operating = settlement.connect(operator)
      const batch = await all.log().add(MIB).raw({ by: payer })
      await operating.settleTo(batch, operator.address) // the operator's own batch: these lines are not its lanes
      await expect(operating.withdraw(operator.address)).to.be.revertedWithCustomError(
        settlement,
        'BandwidthSettlement_NothingToWithdraw',
      )
      await operating.settle(seeder.address, batch)
      expect(await settlement.credit(seeder.address)).to.equal(owed([MIB]))
      expect(await token.balanceOf(operator.address)).to.equal(0n)
    })

    it('the head zero stands for a lane that was never settled, and nothing leads a settled lane back to it', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB)
      const start = log.lines[0]!.session
      const batch = await log.raw({ by: all.payer })
      expect(await settle(all, batch)).to.deep.equal([owed([MIB])])
      const zero = `0x${'00'.repeat(24)}`
      for (const from of [log.head, start, zero]) {
        await skips(all, await log.voucher({ by: all.payer, amount: 1n, from, to: zero }), 'HeadUnmoved')
      }
      await skips(all, batch, 'Signature')
      expect((await all.settlement.lane(log.key)).head).to.equal(log.head)
    })
  })

  describe('by bytes', () => {
    it('a batch that is cut off anywhere, or goes on, reverts', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB).add(0n)
      const groups = [
        await log.raw({ by: all.payer }),
        await log.raw({ by: all.payer, delegated: true, least: 1n }),
        await log.voucher({ by: all.payer, amount: 1n }),
        await log.voucher({ by: all.payer, amount: 1n, delegated: true, least: 0n }),
      ]
      for (const group of groups) {
        for (let length = 1; length < (group.length - 2) / 2; length++) {
          const cut = group.slice(0, 2 + 2 * length)
          const settling = all.seeding.settle.staticCall(all.seeder.address, cut)
          await expect(settling).to.be.revertedWithCustomError(all.settlement, 'BandwidthSettlement_BatchLength')
        }
        await expect(all.seeding.settle.staticCall(all.seeder.address, `${group}00`)).to.be.revert(ethers)
      }
      expect(await all.seeding.settle.staticCall(all.seeder.address, '0x')).to.equal(0n)
    })

    it('a group that is completed by what follows the batch in the calldata reverts', async () => {
      const all = await loadFixture(funded)
      const log = all.log().add(MIB).add(0n)
      for (const group of [await log.raw({ by: all.payer }), await log.voucher({ by: all.payer, amount: 1n })]) {
        const length = (group.length - 2) / 2
        const { data, ...call } = await all.seeding.settle.populateTransaction(all.seeder.address, group)
        const word = (bytes: number) => ethers.toBeHex(bytes, 32).slice(2)
        for (const shorter of [1, length - 37, length - 1]) {
          const lying = data.replace(word(length), word(shorter))
          const [expected, actual] = [length, shorter]
          await expect(all.seeder.call({ ...call, data: lying }))
            .to.be.revertedWithCustomError(all.settlement, 'BandwidthSettlement_BatchLength')
            .withArgs(expected, actual)
        }
      }
    })

    it('a signature with a high s is refused, of a receipt as of a delegate', async () => {
      const all = await loadFixture(funded)
      const log = all.log()
      const [session, bytesServed] = [log.head, 5n]
      const high = highS(await all.settlement.receiptDigest(session, bytesServed))
      const line = ethers.solidityPacked(['uint48', 'uint48', 'bytes'], [MIB, bytesServed, high.signature])
      const head = (await all.settlement.nextHead(session, high.signer, MIB)).toString()
      await skips(all, await log.raw({ by: all.payer, lines: [line], signedHead: head }), 'Signature')

      const terms = [all.seeder.address, log.lane, log.pricePerGiB, session, head, 7n] as const
      const byDelegate = highS(await all.settlement.voucherDigest(...terms))
      await all.own.authorizeSigner(byDelegate.signer, USD)
      const signed = await log.voucher({ by: all.payer, delegated: true, to: head, amount: 7n })
      const forged = ethers.concat([ethers.dataSlice(signed, 0, 37 + 40), byDelegate.signer, byDelegate.signature])
      await skips(all, forged, 'Signature')
    })

    it('a kind that does not exist reverts', async () => {
      const all = await loadFixture(funded)
      const voucher = await all.log().add(1n).voucher({ by: all.payer, amount: 1n })
      for (const kind of ['00', '05', '85', '7f', 'ff']) {
        await expect(
          all.seeding.settle(all.seeder.address, `0x${kind}${voucher.slice(4)}`),
        ).to.be.revertedWithCustomError(all.settlement, 'BandwidthSettlement_UnknownKind')
      }
    })

    it('the largest numbers do not overflow', async () => {
      const all = await loadFixture(funded)
      const most = (1n << 48n) - 1n
      const dear = all
        .log({ lane: (1n << 64n) - 1n, pricePerGiB: (1n << 64n) - 1n })
        .add(most, most)
        .add(most, most)
      await skips(all, await dear.raw({ by: all.payer }), 'Unpaid')
      const voucher = await dear.voucher({ by: all.payer, amount: (1n << 128n) - 1n })
      await skips(all, voucher, 'Unpaid')
      const free = all.log({ pricePerGiB: 0n }).add(most, most)
      expect(await settle(all, await free.raw({ by: all.payer }))).to.deep.equal([0n])
    })
  })
})
