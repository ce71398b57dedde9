// One write, flush or growth of a ledger's files fails, and then the next one, for each in turn: runs on the disk of disk.c.
//   node failing.ts PREFIX SEED TURNS ERRNO once|stays FIRST STEP MOST
// Prints one JSON line: how many places failed, how calls ended, and whether the workload ran through at the end.
import { copyFileSync, globSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BitCdnError } from '../../../src/errors.ts'
import type { Head, ReceiptLedger } from '../../../src/receipts/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createRandom } from '../../../test/parity/random.ts'
import { controlDisk } from '../disk.ts'
import { type Books, createBooks } from './books.ts'
import { runWorkload } from './workload.ts'

export interface FailingReport {
  readonly places: number
  readonly held: number
  /** Calls of the ledger that failed, by code. */
  readonly codes: Record<string, number>
  /** Places whose failure nobody was told of, because nothing was lost by it (a checkpoint comes again). */
  readonly unnoticed: number
  readonly ranThrough: boolean
  readonly failure: { readonly place: number; readonly what: string } | null
}

const [prefix = '', seed = '0', turns = '40', errno = '28', how = 'once', first = '0', step = '1', most = '1'] =
  process.argv.slice(2)
/** SQLite tells a refused flush or growth on a full disk as any other failure, and one to make a file as not to be opened. */
const EXPECTED = ['disk-full', 'disk-failed', 'file-unreadable']

const disk = controlDisk(prefix)
const codes: Record<string, number> = {}
let places = 0
let held = 0
let unnoticed = 0
let ranThrough = false
let failure: FailingReport['failure'] = null
for (let place = Number(first); places < Number(most) && !ranThrough && failure === null; place += Number(step)) {
  const path = `${prefix}-${place}.sqlite`
  try {
    ranThrough = await failAt(place, path)
    if (!ranThrough) places += 1
  } catch (error) {
    failure = { place, what: String((error as Error).stack) }
  }
  for (const file of globSync(`${path}*`)) rmSync(file)
}
console.log(JSON.stringify({ places, held, codes, unnoticed, ranThrough, failure } satisfies FailingReport))
disk.close()

/** Resolves to whether the disk was never asked as often as that. */
async function failAt(place: number, path: string): Promise<boolean> {
  const books = createBooks()
  let failures = 0
  /** A failed flush ends a ledger's work until it is opened again. */
  let broken = false
  let failedAt = Number.POSITIVE_INFINITY
  let heldThen = 0
  let turn = 0
  let ledger: ReceiptLedger | null = null
  const lines: Head[] = []
  disk.fail(place, Number(errno), { stays: how === 'stays' })
  await runWorkload({
    random: createRandom(seed),
    turns: Number(turns),
    before(at) {
      turn = at
    },
    reopens: (at) => broken || at === Number(turns) >> 1,
    async open() {
      try {
        ledger = await openLedger({ path })
      } catch (error) {
        note(error)
        disk.clear()
        ledger = await openLedger({ path })
      }
      broken = false
      return ledger
    },
    told(words) {
      books.tell(words)
      if ('line' in words) lines.push(words.line)
    },
    survives: note,
    async after() {
      if (failures === 0 || how === 'once') return
      // nothing can be written, but what is there can be read, and a crash now loses nothing either
      if (lines.length > 0 && !broken) must((await ledger!.session(lines[0]!)) !== null, 'a line cannot be read')
      await compareCopy(path, books)
      disk.clear()
    },
  })
  const asked = disk.calls()
  disk.clear()
  await compare(path, books)
  held += books.held
  if (failedAt < Number(turns) - 8) must(books.held > heldThen, 'nothing was accepted after the failure was over')
  if (asked <= place) return true
  if (failures === 0) unnoticed += 1
  return false

  function note(error: unknown): boolean {
    failures += 1
    failedAt = turn
    heldThen = books.held
    const code = error instanceof BitCdnError ? error.code : String(error)
    codes[code] = (codes[code] ?? 0) + 1
    broken ||= code === 'disk-failed'
    return EXPECTED.includes(code)
  }
}

/** The process dies here: another one finds the files as they are. */
async function compareCopy(path: string, books: Books): Promise<void> {
  const copy = join(dirname(path), `copy-of-${basename(path)}`)
  for (const ending of ['', '-wal']) copyFileSync(`${path}${ending}`, `${copy}${ending}`)
  await compare(copy, books)
  for (const file of globSync(`${copy}*`)) rmSync(file)
}

async function compare(path: string, books: Books): Promise<void> {
  const ledger = await openLedger({ path })
  const wrong = await books.compare(ledger)
  await ledger.close()
  must(wrong === null, wrong ?? '')
  const database = new DatabaseSync(path, { readOnly: true })
  const integrity = database.prepare('PRAGMA integrity_check').get()?.integrity_check
  database.close()
  must(integrity === 'ok', `integrity: ${integrity}`)
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}
