// Money that calls back: while any function moves tokens, its payee or payer calls every other one.
import { expect } from 'chai'
import type { BaseContract } from 'ethers'
import { ethers, networkHelpers } from './fixture.ts'
import { BEHAVIOUR, books, ENTRY_POINTS, entryPoints, hostileWorld, type Player, quietPoints } from './hostile-world.ts'

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

type Call = [BaseContract, string, unknown[]]

/** Runs `running` while the account calls everything in `inside`, and answers what became of that. */
async function during(all: Awaited<ReturnType<typeof onHostileAccount>>, [contract, name, args]: Call, inside: Call[]) {
  const targets = await Promise.all(inside.map(([target]) => target.getAddress()))
  const data = await Promise.all(
    inside.map(async ([target, called, its]) => target.interface.encodeFunctionData(called, await resolved(its))),
  )
  await all.token.getFunction('behave').send(BEHAVIOUR.CallsHooks)
  await all.stray.getFunction('behave').send(BEHAVIOUR.CallsHooks)
  await all.account.getFunction('prepare').send(targets, data)
  await all.player.does(contract, name, ...args)
  const attempts: Attempt[] = await all.account.getFunction('attempts').staticCall()
  for (const [i, [, called]] of inside.entries()) expect(attempts[i]!.tried, called).to.equal(true)
  return attempts
}

interface Attempt {
  readonly tried: boolean
  readonly succeeded: boolean
  readonly answer: string
}

describe('An account that calls back while money moves', () => {
  const running = ENTRY_POINTS.filter((name) => name !== 'sync')

  for (const name of running) {
    it(`is refused by every guarded function of the contract that is running ${name}, and gains nothing`, async () => {
      const all = await loadFixture(onHostileAccount)
      const calls = await entryPoints(all)
      const call = calls.find(([, candidate]) => candidate === name)!
      const before = await books(all)
      const attempts = await during(all, call, calls)
      for (const [i, [target, inside]] of calls.entries()) {
        if (target === call[0]) expect(attempts[i]!.answer, `${inside} within ${name}`).to.equal(REENTRANT)
      }
      solvent(await books(all), before)
    })
  }

  for (const name of running) {
    it(`may call what moves no money while ${name} runs, each alone, and gains nothing`, async () => {
      let succeeded = 0
      const { length } = await quietPoints(await loadFixture(onHostileAccount))
      for (let i = 0; i < length; i++) {
        const all = await loadFixture(onHostileAccount)
        const quiet = (await quietPoints(all))[i]!
        const call = (await entryPoints(all)).find(([, candidate]) => candidate === name)!
        const before = await books(all)
        // what runs may fail: a pass given away meanwhile is not refunded, and a reserve cannot be taken twice
        const attempts = await during(all, call, [quiet]).catch((error: Error) => error)
        if (attempts instanceof Error) expect(attempts.message, quiet[1]).to.match(/revert/)
        else if (attempts[0]!.succeeded) succeeded++
        solvent(await books(all), before)
      }
      expect(succeeded).to.be.greaterThan(15)
    })
  }

  it('tries every function that changes something, of every contract', async () => {
    const all = await loadFixture(onHostileAccount)
    const tried = new Map<BaseContract, Set<string>>()
    for (const [contract, name] of [...(await entryPoints(all)), ...(await quietPoints(all))]) {
      tried.set(contract, (tried.get(contract) ?? new Set()).add(contract.interface.getFunctionName(name)))
    }
    for (const contract of [all.settlement, all.shareToken, all.pass, all.registry] as BaseContract[]) {
      contract.interface.forEachFunction(({ constant, name }) => {
        if (!constant) expect(tried.get(contract), name).to.include(name)
      })
    }
  })
})

type Books = Awaited<ReturnType<typeof books>>

function solvent(after: Books, before: Books): void {
  expect(after.settlement.held).to.equal(after.settlement.owed)
  expect(after.shares.held).to.equal(after.shares.owed + after.shares.unsynced)
  expect(after.pass).to.equal(0n)
  const wealth = (of: Books) => of.mine + of.settlement.held + of.shares.held
  expect(wealth(after)).to.equal(wealth(before))
}
