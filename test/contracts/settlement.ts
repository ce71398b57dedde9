import { expect } from 'chai'
import { createLog, join, owed, PRICE } from './batch.ts'
import { DAY, ethers, MIB, networkHelpers, now, permit, receiveAuthorization, USD, wallet } from './fixture.ts'
import { funded, pool, signer } from './funded.ts'

const { loadFixture, time } = networkHelpers

describe('BandwidthSettlement, the sponsor', () => {
  it('counts in the stablecoin of its constructor and refuses one with 18 decimals', async () => {
    const { settlement, token, shareTokenImplementation } = await loadFixture(funded)
    expect(await settlement.stablecoin()).to.equal(await token.getAddress())
    expect(await settlement.THAW_PERIOD()).to.equal(7n * DAY)
    await expect(ethers.deployContract('BandwidthSettlement', [await shareTokenImplementation.getAddress()]))
      .to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_TooManyDecimals')
      .withArgs(8, 18)
  })

  it('receives a deposit from anybody', async () => {
    const { settlement, token, other, payer } = await loadFixture(funded)
    await expect(settlement.connect(other).deposit(payer.address, 5n * USD))
      .to.emit(settlement, 'Deposited')
      .withArgs(payer.address, other.address, 5n * USD)
    expect(await pool(settlement, payer.address)).to.equal(1_005n * USD)
    expect(await token.balanceOf(settlement)).to.equal(1_005n * USD)
    await expect(settlement.connect(other).deposit(ethers.ZeroAddress, 1n)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_ZeroAddress',
    )
  })

  it('deposits with a permit, also when somebody submitted the permit before', async () => {
    const { settlement, token, payer, own, other } = await loadFixture(funded)
    await token.mint(payer.address, 20n * USD)
    for (const frontRun of [false, true]) {
      const deadline = (await now()) + DAY
      const spender = await settlement.getAddress()
      const { v, r, s } = await permit(token, payer, { spender, value: 10n * USD, deadline })
      if (frontRun) await token.connect(other).permit(payer.address, spender, 10n * USD, deadline, v, r, s)
      await own.depositWithPermit(payer.address, 10n * USD, deadline, v, r, s)
    }
    expect(await pool(settlement, payer.address)).to.equal(1_020n * USD)
  })

  it('deposits by an authorisation that names the beneficiary in its nonce', async () => {
    const { settlement, token, relayer, payer, other } = await loadFixture(funded)
    const giver = wallet() // no coin of the chain
    await token.mint(giver.address, 7n * USD)
    const salt = ethers.id('salt')
    const to = await settlement.getAddress()
    const nonce = await settlement.depositNonce(payer.address, salt)
    const signed = { ...(await receiveAuthorization(token, giver, { to, value: 7n * USD, nonce })), salt }
    const relay = settlement.connect(relayer)
    await expect(relay.depositWithAuthorization(other.address, 7n * USD, signed)).to.be.revertedWithCustomError(
      token,
      'ERC3009InvalidSignature',
    )
    await expect(relay.depositWithAuthorization(payer.address, 7n * USD, signed))
      .to.emit(settlement, 'Deposited')
      .withArgs(payer.address, giver.address, 7n * USD)
    expect(await pool(settlement, payer.address)).to.equal(1_007n * USD)
    await expect(relay.depositWithAuthorization(payer.address, 7n * USD, signed)).to.be.revert(ethers)
  })

  it('thaws for seven days, cancels, and withdraws what is left', async () => {
    const { settlement, own, payer, other, token } = await loadFixture(funded)
    await expect(own.thaw(1_001n * USD))
      .to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_InsufficientBalance')
      .withArgs(1_001n * USD, 1_000n * USD)
    await own.thaw(400n * USD)
    expect(await settlement.freeBalance(payer.address)).to.equal(600n * USD)
    await expect(own.withdrawThawed(other.address)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_StillThawing',
    )
    await own.thaw(0)
    await time.increase(8n * DAY)
    await expect(own.withdrawThawed(other.address)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_NothingThawing',
    )
    await own.thaw(400n * USD)
    await time.increase(7n * DAY - 2n)
    await expect(own.withdrawThawed(other.address)).to.be.revert(ethers)
    await time.increase(2n)
    await expect(own.withdrawThawed(other.address)).to.changeTokenBalance(ethers, token, other, 400n * USD)
    const { balance, thawing, thawEnd } = await settlement.account(payer.address)
    expect([balance, thawing, thawEnd]).to.deep.equal([600n * USD, 0n, 0n])
  })

  it('pays seeders from what is thawing, and withdraws only what they left', async () => {
    const { own, payer, settlement, seeding, seeder, log, other } = await loadFixture(funded)
    await own.thaw(1_000n * USD)
    await time.increase(7n * DAY)
    const lane = log().add(1n)
    await seeding.settle(seeder.address, await lane.voucher({ by: payer, amount: 900n * USD }))
    expect(await settlement.freeBalance(payer.address)).to.equal(0n)
    await expect(own.withdrawThawed(other.address))
      .to.emit(settlement, 'DepositWithdrawn')
      .withArgs(payer.address, other.address, 100n * USD)
  })

  it('reserves for a lane, thaws the reserve and gets back what the seeder did not earn', async () => {
    const { settlement, own, payer, seeder, seeding, log } = await loadFixture(funded)
    await expect(own.reserve(seeder.address, 1n, PRICE, 100n * USD))
      .to.emit(settlement, 'ReserveChanged')
      .withArgs(payer.address, seeder.address, 1n, PRICE, 100n * USD, 0n, 0n)
    const lane = log().add(1n)
    expect(await settlement.freeReserve(lane.key)).to.equal(100n * USD)
    await expect(own.releaseReserve(seeder.address, 1n, PRICE)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_NothingThawing',
    )
    await own.thawReserve(seeder.address, 1n, PRICE, 80n * USD)
    expect(await settlement.freeReserve(lane.key)).to.equal(20n * USD)
    await expect(own.releaseReserve(seeder.address, 1n, PRICE)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_StillThawing',
    )
    await time.increase(7n * DAY)
    await seeding.settle(seeder.address, await lane.voucher({ by: payer, amount: 70n * USD }))
    await own.releaseReserve(seeder.address, 1n, PRICE)
    expect(await pool(settlement, payer.address)).to.equal(930n * USD)
    const state = await settlement.lane(lane.key)
    expect([state.reserved, state.releasing, state.releaseEnd]).to.deep.equal([0n, 0n, 0n])
    expect(state.head).to.equal(lane.head)
  })

  it('reserves for many lanes at once, by a delegate within its allowance, not by a revoked one', async () => {
    const { settlement, own, payer, seeder, other } = await loadFixture(funded)
    const batch = [1n, 2n].map((lane) => ({ seeder: seeder.address, lane, pricePerGiB: PRICE, amount: 50n * USD }))
    const byDelegate = settlement.connect(other)
    await expect(byDelegate.reserveMany(payer.address, batch)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_UnknownSigner',
    )
    await own.authorizeSigner(other.address, 150n * USD)
    await byDelegate.reserveMany(payer.address, batch)
    expect((await signer(settlement, payer.address, other.address)).allowance).to.equal(50n * USD)
    await expect(byDelegate.reserveMany(payer.address, batch))
      .to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_AllowanceExceeded')
      .withArgs(100n * USD, 50n * USD)
    await own.reserveMany(payer.address, batch)
    expect(await pool(settlement, payer.address)).to.equal(800n * USD)
    await own.revokeSigner(other.address)
    await expect(byDelegate.reserveMany(payer.address, batch.slice(0, 1))).to.be.revert(ethers)
    await expect(own.reserve(seeder.address, 1n, PRICE, 801n * USD)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_InsufficientBalance',
    )
  })

  it('authorises, revokes and authorises again: an ended key starts from zero', async () => {
    const { settlement, own, payer, other } = await loadFixture(funded)
    await own.authorizeSigner(other.address, 10n)
    await own.authorizeSigner(other.address, 5n)
    expect((await signer(settlement, payer.address, other.address)).allowance).to.equal(15n)
    await own.revokeSigner(other.address)
    expect((await signer(settlement, payer.address, other.address)).active).to.equal(true)
    await expect(own.revokeSigner(other.address)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_UnknownSigner',
    )
    await own.authorizeSigner(other.address, 0n) // cancels the revocation
    expect(Object.values(await signer(settlement, payer.address, other.address))).to.deep.equal([true, 15n, 0n])
    await own.revokeSigner(other.address)
    await time.increase(7n * DAY)
    expect((await signer(settlement, payer.address, other.address)).active).to.equal(false)
    await own.authorizeSigner(other.address, 1n)
    expect(Object.values(await signer(settlement, payer.address, other.address))).to.deep.equal([true, 1n, 0n])
  })
})

describe('BandwidthSettlement, the seeder', () => {
  it('is paid for raw receipts, credited, and withdraws', async () => {
    const { settlement, token, payer, seeder, seeding, log, other } = await loadFixture(funded)
    const lane = log()
      .add(5n * MIB)
      .add(0n)
      .add(70n * MIB)
      .add(1n)
    const amount = owed([5n * MIB, 64n * MIB, 1n])
    await expect(seeding.settle(seeder.address, await lane.raw({ by: payer })))
      .to.emit(settlement, 'Settled')
      .withArgs(seeder.address, payer.address, lane.key, amount, lane.head)
    expect(await settlement.credit(seeder.address)).to.equal(amount)
    await expect(seeding.withdraw(other.address)).to.changeTokenBalance(ethers, token, other, amount)
    await expect(seeding.withdraw(other.address)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_NothingToWithdraw',
    )
  })

  it('is paid out at once by settleTo, and keeps earlier credit', async () => {
    const { settlement, token, payer, seeder, seeding, log, other } = await loadFixture(funded)
    const lane = log().add(MIB)
    await seeding.settle(seeder.address, await lane.voucher({ by: payer, amount: 3n }))
    lane.add(MIB)
    const batch = await lane.voucher({ by: payer, amount: 4n, first: 1 })
    await expect(seeding.settleTo(batch, other.address)).to.changeTokenBalance(ethers, token, other, 4n)
    expect(await settlement.credit(seeder.address)).to.equal(3n)
  })

  it('lets an approved operator settle for many seeders in one multicall, and nobody else', async () => {
    const { settlement, token, payer, seeder, other, operator, log } = await loadFixture(funded)
    const mine = log().add(MIB)
    const theirs = createLog({ settlement, sponsor: payer.address, seeder: other.address }).add(MIB)
    const calls = [
      settlement.interface.encodeFunctionData('settle', [seeder.address, await mine.raw({ by: payer })]),
      settlement.interface.encodeFunctionData('settle', [other.address, await theirs.raw({ by: payer })]),
    ]
    const operating = settlement.connect(operator)
    await settlement.connect(seeder).approveOperator(operator.address, true)
    await expect(operating.multicall(calls))
      .to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_NotOperator')
      .withArgs(other.address, operator.address)
    await settlement.connect(other).approveOperator(operator.address, true)
    await operating.multicall(calls)
    expect(await settlement.credit(seeder.address)).to.equal(owed([MIB]))
    expect(await settlement.credit(other.address)).to.equal(owed([MIB]))
    // the operator has no way to the money
    await expect(operating.withdraw(operator.address)).to.be.revert(ethers)
    await expect(operating.settleTo(await mine.raw({ by: payer }), operator.address)).to.changeTokenBalance(
      ethers,
      token,
      operator,
      0n,
    )
    await settlement.connect(seeder).approveOperator(operator.address, false)
    await expect(operating.settle(seeder.address, '0x')).to.be.revert(ethers)
  })

  it('settles many sponsors in one batch', async () => {
    const { settlement, payer, seeder, seeding, other, log } = await loadFixture(funded)
    const second = wallet()
    await settlement.connect(other).deposit(second.address, 100n * USD)
    const one = log().add(MIB)
    const two = createLog({ settlement, sponsor: second.address, seeder: seeder.address }).add(2n * MIB)
    await seeding.settle(
      seeder.address,
      join(await one.raw({ by: payer }), await two.voucher({ by: second, amount: 77n })),
    )
    expect(await settlement.credit(seeder.address)).to.equal(owed([MIB]) + 77n)
  })

  it('is paid from the reserve before the pool', async () => {
    const { settlement, own, payer, seeder, seeding, log } = await loadFixture(funded)
    await own.reserve(seeder.address, 1n, PRICE, 10n)
    const lane = log().add(MIB)
    await seeding.settle(seeder.address, await lane.voucher({ by: payer, amount: 15n }))
    expect((await settlement.lane(lane.key)).reserved).to.equal(0n)
    expect(await pool(settlement, payer.address)).to.equal(1_000n * USD - 15n)
  })
})
