// Attacks on shares, passes and publishing that the specification does not list: each is tried with everything in place, and
// what the thief, the victim and the contracts hold is counted afterwards.
import { expect } from 'chai'
import type { AccessPass } from '../../types/ethers-contracts/passes/AccessPass.ts'
import type { RevenueShareToken } from '../../types/ethers-contracts/revenue/RevenueShareToken.ts'
import { DAY, ethers, networkHelpers, permit, receiveAuthorization, USD, wallet } from './fixture.ts'
import { BEHAVIOUR, hostileWorld, type Player } from './hostile-world.ts'
import { LIFETIME, publishParams, SEASON, SHARE, TICKET } from './published.ts'
import { type World, world } from './world.ts'
import { elementsOf, textsOf } from './xml.ts'

const { loadFixture, mine, time } = networkHelpers
const LATER = 4_102_444_800n

async function twinOf({ registry, other, params }: World) {
  const its = { ...params, contentId: ethers.id('twin'), shares: [] }
  await registry.connect(other).publish(its)
  const { token, pass } = await registry.contents(other.address, its.contentId)
  return {
    shareToken: (await ethers.getContractAt('RevenueShareToken', token)) as unknown as RevenueShareToken,
    pass: (await ethers.getContractAt('AccessPass', pass)) as unknown as AccessPass,
  }
}

describe('A refund', () => {
  it('that is seen coming cannot be made dearer by renewing the pass first', async () => {
    const { pass, token, shareToken, creating, publisher, buying } = await loadFixture(world)
    await token.connect(publisher).approve(pass, 1_000n * USD) // more than one refund, as wallets propose
    await buying.approve(publisher.address, 3n)
    const { paid } = await pass.pass(3n)
    const wealth = async () => (await token.balanceOf(publisher)) + (await shareToken.claimable(publisher))
    // the holder sees the refund in the mempool; the shares' part of each renewal is income of a friend
    for (let i = 0; i < 20; i++) await buying.renew(3n, 3n * USD, LATER)
    await mine()
    const before = await wealth()
    await expect(creating.refund(3n, paid)).to.be.revertedWithCustomError(pass, 'AccessPass_RefundAboveMax')
    expect(await wealth()).to.equal(before)
    expect(await pass.isValid(3n)).to.equal(true)
  })

  it('frees no place of a tier that is sold out, and leaves nothing to renew, use or refund again', async () => {
    const { creating, buying, buyer, publisher, pass } = await loadFixture(world)
    await creating.grant(TICKET, buyer.address)
    await buying.approve(publisher.address, 2n)
    await creating.refund(2n, USD)
    await expect(buying.buy(TICKET, buyer.address, USD, LATER)).to.be.revertedWithCustomError(
      pass,
      'AccessPass_SoldOut',
    )
    await expect(buying.renew(2n, USD, LATER)).to.be.revertedWithCustomError(pass, 'ERC721NonexistentToken')
    await expect(creating.consume(2n)).to.be.revertedWithCustomError(pass, 'AccessPass_NotValid')
    await expect(creating.refund(2n, USD)).to.be.revertedWithCustomError(pass, 'ERC721NonexistentToken')
  })

  it('that its holder agreed to lets the creator do nothing else: it cannot take the pass and keep the money', async () => {
    const { creating, buying, buyer, publisher, other, pass } = await loadFixture(world)
    await buying.approve(publisher.address, 1n)
    for (const to of [publisher, other]) {
      await expect(creating.transferFrom(buyer.address, to.address, 1n))
        .to.be.revertedWithCustomError(pass, 'AccessPass_OnlyRefund')
        .withArgs(1n)
    }
    await expect(creating.approve(other.address, 1n)).to.be.revertedWithCustomError(pass, 'ERC721InvalidApprover')
    await creating.grant(LIFETIME, publisher.address) // its own it may give away
    await creating.transferFrom(publisher.address, other.address, 4n)
    await buying.approve(other.address, 1n) // and others may do what approvals are for
    await pass.connect(other).transferFrom(buyer.address, other.address, 1n)
  })

  it('needs the consent of who holds the pass now, not of who held it before', async () => {
    const { creating, buying, buyer, publisher, other, pass } = await loadFixture(world)
    await buying.approve(publisher.address, 1n)
    await buying.transferFrom(buyer.address, other.address, 1n)
    await expect(creating.refund(1n, 5n * USD))
      .to.be.revertedWithCustomError(pass, 'AccessPass_RefundNotApproved')
      .withArgs(1n, other.address)
  })
})

describe('A used-up or ended pass', () => {
  it('that is renewed is good again for its holder, at the full price, and no stranger gains by renewing it', async () => {
    const { creating, pass, buyer, other, token, settlement, publisher } = await loadFixture(world)
    await creating.consume(2n)
    await token.connect(other).approve(pass, USD)
    const before = (await settlement.account(publisher)).balance
    await pass.connect(other).renew(2n, USD, LATER)
    expect([await pass.hasAccess(buyer, 2n), await pass.hasAccess(other, 2n)]).to.deep.equal([true, false])
    expect((await settlement.account(publisher)).balance - before).to.equal(200_000n)
    expect((await pass.pass(2n)).usesLeft).to.equal(1n)
  })
})

describe('A signature for one clone', () => {
  it('is worth nothing to another: permits of shares with the same title, payments for the same pass', async () => {
    const all = await loadFixture(world)
    const { shareToken, pass, token, giver, relayer, holder } = all
    const twin = await twinOf(all)
    expect(await twin.shareToken.name()).to.equal(await shareToken.name())
    await shareToken.connect(holder).transfer(giver.address, 5n)
    const { v, r, s } = await permit(shareToken, giver, { spender: relayer.address, value: 5n, deadline: LATER })
    const terms = [giver.address, relayer.address, 5n, LATER, v, r, s] as const
    await expect(twin.shareToken.permit(...terms)).to.be.revertedWithCustomError(shareToken, 'ClonePermit_WrongSigner')
    await expect(token.permit(...terms)).to.be.revertedWithCustomError(token, 'ERC2612InvalidSigner')

    const salt = ethers.ZeroHash
    const offer = [LIFETIME, giver.address, 5n * USD, LATER] as const
    const nonce = await pass.authorizationNonce(...offer, salt)
    const payment = { to: await pass.getAddress(), value: 5n * USD, nonce }
    const signed = { ...(await receiveAuthorization(token, giver, payment)), salt }
    await expect(twin.pass.connect(relayer).buyWithAuthorization(...offer, signed)).to.be.revert(ethers)
    expect(await twin.pass.authorizationNonce(...offer, salt)).to.not.equal(nonce)
    await pass.connect(relayer).buyWithAuthorization(...offer, signed)
  })
})

describe('An address that is known before it is published', () => {
  it('can be neither squatted nor spoiled: money sent there early is the holders’, and nobody else initialises', async () => {
    const { registry, relayer, other, token } = await loadFixture(world)
    const params = { ...publishParams(), contentId: ethers.id('soon') }
    const [shares, pass] = await registry.predictAddresses(other.address, params)
    const thief = registry.connect(relayer)
    await thief.publish(params) // the same content, under another name
    expect((await registry.contents(relayer.address, params.contentId)).token).to.not.equal(shares)
    await token.mint(shares, 4n * USD)
    await token.mint(pass, 3n * USD)
    await relayer.sendTransaction({ to: pass, value: 5n })
    await registry.connect(other).publish(params)
    expect((await registry.contents(other.address, params.contentId)).token).to.equal(shares)
    const shareToken = (await ethers.getContractAt('RevenueShareToken', shares)) as unknown as RevenueShareToken
    await expect(shareToken.connect(relayer).initialize([])).to.be.revert(ethers)
    await shareToken.connect(relayer).sync()
    await mine()
    expect(await shareToken.claimable(other)).to.equal(4n * USD)
    const selling = (await ethers.getContractAt('AccessPass', pass)) as unknown as AccessPass
    await token.connect(other).approve(pass, 5n * USD)
    await selling.connect(other).buy(LIFETIME, other.address, 5n * USD, LATER)
    expect(await token.balanceOf(pass)).to.equal(3n * USD) // nobody's, and in nobody's way
  })
})

describe('Income around the end of a block', () => {
  it('of several payments, tips and transfers is split by who holds when each block ends', async () => {
    const { shareToken, token, buyer, holder, other, publisher } = await loadFixture(world)
    for (const one of [holder, other, publisher]) await shareToken.claimFor(one)
    const gas = { gasLimit: 300_000 }
    const give = () => shareToken.connect(buyer).distribute(10n * USD, gas)
    const lend = () => shareToken.connect(other).transfer(holder.address, 100_000n * SHARE, gas)
    const giveBack = () => shareToken.connect(holder).transfer(other.address, 100_000n * SHARE, gas)
    const tip = () => token.mint(shareToken, 10n * USD, gas)
    const sync = () => shareToken.connect(holder).sync(gas)
    const claim = () => shareToken.connect(holder).claim(holder.address, gas)
    await ethers.provider.send('evm_setAutomine', [false])
    try {
      // lent within a block; lent while a block ends; given back in the next
      for (const block of [
        [give, lend, tip, sync, claim, giveBack, give],
        [give, lend, give],
        [giveBack, give],
      ]) {
        const sent = []
        for (const step of block) sent.push(await step())
        await mine()
        const numbers = await Promise.all(sent.map(async (tx) => (await tx.wait())!.blockNumber))
        expect(new Set(numbers).size).to.equal(1)
      }
    } finally {
      await ethers.provider.send('evm_setAutomine', [true])
    }
    await mine()
    // block 1: 30 at 30/10 per cent; block 2: 20 at 40/0; block 3: 10 at 30/10
    expect(await shareToken.claimable(holder)).to.equal(9n * USD + 8n * USD + 3n * USD)
    expect(await shareToken.claimable(other)).to.equal(3n * USD + 0n + USD)
    expect(await shareToken.claimable(publisher)).to.equal(36n * USD)
  })
})

describe('A royalty', () => {
  it('goes to the shares, is income once it is counted, and overflows rather than being wrong', async () => {
    const { pass, shareToken, token, other, holder } = await loadFixture(world)
    await mine()
    const before = await shareToken.claimable(holder)
    const [receiver, amount] = await pass.royaltyInfo(1n, 100n * USD)
    expect([receiver, amount]).to.deep.equal([await shareToken.getAddress(), 5n * USD])
    await token.mint(other, amount)
    await token.connect(other).transfer(receiver, amount)
    await shareToken.sync()
    await mine()
    expect((await shareToken.claimable(holder)) - before).to.equal(1_500_000n)
    await expect(pass.royaltyInfo(1n, ethers.MaxUint256)).to.be.revertedWithPanic(0x11)
    expect((await pass.royaltyInfo(1n, ethers.MaxUint256 / 10_000n))[1]).to.be.greaterThan(0n)
    expect((await pass.royaltyInfo(2n, 100n * USD))[1]).to.equal(0n)
    await expect(pass.connect(other).transferFrom(other.address, holder.address, 1n)).to.be.revert(ethers)
  })
})

describe('A title', () => {
  it('that is no text at all keeps JSON and image in one piece', async () => {
    const all = await loadFixture(world)
    const { registry, other } = all
    const bytes = [
      '0xc328',
      '0xe2',
      '0xe228a1',
      '0xf0288cbc',
      '0xc0bc2f746578743e',
      '0xffff22',
      '0xed a0 80'.replaceAll(' ', ''),
    ]
    for (const [i, title] of bytes.entries()) {
      const marker = 'TITLE'.padEnd((title.length - 2) / 2, '!').slice(0, (title.length - 2) / 2)
      const params = { ...publishParams(), contentId: ethers.id(`bytes ${i}`), title: marker }
      const data = registry.interface.encodeFunctionData('publish', [params])
      const raw = data.replace(
        ethers.hexlify(ethers.toUtf8Bytes(marker)).slice(2).padEnd(64, '0'),
        title.slice(2).padEnd(64, '0'),
      )
      expect(raw).to.not.equal(data)
      await other.sendTransaction({ to: await registry.getAddress(), data: raw })
      const { pass } = await registry.contents(other.address, params.contentId)
      const selling = await ethers.getContractAt('AccessPass', pass)
      await selling.connect(other).getFunction('grant').send(LIFETIME, other.address)
      const lenient = (uri: string) => new TextDecoder().decode(Buffer.from(uri.split(',')[1]!, 'base64'))
      const json = JSON.parse(lenient(await selling.getFunction('tokenURI').staticCall(1n)))
      expect(Object.keys(json)).to.deep.equal(['name', 'description', 'image', 'attributes'])
      expect(json.name.endsWith(' pass #1')).to.equal(true)
      const svg = lenient(json.image).replaceAll('\uffff', '')
      expect(elementsOf(svg)).to.deep.equal(['svg', 'rect', 'g', 'text', 'text', 'text', 'text', 'text'])
      expect(textsOf(svg)[1]).to.equal('Pass #1')
    }
  })
})

describe('A coin that takes a fee', () => {
  it('cannot buy with what lies in the pass by mistake more than its own fee, and owes nobody', async () => {
    const [, , , , , , player] = await ethers.getSigners()
    const does: Player['does'] = (contract, name, ...args) =>
      contract
        .connect(player!)
        .getFunction(name)
        .send(...args)
    const token = await ethers.deployContract('HostileToken', [6])
    const all = await hostileWorld(token, { address: player!.address, does })
    const { pass, settlement, shareToken } = all
    await token.getFunction('behave').send(BEHAVIOUR.TakesFee)
    const authorization = {
      from: player!.address,
      validAfter: 0n,
      validBefore: LATER,
      salt: ethers.ZeroHash,
      v: 27,
      r: ethers.ZeroHash,
      s: ethers.ZeroHash,
    }
    const buy = () => does(pass, 'buyWithAuthorization', LIFETIME, player!.address, 5n * USD, LATER, authorization)
    await expect(buy()).to.be.revert(ethers)
    await token.getFunction('mint').send(pass, USD)
    const pools = (await settlement.account(player!.address)).balance
    await buy()
    expect(await token.getFunction('balanceOf').staticCall(pass)).to.equal(USD - 50_000n) // the fee of 5 dollars
    expect((await settlement.account(player!.address)).balance - pools).to.equal(990_000n) // what arrived
    expect((await shareToken.books()).unsynced).to.equal(0n)
  })
})

describe('A creator', () => {
  it('that lets its redeemer use up passes cannot touch those of others’ contents or without limit', async () => {
    const all = await loadFixture(world)
    const { creating, pass, publisher, other } = all
    const twin = await twinOf(all)
    await twin.pass.connect(other).grant(SEASON, other.address)
    await expect(twin.pass.connect(publisher).consume(1n)).to.be.revertedWithCustomError(pass, 'AccessPass_NotRedeemer')
    await expect(creating.consume(1n)).to.be.revertedWithCustomError(pass, 'AccessPass_NothingToConsume')
    await creating.consume(3n)
    await creating.consume(3n)
    await expect(creating.consume(3n)).to.be.revertedWithCustomError(pass, 'AccessPass_NotValid')
    await time.increase(40n * DAY)
    expect(await pass.isValid(1n)).to.equal(true)
  })

  it('cannot sell one tier at another’s price, or change what a buyer’s signature was for, by closing and adding tiers', async () => {
    const { creating, pass, token, giver, relayer } = await loadFixture(world)
    const salt = ethers.ZeroHash
    const offer = [LIFETIME, giver.address, 5n * USD, LATER] as const
    const nonce = await pass.authorizationNonce(...offer, salt)
    const payment = { to: await pass.getAddress(), value: 5n * USD, nonce }
    const signed = { ...(await receiveAuthorization(token, giver, payment)), salt }
    await creating.closeTier(LIFETIME)
    await creating.addTier({ price: 5n * USD, supplyCap: 0, duration: 1, uses: 1, royaltyBps: 0, transferable: false })
    await expect(pass.connect(relayer).buyWithAuthorization(...offer, signed)).to.be.revertedWithCustomError(
      pass,
      'AccessPass_TierClosed',
    )
    const worse = [4, giver.address, 5n * USD, LATER] as const
    await expect(pass.connect(relayer).buyWithAuthorization(...worse, signed)).to.be.revertedWithCustomError(
      token,
      'ERC3009InvalidSignature',
    )
    expect(await token.balanceOf(giver.address)).to.equal(100n * USD)
  })
})

describe('Shares', () => {
  it('sent to a contract that cannot claim keep their income, and nobody else takes it', async () => {
    const { shareToken, pass, settlement, holder, buyer, relayer, token } = await loadFixture(world)
    for (const contract of [pass, settlement]) {
      await shareToken.connect(holder).transfer(contract, 100_000n * SHARE)
      await shareToken.connect(buyer).distribute(10n * USD)
      await mine()
      expect(await shareToken.claimable(contract)).to.be.greaterThan(0n)
      await expect(shareToken.connect(relayer).claimFor(contract)).to.be.revertedWithCustomError(
        shareToken,
        'RevenueShareToken_NoConsent',
      )
    }
    const thief = wallet()
    expect(await shareToken.claimable(thief.address)).to.equal(0n)
    await expect(shareToken.connect(relayer).claim(relayer.address)).to.changeTokenBalance(ethers, token, relayer, 0n)
    await expect(shareToken.connect(relayer).sweep(pass)).to.be.revert(ethers)
  })
})
