import { expect } from 'chai'
import fc from 'fast-check'
import { getAddress, type Hex } from 'viem'
import { BitCdnError } from '../../../src/errors.ts'
import {
  answerFromJson,
  answerToJson,
  infoFromJson,
  LIMITS,
  logFromJson,
  logToJson,
  purchaseFromJson,
  purchaseToJson,
  questionFromJson,
  questionToJson,
  termsFromJson,
  termsToJson,
  voucherFromJson,
  voucherQuestionFromJson,
  voucherQuestionToJson,
  voucherToJson,
} from '../../../src/gateway-client/index.ts'

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value): Hex => `0x${Buffer.from(value).toString('hex')}`)
const address = hex(20).map((value) => getAddress(value))
const uint = (bits: number) => fc.bigInt(0n, (1n << BigInt(bits)) - 1n)
const terms = fc.record({
  seeder: address,
  peerId: hex(36),
  chainId: uint(256),
  settlement: address,
  lanes: fc.array(uint(64), { maxLength: LIMITS.lanes }),
  pricePerGiB: uint(64),
  sequence: uint(64),
  expiry: uint(40),
  signer: address,
  signature: hex(64),
})
const line = fc.record({ sessionKey: address, maxBytes: uint(48) })
const signed = fc.record({ head: hex(24), expiry: uint(40), signer: address, signature: hex(64) })
const lane = fc.record({ sponsor: address, seeder: address, lane: uint(64), pricePerGiB: uint(64) })
const log = fc.record({ from: hex(24), lines: fc.array(line, { maxLength: 5 }), signed })
const session = fc
  .record({
    lane,
    index: fc.nat(),
    session: hex(24),
    line,
    from: hex(24),
    lines: fc.array(line, { maxLength: 5 }),
    signed,
  })
  .chain((one) =>
    fc
      .record({ contentId: hex(32), holder: address, notAfter: uint(40), signer: address, signature: hex(64) })
      .map((ticket) => ({ ...one, ticket: { session: one.session, ...ticket } })),
  )
const question = fc.record({
  contentId: hex(32).map((value) => value.slice(2)),
  download: fc.string({ maxLength: LIMITS.downloadName }),
  remaining: uint(63),
  requests: fc.array(fc.record({ terms, sessionKey: address, maxBytes: uint(48) }), { maxLength: 3 }),
  open: uint(63),
})
const voucherQuestion = fc.record({
  lane,
  from: hex(24),
  to: hex(24),
  receipts: fc.array(fc.record({ session: hex(24), bytesServed: uint(48), signature: hex(64) }), { maxLength: 5 }),
})
const purchase = fc.record({
  pass: address,
  tier: fc.nat(0xffff_ffff),
  to: address,
  maxPrice: uint(256),
  deadline: uint(256),
  salt: hex(32),
  from: address,
  signature: hex(65),
})
const same = (read: unknown, one: unknown): void => void expect(read).to.deep.equal(one)
/** As it comes over the wire. */
const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('the JSON of the gateway API', () => {
  it('brings every value back as it was, to the last unit', () => {
    fc.assert(fc.property(terms, (one) => same(termsFromJson(wire(termsToJson(one))), one)))
    fc.assert(fc.property(log, (one) => same(logFromJson(wire(logToJson(one))), one)))
    fc.assert(fc.property(question, (one) => same(questionFromJson(wire(questionToJson(one))), one)))
    fc.assert(fc.property(purchase, (one) => same(purchaseFromJson(wire(purchaseToJson(one))), one)))
    const answer = fc.record({
      sessions: fc.array(session, { maxLength: 3 }),
      refused: fc.array(fc.record({ seeder: address, reason: fc.string() })),
    })
    fc.assert(fc.property(answer, (one) => same(answerFromJson(wire(answerToJson(one))), one)))
    fc.assert(
      fc.property(voucherQuestion, (one) =>
        same(voucherQuestionFromJson(wire(voucherQuestionToJson(one)), one.lane.sponsor), one),
      ),
    )
    fc.assert(
      fc.property(voucherQuestion, uint(128), address, hex(64), (asked, amount, signer, signature) => {
        const { lane: of, from, to } = asked
        const voucher = { ...of, from, to, amount, signer, signature }
        expect(voucherFromJson(wire(voucherToJson(voucher)), asked)).to.deep.equal(voucher)
      }),
    )
  })

  it('answers a typed error, and nothing else, to whatever else comes', () => {
    const readers = [
      termsFromJson,
      logFromJson,
      questionFromJson,
      purchaseFromJson,
      answerFromJson,
      infoFromJson,
      (value: unknown) => voucherQuestionFromJson(value, getAddress(`0x${'11'.repeat(20)}`)),
    ]
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const read of readers) {
          try {
            read(value)
          } catch (error) {
            expect(error).to.be.instanceOf(BitCdnError).with.property('code', 'protocol')
          }
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses numbers that do not fit, and lists that are too long', () => {
    const [one] = fc.sample(terms, 1)
    const json = termsToJson(one!)
    for (const changed of [
      { ...json, pricePerGiB: String(1n << 64n) },
      { ...json, pricePerGiB: '-1' },
      { ...json, pricePerGiB: '1e3' },
      { ...json, pricePerGiB: '01' },
      { ...json, pricePerGiB: 5 },
      { ...json, expiry: String(1n << 40n) },
      { ...json, signature: `${json.signature}00` },
      { ...json, seeder: '0x12' },
      { ...json, lanes: Array(LIMITS.lanes + 1).fill('0') },
    ]) {
      expect(() => termsFromJson(changed)).to.throw(BitCdnError)
    }
  })
})
