// Signed receipts arrive in any order, twice, on the wrong session, above their line, and after a restart again. What is
// held at the end is the highest one that was signed for its session, and it is owed once.
import { join } from 'node:path'
import {
  amountFor,
  type Head,
  type ReceiptLedger,
  type SignedReceipt,
  verifyReceipt,
} from '../../src/receipts/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createTestLog, MIB, TEST_DOMAIN, type TestLog } from '../../test/behaviours/log-fixture.ts'
import type { Random } from '../../test/parity/random.ts'
import { CaseFailure, campaign } from './campaign.ts'

/** Sessions whose receipts arrive mixed with one another's. */
const AT_ONCE = 500
const MOST = 64n * MIB

campaign({ name: 'permutations of receipts', runs: 100_000 }, async (run) => {
  const path = join(run.folder, 'ledger.sqlite')
  let ledger = await openLedger({ path })
  let offered = 0
  let refused = 0
  for (let first = run.from; first < run.from + run.runs; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, run.from + run.runs - first)
    const log = createTestLog({ lines: count })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    const all: SignedReceipt[] = []
    const highest: bigint[] = []
    for (let place = 0; place < count; place++) {
      const random = run.random(first + place)
      const signed = Array.from({ length: 1 + random.below(4) }, () => log.receipt(place, 1n + random.bigBelow(MOST)))
      const [top = 0n] = signed.map(({ bytesServed }) => bytesServed).sort((a, b) => (a < b ? 1 : -1))
      highest.push(top)
      all.push(
        ...signed,
        ...signed.filter(() => random.chance(0.5)),
        log.receipt(place, MOST + 1n + random.bigBelow(MOST)),
      )
      // Another session's receipt under this one's name: its signature is by another key.
      const other = signed[0] as SignedReceipt
      all.push({ ...other, session: log.head((place + 1) % count) })
    }
    shuffle(all, run.random(first))
    const accept = async (receipt: SignedReceipt) => {
      offered++
      if (count > 1 && !isOwn(log, receipt)) return void refused++
      const held = await ledger.acceptReceipt(receipt.session, receipt.bytesServed, receipt.signature)
      if (held < receipt.bytesServed && receipt.bytesServed <= MOST)
        throw new Error(`${held} held of ${receipt.bytesServed}`)
    }
    const half = Math.floor(all.length / 2)
    await Promise.all(all.slice(0, half).map(accept))
    if (first % (20 * AT_ONCE) === 0) {
      await ledger.close()
      ledger = await openLedger({ path })
    }
    await Promise.all([...all.slice(half), ...all.slice(0, half)].map(accept))
    await check(ledger, log, highest, first)
    if ((first / AT_ONCE) % 40 === 39) run.say(`${first + count} permutations, ${offered} receipts`)
  }
  await ledger.close()
  return `${run.runs}, ${offered} receipts offered, ${refused} of them another session's, final = highest signed in all, owed once`
})

const places = new WeakMap<TestLog, Map<Head, number>>()

function isOwn(log: TestLog, receipt: SignedReceipt): boolean {
  let known = places.get(log)
  if (known === undefined) {
    known = new Map(log.lines.map(({ session }, place) => [session, place]))
    places.set(log, known)
  }
  const line = log.lines[known.get(receipt.session) ?? -1]
  return line !== undefined && verifyReceipt(TEST_DOMAIN, receipt, line.key.address)
}

async function check(ledger: ReceiptLedger, log: TestLog, highest: readonly bigint[], first: number): Promise<void> {
  const found = await ledger.laneLog(log.lane)
  for (const [place, { receipt }] of (found?.sessions ?? []).entries()) {
    const wanted = highest[place] as bigint
    if (receipt?.bytesServed !== wanted || receipt.signature !== log.receipt(place, wanted).signature) {
      throw new CaseFailure(first + place, `${receipt?.bytesServed} is held, ${wanted} was the highest signed`)
    }
  }
  const owed = (await ledger.earnings({ sponsor: log.lane.sponsor })).receipted
  const wanted = amountFor(highest, log.lane.pricePerGiB)
  if (owed !== wanted) throw new CaseFailure(first, `${owed} is owed instead of ${wanted}`)
  await ledger.markSettled(log.lane, log.head(log.lines.length), null)
  await ledger.markSettled(log.lane, log.head(log.lines.length), null)
  const { paid, receipted } = await ledger.earnings({ sponsor: log.lane.sponsor })
  if (paid !== wanted || receipted !== 0n) throw new CaseFailure(first, `${paid} was paid for ${wanted}`)
}

function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[items[i], items[j]] = [items[j] as T, items[i] as T]
  }
}
