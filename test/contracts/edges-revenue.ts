// The last second, the last unit, the exact sum: what is still right and what no longer is, and what each call answers and
// tells. Many of these are here because a mutant of the share token lived without them.
import { expect } from 'chai'
import { ethers, networkHelpers, now, permit, wallet } from './fixture.ts'
import { hostileWorld, type Player } from './hostile-world.ts'
import { publishParams, SHARE } from './published.ts'
import { bareShares, world } from './world.ts'

const { loadFixture, mine, time } = networkHelpers

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

  it('counts nothing where the money became less, and reverts no view', async () => {
    const [holder] = await ethers.getSigners()
    const token = await ethers.deployContract('HostileToken', [6])
    const does: Player['does'] = (contract, name, ...args) =>
      contract
        .connect(holder!)
        .getFunction(name)
        .send(...args)
    const { shareToken } = await hostileWorld(token, { address: holder!.address, does })
    await token.getFunction('rebase').send(500)
    expect((await shareToken.books()).unsynced).to.equal(0n)
    expect(await shareToken.sync.staticCall()).to.equal(0n)
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
