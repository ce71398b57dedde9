// Money that calls back: while any function moves tokens, its payee or payer calls every other one.
import { expect } from 'chai'
import { ethers, networkHelpers } from './fixture.ts'
import { BEHAVIOUR, books, ENTRY_POINTS, entryPoints, hostileWorld, type Player } from './hostile-world.ts'

const { loadFixture } = networkHelpers
const REENTRANT = ethers.id('ReentrancyGuardReentrantCall()').slice(0, 10)

async function onHostileAccount() {
  const account = await ethers.deployContract('HostileAccount')
  const does: Player['does'] = async (contract, name, ...args) => {
    const call = contract.interface.encodeFunctionData(name, await resolved(args))
    return (await account.getFunction('execute').send(contract, call)).wait()
  }
  const token = await ethers.deployContract('HostileToken', [6])
  return { ...(await hostileWorld(token, { address: await account.getAddress(), does })), account }
}

/** Contracts among the arguments become addresses, as ethers does for its own calls. */
async function resolved(args: unknown[]): Promise<unknown[]> {
  return Promise.all(args.map((arg) => (ethers.isAddressable(arg) ? arg.getAddress() : arg)))
}

describe('An account that calls back while money moves', () => {
  for (const name of ENTRY_POINTS.filter((name) => name !== 'sync')) {
    it(`is refused by every guarded function of the contract that is running ${name}, and gains nothing`, async () => {
      const all = await loadFixture(onHostileAccount)
      const calls = await entryPoints(all)
      const [contract, , args] = calls.find(([, candidate]) => candidate === name)!
      const targets = await Promise.all(calls.map(([target]) => target.getAddress()))
      const data = await Promise.all(
        calls.map(async ([target, inside, its]) => target.interface.encodeFunctionData(inside, await resolved(its))),
      )
      await all.token.getFunction('behave').send(BEHAVIOUR.CallsHooks)
      await all.stray.getFunction('behave').send(BEHAVIOUR.CallsHooks)
      await all.account.getFunction('prepare').send(targets, data)
      const before = await books(all)
      await all.player.does(contract, name, ...args)

      const attempts: { tried: boolean; answer: string }[] = await all.account.getFunction('attempts').staticCall()
      for (const [i, [target, inside]] of calls.entries()) {
        expect(attempts[i]!.tried, inside).to.equal(true)
        if (target === contract) expect(attempts[i]!.answer, `${inside} within ${name}`).to.equal(REENTRANT)
      }
      const after = await books(all)
      expect(after.settlement.held).to.equal(after.settlement.owed)
      expect(after.shares.held).to.equal(after.shares.owed + after.shares.unsynced)
      expect(after.pass).to.equal(0n)
      const wealth = (of: typeof after) => of.mine + of.settlement.held + of.shares.held
      expect(wealth(after)).to.equal(wealth(before))
    })
  }
})
