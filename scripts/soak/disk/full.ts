// A ledger on a disk that is really full, and then is not: started inside of a mount namespace, with the disk mounted.
//   node full.ts MOUNT SEED
// Prints one JSON line with what was held before and after.
import { execFileSync } from 'node:child_process'
import { statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BitCdnError } from '../../../src/errors.ts'
import type { ReceiptLedger } from '../../../src/receipts/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createRandom } from '../../../test/parity/random.ts'
import { createBooks } from './books.ts'
import { runWorkload } from './workload.ts'

const [mount = '', seed = '0'] = process.argv.slice(2)
const path = join(mount, 'ledger.sqlite')
const random = createRandom(seed, 1)
const books = createBooks()
const codes: Record<string, number> = {}
let ledger: ReceiptLedger | null = null
let refused = 0
let heldWhenFull = 0

await runWorkload({
  random: createRandom(seed),
  turns: 600,
  reopens: () => false,
  async open() {
    ledger = await openLedger({ path })
    return ledger
  },
  told: books.tell,
  survives(error) {
    refused += 1
    const code = error instanceof BitCdnError ? error.code : String(error)
    codes[code] = (codes[code] ?? 0) + 1
    return code === 'disk-full' || code === 'disk-failed'
  },
  before(turn) {
    if (turn !== 150) return
    // all but a few pages, so that it fills up in the midst of a group
    const { bavail, bsize } = statfsSync(mount)
    const left = random.below(12)
    if (bavail > left) writeFileSync(join(mount, 'ballast'), Buffer.alloc((bavail - left) * bsize))
  },
  async after(turn) {
    if (turn !== 350) return
    if (refused === 0) throw new Error('The disk was never full.')
    const wrong = await books.compare(ledger!)
    if (wrong !== null) throw new Error(`While the disk was full: ${wrong}`)
    heldWhenFull = books.held
    execFileSync('mount', ['-o', 'remount,size=32m', mount])
    refused = 0
  },
})
if (refused > 0) throw new Error(`${refused} calls failed after space had returned.`)
const again = await openLedger({ path })
const wrong = await books.compare(again)
await again.close()
if (wrong !== null) throw new Error(wrong)
console.log(JSON.stringify({ heldWhenFull, held: books.held, codes }))
