// What becomes of the groups of a batch.
import { expect } from 'chai'
import { type funded, pool } from './funded.ts'

const REASONS = ['None', 'Unpaid', 'Signature', 'Expired', 'Revoked', 'HeadUnmoved']

export type Funded = Awaited<ReturnType<typeof funded>>

/** Settles `batch` for the seeder and answers each group's fate: the amount paid, or the reason of the skip. */
export async function settle({ settlement, seeding, seeder }: Funded, batch: string): Promise<(bigint | string)[]> {
  const receipt = await (await seeding.settle(seeder.address, batch)).wait()
  return receipt!.logs.map((log) => {
    const { name, args } = settlement.interface.parseLog(log)!
    return name === 'Settled' ? args.amount : REASONS[Number(args.reason)]
  })
}

export async function skips(all: Funded, batch: string, reason: string): Promise<void> {
  const { settlement, seeder, payer } = all
  const before = [await pool(settlement, payer.address), await settlement.credit(seeder.address)]
  expect(await settle(all, batch)).to.deep.equal([reason])
  expect([await pool(settlement, payer.address), await settlement.credit(seeder.address)]).to.deep.equal(before)
}
