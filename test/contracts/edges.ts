// The last second, the last unit, the exact sum: what is still right and what no longer is, and what each call answers and
// tells. Many of these are here because a mutant of the contracts lived without them.
import { expect } from 'chai'
import { join, owed, PRICE } from './batch.ts'
import { bareShares, world } from './error-cases.ts'
import {
  DAY,
  ethers,
  FOR_EVER,
  MIB,
  networkHelpers,
  now,
  permit,
  receiveAuthorization,
  USD,
  wallet,
} from './fixture.ts'
import { pool, signer } from './funded.ts'
import { LIFETIME, publishParams, SEASON, SHARE, TICKET, TIERS } from './published.ts'

const { loadFixture, mine, time } = networkHelpers
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

describe('RevenueShareToken at its edges', () => {
  it('answers and tells what was counted, paid and swept', async () => {
    const { shareToken, token, buyer, publisher, other } = await loadFixture(world)
    expect(await shareToken.connect(buyer).distribute.staticCall(5n)).to.equal(5n)
    await shareToken.sync()
    await token.mint(await shareToken.getAddress(), 7n)
    expect(await shareToken.sync.staticCall()).to.equal(7n)
    await expect(shareToken.connect(other).sync()).to.emit(shareToken, 'Distributed').withArgs(other.address, 7n)
    expect(await shareToken.sync.staticCall()).to.equal(0n)
    await mine()
    const due = await shareToken.claimable(publisher.address)
    expect(await shareToken.connect(publisher).claim.staticCall(other.address)).to.equal(due)
    expect(await shareToken.connect(other).claimFor.staticCall(publisher.address)).to.equal(due)
    await expect(shareToken.connect(publisher).claim(other.address))
      .to.emit(shareToken, 'Claimed')
      .withArgs(publisher.address, other.address, due)
    await expect(shareToken.connect(publisher).claim(other.address)).to.not.emit(shareToken, 'Claimed')
    for (const allowed of [true, false]) {
      await expect(shareToken.connect(other).setClaimConsent(allowed))
        .to.emit(shareToken, 'ClaimConsentChanged')
        .withArgs(other.address, allowed)
      expect(await shareToken.claimConsent(other.address)).to.equal(allowed)
    }
    const stray = await ethers.deployContract('TestUSD')
    await stray.getFunction('mint').send(shareToken, 9n)
    expect(await shareToken.sweep.staticCall(stray)).to.equal(9n)
    await expect(shareToken.sweep(stray))
      .to.emit(shareToken, 'Swept')
      .withArgs(await stray.getAddress(), publisher.address, 9n)
    await other.sendTransaction({ to: shareToken, value: 5n })
    expect(await shareToken.sweep.staticCall(ethers.ZeroAddress)).to.equal(5n)
    await expect(shareToken.connect(other).sweep(ethers.ZeroAddress))
      .to.emit(shareToken, 'Swept')
      .withArgs(ethers.ZeroAddress, publisher.address, 5n)
  })

  it('keeps books of pending income within a block and between blocks', async () => {
    const { shareToken, buyer, holder } = await loadFixture(world)
    await mine()
    const start = await shareToken.books()
    const giving = shareToken.connect(buyer)
    await ethers.provider.send('evm_setAutomine', [false])
    const gasLimit = 300_000
    await giving.distribute(100n, { gasLimit })
    await giving.distribute(11n, { gasLimit })
    await mine()
    await ethers.provider.send('evm_setAutomine', [true])
    const within = await shareToken.books() // in the block of the two
    expect([within.received - start.received, within.pending, within.paid]).to.deep.equal([111n, 111n, start.paid])
    await mine()
    expect((await shareToken.books()).pending).to.equal(0n)
    await giving.distribute(1_000n)
    expect((await shareToken.books()).pending).to.equal(1_000n) // what came before has ended
    await mine()
    const due = await shareToken.claimable(holder.address)
    await shareToken.connect(holder).claim(holder.address)
    const after = await shareToken.books()
    expect([after.paid - start.paid, after.pending, after.unsynced]).to.deep.equal([due, 0n, 0n])
  })

  it('pays a single unit, and answers zero when there is none', async () => {
    const { registry, token, other, holder } = await loadFixture(world)
    const params = { ...publishParams([{ holder: holder.address, amount: 1n }]), contentId: ethers.id('one unit') }
    await registry.connect(other).publish(params)
    const { token: at } = await registry.contents(other.address, params.contentId)
    const shareToken = await ethers.getContractAt('RevenueShareToken', at)
    const claim = shareToken.connect(holder).getFunction('claim')
    expect(await claim.staticCall(holder.address)).to.equal(0n)
    await token.mint(at, 1n)
    await shareToken.getFunction('sync').send()
    await mine()
    expect(await claim.staticCall(holder.address)).to.equal(1n)
    await expect(claim.send(holder.address)).to.changeTokenBalance(ethers, token, holder, 1n)
  })

  it('names the limits that it was built for', async () => {
    const all = await loadFixture(world)
    const nine = await ethers.deployContract('HostileToken', [9])
    for (const name of ['RevenueShareToken', 'BandwidthSettlement']) {
      const factory = await ethers.getContractFactory(name)
      await expect(ethers.deployContract(name, [nine]))
        .to.be.revertedWithCustomError({ interface: factory.interface } as never, `${name}_TooManyDecimals`)
        .withArgs(8n, 9n)
    }
    const most = 1n << 86n
    const bare = await bareShares(all, most + 1n)
    await expect(bare.initialize([{ holder: all.other.address, amount: most + 1n }]))
      .to.be.revertedWithCustomError(bare, 'RevenueShareToken_SupplyAboveMax')
      .withArgs(most, most + 1n)
    const few = await bareShares(all, 5n)
    await expect(few.initialize([{ holder: all.other.address, amount: 4n }]))
      .to.be.revertedWithCustomError(few, 'RevenueShareToken_WrongSupply')
      .withArgs(5n, 4n)
  })

  it('hands out the supply to the same holder twice, and tells each', async () => {
    const { registry, other, holder } = await loadFixture(world)
    const shares = [
      { holder: holder.address, amount: 2n },
      { holder: holder.address, amount: 3n },
    ]
    const params = { ...publishParams(shares), contentId: ethers.id('twice') }
    const tx = await registry.connect(other).publish(params)
    const { token } = await registry.contents(other.address, params.contentId)
    const shareToken = await ethers.getContractAt('RevenueShareToken', token)
    expect(await shareToken.getFunction('balanceOf').staticCall(holder.address)).to.equal(5n)
    await expect(tx)
      .to.emit(shareToken, 'Transfer')
      .withArgs(ethers.ZeroAddress, holder.address, 2n)
      .to.emit(shareToken, 'Transfer')
      .withArgs(ethers.ZeroAddress, holder.address, 3n)
  })

  it('moves all that a holder has, tells it, and refuses one more', async () => {
    const { shareToken, holder, other } = await loadFixture(world)
    const all = 300_000n * SHARE
    await expect(shareToken.connect(holder).transfer(other.address, all))
      .to.emit(shareToken, 'Transfer')
      .withArgs(holder.address, other.address, all)
    await expect(shareToken.connect(holder).transfer(other.address, 1n))
      .to.be.revertedWithCustomError(shareToken, 'ERC20InsufficientBalance')
      .withArgs(holder.address, 0n, 1n)
  })

  it('holds income up to its fields and refuses more', async () => {
    const { shareToken, token, buyer } = await loadFixture(world)
    const most = (1n << 64n) - 1n
    await token.mint(buyer.address, most << 9n)
    await token.connect(buyer).approve(shareToken, ethers.MaxUint256)
    const giving = shareToken.connect(buyer)
    const { received } = await shareToken.books()
    let sum = received
    while (sum + most < 1n << 72n) {
      await giving.distribute(most)
      sum += most
    }
    await expect(giving.distribute(most)).to.be.revertedWithCustomError(shareToken, 'SafeCastOverflowedUintDowncast')
    await giving.distribute((1n << 72n) - 1n - sum)
    expect((await shareToken.books()).received).to.equal((1n << 72n) - 1n)
  })

  it('takes a permit in its last second, and names who signed another', async () => {
    const { shareToken, other } = await loadFixture(world)
    const owner = wallet()
    const deadline = (await now()) + 100n
    const { v, r, s } = await permit(shareToken, owner, { spender: other.address, value: 5n, deadline })
    await expect(shareToken.permit(other.address, other.address, 5n, deadline, v, r, s)).to.be.revertedWithCustomError(
      shareToken,
      'ClonePermit_WrongSigner',
    )
    await time.setNextBlockTimestamp(deadline)
    await expect(shareToken.permit(owner.address, other.address, 5n, deadline, v, r, s))
      .to.emit(shareToken, 'Approval')
      .withArgs(owner.address, other.address, 5n)
    expect(await shareToken.nonces(owner.address)).to.equal(1n)
    const domain = await shareToken.eip712Domain()
    expect([domain.fields, domain.salt, [...domain.extensions]]).to.deep.equal(['0x0f', ethers.ZeroHash, []])
  })
})

describe('AccessPass at its edges', () => {
  const tier = (change: object) => ({ ...TIERS[0]!, price: 2n * USD, ...change })

  it('sells in the last second of a deadline and at the very price', async () => {
    const { buying, buyer } = await loadFixture(world)
    const deadline = (await now()) + 50n
    await time.setNextBlockTimestamp(deadline)
    await buying.buy(LIFETIME, buyer.address, 5n * USD, deadline)
    expect(await buying.buy.staticCall(LIFETIME, buyer.address, 5n * USD, LATER)).to.equal(5n)
    expect(await buying.issuedCount()).to.equal(4n)
  })

  it('tells every change of tiers and settings', async () => {
    const { pass, creating, other, publisher } = await loadFixture(world)
    const terms = tier({ supplyCap: 9, duration: 77, uses: 3, royaltyBps: 10_000, transferable: false })
    expect(await creating.addTier.staticCall(terms)).to.equal(4n)
    await expect(creating.addTier(terms)).to.emit(pass, 'TierAdded').withArgs(4n, Object.values(terms))
    expect(await creating.addTier.staticCall(terms)).to.equal(5n)
    const { terms: told, issued, open } = await pass.tierOf(4)
    expect([...told]).to.deep.equal(
      Object.values(terms).map((value) => (typeof value === 'number' ? BigInt(value) : value)),
    )
    expect([issued, open]).to.deep.equal([0n, true])
    await expect(creating.closeTier(4)).to.emit(pass, 'TierClosed').withArgs(4n)
    await expect(creating.setRedeemer(other.address)).to.emit(pass, 'RedeemerChanged').withArgs(other.address)
    expect(await pass.redeemer()).to.equal(other.address)
    await expect(creating.setRedeemer(ethers.ZeroAddress)).to.emit(pass, 'RedeemerChanged').withArgs(publisher.address)
    await expect(creating.setDeliveryBps(1_999n)).to.emit(pass, 'DeliveryBpsChanged').withArgs(1_999n)
    expect([await pass.deliveryBps(), await pass.maxDeliveryBps()]).to.deep.equal([1_999n, 2_000n])
    await expect(creating.setDeliveryBps(2_001n))
      .to.be.revertedWithCustomError(pass, 'AccessPass_BpsAboveMax')
      .withArgs(2_000n, 2_001n)
    await expect(creating.addTier({ ...terms, royaltyBps: 10_001 }))
      .to.be.revertedWithCustomError(pass, 'AccessPass_BpsAboveMax')
      .withArgs(10_000n, 10_001n)
    await expect(pass.connect(other).initialize([])).to.be.revertedWithCustomError(
      pass,
      'AccessPass_AlreadyInitialized',
    )
  })

  it('names what was expected and what was there', async () => {
    const { pass, registry, other, buying, buyer, passImplementation } = await loadFixture(world)
    await expect(registry.connect(other).publish({ ...publishParams(), tiers: [] }))
      .to.be.revertedWithCustomError(passImplementation, 'AccessPass_BadTierCount')
      .withArgs(255n, 0n)
    await expect(buying.closeTier(0))
      .to.be.revertedWithCustomError(pass, 'AccessPass_NotCreator')
      .withArgs(await pass.creator(), buyer.address)
    await expect(buying.buy(9, buyer.address, 0n, LATER))
      .to.be.revertedWithCustomError(pass, 'AccessPass_UnknownTier')
      .withArgs(9n, 4n)
  })

  it('renews what ends and fills up what is used, each alone', async () => {
    const { pass, creating, buying, buyer } = await loadFixture(world)
    await creating.addTier(tier({ uses: 2 })) // 4: for ever, limited
    await creating.addTier(tier({ duration: 1_000 })) // 5: ends, unlimited
    await buying.buy(4, buyer.address, 2n * USD, LATER)
    await buying.buy(5, buyer.address, 2n * USD, LATER)
    await expect(buying.renew(4n, 2n * USD, LATER))
      .to.emit(pass, 'PassRenewed')
      .withArgs(4n, buyer.address, 2n * USD, 400_000n, FOR_EVER, 4n)
    expect([...(await pass.pass(4n))]).to.deep.equal([4n, FOR_EVER, 4n, 4n * USD])
    const until = await pass.validUntil(5n)
    await expect(buying.renew(5n, 2n * USD, LATER))
      .to.emit(pass, 'PassRenewed')
      .withArgs(5n, buyer.address, 2n * USD, 400_000n, until + 1_000n, FOR_EVER)
    expect([...(await pass.pass(5n))]).to.deep.equal([5n, until + 1_000n, FOR_EVER, 4n * USD])
    expect(await creating.consume.staticCall(4n)).to.equal(3n)
    await expect(creating.consume(4n)).to.emit(pass, 'PassConsumed').withArgs(4n, 3n)
    expect([...(await pass.pass(4n))]).to.deep.equal([4n, FOR_EVER, 3n, 4n * USD])
  })

  it('never fills up to without limit', async () => {
    const { pass, buying, creating, buyer } = await loadFixture(world)
    await creating.addTier(tier({ uses: 10 }))
    await buying.buy(4, buyer.address, 2n * USD, LATER)
    const slot = ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(['uint256', 'uint256'], [4n, 7n]))
    const before = BigInt(await ethers.provider.getStorage(pass, slot))
    const most = (1n << 32n) - 2n
    const withUses = (uses: bigint) => (before & ~(0xffffffffn << 128n)) | (uses << 128n)
    for (const [uses, expected] of [
      [most - 11n, most - 1n],
      [most - 10n, most],
      [most - 9n, most],
      [most, most],
    ] as const) {
      await networkHelpers.setStorageAt(await pass.getAddress(), slot, ethers.toBeHex(withUses(uses), 32))
      expect((await pass.pass(4n)).usesLeft).to.equal(uses)
      await buying.renew(4n, 2n * USD, LATER)
      expect((await pass.pass(4n)).usesLeft).to.equal(expected)
    }
  })

  it('moves money once per payee, and none where there is none', async () => {
    const { pass, creating, buying, buyer, publisher, token, settlement, shareToken, giver, relayer } =
      await loadFixture(world)
    const money = await token.getAddress()
    const paidTo = async (call: Promise<{ wait(): Promise<{ logs: readonly unknown[] } | null> }>) => {
      const receipt = await (await call).wait()
      const logs = receipt!.logs as { address: string; topics: string[]; data: string }[]
      const told = logs.filter(({ address }) => address === money).map((log) => token.interface.parseLog(log))
      return told.flatMap((log) => (log?.name === 'Transfer' ? [log.args.to as string] : []))
    }
    const [shares, self, spools] = await Promise.all([shareToken, pass, settlement].map((c) => c.getAddress()))
    expect(await paidTo(buying.buy(LIFETIME, buyer.address, 5n * USD, LATER))).to.deep.equal([shares, self, spools])
    await creating.setDeliveryBps(0n)
    expect(await paidTo(buying.buy(LIFETIME, buyer.address, 5n * USD, LATER))).to.deep.equal([shares])
    expect(await paidTo(buying.renew(3n, 3n * USD, LATER))).to.deep.equal([shares])
    expect(await paidTo(creating.grant(LIFETIME, buyer.address))).to.deep.equal([])
    await buying.approve(publisher.address, 6n)
    expect(await paidTo(creating.refund(6n, 0n))).to.deep.equal([])
    const nonce = await pass.authorizationNonce(LIFETIME, giver.address, 5n * USD, LATER, ethers.ZeroHash)
    const signed = await receiveAuthorization(token, giver, { to: self!, value: 5n * USD, nonce })
    const terms = [LIFETIME, giver.address, 5n * USD, LATER, { ...signed, salt: ethers.ZeroHash }] as const
    expect(await paidTo(pass.connect(relayer).buyWithAuthorization(...terms))).to.include.members([self, shares])
  })

  it('gives all of a payment to delivery when that is the part, and tells no income', async () => {
    const { registry, other, token, settlement, giver, relayer } = await loadFixture(world)
    const params = { ...publishParams(), deliveryBps: 10_000n, contentId: ethers.id('all delivery') }
    await registry.connect(other).publish(params)
    const content = await registry.contents(other.address, params.contentId)
    const pass = (await ethers.getContractAt('AccessPass', content.pass)) as unknown as Awaited<
      ReturnType<typeof world>
    >['pass']
    await token.connect(other).approve(content.pass, 100n * USD)
    const transfers = token.filters.Transfer(undefined, content.token)
    await pass.connect(other).buy(LIFETIME, other.address, 5n * USD, LATER)
    const nonce = await pass.authorizationNonce(LIFETIME, giver.address, 5n * USD, LATER, ethers.ZeroHash)
    const signed = await receiveAuthorization(token, giver, { to: content.pass, value: 5n * USD, nonce })
    await pass
      .connect(relayer)
      .buyWithAuthorization(LIFETIME, giver.address, 5n * USD, LATER, { ...signed, salt: ethers.ZeroHash })
    expect(await token.queryFilter(transfers)).to.have.length(0)
    expect(await pool(settlement, other.address)).to.equal(10n * USD)
  })

  it('approves the settlement once and for all', async () => {
    const { pass, buying, buyer, token, settlement } = await loadFixture(world)
    const approved = await token.allowance(pass, settlement)
    await expect(buying.buy(LIFETIME, buyer.address, 5n * USD, LATER)).to.not.emit(token, 'Approval')
    expect(await token.allowance(pass, settlement)).to.equal(approved)
    expect(approved).to.equal(ethers.MaxUint256)
  })

  it('refunds bound, expired and granted passes, with the holder’s consent, and tells it', async () => {
    const { pass, buying, creating, publisher, buyer } = await loadFixture(world)
    await time.increase(60n * DAY)
    expect(await pass.isValid(3n)).to.equal(false)
    await buying.setApprovalForAll(publisher.address, true)
    expect(await creating.refund.staticCall(2n, USD)).to.equal(USD)
    await expect(creating.refund(2n, USD - 1n))
      .to.be.revertedWithCustomError(pass, 'AccessPass_RefundAboveMax')
      .withArgs(USD - 1n, USD)
    await expect(creating.refund(2n, USD)).to.emit(pass, 'PassRefunded').withArgs(2n, buyer.address, USD)
    await expect(creating.refund(3n, 9n * USD))
      .to.emit(pass, 'PassRefunded')
      .withArgs(3n, buyer.address, 3n * USD)
    await expect(pass.pass(3n)).to.be.revertedWithCustomError(pass, 'ERC721NonexistentToken')
    for (const view of ['validUntil', 'locked'] as const) {
      await expect(pass[view](3n)).to.be.revertedWithCustomError(pass, 'ERC721NonexistentToken')
    }
    await expect(pass.royaltyInfo(3n, 1n)).to.be.revertedWithCustomError(pass, 'ERC721NonexistentToken')
    expect([await pass.isValid(3n), await pass.hasAccess(ethers.ZeroAddress, 3n)]).to.deep.equal([false, false])
    const end = await creating.grant.staticCall(SEASON, buyer.address)
    expect(end).to.equal(4n)
  })

  it('tells who granted what until when', async () => {
    const { pass, creating, other, buyer, buying } = await loadFixture(world)
    await time.setNextBlockTimestamp((await now()) + 10n)
    const until = (await now()) + 10n + 30n * DAY
    await expect(creating.grant(SEASON, other.address))
      .to.emit(pass, 'PassGranted')
      .withArgs(4n, SEASON, other.address, until)
    expect([...(await pass.pass(4n))]).to.deep.equal([BigInt(SEASON), until, 2n, 0n])
    expect(await creating.grant.staticCall(LIFETIME, other.address)).to.equal(5n)
    await expect(creating.grant(TICKET, other.address)).to.emit(pass, 'Locked').withArgs(5n)
    await expect(creating.grant(TICKET, other.address))
      .to.be.revertedWithCustomError(pass, 'AccessPass_SoldOut')
      .withArgs(TICKET, 2n)
    expect((await pass.tierOf(TICKET)).issued).to.equal(2n)
    await time.increaseTo(until)
    expect([await pass.isValid(4n), await pass.hasAccess(other.address, 4n)]).to.deep.equal([true, true])
    await time.increaseTo(until + 1n)
    expect([await pass.isValid(4n), await pass.hasAccess(other.address, 4n)]).to.deep.equal([false, false])
    expect(await pass.hasAccess(other.address, 1n)).to.equal(false)
    expect(await pass.hasAccess(buyer.address, 1n)).to.equal(true)
    await buying['safeTransferFrom(address,address,uint256)'](buyer.address, other.address, 1n)
    expect(await pass.hasAccess(other.address, 1n)).to.equal(true)
  })
})

describe('ContentRegistry at its edges', () => {
  it('names its limits, and takes what is just within them', async () => {
    const { registry, other } = await loadFixture(world)
    const publishing = (change: object) => registry.connect(other).publish({ ...publishParams(), ...change })
    const tiers = (count: number) => Array.from({ length: count }, () => TIERS[0]!)
    const refused: [object, string, bigint, bigint][] = [
      [{ deliveryBps: 10_001n }, 'ContentRegistry_BpsAboveMax', 10_000n, 10_001n],
      [{ title: 'x'.repeat(65) }, 'ContentRegistry_BadLength', 64n, 65n],
      [{ tiers: tiers(256) }, 'ContentRegistry_BadLength', 255n, 256n],
    ]
    for (const [change, error, max, actual] of refused) {
      await expect(publishing(change)).to.be.revertedWithCustomError(registry, error).withArgs(max, actual)
    }
    await publishing({ deliveryBps: 10_000n, title: 'x'.repeat(64), tiers: tiers(255) })
    const content = await registry.contents(other.address, publishParams().contentId)
    const pass = await ethers.getContractAt('AccessPass', content.pass)
    expect(await pass.getFunction('tierCount').staticCall()).to.equal(255n)
    await expect(registry.connect(other).setRelease('x'.repeat(65), ethers.id('x')))
      .to.be.revertedWithCustomError(registry, 'ContentRegistry_BadLength')
      .withArgs(64n, 65n)
  })

  it('predicts addresses with a sponsor of its own and without', async () => {
    const { registry, other, payer } = await loadFixture(world)
    for (const sponsor of [payer.address, other.address, ethers.ZeroAddress]) {
      const params = { ...publishParams(), contentId: ethers.id(sponsor), sponsor }
      const [token, pass] = await registry.predictAddresses(other.address, params)
      await registry.connect(other).publish(params)
      const expected = sponsor === ethers.ZeroAddress ? other.address : sponsor
      expect([...(await registry.contents(other.address, params.contentId))]).to.deep.equal([
        token,
        pass,
        expected,
        params.pricePerGiB,
      ])
      const contract = await ethers.getContractAt('AccessPass', pass)
      expect(await contract.getFunction('sponsor').staticCall()).to.equal(expected)
      expect(await contract.getFunction('creator').staticCall()).to.equal(other.address)
    }
  })
})
