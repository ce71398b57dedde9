// A sponsor with money, a seeder, and the log between them.
import type { BandwidthSettlement } from '../../types/ethers-contracts/settlement/BandwidthSettlement.ts'
import { createLog } from './batch.ts'
import { deployed, ethers, networkHelpers, USD, wallet } from './fixture.ts'

/** A sponsor whose key the tests hold, with 1,000 dollars in its pool, and a seeder. */
export async function funded() {
  return fund(await deployed())
}

/** The same on contracts that are there. */
export async function fund<T extends Awaited<ReturnType<typeof deployed>>>(all: T) {
  const { token, settlement, other, seeder } = all
  const payer = wallet().connect(ethers.provider)
  await networkHelpers.setBalance(payer.address, 10n ** 20n)
  await token.mint(other.address, 1_000_000n * USD)
  await token.connect(other).approve(settlement, 1_000_000n * USD)
  await settlement.connect(other).deposit(payer.address, 1_000n * USD)
  const log = (init: { lane?: bigint; pricePerGiB?: bigint } = {}) =>
    createLog({ settlement, sponsor: payer.address, seeder: seeder.address, ...init })
  return { ...all, payer, log, own: settlement.connect(payer), seeding: settlement.connect(seeder) }
}

export async function pool(settlement: BandwidthSettlement, sponsor: string): Promise<bigint> {
  return (await settlement.account(sponsor)).balance
}

/** TypeChain has a `signer` of its own and leaves the view of that name out. */
export async function signer(settlement: BandwidthSettlement, sponsor: string, key: string) {
  const [active, allowance, end] = await settlement.getFunction('signer').staticCall(sponsor, key)
  return { active, allowance, end } as { active: boolean; allowance: bigint; end: bigint }
}
