import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { DECODERS, fuzz } from './decoders.ts'
import { randomFrom } from './mutator.ts'

/** Seconds that each decoder is fuzzed; BITCDN_FUZZ_SECONDS prolongs it, BITCDN_FUZZ_SEED repeats a run. */
const SECONDS = Number(process.env.BITCDN_FUZZ_SECONDS ?? 20)
const SEED = Number(process.env.BITCDN_FUZZ_SEED ?? randomBytes(4).readUInt32LE())

/** No input may hold a decoder up for longer, ms; the machine may be busy. */
const SLOWEST = 1_000

describe(`decoders of what strangers send, ${SECONDS} s each, BITCDN_FUZZ_SEED=${SEED}`, function () {
  this.timeout((SECONDS + 60) * 1000)

  for (const [index, decoder] of DECODERS.entries()) {
    it(`${decoder.name}: a value or a typed error, and soon`, async function () {
      const end = performance.now() + SECONDS * 1000
      const { inputs, slowest } = await fuzz(decoder, randomFrom(SEED + index), () => performance.now() < end)
      this.test!.title += ` (${inputs} inputs, slowest ${slowest.toFixed(1)} ms)`
      expect(inputs).to.be.greaterThan(1000)
      expect(slowest).to.be.lessThan(SLOWEST)
    })
  }
})
