// Random receipts, gas prices, coin prices and deadlines over some weeks. A claim never costs more than it pays, except
// before forfeiture, and then at most twice that; what can be claimed with a profit is not left behind.
//   node scripts/soak/economics.ts [--runs 10000] [--seed N] [--tenth]
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createSessionKey } from '../../src/receipts/index.ts'
import { costOf, createSettler } from '../../src/settlement/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createTestLog, MIB, TEST_DOMAIN } from '../../test/behaviours/log-fixture.ts'
import { createModel } from '../../test/parity/model.ts'
import { createModelChain } from '../../test/src/settlement/model-chain.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'

const START = 1_800_000_000n
const HOUR = 3_600n
const DAY = 24n * HOUR
const HEAD_MARGIN = 7n * DAY
const GWEI = 10n ** 9n
const quiet = { info() {}, warn() {} }

interface Sums {
  earned: bigint
  paid: bigint
  cost: bigint
  claims: number
  atLoss: number
  forfeited: bigint
}

await campaign({ name: 'claims under random economics', runs: 10_000 }, async (run) => {
  const sums: Sums = { earned: 0n, paid: 0n, cost: 0n, claims: 0, atLoss: 0, forfeited: 0n }
  for (let index = run.from; index < run.from + run.runs; index++) {
    await decide(run, index, sums).catch((error: Error) => {
      throw new CaseFailure(index, error.message, { cause: error })
    })
    if ((index + 1) % 1_000 === 0) run.say(`${index + 1} cases, ${sums.claims} claims`)
  }
  const { earned, paid, cost, claims, atLoss, forfeited } = sums
  return (
    `${run.runs} cases, ${claims} claims: ${paid} of ${earned} units for ${cost} of gas, profit ${paid - cost}; ` +
    `${atLoss} at a loss, each before forfeiture; ${forfeited} left because their gas cost more`
  )
})

async function decide(run: Run, index: number, sums: Sums): Promise<void> {
  const random = run.random(index)
  const [sponsor, seeder] = [createSessionKey(), createSessionKey()]
  const model = createModel(TEST_DOMAIN, { time: START })
  model.deposit(sponsor.address, 10n ** 15n)
  const chain = createModelChain(model, { now: START })
  const folder = mkdtempSync(join(run.folder, 'case-'))
  const ledger = await openLedger({ path: join(folder, 'ledger.sqlite') })
  // cents to dollars for a lane, against cents to tens of dollars for a transaction
  const coinPrice = 10n ** BigInt(6 + random.below(5)) * (1n + random.bigBelow(9n))
  const usual = 1n + random.bigBelow(50n)
  const min = random.chance(0.3) ? 10n ** BigInt(random.below(7)) : 1n
  const settler = createSettler(
    { ledger, chain, vouchers: null, logger: quiet },
    {
      ...{ min, coinPrice, idleSeconds: 0 },
      ...(random.chance(0.2) ? { maxGasPrice: (usual * 2n + 1n) * GWEI } : {}),
    },
  )
  const logs = Array.from({ length: 1 + random.below(4) }, (_, lane) =>
    createTestLog({ sponsor, seeder, lane: BigInt(lane), pricePerGiB: 10n ** BigInt(4 + random.below(4)) }),
  )
  const expiry = START + BigInt(8 + random.below(30)) * DAY
  for (const log of logs) {
    log.grow(1 + random.below(4))
    await ledger.extendLog(log.lane, log.head(0), log.plain(0), await log.signed(log.lines.length, expiry))
    for (const [place, { session }] of log.lines.entries()) {
      const bytes = 1n + random.bigBelow(64n * MIB)
      await ledger.openSession(session, { contentId: 'c', holder: null })
      await ledger.acceptReceipt(session, bytes, log.receipt(place, bytes).signature)
      await ledger.releaseSession(session, true)
    }
  }
  sums.earned += (await ledger.earnings()).receipted

  let seen = 0
  for (let step = 0; step < 6; step++) {
    chain.now = START + ((expiry - START) * BigInt(step)) / 6n + random.bigBelow(HOUR)
    model.at(chain.now)
    chain.price = 1n + (usual * GWEI * (1n + random.bigBelow(400n))) / 100n
    const near = expiry - HEAD_MARGIN <= chain.now
    const report = await settler.settleOnce()
    for (const { gas, price, limit, settled, skipped } of chain.mined.slice(seen)) {
      const prices = { gas: price, most: null, coin: coinPrice }
      const cost = costOf(gas, prices) as bigint
      if (limit === null || price > limit) throw new Error(`Gas at ${price} wei was paid above the limit of ${limit}.`)
      const worst = costOf(gas, { ...prices, gas: limit }) as bigint
      if (skipped > 0) throw new Error(`${skipped} groups were sent in vain.`)
      if (worst > settled + 1n && !near) throw new Error(`${settled} may cost ${worst} without need.`)
      if (worst > 2n * settled + 1n) throw new Error(`${settled} may cost ${worst} before forfeiture.`)
      sums.paid += settled
      sums.cost += cost
      sums.claims++
      if (cost > settled) sums.atLoss++
    }
    seen = chain.mined.length
    const left = report.lanes.filter(
      ({ decision, profit, amount }) => decision === 'wait' && profit !== null && profit > 0n && amount >= min,
    )
    const cheap = chain.price <= (usual * 2n + 1n) * GWEI
    if (left.length > 0 && cheap) throw new Error(`Lane ${left[0]?.lane.lane} waits with a profit: ${left[0]?.reason}.`)
  }
  sums.forfeited += (await ledger.earnings()).receipted
  await ledger.close()
  rmSync(folder, { recursive: true })
}
