// One byte of a closed ledger's file is another one, 10,000 times at random places: opening it says so, or every amount in
// it is the same, or the receipt whose count changed does not fit its signature any more.
//   node scripts/soak/bit-rot.ts [--runs 10000] [--seed N] [--from N] [--tenth]
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
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
  const seen = { refused: 0, same: 0, unsigned: 0, wrong: 0 }
  const folder = join(run.folder, 'rotten')
  /** Silently wrong, and a comparison of every index with its table (slow) would have told. */
  let findable = 0
  /** Errors that have no code: nobody is deceived, but nobody is advised either. */
  const unnamed = new Set<string>()
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
    if (what.verdict === 'wrong' && !indexesAgree(join(folder, 'ledger.sqlite'))) findable += 1
    if (what.verdict === 'wrong') example ??= new CaseFailure(index, `Byte ${at}: ${what.words}`)
    seen[what.verdict] += 1
    if ((index + 1) % 1_000 === 0) run.say(`${index + 1}: ${JSON.stringify(seen)}`)
  }
  const figure = `${run.runs} changed bytes: ${seen.refused} noticed, ${seen.same} harmless, ${seen.unsigned} told by the receipt's own signature, ${seen.wrong} silently wrong (${findable} of them seen by integrity_check)`
  if (unnamed.size > 0) run.say(`without a code: ${[...unnamed].join('; ')}`)
  if (example !== null) throw new CaseFailure(example.index, `${figure}; the first: ${example.message}`)
  return figure

  async function judge(file: string): Promise<{ verdict: keyof typeof seen; words: string }> {
    let got: Map<string, string>
    try {
      got = await amounts(file, sessions)
    } catch (error) {
      if (!(error instanceof BitCdnError)) unnamed.add((error as Error).message)
      return { verdict: 'refused', words: (error as Error).message }
    }
    const differs = [...wanted].filter(([name, value]) => got.get(name) !== value)
    if (differs.length === 0 && got.size === wanted.size) return { verdict: 'same', words: '' }
    const told = differs.every(([name]) => !name.startsWith('0x') || got.has(`broken ${name}`))
    const unsigned = [...got.keys()].some((name) => name.startsWith('broken '))
    const words = differs.map(([name, value]) => `${name} was ${value} and is ${got.get(name)}`).join('; ')
    return { verdict: told && unsigned ? 'unsigned' : 'wrong', words }
  }
})

function indexesAgree(path: string): boolean {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return database.prepare('PRAGMA integrity_check(1)').get()?.integrity_check === 'ok'
  } finally {
    database.close()
  }
}

/** Every amount that the ledger tells of. A receipt that does not fit its signature is named `broken`. */
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
  for (const [state, amount] of Object.entries(await ledger.earnings())) found.set(state, String(amount))
  for (const name of sessions) {
    const session = await ledger.session(name)
    const { receipt = null } = session ?? {}
    const price = session?.lane.pricePerGiB
    found.set(name, `${receipt?.bytesServed} of ${session?.maxBytes} at ${price}, ${session?.state}`)
    if (receipt !== null && !verifyReceipt(TEST_DOMAIN, receipt, session!.sessionKey)) found.set(`broken ${name}`, '')
  }
  return found
}
