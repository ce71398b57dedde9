// Logs grow, are served, claimed, paid and pruned in random orders at once. However it goes: every line that is not settled
// is there with its highest receipt, and what was paid stays exact to the unit.
import { join } from 'node:path'
import type { Head, ReceiptLedger } from '../../src/receipts/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createTestLog, MIB, type TestLog } from '../../test/behaviours/log-fixture.ts'
import type { Random } from '../../test/parity/random.ts'
import { CaseFailure, campaign } from './campaign.ts'

const LANES = 100
const CHECK_EVERY = 50

/** What a lane should be, told by what was asked of it. */
interface Model {
  readonly log: TestLog
  readonly held: Map<Head, bigint>
  settled: number
  closed: number
  paid: bigint
}

campaign({ name: 'steps of inserts, claims and prunes', runs: 100_000 }, async (run) => {
  const ledger = await openLedger({ path: join(run.folder, 'ledger.sqlite') })
  const models = Array.from({ length: LANES }, (): Model => {
    return { log: createTestLog({ lines: 2 }), held: new Map(), settled: 0, closed: 0, paid: 0n }
  })
  for (const { log } of models) await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
  const { signature } = (models[0] as Model).log.receipt(0, 1n)
  let pruned = 0
  const waves = Math.ceil(run.runs / LANES)
  for (let wave = 0; wave < waves; wave++) {
    const pruning = [0, 1].map(async () => {
      const deleted = await ledger.prune(Date.now() + 1_000)
      pruned += deleted
    })
    const steps = models.map((model, i) =>
      step(ledger, model, { random: run.random(wave * LANES + i), signature, id: `${wave}-${i}` }),
    )
    try {
      await Promise.all([...steps, ...pruning])
      if (wave % CHECK_EVERY === 0 || wave === waves - 1) await check(ledger, models)
    } catch (error) {
      throw new CaseFailure(wave, (error as Error).message, { cause: error })
    }
    if (wave % 200 === 199) run.say(`${(wave + 1) * LANES} steps, ${pruned} lines pruned`)
  }
  const paid = models.reduce((sum, model) => sum + model.paid, 0n)
  const settled = models.reduce((sum, model) => sum + model.settled, 0)
  await ledger.close()
  if (pruned < settled / 2) throw new Error(`only ${pruned} of ${settled} settled lines were pruned`)
  return `${run.runs}, ${pruned} settled lines pruned, 0 unsettled lost, ${paid} paid and exact`
})

async function step(
  ledger: ReceiptLedger,
  model: Model,
  { random, signature, id }: { random: Random; signature: `0x${string}`; id: string },
): Promise<void> {
  const { log, held } = model
  const kind = random.below(5)
  if (kind === 0) {
    const from = log.lines.length
    log.grow(1 + random.below(3))
    await ledger.extendLog(log.lane, log.head(from), log.plain(from), await log.signed())
  } else if (kind <= 2 && model.closed < log.lines.length) {
    const session = log.head(model.closed)
    await ledger.openSession(session, { contentId: `c${random.below(3)}`, holder: null })
    const bytes = random.bigBelow(64n * MIB)
    if (bytes > 0n) held.set(session, await ledger.acceptReceipt(session, bytes, signature))
    await ledger.releaseSession(session, true)
    model.closed++
  } else if (kind >= 3 && model.closed > model.settled) {
    const range = await ledger.settleable(log.lane)
    if (range === null) throw new Error(`${model.closed - model.settled} closed lines are not settleable`)
    if (range.sessions.length !== model.closed - model.settled)
      throw new Error(`${range.sessions.length} lines settleable`)
    await ledger.seal(log.lane, range.to)
    await ledger.markSubmitted(id, [{ lane: log.lane, from: range.from, to: range.to, amount: range.amount }])
    if (random.chance(0.3)) return ledger.markFailed(id)
    const amount = random.chance(0.5) ? null : random.bigBelow(range.amount + 1n)
    await ledger.markSettled(log.lane, range.to, amount)
    model.paid += amount ?? range.amount
    for (let place = model.settled; place < model.closed; place++) held.delete(log.head(place))
    model.settled = model.closed
  }
}

async function check(ledger: ReceiptLedger, models: readonly Model[]): Promise<void> {
  for (const { log, held, settled } of models) {
    const found = await ledger.laneLog(log.lane)
    const wanted = log.lines.slice(settled)
    if (found?.sessions.length !== wanted.length) {
      throw new Error(`${found?.sessions.length} unsettled lines instead of ${wanted.length}`)
    }
    for (const [i, { session, receipt }] of found.sessions.entries()) {
      const bytes = held.get(session) ?? 0n
      if (session === wanted[i]?.session && (receipt?.bytesServed ?? 0n) === bytes) continue
      throw new Error(
        `line ${settled + i} is ${session} with ${receipt?.bytesServed}, not ${wanted[i]?.session} with ${bytes}`,
      )
    }
  }
  const paid = models.reduce((sum, model) => sum + model.paid, 0n)
  const counted = (await ledger.earnings()).paid
  if (counted !== paid) throw new Error(`${counted} counted as paid, ${paid} were`)
}
