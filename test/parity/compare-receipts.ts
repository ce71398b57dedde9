// Receipts by the hundred: TypeScript judges one lot while the EVM judges the lot before.
import { type Hex, toFunctionSelector } from 'viem'
import type { ParityBed } from './bed.ts'
import { ANSWER_BYTES, CASE_BYTES, expectedAnswer, randomReceipt, type Sort } from './random-receipts.ts'

export interface ReceiptRun {
  seed: string
  count: number
  /** Number of the first one. Default: 0. */
  from?: number
}

export interface ReceiptCounts {
  compared: number
  /** That the contract takes. */
  taken: number
  sorts: Partial<Record<Sort, number>>
}

const LOT = 500
const SELECTOR = toFunctionSelector('receipts(address,bytes)')

/** Throws an error that says how to repeat it when the two disagree. */
export async function compareReceipts(bed: ParityBed, { seed, count, from = 0 }: ReceiptRun): Promise<ReceiptCounts> {
  const counts: ReceiptCounts = { compared: 0, taken: 0, sorts: {} }
  let pending: Promise<void> = Promise.resolve()
  for (let first = from; first < from + count; first += LOT) {
    const size = Math.min(LOT, from + count - first)
    const cases = Array.from({ length: size }, (_, i) => randomReceipt(bed.domain, seed, first + i))
    const asked = bed.call(bed.probe, encodeCall(bed, Buffer.concat(cases.map(({ bytes }) => bytes))))
    asked.catch(() => {}) // told where it is awaited, here and below
    const expected = cases.map((one) => expectedAnswer(bed.domain, one))
    await pending
    pending = asked.then((answers) => {
      for (let i = 0; i < size; i++) {
        const start = 2 + 128 + i * ANSWER_BYTES * 2
        const answer = answers.slice(start, start + ANSWER_BYTES * 2)
        const one = cases[i] as (typeof cases)[number]
        if (answer !== expected[i]) throw different(seed, first + i, one.sort, expected[i] as string, answer)
        counts.compared++
        if (!answer.endsWith('0'.repeat(128))) counts.taken++
        counts.sorts[one.sort] = (counts.sorts[one.sort] ?? 0) + 1
      }
    })
    pending.catch(() => {})
  }
  await pending
  return counts
}

function encodeCall({ settlement }: ParityBed, cases: Buffer): Hex {
  const word = (value: number) => value.toString(16).padStart(64, '0')
  if (cases.length % CASE_BYTES !== 0) throw new Error(`${cases.length} bytes are no whole number of cases`)
  const padding = '0'.repeat((64 - ((cases.length * 2) % 64)) % 64)
  const head = settlement.slice(2).padStart(64, '0') + word(64) + word(cases.length)
  return `${SELECTOR}${head}${cases.toString('hex')}${padding}`
}

function different(seed: string, index: number, sort: string, expected: string, answer: string): Error {
  const repeat = `node scripts/soak/parity.ts --seed ${seed} --receipts 1 --from-receipt ${index} --batches 0`
  return new Error(`Receipt ${index} (${sort}): TypeScript says ${expected}, the contract ${answer}. Again: ${repeat}`)
}
