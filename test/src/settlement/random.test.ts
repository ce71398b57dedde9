// Any order of serving, settling, lost answers and restarts: what the chain credited is what the ledger calls paid, and
// in the end every receipt is paid once.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { amountFor, createSessionKey, signVoucher } from '../../../src/receipts/index.ts'
import { createSettler, type VoucherSource } from '../../../src/settlement/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createTestLog, MIB, TEST_DOMAIN } from '../../behaviours/log-fixture.ts'
import { createModel } from '../../parity/model.ts'
import { createModelChain, failures } from './model-chain.ts'

const NOW = 1_800_000_000n
const logger = { info() {}, warn() {} }

const step = fc.oneof(
  fc.record({
    do: fc.constant('grow' as const),
    lane: fc.nat(2),
    lines: fc.integer({ min: 1, max: 4 }),
    signed: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('serve' as const),
    lane: fc.nat(2),
    pick: fc.nat(20),
    bytes: fc.bigInt(0n, 80n * MIB),
    final: fc.boolean(),
  }),
  fc.record({ do: fc.constant('settle' as const), gateway: fc.boolean(), failure: fc.constantFrom(...failures) }),
  fc.record({ do: fc.constant('top-up' as const), amount: fc.bigInt(0n, 3_000_000n) }),
  fc.constant({ do: 'restart' as const }),
)

describe('Settling in any order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-random-'))
  let files = 0
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('pays every receipt once, and the ledger agrees with the chain', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const path = join(folder, `${files++}.sqlite`)
        const sponsor = createSessionKey()
        const seeder = createSessionKey()
        const model = createModel(TEST_DOMAIN, { time: NOW })
        const chain = createModelChain(model, { now: NOW })
        const logs = [0n, 1n, 2n].map((lane) =>
          createTestLog({ sponsor, seeder, lane, pricePerGiB: 9_999_991n + lane }),
        )
        const known = logs.map(() => 0)
        const gateway: VoucherSource = {
          request: ({ lane, from, to, amount }) => signVoucher(TEST_DOMAIN, sponsor, { ...lane, from, to, amount }),
        }
        let ledger = await openLedger({ path })
        const settler = (vouchers: VoucherSource | null) =>
          createSettler({ ledger, chain, vouchers, logger }, { idleSeconds: 0, submissionGrace: 0 })
        const tell = async (lane: number) => {
          const log = logs[lane]!
          await ledger.extendLog(log.lane, log.head(known[lane]!), log.plain(known[lane]!), await log.signed())
          known[lane] = log.lines.length
        }

        for (const move of steps) {
          if (move.do === 'grow') {
            logs[move.lane]!.grow(move.lines)
            if (move.signed) await tell(move.lane)
          } else if (move.do === 'serve') {
            const log = logs[move.lane]!
            const place = move.pick % Math.max(1, known[move.lane]!)
            const session = log.lines[place]?.session
            if (session === undefined || known[move.lane] === 0) continue
            const opened = await ledger
              .openSession(session, { contentId: `c${place % 2}`, holder: null })
              .catch(() => null)
            if (opened === null) continue
            if (move.bytes > 0n)
              await ledger.acceptReceipt(session, move.bytes, log.receipt(place, move.bytes).signature)
            await ledger.releaseSession(session, move.final)
          } else if (move.do === 'settle') {
            chain.failure = move.failure
            await settler(move.gateway ? gateway : null)
              .settleOnce()
              .catch((error: Error) => expect(failures).to.include(error.message))
            chain.failure = 'none'
          } else if (move.do === 'top-up') {
            model.deposit(sponsor.address, move.amount)
          } else {
            await ledger.close()
            ledger = await openLedger({ path })
            await ledger.releaseAll()
          }
        }

        model.deposit(sponsor.address, 10n ** 15n)
        for (const [lane, log] of logs.entries()) if (log.lines.length > 0) await tell(lane)
        await settler(null).settleOnce()
        const paid = model.credit(seeder.address)
        const earnings = await ledger.earnings()
        expect(earnings).to.deep.equal({ ...earnings, receipted: 0n, vouchered: 0n, submitted: 0n, paid })

        let most = 0n
        let groups = 0n
        for (const log of logs) {
          const bytes: bigint[] = []
          for (const { session } of log.lines) {
            const held = await ledger.session(session)
            bytes.push(held?.receipt?.bytesServed ?? 0n)
            groups++
          }
          most += amountFor(bytes, log.lane.pricePerGiB)
        }
        expect(paid <= most, `${paid} paid of ${most}`).to.equal(true)
        // Each group rounds down once: at most one unit less for each.
        expect(paid >= most - groups, `${paid} paid of ${most}`).to.equal(true)
        const parts = await Promise.all(['c0', 'c1'].map((contentId) => ledger.earnings({ contentId })))
        expect(parts.reduce((sum, part) => sum + part.paid, 0n)).to.equal(paid)
        await ledger.close()
      }),
      { numRuns: 40 },
    )
  })
})
