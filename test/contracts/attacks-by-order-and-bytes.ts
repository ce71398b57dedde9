// What must not work, one attack per test: by whoever comes first, and by bytes that no honest client sends.
import { expect } from 'chai'
import secp256k1 from 'secp256k1'
import { createLog, join, owed, PRICE } from './batch.ts'
import { settle, skips } from './fates.ts'
import { DAY, ethers, MIB, networkHelpers, USD, wallet } from './fixture.ts'
import { funded, pool } from './funded.ts'

const { loadFixture, time } = networkHelpers

/** The greatest s that is taken; above it lie the twins of all signatures. */
const HALF_OF_THE_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

/** A signature with this s, and whom it recovers. */
function withS(digest: string, s: bigint): { signature: string; signer: string } {
  const { r } = wallet().signingKey.sign(digest)
  const signature = ethers.concat([r, ethers.toBeHex(s, 32)])
  const key = secp256k1.ecdsaRecover(ethers.getBytes(signature), 0, ethers.getBytes(digest), false)
  return { signature, signer: ethers.computeAddress(ethers.hexlify(key)) }
}

const highS = (digest: string) => withS(digest, HALF_OF_THE_ORDER + 1n)

describe('BandwidthSettlement under attack', () => {
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

    it('the greatest low s is taken', async () => {
      const all = await loadFixture(funded)
      const log = all.log()
      const head = ethers.dataSlice(ethers.id('next'), 0, 24)
      const digest = await all.settlement.voucherDigest(all.seeder.address, 1n, log.pricePerGiB, log.head, head, 7n)
      const { signature, signer: key } = withS(digest, HALF_OF_THE_ORDER)
      await all.own.authorizeSigner(key, USD)
      const signed = await log.voucher({ by: all.payer, delegated: true, to: head, amount: 7n })
      expect(await settle(all, ethers.concat([ethers.dataSlice(signed, 0, 37 + 40), key, signature]))).to.deep.equal([
        7n,
      ])
    })

    it('a signature that recovers nobody does not stand for the sponsor zero, even for nothing', async () => {
      const all = await loadFixture(funded)
      const nobody = createLog({ ...all, sponsor: ethers.ZeroAddress, seeder: all.seeder.address }).add(1n)
      const signed = await nobody.voucher({ by: all.payer, amount: 0n })
      const unsigned = ethers.concat([ethers.dataSlice(signed, 0, 37 + 40), new Uint8Array(64)])
      await skips(all, unsigned, 'Signature')
      await skips(all, signed, 'Signature')
      expect((await all.settlement.lane(nobody.key)).head).to.equal(nobody.lines[0]!.session)
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
