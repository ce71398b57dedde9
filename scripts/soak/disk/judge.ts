// Cuts the power at random moments of one log of disk.c and opens what is left with the ledger itself.
//   node judge.ts LOG SEED IMAGES [FROM] [FOLDER]
// Prints one JSON line: how many images, how many of them lost or broke something, and the first few of those.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createRandom, type Random } from '../../../test/parity/random.ts'
import { type Books, createBooks } from './books.ts'
import { OPERATION, readJournal } from './journal.ts'
import { createPlatter } from './platter.ts'

export interface Judgement {
  readonly images: number
  readonly lost: number
  /** Those of `lost` that could not even be opened. */
  readonly unopened: number
  readonly examples: readonly { readonly image: number; readonly what: string }[]
  /** Receipts that had been answered for when the power was cut, over all images. */
  readonly held: number
}

const LEDGER = 'ledger.sqlite'
const EXAMPLES = 3

const [log = '', seed = '0', images = '1', from = '0', folder = join(tmpdir(), `bitcdn-cut-${process.pid}`)] =
  process.argv.slice(2)
const records = readJournal(readFileSync(log))
const platter = createPlatter(createRandom(seed, 2 ** 31))
const books = createBooks()

/** Each image's moment, from its own random numbers; judged in the order of the log. */
const cuts = Array.from({ length: Number(images) }, (_, i) => {
  const image = Number(from) + i
  const random = createRandom(seed, image)
  return { image, random, at: random.below(records.length + 1) }
}).sort((a, b) => a.at - b.at)

const lost: { image: number; what: string }[] = []
let unopened = 0
let held = 0
let at = 0
for (const cut of cuts) {
  for (; at < cut.at; at++) {
    const record = records[at]!
    if (record.operation === OPERATION.note) books.tell(JSON.parse(record.data.toString()))
    else platter.apply(record)
  }
  held += books.held
  const what = await judge(cut.random, books)
  if (what !== null) lost.push({ image: cut.image, what: `${what} (${basename(dirname(log))}, record ${cut.at})` })
}
rmSync(folder, { recursive: true, force: true })
const judgement: Judgement = {
  ...{ images: cuts.length, lost: lost.length, unopened, examples: lost.slice(0, EXAMPLES), held },
}
console.log(JSON.stringify(judgement))

/** Null when everything that was answered for is there. */
async function judge(random: Random, expected: Books): Promise<string | null> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [name, bytes] of platter.cut(random)) writeFileSync(join(folder, name), bytes)
  // shared memory is no file that anybody flushes: whatever stands there must not matter
  if (random.chance(0.25)) writeFileSync(join(folder, `${LEDGER}-shm`), random.bytes(32_768))
  try {
    const ledger = await openLedger({ path: join(folder, LEDGER) })
    try {
      await ledger.releaseAll()
      return await expected.compare(ledger)
    } finally {
      await ledger.close()
    }
  } catch (error) {
    unopened += 1
    return `The ledger cannot be used: ${(error as Error).message}`
  }
}
