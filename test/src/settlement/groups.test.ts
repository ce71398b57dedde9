import { expect } from 'chai'
import { amountFor, decodeBatch, type LedgerSession, type SettleableRange } from '../../../src/receipts/index.ts'
import {
  type Claim,
  groupByTransaction,
  packBatches,
  rawClaims,
  TRANSACTION_GAS_CAP,
} from '../../../src/settlement/index.ts'
import { createTestLog, MIB, type TestLog } from '../../behaviours/log-fixture.ts'

/** Every line with a receipt over its place in MiB (none where `unused`), and signed heads at `heads`. */
async function rangeOf(
  log: TestLog,
  heads: readonly number[],
  unused: readonly number[] = [],
): Promise<SettleableRange> {
  const sessions = log.lines.map(
    ({ line, session, next }, index): LedgerSession => ({
      ...{ lane: log.lane, ...line, index, session, next, state: 'closed', contentId: 'c', holder: null, served: 0n },
      receipt: unused.includes(index) ? null : log.receipt(index, BigInt((index % 60) + 1) * MIB),
    }),
  )
  const signed = await Promise.all(heads.map((place) => log.signed(place)))
  const bytes = sessions.map(({ receipt }) => receipt?.bytesServed ?? 0n)
  return {
    ...{
      lane: log.lane,
      from: log.head(0),
      to: log.head(log.lines.length),
      more: false,
      heads: signed,
      head: signed.at(-1) ?? null,
    },
    ...{ sessions, amount: amountFor(bytes, log.lane.pricePerGiB), voucher: null },
  }
}

describe('Claims', () => {
  it('reach to the nearest signed head that pays all there is, and carry no unused lines behind it', async () => {
    const log = createTestLog({ lines: 6 })
    const { claims, left } = rawClaims(await rangeOf(log, [2, 4, 6], [3, 4, 5]))
    expect(claims.map(({ move }) => move.to)).to.deep.equal([log.head(4)])
    expect(left).to.equal(0n)
    const lines = claims[0]!.group.kind === 'raw' ? claims[0]!.group.lines : []
    expect(lines.map((line) => 'signature' in line)).to.deep.equal([true, true, true, false])
  })

  it('say what no signed head reaches', async () => {
    const log = createTestLog({ lines: 3 })
    const { claims, left } = rawClaims(await rangeOf(log, [2]))
    expect(claims.map(({ move }) => move.to)).to.deep.equal([log.head(2)])
    expect(left).to.equal(amountFor([3n * MIB], log.lane.pricePerGiB))
    expect(rawClaims(await rangeOf(log, [])).claims).to.deep.equal([])
  })

  it('of more receipts than a transaction holds are cut at signed heads and packed in order, below the cap', async () => {
    const log = createTestLog({ lines: 5_000 })
    const range = await rangeOf(log, [1_000, 2_000, 3_000, 4_000, 5_000])
    const { claims, left } = rawClaims(range)
    expect(left).to.equal(0n)
    expect(claims.map(({ move }) => move.to)).to.deep.equal([log.head(2_000), log.head(4_000), log.head(5_000)])
    const batches = packBatches(log.lane.seeder, claims)
    expect(batches).to.have.length(3)
    for (const { gas } of batches) expect(gas < TRANSACTION_GAS_CAP).to.equal(true)
    expect(batches.flatMap(({ moves }) => moves)).to.deep.equal(claims.map(({ move }) => move))
    expect(batches.flatMap(({ batch }) => decodeBatch(batch))).to.deep.equal(claims.map(({ group }) => group))
    expect(rawClaims(await rangeOf(log, [5_000])).claims, 'one head too far').to.deep.equal([])
  })

  it('of many lanes and seeders share transactions', async () => {
    const claims: Claim[] = []
    for (let lane = 0n; lane < 5n; lane++) {
      const log = createTestLog({ lane, lines: 2 })
      claims.push(...rawClaims(await rangeOf(log, [2])).claims)
    }
    const seeder = claims[0]!.move.lane.seeder
    const one = packBatches(seeder, claims)
    expect(one).to.have.length(1)
    const cap = 50_000n + 2n * claims[0]!.gas
    const several = packBatches(seeder, claims, cap)
    expect(several.map(({ moves }) => moves.length)).to.deep.equal([2, 2, 1])
    expect(groupByTransaction(several, 2n * cap).map((group) => group.length)).to.deep.equal([2, 1])
  })
})
