import { expect } from 'chai'
import type { RevenueShareToken } from '../../types/ethers-contracts/revenue/RevenueShareToken.ts'
import { DAY, ethers, networkHelpers, now, permit, USD, wallet } from './fixture.ts'
import { published, SHARE } from './published.ts'

const { loadFixture, mine } = networkHelpers

/** received = paid + Σ claimable + pending + carried, and all of it is there. */
async function conserved(shareToken: RevenueShareToken, holders: { address: string }[], held: bigint) {
  const { received, paid, pending, unsynced } = await shareToken.books()
  let whole = 0n
  let fraction = 0n
  for (const { address } of holders) {
    const owed = await shareToken.entitlement(address)
    whole += owed.whole
    fraction += owed.fraction
  }
  const supply = await shareToken.totalSupply()
  expect(fraction % supply).to.equal(0n)
  expect(paid + whole + pending + fraction / supply).to.equal(received)
  expect(held).to.equal(received - paid + unsynced)
}

describe('RevenueShareToken', () => {
  it('is an ERC-20 with the clone’s own name, its supply handed out and its implementation locked', async () => {
    const { shareToken, shareTokenImplementation, publisher, holder } = await loadFixture(published)
    expect(await shareToken.name()).to.equal('A film & "more" <b> share')
    expect([await shareToken.symbol(), await shareToken.decimals()]).to.deep.equal(['SHARE', 18n])
    expect(await shareToken.totalSupply()).to.equal(1_000_000n * SHARE)
    expect(await shareToken.balanceOf(holder.address)).to.equal(300_000n * SHARE)
    expect([await shareToken.publisher(), await shareToken.maxDeliveryBps()]).to.deep.equal([publisher.address, 2_000n])
    for (const token of [shareToken, shareTokenImplementation]) {
      await expect(token.initialize([])).to.be.revertedWithCustomError(
        shareToken,
        'RevenueShareToken_AlreadyInitialized',
      )
    }
  })

  it('shares income among the holders, from the next block on', async () => {
    const { shareToken, token, publisher, holder, other, buyer } = await loadFixture(published)
    await expect(shareToken.connect(buyer).distribute(100n * USD))
      .to.emit(shareToken, 'Distributed')
      .withArgs(buyer.address, 100n * USD)
    await mine()
    expect(await shareToken.claimable(publisher.address)).to.equal(60n * USD)
    await expect(shareToken.connect(publisher).claim(buyer.address)).to.changeTokenBalance(
      ethers,
      token,
      buyer,
      60n * USD,
    )
    await expect(shareToken.connect(buyer).claimFor(holder.address))
      .to.emit(shareToken, 'Claimed')
      .withArgs(holder.address, holder.address, 30n * USD)
    expect(await shareToken.connect(other).claim.staticCall(other.address)).to.equal(10n * USD)
    await expect(shareToken.connect(holder).claim(holder.address)).to.not.emit(shareToken, 'Claimed')
    await conserved(shareToken, [publisher, holder, other], await token.balanceOf(shareToken))
  })

  it('leaves past income with the seller and gives later income to the buyer', async () => {
    const { shareToken, holder, other, buyer } = await loadFixture(published)
    await shareToken.connect(buyer).distribute(100n * USD)
    await shareToken.connect(holder).transfer(other.address, 300_000n * SHARE)
    await shareToken.connect(buyer).distribute(100n * USD)
    await mine()
    expect(await shareToken.claimable(holder.address)).to.equal(30n * USD)
    expect(await shareToken.claimable(other.address)).to.equal(50n * USD)
  })

  it('gives a block’s income to those who hold when it ends: shares bought and sold within it earn nothing', async () => {
    const { shareToken, holder, other, buyer } = await loadFixture(published)
    await ethers.provider.send('evm_setAutomine', [false])
    const sent = [
      await shareToken.connect(holder).transfer(other.address, 300_000n * SHARE, { gasLimit: 200_000 }),
      await shareToken.connect(buyer).distribute(100n * USD, { gasLimit: 200_000 }),
      await shareToken.connect(other).claim(other.address, { gasLimit: 200_000 }),
      await shareToken.connect(other).transfer(holder.address, 300_000n * SHARE, { gasLimit: 200_000 }),
    ]
    await mine()
    await ethers.provider.send('evm_setAutomine', [true])
    const blocks = await Promise.all(sent.map(async (tx) => (await tx.wait())!.blockNumber))
    expect(new Set(blocks).size).to.equal(1)
    await mine()
    expect(await shareToken.claimable(other.address)).to.equal(10n * USD)
    expect(await shareToken.claimable(holder.address)).to.equal(30n * USD)
  })

  it('carries what does not divide and loses no unit', async () => {
    const { shareToken, token, publisher, holder, other, buyer } = await loadFixture(published)
    const thin = wallet()
    await shareToken.connect(other).transfer(thin.address, 1n)
    const holders = [publisher, holder, other, thin]
    for (const amount of [1n, 2n, 3n, 999_999n, 7n]) {
      await shareToken.connect(buyer).distribute(amount)
      await shareToken.connect(holder).transfer(other.address, 12_345n * amount)
      await conserved(shareToken, holders, await token.balanceOf(shareToken))
    }
    await shareToken.connect(publisher).claim(publisher.address)
    await mine()
    await conserved(shareToken, holders, await token.balanceOf(shareToken))
  })

  it('counts plain transfers once they are synced', async () => {
    const { shareToken, token, buyer, holder } = await loadFixture(published)
    await token.connect(buyer).transfer(shareToken, 10n * USD)
    expect((await shareToken.books()).unsynced).to.equal(10n * USD)
    await expect(shareToken.sync()).to.emit(shareToken, 'Distributed')
    await expect(shareToken.sync()).to.not.emit(shareToken, 'Distributed')
    expect(await shareToken.claimable(holder.address)).to.equal(3n * USD)
  })

  it('pays a holder with code only by its consent', async () => {
    const { shareToken, settlement, holder, buyer } = await loadFixture(published)
    const contract = await settlement.getAddress()
    await shareToken.connect(holder).transfer(contract, 1_000n * SHARE)
    await shareToken.connect(buyer).distribute(100n * USD)
    await expect(shareToken.claimFor(contract))
      .to.be.revertedWithCustomError(shareToken, 'RevenueShareToken_NoConsent')
      .withArgs(contract)
    await networkHelpers.impersonateAccount(contract)
    await networkHelpers.setBalance(contract, 10n ** 18n)
    await shareToken.connect(await ethers.getSigner(contract)).setClaimConsent(true)
    expect(await shareToken.claimConsent(contract)).to.equal(true)
    await expect(shareToken.claimFor(contract)).to.emit(shareToken, 'Claimed')
  })

  it('refuses shares that are sent to itself, and more than a holder has', async () => {
    const { shareToken, holder, other } = await loadFixture(published)
    await expect(shareToken.connect(holder).transfer(shareToken, 1n)).to.be.revertedWithCustomError(
      shareToken,
      'RevenueShareToken_TransferToSelf',
    )
    await expect(shareToken.connect(holder).transfer(other.address, 300_001n * SHARE)).to.be.revertedWithCustomError(
      shareToken,
      'ERC20InsufficientBalance',
    )
    await shareToken.connect(holder).transfer(holder.address, 5n * SHARE)
    expect(await shareToken.balanceOf(holder.address)).to.equal(300_000n * SHARE)
  })

  it('takes permits under the clone’s own domain', async () => {
    const { shareToken, holder, other } = await loadFixture(published)
    const owner = wallet()
    await shareToken.connect(holder).transfer(owner.address, 10n)
    const deadline = (await now()) + DAY
    const terms = { spender: other.address, value: 10n, deadline }
    const { v, r, s } = await permit(shareToken, owner, terms)
    await expect(shareToken.permit(owner.address, other.address, 11n, deadline, v, r, s)).to.be.revertedWithCustomError(
      shareToken,
      'ClonePermit_WrongSigner',
    )
    await shareToken.permit(owner.address, other.address, 10n, deadline, v, r, s)
    await expect(shareToken.permit(owner.address, other.address, 10n, deadline, v, r, s)).to.be.revert(ethers)
    await expect(
      shareToken.permit(owner.address, other.address, 10n, (await now()) - 1n, v, r, s),
    ).to.be.revertedWithCustomError(shareToken, 'ClonePermit_Expired')
    await shareToken.connect(other).transferFrom(owner.address, other.address, 10n)
    const domain = await shareToken.eip712Domain()
    expect(await shareToken.DOMAIN_SEPARATOR()).to.equal(
      ethers.TypedDataEncoder.hashDomain({
        name: domain.name,
        version: domain.version,
        chainId: domain.chainId,
        verifyingContract: domain.verifyingContract,
      }),
    )
  })

  it('sweeps other tokens and the chain’s coin to the publisher, never the stablecoin', async () => {
    const { shareToken, token, publisher, holder } = await loadFixture(published)
    const stray = await ethers.deployContract('TestUSD')
    await stray.mint(await shareToken.getAddress(), 9n)
    await expect(shareToken.sweep(stray)).to.changeTokenBalance(ethers, stray, publisher, 9n)
    await holder.sendTransaction({ to: shareToken, value: 5n })
    await expect(shareToken.connect(holder).sweep(ethers.ZeroAddress)).to.changeEtherBalance(ethers, publisher, 5n)
    await expect(shareToken.sweep(token)).to.be.revertedWithCustomError(shareToken, 'RevenueShareToken_NotSweepable')
  })
})
