// Damaged copies of everything that a stranger sends, to the decoder that reads it: a value or a typed error, and soon.
// `npm run test:fuzz` does the same by the clock.
// The wire's decoder gets the number of runs, each of the others a tenth: those are slower, and strangers reach them less.
//   node scripts/soak/fuzz.ts [--runs INPUTS] [--seed N] [--tenth]
import { DECODERS, fuzz } from '../../test/fuzz/decoders.ts'
import { randomFrom } from '../../test/fuzz/mutator.ts'
import { campaign } from './campaign.ts'

/** Milliseconds that one input may hold a decoder up for, on a busy machine. */
const SLOWEST = 1_000

await campaign({ name: 'damaged input to every decoder', runs: 10_000_000 }, async (run) => {
  const figures: string[] = []
  for (const [index, decoder] of DECODERS.entries()) {
    const wanted = decoder.name === 'wire frames' ? run.runs : Math.ceil(run.runs / 10)
    const { slowest } = await fuzz(decoder, randomFrom(run.seed + index), (inputs) => inputs < wanted)
    if (slowest > SLOWEST) throw new Error(`${decoder.name} took ${slowest.toFixed(0)} ms for one input`)
    figures.push(`${decoder.name} ${wanted} inputs, at most ${slowest.toFixed(0)} ms`)
    run.say(figures.at(-1) ?? '')
  }
  return `a value or a typed error for every input: ${figures.join(', ')}`
})
