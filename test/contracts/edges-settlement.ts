// The last second, the last unit, the exact sum: what is still right and what no longer is, and what each call answers and
// tells. Many of these are here because a mutant of the settlement lived without them.
import { expect } from 'chai'
import { join, owed, PRICE } from './batch.ts'
import { DAY, ethers, MIB, networkHelpers, now, receiveAuthorization, USD, wallet } from './fixture.ts'
import { pool, signer } from './funded.ts'
import { world } from './world.ts'

const { loadFixture, time } = networkHelpers
const LATER = 4_102_444_800n
const WEEK = 7n * DAY
const REASONS = ['None', 'Unpaid', 'Signature', 'Expired', 'Revoked', 'HeadUnmoved']

describe('BandwidthSettlement at its edges', () => {
  it('answers what was credited, paid and returned', async () => {
    const all = await loadFixture(world)
    const { settlement, other, payer, own, seeder, seeding, giver, token } = all
    const asOther = settlement.connect(other)
    expect(await asOther.deposit.staticCall(payer.address, 5n)).to.equal(5n)
    expect(
      await asOther.depositWithPermit.staticCall(payer.address, 5n, LATER, 27, ethers.ZeroHash, ethers.ZeroHash),
    ).to.equal(5n)
    const nonce = await settlement.depositNonce(payer.address, ethers.ZeroHash)
    const terms = { to: await settlement.getAddress(), value: 6n, nonce }
    const signed = { ...(await receiveAuthorization(token, giver, terms)), salt: ethers.ZeroHash }
    expect(await settlement.depositWithAuthorization.staticCall(payer.address, 6n, signed)).to.equal(6n)
    const log = all.log().add(1n)
    const batch = await log.voucher({ by: payer, amount: 9n })
    expect(await seeding.settle.staticCall(seeder.address, batch)).to.equal(9n)
    expect(await seeding.settleTo.staticCall(batch, other.address)).to.equal(9n)
    await seeding.settle(seeder.address, batch)
    expect(await seeding.withdraw.staticCall(other.address)).to.equal(9n)
    await own.thaw(40n)
    await own.reserve(seeder.address, 1n, PRICE, 30n)
    await own.thawReserve(seeder.address, 1n, PRICE, 20n)
    await time.increase(WEEK)
    expect(await own.withdrawThawed.staticCall(other.address)).to.equal(40n)
    expect(await own.releaseReserve.staticCall(seeder.address, 1n, PRICE)).to.equal(20n)
  })

  it('tells every change of a sponsor', async () => {
    const { settlement, own, payer, seeder, delegate, other } = await loadFixture(world)
    const me = payer.address
    const terms = [me, seeder.address, 1n, PRICE] as const
    await expect(own.authorizeSigner(delegate.address, 5n))
      .to.emit(settlement, 'SignerChanged')
      .withArgs(me, delegate.address, 10n * USD + 5n, 0n)
    await own.reserve(seeder.address, 1n, PRICE, 100n)
    await time.setNextBlockTimestamp((await now()) + 100n)
    const end = (await now()) + 100n + WEEK
    await expect(own.thawReserve(seeder.address, 1n, PRICE, 60n))
      .to.emit(settlement, 'ReserveChanged')
      .withArgs(...terms, 100n, 60n, end)
    await expect(own.reserve(seeder.address, 1n, PRICE, 1n))
      .to.emit(settlement, 'ReserveChanged')
      .withArgs(...terms, 101n, 60n, end)
    const state = await settlement.lane(await settlement.laneKey(...terms))
    expect([state.reserved, state.releasing, state.releaseEnd]).to.deep.equal([101n, 60n, end])
    await expect(own.thawReserve(seeder.address, 1n, PRICE, 0n))
      .to.emit(settlement, 'ReserveChanged')
      .withArgs(...terms, 101n, 0n, 0n)
    await own.thawReserve(seeder.address, 1n, PRICE, 60n)
    await time.increase(WEEK)
    await expect(own.releaseReserve(seeder.address, 1n, PRICE))
      .to.emit(settlement, 'ReserveChanged')
      .withArgs(...terms, 41n, 0n, 0n)
    await time.setNextBlockTimestamp((await now()) + 100n)
    const thawEnd = (await now()) + 100n + WEEK
    await expect(own.thaw(7n)).to.emit(settlement, 'ThawChanged').withArgs(me, 7n, thawEnd)
    expect([...(await settlement.account(me))].slice(1)).to.deep.equal([7n, thawEnd])
    await settlement.connect(other).deposit(me, 3n) // leaves the thaw as it is
    await own.reserve(seeder.address, 1n, PRICE, 1n)
    expect([...(await settlement.account(me))].slice(1)).to.deep.equal([7n, thawEnd])
    await expect(own.thaw(0n)).to.emit(settlement, 'ThawChanged').withArgs(me, 0n, 0n)
    await time.setNextBlockTimestamp((await now()) + 100n)
    await expect(own.revokeSigner(delegate.address))
      .to.emit(settlement, 'SignerChanged')
      .withArgs(me, delegate.address, 10n * USD + 5n, (await now()) + 100n + WEEK)
  })

  it('tells every change of a seeder, and what a delegate reserves', async () => {
    const all = await loadFixture(world)
    const { settlement, seeding, seeder, other, payer, own } = all
    await expect(seeding.approveOperator(other.address, true))
      .to.emit(settlement, 'OperatorApproval')
      .withArgs(seeder.address, other.address, true)
    expect(await settlement.isOperator(seeder.address, other.address)).to.equal(true)
    expect(await settlement.isOperator(other.address, seeder.address)).to.equal(false)
    const log = all.log().add(1n).add(1n)
    const first = await log.voucher({ by: payer, amount: 3n, to: log.lines[1]!.session })
    const second = await log.voucher({ by: payer, amount: 4n, first: 1 })
    await seeding.settle(seeder.address, first)
    await expect(seeding.settleTo(second, other.address))
      .to.emit(settlement, 'CreditWithdrawn')
      .withArgs(seeder.address, other.address, 4n)
    await expect(seeding.withdraw(other.address))
      .to.emit(settlement, 'CreditWithdrawn')
      .withArgs(seeder.address, other.address, 3n)
    expect(await settlement.credit(seeder.address)).to.equal(0n)
    await own.authorizeSigner(other.address, 10n)
    const two = [4n, 6n].map((amount, i) => ({ seeder: seeder.address, lane: BigInt(i), pricePerGiB: PRICE, amount }))
    await expect(settlement.connect(other).reserveMany(payer.address, two)) // the whole allowance
      .to.emit(settlement, 'SignerChanged')
      .withArgs(payer.address, other.address, 0n, 0n)
      .to.emit(settlement, 'ReserveChanged')
      .withArgs(payer.address, seeder.address, 1n, PRICE, 6n, 0n, 0n)
    expect((await signer(settlement, payer.address, other.address)).active).to.equal(true)
  })

  it('releases, pays and honours to the second', async () => {
    const all = await loadFixture(world)
    const { settlement, own, payer, seeder, seeding, delegate } = all
    await own.reserve(seeder.address, 1n, PRICE, 30n)
    await own.thawReserve(seeder.address, 1n, PRICE, 30n)
    const releaseEnd = (await now()) + WEEK
    await own.thaw(1_000n * USD - 30n) // all that is left
    const thawEnd = (await now()) + WEEK
    await own.revokeSigner(delegate.address)
    const revoked = (await now()) + WEEK
    const at = async (second: bigint) => time.setNextBlockTimestamp(second)
    await at(releaseEnd - 1n)
    await expect(own.releaseReserve(seeder.address, 1n, PRICE))
      .to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_StillThawing')
      .withArgs(releaseEnd, releaseEnd - 1n)
    await at(releaseEnd)
    await own.releaseReserve(seeder.address, 1n, PRICE)
    await at(thawEnd)
    await own.withdrawThawed.staticCall(payer.address, { blockTag: 'pending' })
    const log = all.log().add(1n).add(1n)
    await at(revoked - 1n)
    const by = { by: delegate, delegated: true }
    await seeding.settle(seeder.address, await log.voucher({ ...by, amount: 1n, to: log.lines[1]!.session }))
    expect(await settlement.credit(seeder.address)).to.equal(1n)
    await at(revoked)
    await expect(seeding.settle(seeder.address, await log.voucher({ ...by, amount: 1n, first: 1 })))
      .to.emit(settlement, 'Skipped')
      .withArgs(seeder.address, payer.address, log.key, 1n, REASONS.indexOf('Revoked'))
    const expiring = all.log({ lane: 5n }).add(MIB)
    const expiry = (await now()) + 50n
    const batch = await expiring.raw({ by: payer, expiry })
    await at(expiry)
    await seeding.settle(seeder.address, batch)
    expect(await settlement.credit(seeder.address)).to.equal(1n + owed([MIB]))
  })

  it('withdraws what thawed in the second that it has, and no more than that', async () => {
    const { settlement, own, payer, token } = await loadFixture(world)
    await own.thaw(1_000n * USD)
    const end = (await now()) + WEEK
    await time.setNextBlockTimestamp(end)
    await expect(own.withdrawThawed(payer.address)).to.changeTokenBalance(ethers, token, payer, 1_000n * USD)
    expect([...(await settlement.account(payer.address))]).to.deep.equal([0n, 0n, 0n])
  })

  it('counts nothing as free where more is asked back than there is', async () => {
    const { settlement, own, payer, seeder } = await loadFixture(world)
    const key = await settlement.laneKey(payer.address, seeder.address, 1n, PRICE)
    await own.reserve(seeder.address, 1n, PRICE, 10n)
    for (const [asked, free] of [
      [9n, 1n],
      [10n, 0n],
      [11n, 0n],
    ] as const) {
      await own.thawReserve(seeder.address, 1n, PRICE, asked)
      expect(await settlement.freeReserve(key)).to.equal(free)
    }
    await own.thaw(1_000n * USD - 10n)
    await own.reserve(seeder.address, 1n, PRICE, 1n) // what thaws may be reserved all the same
    expect(await settlement.freeBalance(payer.address)).to.equal(0n)
  })

  it('pays to the unit from reserve, pool and allowance', async () => {
    const all = await loadFixture(world)
    const { settlement, own, payer, seeder, seeding, delegate } = all
    const me = payer.address
    const pay = async (lane: bigint, amount: bigint, by: { delegated?: boolean; least?: bigint } = {}) => {
      const log = all.log({ lane }).add(1n)
      const group = await log.voucher({ by: by.delegated ? delegate : payer, amount, ...by })
      return seeding.settle.staticCall(seeder.address, group).then(async (paid) => {
        await seeding.settle(seeder.address, group)
        const { reserved, head } = await settlement.lane(log.key)
        const allowance = (await signer(settlement, me, delegate.address)).allowance
        return { paid, reserved, moved: head === log.head, pool: await pool(settlement, me), allowance }
      })
    }
    const start = { pool: 1_000n * USD - 50n, allowance: 10n * USD }
    for (const lane of [1n, 2n, 3n, 4n, 5n]) await own.reserve(seeder.address, lane, PRICE, 10n)
    expect(await pay(1n, 10n)).to.deep.equal({ ...start, paid: 10n, reserved: 0n, moved: true }) // exactly the reserve
    expect(await pay(2n, 9n, { delegated: true })).to.deep.equal({ ...start, paid: 9n, reserved: 1n, moved: true })
    const after3 = { pool: start.pool - 15n, allowance: start.allowance - 15n }
    expect(await pay(3n, 25n, { delegated: true })).to.deep.equal({ ...after3, paid: 25n, reserved: 0n, moved: true })
    // all of the allowance and the reserve, to the unit; one more is too much
    const most = 10n + after3.allowance
    expect((await pay(4n, most + 1n, { delegated: true })).paid).to.equal(0n)
    expect((await pay(4n, most + 1n, { delegated: true, least: most + 1n })).paid).to.equal(0n)
    const emptied = { pool: after3.pool - after3.allowance, allowance: 0n }
    expect(await pay(4n, most, { delegated: true })).to.deep.equal({
      ...emptied,
      paid: most,
      reserved: 0n,
      moved: true,
    })
    // all of the pool and the reserve
    const last = await pay(5n, 2_000n * USD, { least: emptied.pool + 10n })
    expect(last).to.deep.equal({ pool: 0n, allowance: 0n, paid: emptied.pool + 10n, reserved: 0n, moved: true })
    expect((await pay(6n, 0n)).paid).to.equal(0n) // nothing is always there
  })

  it('forgets between groups what one group allowed', async () => {
    const all = await loadFixture(world)
    const { payer, delegate, seeding, seeder, settlement } = all
    const take = (lane: bigint) => all.log({ lane }).add(1n)
    const batch = join(
      await take(1n).voucher({ by: delegate, delegated: true, amount: 3n, least: 1n }),
      await take(2n).voucher({ by: payer, amount: 5_000n * USD }),
      await take(3n).voucher({ by: payer, amount: 20n * USD }), // above the delegate's allowance
      await take(4n).raw({ by: wallet() }),
      await take(5n).raw({ by: payer }),
    )
    const receipt = await (await seeding.settle(seeder.address, batch)).wait()
    const told = receipt!.logs.map((log) => settlement.interface.parseLog(log)!)
    expect(told.map(({ name, args }) => [name, args.amount, REASONS[Number(args.reason ?? 0n)]])).to.deep.equal([
      ['Settled', 3n, 'None'],
      ['Skipped', 5_000n * USD, 'Unpaid'],
      ['Settled', 20n * USD, 'None'],
      ['Skipped', owed([1n]), 'Signature'],
      ['Settled', owed([1n]), 'None'],
    ])
    expect((await signer(settlement, payer.address, delegate.address)).allowance).to.equal(10n * USD - 3n)
  })

  it('touches no delegate where the sponsor signed', async () => {
    const { settlement, seeding, seeder, payer, log } = await loadFixture(world)
    await seeding.settle(seeder.address, await log().add(1n).voucher({ by: payer, amount: 5n }))
    const nobody = await signer(settlement, payer.address, ethers.ZeroAddress)
    expect([nobody.active, nobody.allowance]).to.deep.equal([false, 0n])
  })

  it('shows the digests, keys and nonces that others compute', async () => {
    const { settlement, payer, seeder } = await loadFixture(world)
    const { name, version, chainId, verifyingContract, fields } = await settlement.eip712Domain()
    const domain = { name, version, chainId, verifyingContract }
    const hash = ethers.TypedDataEncoder
    expect([name, version, fields]).to.deep.equal(['BitCDN', '1', '0x0f'])
    expect(await settlement.DOMAIN_SEPARATOR()).to.equal(hash.hashDomain(domain))
    const type = (...list: string[]) =>
      list.map((field) => ({ type: field.split(' ')[0]!, name: field.split(' ')[1]! }))
    const session = ethers.dataSlice(ethers.id('session'), 0, 24)
    const head = ethers.dataSlice(ethers.id('head'), 0, 24)
    const [lane, pricePerGiB] = [(1n << 64n) - 2n, (1n << 63n) + 5n]
    const log = { seeder: seeder.address, lane, pricePerGiB, expiry: (1n << 40n) - 3n, head }
    const SessionLog = type('address seeder', 'uint64 lane', 'uint64 pricePerGiB', 'uint40 expiry', 'bytes24 head')
    expect(await settlement.sessionLogDigest(log.seeder, lane, pricePerGiB, log.expiry, head)).to.equal(
      hash.hash(domain, { SessionLog }, log),
    )
    const voucher = { seeder: seeder.address, lane, pricePerGiB, from: session, to: head, amount: (1n << 128n) - 7n }
    const half = type('address seeder', 'uint64 lane', 'uint64 pricePerGiB')
    const Voucher = [...half, ...type('bytes24 from', 'bytes24 to', 'uint128 amount')]
    expect(await settlement.voucherDigest(voucher.seeder, lane, pricePerGiB, session, head, voucher.amount)).to.equal(
      hash.hash(domain, { Voucher }, voucher),
    )
    const Receipt = type('bytes24 session', 'uint48 bytesServed')
    const receipt = { session, bytesServed: (1n << 48n) - 9n }
    expect(await settlement.receiptDigest(session, receipt.bytesServed)).to.equal(
      hash.hash(domain, { Receipt }, receipt),
    )
    expect(await settlement.nextHead(head, payer.address, 77n)).to.equal(
      ethers.dataSlice(
        ethers.solidityPackedKeccak256(['bytes24', 'address', 'uint48'], [head, payer.address, 77n]),
        0,
        24,
      ),
    )
    expect(await settlement.laneKey(payer.address, seeder.address, lane, pricePerGiB)).to.equal(
      ethers.solidityPackedKeccak256(
        ['address', 'address', 'uint64', 'uint64'],
        [payer.address, seeder.address, lane, pricePerGiB],
      ),
    )
    const coder = ethers.AbiCoder.defaultAbiCoder()
    expect(await settlement.depositNonce(payer.address, ethers.id('salt'))).to.equal(
      ethers.keccak256(
        coder.encode(['address', 'address', 'bytes32'], [verifyingContract, payer.address, ethers.id('salt')]),
      ),
    )
  })

  it('tells that a group without lines is worth nothing', async () => {
    const all = await loadFixture(world)
    const log = all.log()
    await expect(all.seeding.settle(all.seeder.address, await log.raw({ by: all.payer })))
      .to.emit(all.settlement, 'Skipped')
      .withArgs(all.seeder.address, all.payer.address, log.key, 0n, REASONS.indexOf('HeadUnmoved'))
  })

  it('names the kind that it does not know', async () => {
    const { settlement, seeding, seeder } = await loadFixture(world)
    for (const [sent, told] of [
      [0, 0],
      [5, 5],
      [6, 6],
      [0x7f, 0x7f],
      [0x80, 0],
      [0x85, 5],
    ] as const) {
      const batch = `0x${sent.toString(16).padStart(2, '0')}${'11'.repeat(300)}`
      await expect(seeding.settle(seeder.address, batch))
        .to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_UnknownKind')
        .withArgs(told)
    }
  })

  it('names what was expected and what was there', async () => {
    const { settlement, own, payer, seeder, other } = await loadFixture(world)
    await expect(own.reserve(seeder.address, 1n, PRICE, 1_000n * USD + 1n))
      .to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_InsufficientBalance')
      .withArgs(1_000n * USD + 1n, 1_000n * USD)
    await own.reserve(seeder.address, 1n, PRICE, 1_000n * USD) // the last unit
    await own.thaw(0n)
    await expect(own.revokeSigner(other.address))
      .to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_UnknownSigner')
      .withArgs(payer.address, other.address)
  })
})
