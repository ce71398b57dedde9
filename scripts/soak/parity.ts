// Random receipts and batches, judged by plain TypeScript and by the contract on Hardhat's EVM. Prints what was compared;
// exits with 1 and the command that repeats the case when the two disagree.
//   node scripts/soak/parity.ts [--receipts 1000000] [--batches 10000] [--seed NAME] [--from-receipt N] [--from-batch N]
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { startParityBed } from '../../test/parity/bed.ts'
import { compareBatches } from '../../test/parity/compare-batches.ts'
import { compareReceipts } from '../../test/parity/compare-receipts.ts'

const { values } = parseArgs({
  options: {
    receipts: { type: 'string', default: '1000000' },
    batches: { type: 'string', default: '10000' },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    'from-receipt': { type: 'string', default: '0' },
    'from-batch': { type: 'string', default: '0' },
  },
})
const { seed } = values

function count(option: 'receipts' | 'batches' | 'from-receipt' | 'from-batch'): number {
  const number = Number(values[option])
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`--${option} is ${values[option]}, expected a whole number`)
}

async function timed(what: string, compare: () => Promise<object>): Promise<void> {
  const start = performance.now()
  const counts = await compare()
  console.log(JSON.stringify({ what, seed, seconds: Math.round((performance.now() - start) / 100) / 10, ...counts }))
}

const bed = await startParityBed()
try {
  const batches = { seed, count: count('batches'), from: count('from-batch') }
  const receipts = { seed, count: count('receipts'), from: count('from-receipt') }
  if (batches.count > 0) await timed('batches', () => compareBatches(bed, batches))
  if (receipts.count > 0) await timed('receipts', () => compareReceipts(bed, receipts))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await bed.close()
}
