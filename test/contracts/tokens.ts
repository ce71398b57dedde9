// Tokens as they are: whatever the stablecoin does, the contracts stay solvent or refuse, and never count what did not come.
import { expect } from 'chai'
import { ethers, networkHelpers, USD } from './fixture.ts'
import {
  BEHAVIOUR,
  books,
  ENTRY_POINTS,
  entryPoints,
  type HostileWorld,
  hostileWorld,
  type Player,
} from './hostile-world.ts'

const { loadFixture } = networkHelpers
const purchases = ['buy', 'buyWithPermit', 'buyWithAuthorization', 'renew']
const inner = ['sweep', 'sync'] // move nothing of the stablecoin

async function onHostileToken(): Promise<HostileWorld> {
  const [, , , , , , player] = await ethers.getSigners()
  return hostileWorld(await ethers.deployContract('HostileToken', [6]), playedBy(player!))
}

async function onCoinWithoutDecimals(): Promise<HostileWorld> {
  const [, , , , , , player] = await ethers.getSigners()
  return hostileWorld(await ethers.deployContract('HostileToken', [0]), playedBy(player!))
}

function playedBy(player: Awaited<ReturnType<typeof ethers.getSigners>>[number]): Player {
  const does: Player['does'] = async (contract, name, ...args) =>
    (
      await contract
        .connect(player)
        .getFunction(name)
        .send(...args)
    ).wait()
  return { address: player.address, does }
}

interface Trial {
  readonly prepare?: (all: HostileWorld) => Promise<unknown>
  readonly world?: typeof onHostileToken
  /** After a rebase there is more or less money than is owed: then no call may make the rest smaller. */
  readonly rebased?: boolean
}

/** Which entry points go through; after each the books are compared with the money. */
async function tryAll(behaviour: keyof typeof BEHAVIOUR, { prepare, world = onHostileToken, rebased }: Trial = {}) {
  const went: string[] = []
  for (const name of ENTRY_POINTS) {
    const all = await loadFixture(world)
    if (prepare) await prepare(all)
    await all.token.getFunction('behave').send(BEHAVIOUR[behaviour])
    const call = (await entryPoints(all)).find(([, candidate]) => candidate === name)!
    const before = await books(all)
    try {
      await all.player.does(call[0], call[1], ...call[2])
      went.push(name)
    } catch {
      expect(await books(all), `${name} was refused and changed something`).to.deep.equal(before)
    }
    const after = await books(all)
    expect(after.pass, `${name}: the pass keeps nothing`).to.equal(0n)
    if (rebased) {
      expect(restOf(after).settlement >= restOf(before).settlement, `${name}: the settlement’s rest`).to.equal(true)
      expect(restOf(after).shares >= restOf(before).shares, `${name}: the shares’ rest`).to.equal(true)
    } else {
      expect(restOf(after), `${name}: the contracts hold what they owe`).to.deep.equal({ settlement: 0n, shares: 0n })
    }
  }
  return went
}

function restOf({ settlement, shares }: Awaited<ReturnType<typeof books>>) {
  return { settlement: settlement.held - settlement.owed, shares: shares.held - shares.owed - shares.unsynced }
}

describe('A hostile stablecoin', () => {
  it('that is no more hostile than others: everything goes through', async () => {
    expect(await tryAll('Plain')).to.deep.equal(ENTRY_POINTS)
  })

  it('that takes a fee is credited with what arrives; purchases with a delivery part are refused', async () => {
    expect(await tryAll('TakesFee')).to.deep.equal(ENTRY_POINTS.filter((name) => !purchases.includes(name)))
    const withoutDelivery = (all: HostileWorld) => all.player.does(all.pass, 'setDeliveryBps', 0n)
    expect(await tryAll('TakesFee', { prepare: withoutDelivery })).to.include.members(['buy', 'buyWithPermit', 'renew'])
    const all = await loadFixture(onHostileToken)
    await all.token.getFunction('behave').send(BEHAVIOUR.TakesFee)
    await expect(all.player.does(all.settlement, 'deposit', all.player.address, 2n * USD))
      .to.emit(all.settlement, 'Deposited')
      .withArgs(all.player.address, all.player.address, 1_980_000n)
    await expect(all.player.does(all.shareToken, 'distribute', 2n * USD))
      .to.emit(all.shareToken, 'Distributed')
      .withArgs(all.player.address, 1_980_000n)
  })

  it('that returns nothing works like any other', async () => {
    expect(await tryAll('ReturnsNothing')).to.deep.equal(ENTRY_POINTS)
  })

  it('that returns false is refused; an authorisation that moves nothing credits nothing', async () => {
    expect(await tryAll('ReturnsFalse')).to.deep.equal(['depositWithAuthorization', ...inner])
  })

  it('that calls hooks of accounts without any works like any other', async () => {
    expect(await tryAll('CallsHooks')).to.deep.equal(ENTRY_POINTS)
  })

  it('that is paused stops payments, not settling', async () => {
    expect(await tryAll('Paused')).to.deep.equal(inner)
    const all = await loadFixture(onHostileToken)
    await all.token.getFunction('behave').send(BEHAVIOUR.Paused)
    const [batch] = (await entryPoints(all)).find(([, name]) => name === 'settleTo')![2]
    await all.player.does(all.settlement, 'settle', all.player.address, batch)
    expect(await all.settlement.credit(all.player.address)).to.equal(10n * USD)
  })

  it('that freezes the payee lets it be paid elsewhere; that freezes the settlement stops that one contract', async () => {
    const freeze = (who: (all: HostileWorld) => unknown) => (all: HostileWorld) =>
      all.token.getFunction('blacklist').send(who(all))
    expect(await tryAll('Blacklists', { prepare: freeze((all) => all.player.address) })).to.deep.equal(inner)
    const share = ['distribute', 'claim', 'claimFor', 'sweep', 'sync', 'refund']
    expect(await tryAll('Blacklists', { prepare: freeze((all) => all.settlement) })).to.deep.equal(share)
    const all = await loadFixture(onHostileToken)
    const elsewhere = ethers.Wallet.createRandom().address
    await freeze(() => all.player.address)(all)
    await all.player.does(all.settlement, 'withdraw', elsewhere)
    await all.player.does(all.settlement, 'withdrawThawed', elsewhere)
    await all.player.does(all.shareToken, 'claim', elsewhere)
    expect(await all.token.getFunction('balanceOf').staticCall(elsewhere)).to.equal(16n * USD + 22_400_000n)
  })

  it('that loses half of every balance pays as long as there is money, in full or not at all', async () => {
    const all = await loadFixture(onHostileToken)
    const { token, settlement, shareToken, player } = all
    await token.getFunction('rebase').send(500)
    await player.does(shareToken, 'sync') // less than counted is nothing new, and no error
    await expect(player.does(shareToken, 'claim', player.address)).to.be.revert(ethers)
    const before = await books(all)
    expect(before.settlement.owed).to.equal(2n * before.settlement.held)
    await player.does(settlement, 'withdraw', player.address)
    await player.does(settlement, 'withdrawThawed', player.address)
    const after = await books(all)
    expect(after.mine - before.mine).to.equal(16n * USD)
    expect(before.settlement.owed - after.settlement.owed).to.equal(16n * USD)
    await player.does(settlement, 'deposit', player.address, 2n * USD)
    expect((await books(all)).settlement.owed - after.settlement.owed).to.equal(2n * USD)
    await player.does(settlement, 'thaw', 60n * USD)
    await networkHelpers.time.increase(604_800n)
    await expect(player.does(settlement, 'withdrawThawed', player.address)).to.be.revert(ethers)
  })

  it('that halves or doubles every balance takes from nobody what it left there, through every entry point', async () => {
    const rebase = (worth: number) => (all: HostileWorld) => all.token.getFunction('rebase').send(worth)
    const poorer = await tryAll('Plain', { prepare: rebase(500), rebased: true })
    expect(poorer).to.deep.equal(ENTRY_POINTS.filter((name) => !['claim', 'claimFor'].includes(name)))
    expect(await tryAll('Plain', { prepare: rebase(2_000), rebased: true })).to.deep.equal(ENTRY_POINTS)
  })

  it('that doubles every balance: the surplus is income of the shares and nobody’s in the settlement', async () => {
    const all = await loadFixture(onHostileToken)
    const before = await books(all)
    await all.token.getFunction('rebase').send(2_000)
    await expect(all.player.does(all.shareToken, 'sync'))
      .to.emit(all.shareToken, 'Distributed')
      .withArgs(all.player.address, before.shares.owed)
    const after = await books(all)
    expect(after.shares.held).to.equal(after.shares.owed)
    expect(after.settlement).to.deep.equal({ owed: before.settlement.owed, held: 2n * before.settlement.held })
  })

  it('without decimals works like any other, through every entry point', async () => {
    expect(await tryAll('Plain', { world: onCoinWithoutDecimals })).to.deep.equal(ENTRY_POINTS)
  })

  it('with 18 or 27 decimals is refused, with none it is counted to the unit', async () => {
    for (const places of [9, 18, 27]) {
      const token = await ethers.deployContract('HostileToken', [places])
      for (const name of ['BandwidthSettlement', 'RevenueShareToken']) {
        const { interface: errors } = await ethers.getContractFactory(name)
        await expect(ethers.deployContract(name, [token]))
          .to.be.revertedWithCustomError({ interface: errors } as never, `${name}_TooManyDecimals`)
          .withArgs(8, places)
      }
    }
    const [player] = await ethers.getSigners()
    const does: Player['does'] = (contract, name, ...args) =>
      contract
        .connect(player!)
        .getFunction(name)
        .send(...args)
    for (const places of [0, 8]) {
      const token = await ethers.deployContract('HostileToken', [places])
      const all = await hostileWorld(token, { address: player!.address, does })
      const { settlement, shares, pass } = await books(all)
      expect([settlement.held, shares.held, pass]).to.deep.equal([settlement.owed, shares.owed, 0n])
    }
  })
})
