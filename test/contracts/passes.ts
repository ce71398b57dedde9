import { expect } from 'chai'
import { DAY, ethers, FOR_EVER, networkHelpers, now, permit, receiveAuthorization, USD, wallet } from './fixture.ts'
import { LIFETIME, published, SEASON, TICKET } from './published.ts'

const { loadFixture, mine, time } = networkHelpers
const LATER = 4_102_444_800n

describe('AccessPass, sold', () => {
  it('for stablecoin: the delivery part tops up the sponsor’s pool, the rest is income of the shares', async () => {
    const { pass, settlement, shareToken, publisher, holder, buyer, token } = await loadFixture(published)
    await expect(pass.connect(buyer).buy(LIFETIME, buyer.address, 5n * USD, LATER))
      .to.emit(pass, 'PassBought')
      .withArgs(1n, LIFETIME, buyer.address, buyer.address, 5n * USD, 1n * USD, FOR_EVER)
    await mine()
    expect((await settlement.account(publisher.address)).balance).to.equal(1n * USD)
    expect(await shareToken.claimable(holder.address)).to.equal(1_200_000n)
    expect(await token.balanceOf(pass)).to.equal(0n)
    expect(await pass.ownerOf(1n)).to.equal(buyer.address)
    expect([await pass.isValid(1n), await pass.validUntil(1n)]).to.deep.equal([true, FOR_EVER])
    expect(await pass.hasAccess(buyer.address, 1n)).to.equal(true)
    expect(await pass.hasAccess(holder.address, 1n)).to.equal(false)
    expect(await pass.hasAccess(ethers.ZeroAddress, 2n)).to.equal(false)
  })

  it('only below the buyer’s price, before its deadline, while the tier is open and not sold out', async () => {
    const { pass, buyer, publisher } = await loadFixture(published)
    const buying = pass.connect(buyer)
    await expect(buying.buy(LIFETIME, buyer.address, 5n * USD - 1n, LATER)).to.be.revertedWithCustomError(
      pass,
      'AccessPass_PriceAboveMax',
    )
    await expect(buying.buy(LIFETIME, buyer.address, 5n * USD, await now())).to.be.revertedWithCustomError(
      pass,
      'AccessPass_DeadlinePassed',
    )
    await expect(buying.buy(3, buyer.address, 5n * USD, LATER))
      .to.be.revertedWithCustomError(pass, 'AccessPass_UnknownTier')
      .withArgs(3, 3)
    await buying.buy(TICKET, buyer.address, USD, LATER)
    await buying.buy(TICKET, buyer.address, USD, LATER)
    await expect(buying.buy(TICKET, buyer.address, USD, LATER))
      .to.be.revertedWithCustomError(pass, 'AccessPass_SoldOut')
      .withArgs(TICKET, 2)
    await pass.connect(publisher).closeTier(LIFETIME)
    await expect(buying.buy(LIFETIME, buyer.address, 5n * USD, LATER)).to.be.revertedWithCustomError(
      pass,
      'AccessPass_TierClosed',
    )
  })

  it('with a permit of the caller', async () => {
    const { pass, token, relayer } = await loadFixture(published)
    const buyer = wallet().connect(ethers.provider)
    await networkHelpers.setBalance(buyer.address, 10n ** 18n)
    await token.mint(buyer.address, 5n * USD)
    const deadline = (await now()) + DAY
    const terms = { spender: await pass.getAddress(), value: 5n * USD, deadline }
    const { v, r, s } = await permit(token, buyer, terms)
    await expect(
      pass.connect(relayer).buyWithPermit(LIFETIME, relayer.address, 5n * USD, deadline, v, r, s),
    ).to.be.revert(ethers) // pulls from its caller alone
    await pass.connect(buyer).buyWithPermit(LIFETIME, buyer.address, 5n * USD, deadline, v, r, s)
    expect(await pass.ownerOf(1n)).to.equal(buyer.address)
  })

  it('by an authorisation that a relayer submits and cannot change', async () => {
    const { pass, token, relayer, settlement, publisher } = await loadFixture(published)
    const buyer = wallet() // no coin of the chain
    await token.mint(buyer.address, 5n * USD)
    const salt = ethers.id('salt')
    const terms = [LIFETIME, buyer.address, 5n * USD, LATER] as const
    const nonce = await pass.authorizationNonce(...terms, salt)
    const to = await pass.getAddress()
    const signed = { ...(await receiveAuthorization(token, buyer, { to, value: 5n * USD, nonce })), salt }
    const relay = pass.connect(relayer)
    const changed: [number, string, bigint, bigint][] = [
      [SEASON, buyer.address, 5n * USD, LATER],
      [LIFETIME, relayer.address, 5n * USD, LATER],
      [LIFETIME, buyer.address, 6n * USD, LATER],
      [LIFETIME, buyer.address, 5n * USD, LATER + 1n],
    ]
    for (const other of changed) {
      await expect(relay.buyWithAuthorization(...other, signed)).to.be.revertedWithCustomError(
        token,
        'ERC3009InvalidSignature',
      )
    }
    await expect(relay.buyWithAuthorization(...terms, signed))
      .to.emit(pass, 'PassBought')
      .withArgs(1n, LIFETIME, buyer.address, buyer.address, 5n * USD, 1n * USD, FOR_EVER)
    expect([await token.balanceOf(buyer.address), await token.balanceOf(pass)]).to.deep.equal([0n, 0n])
    expect((await settlement.account(publisher.address)).balance).to.equal(1n * USD)
    await expect(relay.buyWithAuthorization(...terms, signed)).to.be.revert(ethers)
  })

  it('and renewed: a season from its end, its uses filled up; a lifetime pass has nothing to renew', async () => {
    const { pass, buyer } = await loadFixture(published)
    const buying = pass.connect(buyer)
    await buying.buy(SEASON, buyer.address, 3n * USD, LATER)
    const end = await pass.validUntil(1n)
    await expect(buying.renew(1n, 3n * USD, LATER))
      .to.emit(pass, 'MetadataUpdate')
      .withArgs(1n)
    expect(await pass.validUntil(1n)).to.equal(end + 30n * DAY)
    expect([...(await pass.pass(1n))]).to.deep.equal([BigInt(SEASON), end + 30n * DAY, 4n, 6n * USD])
    await time.increase(90n * DAY)
    expect(await pass.isValid(1n)).to.equal(false)
    await buying.renew(1n, 3n * USD, LATER)
    expect(await pass.validUntil(1n)).to.equal((await now()) + 30n * DAY)
    await buying.buy(LIFETIME, buyer.address, 5n * USD, LATER)
    await expect(buying.renew(2n, 5n * USD, LATER)).to.be.revertedWithCustomError(pass, 'AccessPass_NothingToRenew')
    await expect(buying.renew(99n, 5n * USD, LATER)).to.be.revertedWithCustomError(pass, 'ERC721NonexistentToken')
  })
})

describe('AccessPass, held', () => {
  it('a ticket is bound to its holder, used once by the redeemer, and then void', async () => {
    const { pass, buyer, publisher, operator } = await loadFixture(published)
    await expect(pass.connect(buyer).buy(TICKET, buyer.address, USD, LATER))
      .to.emit(pass, 'Locked')
      .withArgs(1n)
    expect(await pass.locked(1n)).to.equal(true)
    await expect(pass.connect(buyer).transferFrom(buyer.address, operator.address, 1n)).to.be.revertedWithCustomError(
      pass,
      'AccessPass_Soulbound',
    )
    await expect(pass.connect(buyer).consume(1n)).to.be.revertedWithCustomError(pass, 'AccessPass_NotRedeemer')
    await pass.connect(publisher).setRedeemer(operator.address)
    await expect(pass.connect(operator).consume(1n)).to.emit(pass, 'PassConsumed').withArgs(1n, 0n)
    expect(await pass.isValid(1n)).to.equal(false)
    await expect(pass.connect(operator).consume(1n)).to.be.revertedWithCustomError(pass, 'AccessPass_NotValid')
    await pass.connect(buyer).buy(LIFETIME, buyer.address, 5n * USD, LATER)
    await expect(pass.connect(operator).consume(2n)).to.be.revertedWithCustomError(pass, 'AccessPass_NothingToConsume')
  })

  it('a season transfers while it is good and not after', async () => {
    const { pass, buyer, other } = await loadFixture(published)
    await pass.connect(buyer).buy(SEASON, buyer.address, 3n * USD, LATER)
    await pass.connect(buyer).transferFrom(buyer.address, other.address, 1n)
    expect(await pass.hasAccess(other.address, 1n)).to.equal(true)
    await time.increaseTo(await pass.validUntil(1n))
    expect(await pass.isValid(1n)).to.equal(true)
    await time.increase(1n)
    expect(await pass.isValid(1n)).to.equal(false)
    await expect(pass.connect(other).transferFrom(other.address, buyer.address, 1n)).to.be.revertedWithCustomError(
      pass,
      'AccessPass_NotValid',
    )
  })

  it('royalties of a resale go to the share token', async () => {
    const { pass, buyer, content } = await loadFixture(published)
    await pass.connect(buyer).buy(LIFETIME, buyer.address, 5n * USD, LATER)
    expect([...(await pass.royaltyInfo(1n, 10n * USD))]).to.deep.equal([content.token, 500_000n])
  })

  it('its metadata is readable by anybody and escapes the title', async () => {
    const { pass, buyer, params } = await loadFixture(published)
    await pass.connect(buyer).buy(TICKET, buyer.address, USD, LATER)
    const decode = (uri: string) => Buffer.from(uri.split(',')[1]!, 'base64').toString('utf8')
    const json = JSON.parse(decode(await pass.tokenURI(1n)))
    expect(json.name).to.equal(`${params.title} pass #1`)
    expect(json.description).to.include(params.contentId)
    const attribute = (name: string) =>
      json.attributes.find((entry: { trait_type: string }) => entry.trait_type === name).value
    expect(attribute('Tier')).to.equal('1')
    expect(BigInt(attribute('Valid until'))).to.equal(await pass.validUntil(1n))
    expect([attribute('Uses left'), attribute('Transferable')]).to.deep.equal(['1', 'no'])
    expect(decode(json.image)).to.include('A film &amp; &quot;more&quot; &lt;b&gt;')
    await pass.connect(buyer).buy(LIFETIME, buyer.address, 5n * USD, LATER)
    const endless = JSON.parse(decode(await pass.tokenURI(2n)))
    expect(endless.attributes[1]).to.deep.equal({ trait_type: 'Valid until', value: 'for ever' })
    expect([await pass.name(), await pass.symbol()]).to.deep.equal([`${params.title} pass`, 'PASS'])
  })

  it('says which interfaces it has', async () => {
    const { pass } = await loadFixture(published)
    for (const id of ['0x01ffc9a7', '0x80ac58cd', '0x5b5e139f', '0x2a55205a', '0x49064906', '0xb45a3c0e']) {
      expect(await pass.supportsInterface(id), id).to.equal(true)
    }
    expect(await pass.supportsInterface('0xffffffff')).to.equal(false)
  })
})

describe('AccessPass, run by its creator', () => {
  it('adds and closes tiers, and never changes one', async () => {
    const { pass, publisher, buyer } = await loadFixture(published)
    const terms = { price: 0n, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 0, transferable: true }
    await expect(pass.connect(buyer).addTier(terms)).to.be.revertedWithCustomError(pass, 'AccessPass_NotCreator')
    await expect(pass.connect(publisher).addTier(terms)).to.emit(pass, 'TierAdded')
    expect(await pass.tierCount()).to.equal(4n)
    await pass.connect(buyer).buy(3, buyer.address, 0n, LATER) // free
    await pass.connect(publisher).closeTier(3)
    await expect(pass.connect(publisher).closeTier(3)).to.be.revertedWithCustomError(pass, 'AccessPass_TierClosed')
    const { issued, open } = await pass.tierOf(3)
    expect([issued, open, await pass.isValid(1n)]).to.deep.equal([1n, false, true])
    await expect(pass.tierOf(4)).to.be.revertedWithCustomError(pass, 'AccessPass_UnknownTier')
  })

  it('lowers the delivery part and raises it to its ceiling, not above', async () => {
    const { pass, publisher, settlement, buyer } = await loadFixture(published)
    const own = pass.connect(publisher)
    await own.setDeliveryBps(0n)
    await pass.connect(buyer).buy(LIFETIME, buyer.address, 5n * USD, LATER)
    expect((await settlement.account(publisher.address)).balance).to.equal(0n)
    await own.setDeliveryBps(2_000n)
    expect(await pass.deliveryBps()).to.equal(2_000n)
    await expect(own.setDeliveryBps(2_001n)).to.be.revertedWithCustomError(pass, 'AccessPass_BpsAboveMax')
  })

  it('grants passes, and refunds what was paid with the holder’s consent', async () => {
    const { pass, publisher, buyer, other, token } = await loadFixture(published)
    const own = pass.connect(publisher)
    await expect(own.grant(TICKET, other.address)).to.emit(pass, 'PassGranted')
    await pass.connect(buyer).buy(SEASON, buyer.address, 3n * USD, LATER)
    await pass.connect(buyer).renew(2n, 3n * USD, LATER)
    await expect(own.refund(2n, 6n * USD)).to.be.revertedWithCustomError(pass, 'AccessPass_RefundNotApproved')
    await pass.connect(buyer).approve(publisher.address, 2n)
    await expect(own.refund(2n, 6n * USD)).to.changeTokenBalances(
      ethers,
      token,
      [publisher, buyer],
      [-6n * USD, 6n * USD],
    )
    expect(await pass.isValid(2n)).to.equal(false)
    await expect(pass.ownerOf(2n)).to.be.revertedWithCustomError(pass, 'ERC721NonexistentToken')
  })

  it('cannot be initialised again, and the implementation not at all', async () => {
    const { pass, passImplementation } = await loadFixture(published)
    for (const contract of [pass, passImplementation]) {
      await expect(contract.initialize([])).to.be.revertedWithCustomError(pass, 'AccessPass_AlreadyInitialized')
    }
  })
})
