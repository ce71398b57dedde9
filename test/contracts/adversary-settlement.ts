// Attacks on pools, lanes and delegates that the specification does not list: each is tried with everything in place, and
// what the thief, the victim and the contract hold is counted afterwards.
import { expect } from 'chai'
import { createLog, join, owed, PRICE } from './batch.ts'
import { settle, skips } from './fates.ts'
import { DAY, ethers, MIB, networkHelpers, receiveAuthorization, USD, wallet } from './fixture.ts'
import { funded, pool, signer } from './funded.ts'

const { loadFixture, time } = networkHelpers
const by = (key: ReturnType<typeof wallet>) => ({ by: key, delegated: true })

describe('A sponsor that wants to pay less', () => {
  it('cannot make a seeder who takes what is there take nothing, by leaving a moment before', async () => {
    const all = await loadFixture(funded)
    const { own, payer } = all
    await own.thaw(1_000n * USD)
    await time.increase(7n * DAY)
    const log = all.log().add(1n)
    const some = await log.voucher({ by: payer, amount: 10n * USD, least: 1n })
    await own.withdrawThawed(payer.address) // sees the claim coming
    await skips(all, some, 'Unpaid')
    await all.settlement.connect(all.other).deposit(payer.address, 4n * USD)
    expect(await settle(all, some)).to.deep.equal([4n * USD])
  })

  it('gains less than one unit for each group that a seeder cuts its receipts into, and a seeder never gains', async () => {
    const all = await loadFixture(funded)
    const bytes = Array.from({ length: 12 }, (_, i) => 107n + BigInt(i % 2)) // a byte more or less than one unit's worth
    const whole = all.log({ lane: 1n })
    const parts = all.log({ lane: 2n })
    const groups: string[] = []
    for (const [i, served] of bytes.entries()) {
      whole.add(served)
      parts.add(served)
      groups.push(await parts.raw({ by: all.payer, first: i }))
    }
    const apart = (await settle(all, join(...groups))) as bigint[]
    const [together] = (await settle(all, await whole.raw({ by: all.payer }))) as bigint[]
    expect(together).to.equal(owed(bytes))
    const sum = apart.reduce((a, b) => a + b, 0n)
    expect(sum <= together!).to.equal(true)
    expect(together! - sum < BigInt(bytes.length)).to.equal(true)
    expect(new Set(apart)).to.deep.equal(new Set([0n, 1n]))
  })

  it('that thawed long ago takes what it thawed, not what came later or what it thawed since', async () => {
    const all = await loadFixture(funded)
    const { own, payer, seeder, settlement, token, other } = all
    await own.reserve(seeder.address, 1n, PRICE, 100n * USD)
    await own.thawReserve(seeder.address, 1n, PRICE, 30n * USD)
    await own.thaw(50n * USD)
    await time.increase(30n * DAY)
    await settlement.connect(other).deposit(payer.address, 500n * USD)
    await own.reserve(seeder.address, 1n, PRICE, 100n * USD)
    const key = all.log().key
    expect(await settlement.freeReserve(key)).to.equal(170n * USD)
    await expect(own.withdrawThawed(payer.address)).to.changeTokenBalance(ethers, token, payer, 50n * USD)
    await own.releaseReserve(seeder.address, 1n, PRICE)
    expect((await settlement.lane(key)).reserved).to.equal(170n * USD)
    await expect(own.releaseReserve(seeder.address, 1n, PRICE)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_NothingThawing',
    )
    // asking for more than what has thawed begins anew
    await own.thawReserve(seeder.address, 1n, PRICE, USD)
    await time.increase(7n * DAY)
    await own.thawReserve(seeder.address, 1n, PRICE, 170n * USD)
    await expect(own.releaseReserve(seeder.address, 1n, PRICE)).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_StillThawing',
    )
  })

  it('cannot put a lane back to where it was with a signature that it made for another lane', async () => {
    const all = await loadFixture(funded)
    const { payer } = all
    const log = all.log().add(MIB)
    const start = log.lines[0]!.session
    const batch = await log.raw({ by: payer })
    expect(await settle(all, batch)).to.deep.equal([owed([MIB])])
    const elsewhere = all.log({ lane: 2n })
    const back = await elsewhere.voucher({ by: payer, amount: 0n, from: log.head, to: start })
    const here = `0x${back.slice(2, 44)}${'1'.padStart(16, '0')}${back.slice(60)}`
    await skips(all, here, 'Signature')
    await skips(all, batch, 'Signature')
  })
})

describe('A delegate key in the wrong hands', () => {
  it('cannot spend an allowance twice: by a reserve and from the pool, or by two groups of one batch', async () => {
    const all = await loadFixture(funded)
    const { own, payer, seeder, settlement } = all
    const key = wallet().connect(ethers.provider)
    await networkHelpers.setBalance(key.address, 10n ** 18n)
    await own.authorizeSigner(key.address, 30n * USD)
    const one = all.log({ lane: 1n }).add(1n)
    const two = all.log({ lane: 2n }).add(1n)
    const [first, second] = [
      await one.voucher({ ...by(key), amount: 20n * USD }),
      await two.voucher({ ...by(key), amount: 20n * USD }),
    ]
    expect(await settle(all, join(first, second))).to.deep.equal([20n * USD, 'Unpaid'])
    const reservation = { seeder: seeder.address, lane: 3n, pricePerGiB: PRICE, amount: 10n * USD }
    await settlement.connect(key).reserveMany(payer.address, [reservation])
    expect((await signer(settlement, payer.address, key.address)).allowance).to.equal(0n)
    const three = all.log({ lane: 3n }).add(1n)
    await skips(all, await three.voucher({ ...by(key), amount: 10n * USD + 1n }), 'Unpaid')
    expect(await settle(all, await three.voucher({ ...by(key), amount: 11n * USD, least: 1n }))).to.deep.equal([
      10n * USD,
    ])
    await skips(all, second, 'Unpaid')
    await expect(
      settlement.connect(key).reserveMany(payer.address, [{ ...reservation, amount: 1n }]),
    ).to.be.revertedWithCustomError(settlement, 'BandwidthSettlement_AllowanceExceeded')
    expect(await pool(settlement, payer.address)).to.equal(970n * USD)
  })

  it('cannot free a reserve, thaw, withdraw, name other keys or settle for a seeder', async () => {
    const all = await loadFixture(funded)
    const { own, payer, seeder, settlement } = all
    const key = wallet().connect(ethers.provider)
    await networkHelpers.setBalance(key.address, 10n ** 18n)
    await own.authorizeSigner(key.address, 1_000n * USD)
    await own.reserve(seeder.address, 1n, PRICE, 10n * USD)
    await own.thawReserve(seeder.address, 1n, PRICE, 10n * USD)
    await time.increase(7n * DAY)
    const stolen = settlement.connect(key)
    await stolen.authorizeSigner(wallet().address, 5n) // of its own, empty pool
    const voucher = await all
      .log()
      .add(1n)
      .voucher({ ...by(key), amount: 1n })
    for (const attempt of [
      () => stolen.releaseReserve(seeder.address, 1n, PRICE),
      () => stolen.thaw(1n),
      () => stolen.withdrawThawed(key.address),
      () => stolen.withdraw(key.address),
      () => stolen.reserve(seeder.address, 1n, PRICE, 1n),
      () => stolen.settle(seeder.address, voucher),
    ]) {
      await expect(attempt()).to.be.revert(ethers)
    }
    expect((await settlement.lane(all.log().key)).reserved).to.equal(10n * USD)
    expect(await pool(settlement, payer.address)).to.equal(990n * USD)
  })

  it('that serves two sponsors can be made to bind one by what it signs for the other; keys of their own cannot', async () => {
    const all = await loadFixture(funded)
    const { own, payer, seeder, settlement, other } = all
    const shared = wallet()
    const second = wallet().connect(ethers.provider)
    await networkHelpers.setBalance(second.address, 10n ** 18n)
    await settlement.connect(other).deposit(second.address, 10n * USD)
    await own.authorizeSigner(shared.address, 100n * USD)
    await settlement.connect(second).authorizeSigner(shared.address, 100n * USD)
    const theirs = createLog({ settlement, sponsor: second.address, seeder: seeder.address }).add(1n)
    // the second sponsor leads its own lane to the head of the first one's, for nothing
    const [from, to] = [theirs.lines[0]!.session, all.log().head]
    expect(await settle(all, await theirs.voucher({ by: second, amount: 0n, from, to }))).to.deep.equal([0n])
    const next = ethers.dataSlice(ethers.id('next'), 0, 24)
    const signed = await theirs.voucher({ ...by(shared), amount: 5n * USD, from: to, to: next })
    const here = `0x${signed.slice(2, 4)}${payer.address.slice(2)}${signed.slice(44)}`
    expect(await settle(all, here)).to.deep.equal([5n * USD]) // one key for two sponsors: docs/CONTRACTS.md warns of it
    expect(await settle(all, signed)).to.deep.equal([5n * USD])
    const separate = wallet()
    await settlement.connect(second).authorizeSigner(separate.address, 100n * USD)
    const lane = all.log({ lane: 2n })
    const its = createLog({ settlement, sponsor: second.address, seeder: seeder.address, lane: 2n }).add(1n)
    await settle(all, await its.voucher({ by: second, amount: 0n, to: lane.head }))
    const alone = await its.voucher({ ...by(separate), amount: USD, from: lane.head, to: next })
    await skips(all, `0x${alone.slice(2, 4)}${payer.address.slice(2)}${alone.slice(44)}`, 'Revoked')
  })
})

describe('An operator or a stranger', () => {
  it('that forfeits a seeder’s receipts gains nothing by it', async () => {
    const all = await loadFixture(funded)
    const { settlement, seeding, seeder, operator, payer, token } = all
    await seeding.approveOperator(operator.address, true)
    const log = all.log().add(MIB)
    const unused = ethers.solidityPacked(['uint48', 'uint48', 'address'], [64n * MIB, 0n, log.lines[0]!.key.address])
    const operating = settlement.connect(operator)
    await operating.settle(seeder.address, await log.raw({ by: payer, lines: [unused] }))
    expect([await settlement.credit(seeder.address), await settlement.credit(operator.address)]).to.deep.equal([0n, 0n])
    expect([await pool(settlement, payer.address), await token.balanceOf(operator)]).to.deep.equal([1_000n * USD, 0n])
  })

  it('cannot take what was sent to the settlement plainly or by mistake', async () => {
    const all = await loadFixture(funded)
    const { settlement, seeding, seeder, token, other, payer } = all
    await token.mint(await settlement.getAddress(), 7n * USD)
    await settle(
      all,
      await all
        .log()
        .add(1n)
        .voucher({ by: payer, amount: 3n * USD }),
    )
    await seeding.withdraw(settlement) // a mistake: credit becomes nobody's
    const thief = settlement.connect(other)
    expect(await thief.deposit.staticCall(other.address, 0n)).to.equal(0n)
    await thief.deposit(other.address, 0n)
    expect(await pool(settlement, other.address)).to.equal(0n)
    await expect(thief.withdraw(other.address)).to.be.revert(ethers)
    expect(await settlement.credit(seeder.address)).to.equal(0n)
    expect(await token.balanceOf(settlement)).to.equal(1_007n * USD)
  })

  it('cannot use an authorised deposit at another settlement, or twice in one multicall', async () => {
    const all = await loadFixture(funded)
    const { settlement, token, relayer, payer } = all
    const twin = await ethers.deployContract('BandwidthSettlement', [await token.getAddress()])
    const giver = wallet()
    await token.mint(giver.address, 50n * USD)
    const salt = ethers.id('salt')
    const nonce = await settlement.depositNonce(payer.address, salt)
    const terms = { to: await settlement.getAddress(), value: 5n * USD, nonce }
    const signed = { ...(await receiveAuthorization(token, giver, terms)), salt }
    const elsewhere = (twin as unknown as typeof settlement).connect(relayer)
    await expect(elsewhere.depositWithAuthorization(payer.address, 5n * USD, signed)).to.be.revert(ethers)
    const call = settlement.interface.encodeFunctionData('depositWithAuthorization', [payer.address, 5n * USD, signed])
    await expect(settlement.connect(relayer).multicall([call, call])).to.be.revertedWithCustomError(
      token,
      'ERC3009UsedAuthorization',
    )
    await settlement.connect(relayer).multicall([call])
    expect(await pool(settlement, payer.address)).to.equal(1_005n * USD)
    expect(await token.balanceOf(giver.address)).to.equal(45n * USD)
  })

  it('finds the guard released between the calls of a multicall, and every payment made once', async () => {
    const all = await loadFixture(funded)
    const { settlement, token, seeding, seeder, payer, other } = all
    const encode = settlement.interface.encodeFunctionData.bind(settlement.interface)
    const one = await all
      .log({ lane: 1n })
      .add(1n)
      .voucher({ by: payer, amount: 2n * USD })
    const two = await all
      .log({ lane: 2n })
      .add(1n)
      .voucher({ by: payer, amount: 3n * USD })
    const calls = [
      encode('settle', [seeder.address, one]),
      encode('settleTo', [two, other.address]),
      encode('settle', [seeder.address, join(one, two)]), // once more
      encode('withdraw', [other.address]),
    ]
    await expect(seeding.multicall(calls)).to.changeTokenBalance(ethers, token, other, 5n * USD)
    await expect(seeding.multicall([...calls, encode('withdraw', [other.address])])).to.be.revertedWithCustomError(
      settlement,
      'BandwidthSettlement_NothingToWithdraw',
    )
    expect(await pool(settlement, payer.address)).to.equal(995n * USD)
    expect(await token.balanceOf(settlement)).to.equal(995n * USD)
  })
})
