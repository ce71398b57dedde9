// One byte of a closed ledger's file is another one, 10,000 times at random places: every amount that is told is the same
// as before, or opening or asking says with a code that the file is damaged.
//   node scripts/soak/bit-rot.ts [--runs 10000] [--seed N] [--from N] [--tenth]
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BitCdnError } from '../../src/errors.ts'
import { type Head, type ReceiptLedger, verifyReceipt } from '../../src/receipts/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { TEST_DOMAIN } from '../../test/behaviours/log-fixture.ts'
import { CaseFailure, campaign } from './campaign.ts'
import { runWorkload } from './disk/workload.ts'

await campaign({ name: 'bytes of a closed ledger that changed', runs: 10_000 }, async (run) => {
  const path = join(run.folder, 'ledger.sqlite')
  const sessions = new Set<Head>()
  await runWorkload({
    random: run.random(),
    turns: 400,
    open: () => openLedger({ path }),
    told(words) {
      if ('line' in words) sessions.add(words.line)
    },
  })
  const whole = readFileSync(path)
  const wanted = await amounts(path, sessions)
  const seen = { refused: 0, same: 0, wrong: 0 }
  const folder = join(run.folder, 'rotten')
  let example: CaseFailure | null = null
  for (let index = run.from; index < run.from + run.runs; index++) {
    const random = run.random(index + 1)
    const at = random.below(whole.length)
    const bytes = Buffer.from(whole)
    bytes[at] = bytes[at]! ^ (random.chance(0.5) ? 1 << random.below(8) : 1 + random.below(255))
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    writeFileSync(join(folder, 'ledger.sqlite'), bytes)
    const what = await judge(join(folder, 'ledger.sqlite'))
    if (what.verdict === 'wrong') example ??= new CaseFailure(index, `Byte ${at}: ${what.words}`)
    seen[what.verdict] += 1
    if ((index + 1) % 1_000 === 0) run.say(`${index + 1}: ${JSON.stringify(seen)}`)
  }
  const figure = `${run.runs} changed bytes: ${seen.refused} noticed, ${seen.same} harmless, ${seen.wrong} silently wrong or without a code`
  if (example !== null) throw new CaseFailure(example.index, `${figure}; the first: ${example.message}`)
  return figure

  async function judge(file: string): Promise<{ verdict: keyof typeof seen; words: string }> {
    let got: Map<string, string>
    try {
      got = await amounts(file, sessions)
    } catch (error) {
      const words = (error as Error).message
      return { verdict: error instanceof BitCdnError ? 'refused' : 'wrong', words }
    }
    const differs = [...wanted].filter(([name, value]) => got.get(name) !== value)
    if (differs.length === 0 && got.size === wanted.size) return { verdict: 'same', words: '' }
    const words = differs.map(([name, value]) => `${name} was ${value} and is ${got.get(name)}`).join('; ')
    return { verdict: 'wrong', words }
  }
})

/** Every amount that the ledger tells of; a receipt that does not fit its signature is one that it did not have before. */
async function amounts(path: string, sessions: ReadonlySet<Head>): Promise<Map<string, string>> {
  const ledger = await openLedger({ path })
  try {
    return await read(ledger, sessions)
  } finally {
    await ledger.close()
  }
}

async function read(ledger: ReceiptLedger, sessions: ReadonlySet<Head>): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const filter of [{}, { contentId: 'c' }]) {
    for (const [state, amount] of Object.entries(await ledger.earnings(filter))) {
      found.set(`${state} ${Object.values(filter)}`, String(amount))
    }
  }
  for (const lane of await ledger.lanes()) {
    const range = await ledger.settleable(lane, { idleSeconds: 0 })
    found.set(
      `settleable ${lane.sponsor}`,
      `${range?.amount} from ${range?.from} to ${range?.to} by ${range?.head?.head}`,
    )
  }
  for (const { id, moves } of await ledger.submissions()) found.set(id, moves.map(({ amount }) => amount).join())
  for (const name of sessions) {
    const session = await ledger.session(name)
    const { receipt = null } = session ?? {}
    const price = session?.lane.pricePerGiB
    found.set(name, `${receipt?.bytesServed} of ${session?.maxBytes} at ${price}, ${session?.state}`)
    if (receipt !== null && !verifyReceipt(TEST_DOMAIN, receipt, session!.sessionKey)) found.set(`broken ${name}`, '')
  }
  return found
}
