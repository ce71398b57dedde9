// Wallets as they are: plain keys, keys with code behind them (EIP-7702), contracts that sign by delegates, relayers.
import { expect } from 'chai'
import type { HDNodeWallet } from 'ethers'
import { createLog, owed } from './batch.ts'
import { DAY, ethers, MIB, networkHelpers, now, permit, receiveAuthorization, USD, wallet } from './fixture.ts'
import { signer } from './funded.ts'
import { LIFETIME, SEASON } from './published.ts'
import { world } from './world.ts'

const { loadFixture } = networkHelpers
const LATER = 4_102_444_800n

type World = Awaited<ReturnType<typeof world>>

/** A key of the test with code behind it: the EIP-7702 transaction that sets it goes through the chain. */
async function delegating({ relayer }: World, code: string): Promise<HDNodeWallet> {
  const account = wallet().connect(ethers.provider)
  await networkHelpers.setBalance(account.address, 10n ** 18n)
  const { chainId } = await ethers.provider.getNetwork()
  const authorization = await account.authorize({ address: code, nonce: 0, chainId })
  const sender = wallet().connect(ethers.provider) // the account of the node does not sign type 4
  await networkHelpers.setBalance(sender.address, 10n ** 18n)
  await (
    await sender.sendTransaction({
      to: relayer.address,
      type: 4,
      authorizationList: [authorization],
      gasLimit: 100_000,
    })
  ).wait()
  expect(await ethers.provider.getCode(account.address)).to.equal(`0xef0100${code.slice(2).toLowerCase()}`)
  return account
}

async function safeOf(owners: HDNodeWallet[], threshold: number) {
  const safe = await ethers.deployContract('TestSafe', [owners.map(({ address }) => address), threshold])
  const sorted = [...owners].sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))
  const exec = async (
    to: { interface: { encodeFunctionData(name: string, args: unknown[]): string } },
    name: string,
    ...args: unknown[]
  ) => {
    const target = await (to as unknown as { getAddress(): Promise<string> }).getAddress()
    const data = to.interface.encodeFunctionData(name, args)
    const nonce = await safe.getFunction('nonce').staticCall()
    const hash: string = await safe.getFunction('transactionHash').staticCall(target, data, nonce)
    const signatures = sorted.slice(0, threshold).map((owner) => owner.signingKey.sign(hash).serialized)
    return safe.getFunction('execTransaction').send(target, data, signatures)
  }
  return { safe, exec, address: await safe.getAddress() }
}

describe('A plain key', () => {
  it('that never has the chain’s coin sponsors, is paid for and buys by signatures alone', async () => {
    const all = await loadFixture(world)
    const { settlement, pass, token, relayer, giver, seeder, seeding } = all
    const to = await settlement.getAddress()
    const salt = ethers.id('sponsoring')
    const nonce = await settlement.depositNonce(giver.address, salt)
    const signed = { ...(await receiveAuthorization(token, giver, { to, value: 20n * USD, nonce })), salt }
    await settlement.connect(relayer).depositWithAuthorization(giver.address, 20n * USD, signed)
    const log = createLog({ settlement, sponsor: giver.address, seeder: seeder.address }).add(MIB)
    await seeding.settle(seeder.address, await log.raw({ by: giver }))
    expect(await settlement.credit(seeder.address)).to.equal(owed([MIB]))
    const bound = await pass.authorizationNonce(LIFETIME, giver.address, 5n * USD, LATER, salt)
    const payment = await receiveAuthorization(token, giver, {
      to: await pass.getAddress(),
      value: 5n * USD,
      nonce: bound,
    })
    await pass.connect(relayer).buyWithAuthorization(LIFETIME, giver.address, 5n * USD, LATER, { ...payment, salt })
    expect(await pass.ownerOf(4n)).to.equal(giver.address)
    expect(await ethers.provider.getBalance(giver.address)).to.equal(0n)
  })
})

describe('A key with code behind it (EIP-7702)', () => {
  it('signs logs, receipts, vouchers, permits and claims as before', async () => {
    const all = await loadFixture(world)
    const { settlement, token, shareToken, other, seeder, seeding, holder, buyer } = all
    const account = await delegating(all, await settlement.getAddress())
    await settlement.connect(other).deposit(account.address, 50n * USD)
    const log = createLog({ settlement, sponsor: account.address, seeder: seeder.address }).add(MIB)
    await seeding.settle(seeder.address, await log.raw({ by: account }))
    log.add(1n)
    await seeding.settle(seeder.address, await log.voucher({ by: account, amount: 7n, first: 1 }))
    expect(await settlement.credit(seeder.address)).to.equal(owed([MIB]) + 7n)

    await token.mint(account.address, 3n * USD)
    const deadline = (await now()) + DAY
    const { v, r, s } = await permit(token, account, {
      spender: await settlement.getAddress(),
      value: 3n * USD,
      deadline,
    })
    await settlement.connect(account).depositWithPermit(account.address, 3n * USD, deadline, v, r, s)
    expect((await settlement.account(account.address)).balance).to.equal(53n * USD - owed([MIB]) - 7n)

    await shareToken.connect(holder).transfer(account.address, 100_000n * 10n ** 18n)
    await shareToken.connect(buyer).distribute(10n * USD)
    await networkHelpers.mine()
    await expect(shareToken.claimFor(account.address)).to.be.revertedWithCustomError(
      shareToken,
      'RevenueShareToken_NoConsent',
    )
    await expect(shareToken.connect(account).claim(account.address)).to.changeTokenBalance(ethers, token, account, USD)
  })

  it('buys and holds passes although its code does not know them', async () => {
    const all = await loadFixture(world)
    const { pass, token, settlement } = all
    const account = await delegating(all, await settlement.getAddress())
    await token.mint(account.address, 5n * USD)
    const { v, r, s } = await permit(token, account, {
      spender: await pass.getAddress(),
      value: 5n * USD,
      deadline: LATER,
    })
    await pass.connect(account).buyWithPermit(LIFETIME, account.address, 5n * USD, LATER, v, r, s)
    expect(await pass.hasAccess(account.address, 4n)).to.equal(true)
  })
})

describe('A contract wallet', () => {
  it('of two owners in three buys a pass and sponsors delivery through a delegate', async () => {
    const all = await loadFixture(world)
    const { settlement, pass, token, seeder, seeding } = all
    const { exec, address } = await safeOf([wallet(), wallet(), wallet()], 2)
    await token.mint(address, 100n * USD)
    await exec(token, 'approve', await pass.getAddress(), 5n * USD)
    await exec(pass, 'buy', LIFETIME, address, 5n * USD, LATER)
    expect(await pass.hasAccess(address, 4n)).to.equal(true)
    await exec(pass, 'approve', seeder.address, 4n)
    await pass.connect(seeder)['safeTransferFrom(address,address,uint256)'](address, address, 4n) // it takes passes by ERC-721's question too

    await exec(token, 'approve', await settlement.getAddress(), 50n * USD)
    await exec(settlement, 'deposit', address, 50n * USD)
    const gateway = wallet()
    await exec(settlement, 'authorizeSigner', gateway.address, 10n * USD)
    const log = createLog({ settlement, sponsor: address, seeder: seeder.address }).add(MIB)
    await seeding.settle(seeder.address, await log.raw({ by: gateway, delegated: true }))
    expect(await settlement.credit(seeder.address)).to.equal(owed([MIB]))
    expect((await signer(settlement, address, gateway.address)).allowance).to.equal(10n * USD - owed([MIB]))
    await exec(settlement, 'thaw', 40n * USD)
    await networkHelpers.time.increase(7n * DAY)
    await exec(settlement, 'withdrawThawed', address)
    expect(await token.balanceOf(address)).to.equal(85n * USD)
  })

  it('is never asked by ERC-1271, whatever it would answer', async () => {
    const all = await loadFixture(world)
    const { settlement, token, seeder, seeding, other } = all
    const owner = wallet()
    const { safe, address } = await safeOf([owner], 1)
    expect(await safe.getFunction('isValidSignature').staticCall(ethers.ZeroHash, '0x')).to.equal('0x1626ba7e')
    await token.mint(other.address, 50n * USD)
    await settlement.connect(other).deposit(address, 50n * USD)
    const log = createLog({ settlement, sponsor: address, seeder: seeder.address }).add(MIB)
    await expect(seeding.settle(seeder.address, await log.raw({ by: owner })))
      .to.emit(settlement, 'Skipped')
      .withArgs(seeder.address, address, log.key, owed([MIB]), 2)
  })

  it('of two owners does nothing on one signature', async () => {
    const [one, two] = [wallet(), wallet()]
    const { safe } = await safeOf([one, two], 2)
    const target = await safe.getAddress()
    const hash: string = await safe.getFunction('transactionHash').staticCall(target, '0x', 0n)
    const signature = one.signingKey.sign(hash).serialized
    for (const signatures of [[signature], [signature, signature]]) {
      await expect(safe.getFunction('execTransaction').send(target, '0x', signatures)).to.be.revertedWithCustomError(
        safe,
        'TestSafe_BadSignatures',
      )
    }
  })
})

describe('A relayer or a front-runner', () => {
  it('that submits a permit first does not stop the deposit or the purchase', async () => {
    const { settlement, pass, token, relayer } = await loadFixture(world)
    const account = wallet().connect(ethers.provider)
    await networkHelpers.setBalance(account.address, 10n ** 18n)
    await token.mint(account.address, 10n * USD)
    for (const spender of [settlement, pass]) {
      const address = await spender.getAddress()
      const { v, r, s } = await permit(token, account, { spender: address, value: 5n * USD, deadline: LATER })
      await token.connect(relayer).permit(account.address, address, 5n * USD, LATER, v, r, s)
      if (spender === settlement) {
        await settlement.connect(account).depositWithPermit(account.address, 5n * USD, LATER, v, r, s)
      } else {
        await pass.connect(account).buyWithPermit(LIFETIME, account.address, 5n * USD, LATER, v, r, s)
      }
    }
    expect((await settlement.account(account.address)).balance).to.equal(5n * USD)
    expect(await pass.ownerOf(4n)).to.equal(account.address)
  })

  it('that takes a buyer’s permit cannot spend it', async () => {
    const { settlement, pass, token, giver, relayer } = await loadFixture(world)
    const spenders = [await settlement.getAddress(), await pass.getAddress()]
    for (const spender of spenders) {
      const { v, r, s } = await permit(token, giver, { spender, value: 5n * USD, deadline: LATER })
      await token.permit(giver.address, spender, 5n * USD, LATER, v, r, s)
      const thief = { settlement: settlement.connect(relayer), pass: pass.connect(relayer) }
      await expect(thief.settlement.deposit(relayer.address, 5n * USD)).to.be.revert(ethers)
      await expect(thief.settlement.depositWithPermit(relayer.address, 5n * USD, LATER, v, r, s)).to.be.revert(ethers)
      await expect(thief.pass.buy(LIFETIME, relayer.address, 5n * USD, LATER)).to.be.revert(ethers)
      await expect(thief.pass.buyWithPermit(SEASON, relayer.address, 5n * USD, LATER, v, r, s)).to.be.revert(ethers)
    }
    expect(await token.balanceOf(giver.address)).to.equal(100n * USD)
  })

  it('that changes one word of an authorisation gets nothing, and cannot submit it past the contract', async () => {
    const { settlement, pass, token, giver, relayer, payer } = await loadFixture(world)
    const salt = ethers.id('salt')
    const to = await settlement.getAddress()
    const nonce = await settlement.depositNonce(payer.address, salt)
    const signed = { ...(await receiveAuthorization(token, giver, { to, value: USD, nonce })), salt }
    const thief = settlement.connect(relayer)
    for (const change of [
      { from: payer.address },
      { validAfter: 1n },
      { validBefore: LATER },
      { salt: ethers.id('x') },
    ]) {
      await expect(thief.depositWithAuthorization(payer.address, USD, { ...signed, ...change })).to.be.revert(ethers)
    }
    await expect(thief.depositWithAuthorization(relayer.address, USD, signed)).to.be.revert(ethers)
    const direct = [
      giver.address,
      to,
      USD,
      signed.validAfter,
      signed.validBefore,
      nonce,
      signed.v,
      signed.r,
      signed.s,
    ] as const
    await expect(token.connect(relayer).receiveWithAuthorization(...direct)).to.be.revert(ethers)
    await expect(token.connect(relayer).transferWithAuthorization(...direct)).to.be.revert(ethers)

    const bound = await pass.authorizationNonce(LIFETIME, giver.address, 5n * USD, LATER, salt)
    const payment = await receiveAuthorization(token, giver, {
      to: await pass.getAddress(),
      value: 5n * USD,
      nonce: bound,
    })
    for (const change of [{ from: payer.address }, { salt: ethers.id('x') }]) {
      await expect(
        pass
          .connect(relayer)
          .buyWithAuthorization(LIFETIME, giver.address, 5n * USD, LATER, { ...payment, salt, ...change }),
      ).to.be.revert(ethers)
    }
    expect(await token.balanceOf(giver.address)).to.equal(100n * USD)
  })
})
