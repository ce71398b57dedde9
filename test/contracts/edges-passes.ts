// The last second, the last unit, the exact sum: what is still right and what no longer is, and what each call answers and
// tells. Many of these are here because a mutant of passes and the registry lived without them.
import { expect } from 'chai'
import { DAY, ethers, FOR_EVER, networkHelpers, now, receiveAuthorization, USD } from './fixture.ts'
import { pool } from './funded.ts'
import { LIFETIME, publishParams, SEASON, TICKET, TIERS } from './published.ts'
import { world } from './world.ts'

const { loadFixture, time } = networkHelpers
const LATER = 4_102_444_800n

/** Where a pass lies in the contract's storage. */
function slotOf(tokenId: bigint): string {
  return ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(['uint256', 'uint256'], [tokenId, 7n]))
}

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
    const slot = slotOf(4n)
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
    await token.mint(content.token, 9n) // a tip stays for whoever counts it
    await pass.connect(other).buy(LIFETIME, other.address, 5n * USD, LATER)
    const nonce = await pass.authorizationNonce(LIFETIME, giver.address, 5n * USD, LATER, ethers.ZeroHash)
    const signed = await receiveAuthorization(token, giver, { to: content.pass, value: 5n * USD, nonce })
    await pass
      .connect(relayer)
      .buyWithAuthorization(LIFETIME, giver.address, 5n * USD, LATER, { ...signed, salt: ethers.ZeroHash })
    expect(await token.queryFilter(transfers)).to.have.length(1)
    const shares = await ethers.getContractAt('RevenueShareToken', content.token)
    expect((await shares.getFunction('books').staticCall()).unsynced).to.equal(9n)
    expect(await pool(settlement, other.address)).to.equal(10n * USD)
  })

  it('approves the settlement anew only when the approval does not suffice', async () => {
    const { pass, buying, buyer, token, settlement } = await loadFixture(world)
    const address = await pass.getAddress()
    await networkHelpers.impersonateAccount(address)
    await networkHelpers.setBalance(address, 10n ** 18n)
    const approving = token.connect(await ethers.getSigner(address))
    await approving.approve(settlement, USD) // the delivery part of the price, to the unit
    await expect(buying.buy(LIFETIME, buyer.address, 5n * USD, LATER)).to.not.emit(token, 'Approval')
    expect(await token.allowance(pass, settlement)).to.equal(0n)
    await approving.approve(settlement, USD - 1n)
    await expect(buying.buy(LIFETIME, buyer.address, 5n * USD, LATER))
      .to.emit(token, 'Approval')
      .withArgs(address, await settlement.getAddress(), ethers.MaxUint256)
  })

  it('leaves nothing of a refunded pass behind', async () => {
    const { pass, buying, creating, publisher } = await loadFixture(world)
    const stored = () => ethers.provider.getStorage(pass, slotOf(3n))
    expect(await stored()).to.not.equal(ethers.ZeroHash)
    await buying.approve(publisher.address, 3n)
    await creating.refund(3n, 3n * USD)
    expect(await stored()).to.equal(ethers.ZeroHash)
  })

  it('lets a creator give its own pass away, and not one that it may refund', async () => {
    const { pass, creating, buying, buyer, publisher, other } = await loadFixture(world)
    await creating.grant(LIFETIME, publisher.address)
    await creating.transferFrom(publisher.address, other.address, 4n)
    expect(await pass.ownerOf(4n)).to.equal(other.address)
    await buying.approve(publisher.address, 1n)
    await expect(creating.transferFrom(buyer.address, publisher.address, 1n))
      .to.be.revertedWithCustomError(pass, 'AccessPass_OnlyRefund')
      .withArgs(1n)
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
