import { expect } from 'chai'
import type { PassAuthorization } from '../../src/chain/index.ts'
import { type Evm, type Hardfork, startAnvil, startEdr } from './evms.ts'
import { type Entry, playFlows } from './flows.ts'

for (const hardfork of ['prague', 'osaka'] as Hardfork[]) {
  describe(`anvil and Hardhat’s EVM at ${hardfork}`, () => {
    let edr: Evm
    let anvil: Evm
    let onEdr: Entry[]
    let onAnvil: Entry[]

    before(async () => {
      edr = await startEdr(hardfork)
      anvil = await startAnvil(hardfork)
      const signed = new Map<string, PassAuthorization>()
      onEdr = await playFlows(edr, signed)
      onAnvil = await playFlows(anvil, signed)
    })
    after(async () => {
      await edr?.close()
      await anvil?.close()
    })

    it('deploy the same contracts at the same addresses for the same gas', () => {
      expect(anvil.contracts).to.deep.equal(edr.contracts)
      expect(anvil.deployGas).to.deep.equal(edr.deployGas)
      expect(edr.deployGas).to.have.length(5)
    })

    it('take the same gas for every transaction', () => {
      const gasOf = (entries: Entry[]) => entries.filter(({ gas }) => gas !== undefined)
      expect(gasOf(onAnvil)).to.deep.equal(gasOf(onEdr))
      expect(gasOf(onEdr)).to.have.length.of.at.least(30)
    })

    it('leave the same money, lanes and events, and refuse the same with the same error', () => {
      const statesOf = (entries: Entry[]) => entries.filter(({ state }) => state !== undefined)
      const theirs = new Map(statesOf(onAnvil).map(({ what, state }) => [what, state]))
      for (const { what, state } of statesOf(onEdr)) expect(theirs.get(what), what).to.deep.equal(state)
      expect(theirs.size).to.equal(statesOf(onEdr).length)
      const refused = statesOf(onEdr).filter(({ what }) => what.startsWith('refused'))
      expect(refused.length).to.equal(20)
      for (const { what, state } of refused) expect(state, what).to.match(/_[A-Z]\w+|ERC\d+\w+/)
    })
  })
}
