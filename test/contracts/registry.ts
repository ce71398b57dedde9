import { expect } from 'chai'
import { deployed, ethers, networkHelpers } from './fixture.ts'
import { published, publishParams, SHARE, TIERS } from './published.ts'

const { loadFixture } = networkHelpers

describe('ContentRegistry', () => {
  it('publishes in one transaction what it predicted', async () => {
    const { registry, publisher } = await loadFixture(deployed)
    const params = publishParams()
    const [token, pass] = await registry.predictAddresses(publisher.address, params)
    await expect(registry.connect(publisher).publish(params))
      .to.emit(registry, 'ContentPublished')
      .withArgs(
        publisher.address,
        params.contentId,
        token,
        pass,
        publisher.address,
        params.pricePerGiB,
        params.title,
        params.metainfoURI,
      )
    const content = await registry.contents(publisher.address, params.contentId)
    expect([...content]).to.deep.equal([token, pass, publisher.address, params.pricePerGiB])
    const shareToken = await ethers.getContractAt('RevenueShareToken', token)
    expect(await shareToken.balanceOf(publisher.address)).to.equal(1_000_000n * SHARE)
  })

  it('wires token, pass and settlement together', async () => {
    const { registry, settlement, token, content, pass, params, publisher } = await loadFixture(published)
    expect(await pass.shareToken()).to.equal(content.token)
    expect(await pass.settlement()).to.equal(await settlement.getAddress())
    expect([await pass.creator(), await pass.sponsor()]).to.deep.equal([publisher.address, publisher.address])
    expect(await pass.contentId()).to.equal(params.contentId)
    expect(await pass.tierCount()).to.equal(BigInt(TIERS.length))
    expect(await registry.stablecoin()).to.equal(await token.getAddress())
    expect(await registry.settlement()).to.equal(await settlement.getAddress())
  })

  it('is keyed by publisher: nobody squats another’s content, and nobody publishes twice', async () => {
    const { registry, publisher, other, params } = await loadFixture(published)
    await registry.connect(other).publish({ ...params, sponsor: publisher.address })
    const theirs = await registry.contents(other.address, params.contentId)
    const ours = await registry.contents(publisher.address, params.contentId)
    expect(theirs.token).to.not.equal(ours.token)
    expect(theirs.sponsor).to.equal(publisher.address)
    const pass = await ethers.getContractAt('AccessPass', theirs.pass)
    expect([await pass.creator(), await pass.sponsor()]).to.deep.equal([other.address, publisher.address])
    expect([await pass.maxDeliveryBps(), await pass.tierCount()]).to.deep.equal([
      BigInt(params.deliveryBps),
      BigInt(TIERS.length),
    ])
    await expect(registry.connect(publisher).publish({ ...params, title: 'again' }))
      .to.be.revertedWithCustomError(registry, 'ContentRegistry_AlreadyPublished')
      .withArgs(publisher.address, params.contentId)
    expect([...(await registry.contents(other.address, ethers.id('unknown')))]).to.deep.equal([
      ethers.ZeroAddress,
      ethers.ZeroAddress,
      ethers.ZeroAddress,
      0n,
    ])
  })

  it('refuses what cannot be right', async () => {
    const { registry, shareTokenImplementation, passImplementation } = await loadFixture(deployed)
    const wrong: [object, object, string][] = [
      [registry, { contentId: ethers.ZeroHash }, 'ContentRegistry_ZeroContentId'],
      [registry, { title: '' }, 'ContentRegistry_BadLength'],
      [registry, { title: 'x'.repeat(65) }, 'ContentRegistry_BadLength'],
      [registry, { deliveryBps: 10_001n }, 'ContentRegistry_BpsAboveMax'],
      [passImplementation, { tiers: [] }, 'AccessPass_BadTierCount'],
      [passImplementation, { tiers: [{ ...TIERS[0]!, royaltyBps: 10_001 }] }, 'AccessPass_BpsAboveMax'],
      [
        shareTokenImplementation,
        { shares: [{ holder: registry.target, amount: 0n }] },
        'RevenueShareToken_WrongSupply',
      ],
      [shareTokenImplementation, { shares: [{ holder: ethers.ZeroAddress, amount: 1n }] }, 'ERC20InvalidReceiver'],
    ]
    for (const [contract, change, error] of wrong) {
      await expect(registry.publish({ ...publishParams(), ...change })).to.be.revertedWithCustomError(
        contract as typeof registry,
        error,
      )
    }
  })

  it('refuses implementations for different stablecoins', async () => {
    const { registry, passImplementation } = await loadFixture(deployed)
    const otherUsd = await ethers.deployContract('TestUSD')
    const foreign = await ethers.deployContract('RevenueShareToken', [await otherUsd.getAddress()])
    await expect(
      ethers.deployContract('ContentRegistry', [await foreign.getAddress(), await passImplementation.getAddress()]),
    ).to.be.revertedWithCustomError(registry, 'ContentRegistry_OtherStablecoin')
  })

  it('moves a release pointer version by version', async () => {
    const { registry, publisher, other } = await loadFixture(deployed)
    const [one, two] = [ethers.id('1'), ethers.id('2')]
    const own = registry.connect(publisher)
    await expect(own.setRelease('app', one))
      .to.emit(registry, 'ReleaseSet')
      .withArgs(publisher.address, ethers.id('app'), 'app', 1n, one)
    await own.setRelease('app', two)
    expect([...(await registry.release(publisher.address, 'app'))]).to.deep.equal([two, 2n])
    expect([...(await registry.release(other.address, 'app'))]).to.deep.equal([ethers.ZeroHash, 0n])
    await expect(own.setRelease('', one)).to.be.revertedWithCustomError(registry, 'ContentRegistry_BadLength')
    await expect(own.setRelease('app', ethers.ZeroHash)).to.be.revertedWithCustomError(
      registry,
      'ContentRegistry_ZeroContentId',
    )
  })
})
