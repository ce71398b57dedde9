// What every ReceiptLedger does, whatever it is stored in.
import { expect } from 'chai'
import fc from 'fast-check'
import { hasCode } from '../../src/errors.ts'
import {
  amountFor,
  createSessionKey,
  type Earnings,
  LINES_AT_ONCE,
  type ReceiptLedger,
  type StatementQuery,
  tipAfter,
} from '../../src/receipts/index.ts'
import { createTestLog, MIB, type TestLog } from './log-fixture.ts'

export interface LedgerFactory {
  /** A new, empty ledger. `now` is its clock, in milliseconds. */
  create(now?: () => number): Promise<ReceiptLedger>
  /** Closes the ledger and opens the same one again, as a restart does. */
  reopen(ledger: ReceiptLedger): Promise<ReceiptLedger>
  /** Another process' view of the same ledger: opened beside it. */
  beside(ledger: ReceiptLedger): Promise<ReceiptLedger>
}

const USE = { contentId: 'c1', holder: null }
const price = (bytes: bigint) => amountFor([bytes], 10_000_000n)
const NOTHING: Earnings = { served: 0n, receipted: 0n, vouchered: 0n, submitted: 0n, paid: 0n }

/** State by state. */
function sumOf(parts: readonly Earnings[]): Earnings {
  const sums = { ...NOTHING } as Record<keyof Earnings, bigint>
  for (const part of parts) for (const state of Object.keys(NOTHING) as (keyof Earnings)[]) sums[state] += part[state]
  return sums
}

export function ledgerBehaviour(name: string, factory: LedgerFactory): void {
  describe(`The receipt ledger on ${name}`, () => {
    let ledger: ReceiptLedger
    let log: TestLog

    beforeEach(async () => {
      ledger = await factory.create()
      log = createTestLog({ lines: 3 })
      await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    })

    afterEach(() => ledger.close())

    const serve = async (place: number, bytes: bigint, use: { contentId: string; holder: null } = USE) => {
      await ledger.openSession(log.lines[place]!.session, use)
      await accept(place, bytes)
      await ledger.releaseSession(log.lines[place]!.session, true)
    }
    const accept = (place: number, bytes: bigint) => {
      const { session, bytesServed, signature } = log.receipt(place, bytes)
      return ledger.acceptReceipt(session, bytesServed, signature)
    }

    it('keeps debts over a restart, the newest word of each process', async () => {
      const debt = (subject: string, bytes: number, at = 5) => ({ subject, bytes, at })
      await ledger.releaseAll()
      expect(await ledger.debts()).to.deep.equal([])
      await ledger.keepDebts([debt('holder a', 7)])
      await ledger.keepDebts([debt('holder a', 6.4, 9), debt("address '::/48", 2 ** 40)])
      ledger = await factory.reopen(ledger)
      expect(await ledger.debts()).to.deep.equal([
        { ...debt("address '::/48", 2 ** 40), own: true },
        { ...debt('holder a', 6, 9), own: true },
      ])
    })

    describe('keeps logs', () => {
      it('line by line with the heads between them', async () => {
        const known = await ledger.laneLog(log.lane)
        expect(known?.tip).to.equal(log.head(3))
        expect(known?.settled).to.equal(log.head(0))
        expect(known?.heads).to.deep.equal([await log.signed()])
        expect(known?.sessions.map(({ session, next, index }) => ({ session, next, index }))).to.deep.equal(
          log.lines.map(({ session, next }, index) => ({ session, next, index })),
        )
        const session = await ledger.session(log.lines[1]!.session)
        expect(session).to.deep.equal({
          lane: log.lane,
          ...log.lines[1]!.line,
          index: 1,
          session: log.head(1),
          next: log.head(2),
          state: 'unused',
          contentId: null,
          holder: null,
          served: 0n,
          receipt: null,
        })
        expect(await ledger.lanes()).to.deep.equal([log.lane])
      })

      it('that grow from any head they contain, known lines included', async () => {
        log.grow(2)
        await ledger.extendLog(log.lane, log.head(1), log.plain(1, 4), await log.signed(4))
        await ledger.extendLog(log.lane, log.head(4), log.plain(4), await log.signed(5))
        await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed(5, 5_000_000_000n))
        await ledger.extendLog(log.lane, log.head(2), [], await log.signed(2))
        const known = await ledger.laneLog(log.lane)
        expect(known?.tip).to.equal(log.head(5))
        expect(known?.sessions).to.have.length(5)
        expect(known?.heads.map(({ head }) => head)).to.deep.equal([2, 3, 4, 5].map(log.head))
        expect(known?.heads.at(-1)?.expiry).to.equal(5_000_000_000n)
      })

      it('and refuses what does not extend them, leaving them as they were', async () => {
        const before = await ledger.laneLog(log.lane)
        const fork = createTestLog({ sponsor: log.sponsor, lines: 2 })
        const lane = log.lane
        const refusals = [
          () => ledger.extendLog(lane, log.head(0), fork.plain(), { ...before!.heads[0]!, head: fork.head(2) }),
          async () => ledger.extendLog(lane, fork.head(1), [], await fork.signed(1)),
          async () => ledger.extendLog(lane, log.head(0), log.plain(0, 2), await log.signed(3)),
        ]
        for (const refusal of refusals) expect(await failure(refusal())).to.match(/log does not/)
        log.grow(1)
        const forked = { lane: log.lane, lines: [...log.plain(0, 2), ...fork.plain(0, 1)] }
        const head = tipAfter(log.head(0), forked.lines)
        expect(
          await failure(ledger.extendLog(lane, log.head(0), forked.lines, { ...before!.heads[0]!, head })),
        ).to.match(/log does not extend/)
        expect(await ledger.laneLog(lane)).to.deep.equal(before)
      })

      it('of the same pair in different lanes and at different prices apart', async () => {
        const seeder = createSessionKey()
        const init = { sponsor: createSessionKey(), seeder, lines: 1 }
        const logs = [
          createTestLog(init),
          createTestLog({ ...init, lane: 2n }),
          createTestLog({ ...init, pricePerGiB: 2n ** 64n - 1n }),
        ]
        for (const each of logs) await ledger.extendLog(each.lane, each.head(0), each.plain(), await each.signed())
        for (const each of logs) expect((await ledger.laneLog(each.lane))?.tip).to.equal(each.head(1))
        expect(await ledger.lanes()).to.have.length(4)
      })

      it('that begin where the chain stands, after the old ones were settled elsewhere', async () => {
        const fresh = createTestLog({ lines: 4 })
        await ledger.extendLog(fresh.lane, fresh.head(2), fresh.plain(2), await fresh.signed())
        expect((await ledger.laneLog(fresh.lane))?.settled).to.equal(fresh.head(2))
        await ledger.markSettled(fresh.lane, fresh.head(4), null)
        fresh.grow(3)
        await ledger.extendLog(fresh.lane, fresh.head(6), fresh.plain(6), await fresh.signed())
        const known = await ledger.laneLog(fresh.lane)
        expect(known?.settled).to.equal(fresh.head(6))
        expect(known?.sessions.map(({ session }) => session)).to.deep.equal([fresh.head(6)])
      })
    })

    describe('keeps receipts', () => {
      it('only upward and never above maxBytes', async () => {
        await ledger.openSession(log.lines[0]!.session, USE)
        expect(await accept(0, 5n * MIB)).to.equal(5n * MIB)
        expect(await accept(0, 4n * MIB)).to.equal(5n * MIB)
        expect(await accept(0, 5n * MIB)).to.equal(5n * MIB)
        expect(await accept(0, 64n * MIB + 1n)).to.equal(5n * MIB)
        expect(await accept(0, 64n * MIB)).to.equal(64n * MIB)
        const session = await ledger.session(log.lines[0]!.session)
        expect(session?.receipt).to.deep.equal(log.receipt(0, 64n * MIB))
      })

      it('whatever the order in which they come: the highest stands', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(fc.bigInt(1n, 70n * MIB), { minLength: 1, maxLength: 12 }), async (counts) => {
            const each = createTestLog({ lines: 1 })
            await ledger.extendLog(each.lane, each.head(0), each.plain(), await each.signed())
            const valid = counts.filter((bytes) => bytes <= 64n * MIB)
            const highest = valid.sort((a, b) => Number(a - b)).at(-1) ?? 0n
            await Promise.all(
              counts.map((bytes) => {
                const { session, bytesServed, signature } = each.receipt(0, bytes)
                return ledger.acceptReceipt(session, bytesServed, signature)
              }),
            )
            const held = (await ledger.session(each.lines[0]!.session))?.receipt
            expect(held ?? null).to.deep.equal(highest === 0n ? null : each.receipt(0, highest))
          }),
          { numRuns: 20 },
        )
      })

      it('of sessions in its logs alone', async () => {
        const stranger = createTestLog({ lines: 1 }).receipt(0, 1n)
        expect(await failure(ledger.acceptReceipt(stranger.session, 1n, stranger.signature))).to.match(/not in any log/)
      })

      it('that come after the close, until the line is sealed', async () => {
        await serve(0, MIB)
        expect(await accept(0, 2n * MIB)).to.equal(2n * MIB)
        await ledger.seal(log.lane, log.head(1))
        expect(await accept(0, 2n * MIB)).to.equal(2n * MIB)
        expect(await failure(accept(0, 3n * MIB))).to.match(/being settled/)
        expect((await ledger.session(log.head(0)))?.receipt?.bytesServed).to.equal(2n * MIB)
      })

      it('in one encoding, and lets nobody spoil the writers of the same turn', async () => {
        const session = log.head(0)
        const good = log.receipt(0, 5n).signature
        const [short, wide, stored] = await Promise.allSettled([
          ledger.acceptReceipt(session, 4n, good.slice(0, -2) as `0x${string}`),
          ledger.extendLog(log.lane, log.head(3), [], { ...(await log.signed()), signer: '0x12' }),
          accept(1, 5n),
        ])
        expect([short.status, wide.status, stored.status]).to.deep.equal(['rejected', 'rejected', 'fulfilled'])
        expect((await ledger.session(session))?.receipt).to.equal(null)
        expect((await ledger.session(log.head(1)))?.receipt?.bytesServed).to.equal(5n)
      })

      it('across a restart', async () => {
        await ledger.openSession(log.lines[0]!.session, USE)
        await accept(0, 5n * MIB)
        ledger = await factory.reopen(ledger)
        await ledger.releaseAll()
        const session = await ledger.openSession(log.lines[0]!.session, USE)
        expect(session.receipt).to.deep.equal(log.receipt(0, 5n * MIB))
      })

      it('and answers each of many writers of one turn, good and bad ones mixed', async () => {
        const stranger = createTestLog({ lines: 1 }).lines[0]!.session
        const results = await Promise.allSettled([
          accept(0, 1n),
          ledger.openSession(stranger, USE),
          accept(1, 2n),
          ledger.openSession(log.head(2), USE),
          ledger.openSession(log.head(2), USE),
        ])
        expect(results.map(({ status }) => status)).to.deep.equal([
          'fulfilled',
          'rejected',
          'fulfilled',
          'fulfilled',
          'rejected',
        ])
        expect((await ledger.session(log.head(1)))?.receipt?.bytesServed).to.equal(2n)
      })
    })

    describe('opens a session', () => {
      it('for one stream at a time', async () => {
        const session = log.lines[0]!.session
        expect((await ledger.openSession(session, USE)).state).to.equal('open')
        expect(await failure(ledger.openSession(session, USE))).to.match(/open on another stream/)
        await ledger.releaseSession(session, false)
        await ledger.openSession(session, USE)
        await ledger.releaseSession(session, true)
        expect(await failure(ledger.openSession(session, USE))).to.match(/is closed/)
      })

      it('for one content', async () => {
        const session = log.lines[0]!.session
        await ledger.openSession(session, USE)
        await ledger.releaseSession(session, false)
        expect(await failure(ledger.openSession(session, { ...USE, contentId: 'c2' }))).to.match(
          /opened for content c1/,
        )
      })

      it('again after a crash left it open, once released', async () => {
        const session = log.lines[0]!.session
        await ledger.openSession(session, USE)
        ledger = await factory.reopen(ledger)
        expect(await failure(ledger.openSession(session, USE))).to.match(/open on another stream/)
        await ledger.releaseAll()
        await ledger.openSession(session, USE)
      })

      it('in one process only: a claim beside a running seeder cannot release its sessions', async () => {
        await ledger.releaseAll()
        await ledger.openSession(log.lines[0]!.session, USE)
        const other = await factory.beside(ledger)
        expect(await failure(other.releaseAll())).to.match(/[Aa]nother process serves/)
        expect(await failure(other.openSession(log.lines[1]!.session, USE))).to.match(/[Aa]nother process serves/)
        expect(await other.settleable(log.lane, { idleSeconds: 0 })).to.equal(null)
        expect(await failure(other.seal(log.lane, log.head(1)))).to.match(/is open/)
        await other.close()
        expect(await accept(0, MIB)).to.equal(MIB)
      })
    })

    describe('finds what can be settled', () => {
      it('the run of closed lines at the front', async () => {
        expect(await ledger.settleable(log.lane)).to.equal(null)
        await serve(1, MIB)
        expect(await ledger.settleable(log.lane)).to.equal(null)
        await serve(0, 2n * MIB)
        const range = await ledger.settleable(log.lane)
        expect(range?.from).to.equal(log.head(0))
        expect(range?.to).to.equal(log.head(2))
        expect(range?.sessions).to.have.length(2)
        expect(range?.amount).to.equal(amountFor([MIB, 2n * MIB], log.lane.pricePerGiB))
        expect(range?.head).to.equal(null)
        await ledger.extendLog(log.lane, log.head(0), log.plain(0, 1), await log.signed(1))
        expect((await ledger.settleable(log.lane))?.head).to.deep.equal(await log.signed(1))
        await serve(2, 0n)
        const whole = await ledger.settleable(log.lane)
        expect(whole?.heads.map(({ head }) => head)).to.deep.equal([log.head(1), log.head(3)])
        expect(whole?.head?.head).to.equal(log.head(3))
      })

      it('idle lines too, when told how long that is, but never one with a stream', async () => {
        let time = 1_000_000
        await ledger.close()
        ledger = await factory.create(() => time)
        await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
        await ledger.openSession(log.head(0), USE)
        await accept(0, MIB)
        await ledger.openSession(log.head(1), USE)
        await ledger.releaseSession(log.head(0), false)
        time += 59_999
        expect(await ledger.settleable(log.lane, { idleSeconds: 60 })).to.equal(null)
        time += 1
        expect((await ledger.settleable(log.lane, { idleSeconds: 60 }))?.to).to.equal(log.head(1))
        expect(await ledger.settleable(log.lane)).to.equal(null)
        await ledger.releaseSession(log.head(1), false)
        time += 60_000
        expect((await ledger.settleable(log.lane, { idleSeconds: 60 }))?.to).to.equal(log.head(3))
      })

      it('what a clock wrote that has been set back since, without waiting for that time to come again', async () => {
        let time = 1_000_000_000_000
        await ledger.close()
        ledger = await factory.create(() => time)
        await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
        await ledger.openSession(log.head(0), USE)
        await accept(0, MIB)
        await ledger.releaseSession(log.head(0), false)
        time -= 86_400_000
        expect((await ledger.settleable(log.lane, { idleSeconds: 60 }))?.to).to.equal(log.head(3))
        expect(await ledger.settleable(log.lane), 'nothing is closed').to.equal(null)
        await ledger.openSession(log.head(1), USE)
        expect((await ledger.settleable(log.lane, { idleSeconds: 60 }))?.to, 'in use again').to.equal(log.head(1))
      })

      it('nothing that somebody could still serve on: sealed lines are closed for good', async () => {
        await ledger.openSession(log.head(0), USE)
        await ledger.releaseSession(log.head(0), false)
        await ledger.seal(log.lane, log.head(2))
        for (const place of [0, 1])
          expect(await failure(ledger.openSession(log.head(place), USE))).to.match(/is closed/)
        await ledger.openSession(log.head(2), USE)
        expect((await ledger.settleable(log.lane))?.to).to.equal(log.head(2))
      })

      it('with the furthest voucher from there', async () => {
        await serve(0, MIB)
        await serve(1, 2n * MIB)
        const short = await log.voucher(0, 1, [MIB])
        const long = await log.voucher(0, 2, [MIB, 2n * MIB])
        await ledger.saveVoucher(short)
        expect((await ledger.settleable(log.lane))?.voucher).to.deep.equal(short)
        await ledger.saveVoucher(long)
        await ledger.saveVoucher(short)
        expect((await ledger.settleable(log.lane))?.voucher).to.deep.equal(long)
        expect((await ledger.settleable(log.lane, { from: log.head(1) }))?.voucher).to.equal(null)
        const foreign = await createTestLog({ lines: 1 }).voucher(0, 1, [MIB])
        expect(await failure(ledger.saveVoucher(foreign))).to.match(/[Nn]othing is known/)
        expect(await failure(ledger.saveVoucher({ ...long, from: long.to, to: long.from }))).to.match(/does not lead/)
      })

      it('what is not on its way already, and that again when it failed', async () => {
        await serve(0, MIB)
        await serve(1, MIB)
        const move = { lane: log.lane, from: log.head(0), to: log.head(1), amount: 5n }
        await ledger.markSubmitted('0x01', [move])
        expect((await ledger.settleable(log.lane))?.from).to.equal(log.head(1))
        const [sent] = await ledger.submissions()
        expect(sent?.age).to.be.within(0, 60_000)
        expect({ ...sent, age: 0 }).to.deep.equal({ id: '0x01', age: 0, moves: [move] })
        const overlap = { ...move, to: log.head(2) }
        expect(await failure(ledger.markSubmitted('0x05', [overlap]))).to.match(/on their way in transaction 0x01/)
        await ledger.markFailed('0x01')
        expect((await ledger.settleable(log.lane))?.from).to.equal(log.head(0))
        expect(await ledger.submissions()).to.deep.equal([])
        await ledger.markSubmitted('0x02', [move])
        await ledger.markSettled(log.lane, log.head(1), 5n)
        expect(await ledger.submissions()).to.deep.equal([])
        const next = { lane: log.lane, from: log.head(1), to: log.head(2), amount: 5n }
        const [marked, opened] = await Promise.allSettled([
          ledger.markSubmitted('0x03', [next, move]),
          ledger.openSession(log.head(2), USE),
        ])
        expect([marked.status, opened.status], 'refused as a whole, alone').to.deep.equal(['rejected', 'fulfilled'])
        expect(await ledger.submissions()).to.deep.equal([])
        expect((await ledger.settleable(log.lane))?.from).to.equal(log.head(1))
      })
    })

    describe('reads a long log in parts', () => {
      it('of which each ends at a signed head and earned something', async () => {
        const count = LINES_AT_ONCE + 40
        const long = createTestLog({ lines: count })
        const { lane } = long
        const heads = [LINES_AT_ONCE - 3, LINES_AT_ONCE + 20, count]
        for (const [i, to] of heads.entries()) {
          const from = heads[i - 1] ?? 0
          await ledger.extendLog(lane, long.head(from), long.plain(from, to), await long.signed(to))
        }
        const places = [LINES_AT_ONCE - 5, LINES_AT_ONCE, count - 1]
        for (const place of places) {
          const { session, bytesServed, signature } = long.receipt(place, MIB)
          await ledger.acceptReceipt(session, bytesServed, signature)
        }
        expect(await ledger.laneState(lane)).to.deep.equal({
          ...{ lane, tip: long.head(count), settled: long.head(0), unsettled: count, bytes: 3n * MIB },
        })
        const newest = await ledger.laneLog(lane)
        expect(newest?.sessions).to.have.length(LINES_AT_ONCE)
        expect(newest?.sessions.at(-1)?.next).to.equal(long.head(count))
        expect((await ledger.laneLog(lane, { most: 2 }))?.sessions.map(({ index }) => index)).to.deep.equal([
          count - 2,
          count - 1,
        ])
        expect(await ledger.lineCounts(lane)).to.deep.equal({ paid: 3, unused: count - 3 })
        expect(await ledger.lineCounts(lane, long.head(LINES_AT_ONCE))).to.deep.equal({
          ...{ paid: 1, unused: LINES_AT_ONCE - 1 },
        })
        const known = await ledger.sessions([long.head(7), long.head(count), long.head(3)])
        expect(known.map(({ index }) => index).sort()).to.deep.equal([3, 7])

        for (const place of places) await ledger.releaseSession(long.head(place), true)
        const first = await ledger.settleable(lane, { idleSeconds: 0 })
        expect([first?.from, first?.to, first?.more]).to.deep.equal([long.head(0), long.head(heads[0]!), true])
        expect(first?.head?.head).to.equal(long.head(heads[0]!))
        const second = await ledger.settleable(lane, { idleSeconds: 0, from: first!.to })
        expect([second?.from, second?.to, second?.more]).to.deep.equal([first?.to, long.head(count), false])
        expect([first?.amount, second?.amount]).to.deep.equal([price(MIB), price(2n * MIB)])
      })

      it('that are longer where the only signed head, or the first line that earned something, lies further', async () => {
        const count = LINES_AT_ONCE + 10
        const long = createTestLog({ lines: count })
        await ledger.extendLog(long.lane, long.head(0), long.plain(), await long.signed())
        const { session, bytesServed, signature } = long.receipt(0, MIB)
        await ledger.acceptReceipt(session, bytesServed, signature)
        expect((await ledger.settleable(long.lane, { idleSeconds: -1 }))?.sessions).to.have.length(count)

        const late = createTestLog({ lines: count + 1 })
        await ledger.extendLog(late.lane, late.head(0), late.plain(0, 5), await late.signed(5))
        await ledger.extendLog(late.lane, late.head(5), late.plain(5), await late.signed())
        const last = late.receipt(count - 1, MIB)
        await ledger.acceptReceipt(last.session, last.bytesServed, last.signature)
        expect((await ledger.settleable(late.lane, { idleSeconds: -1 }))?.sessions).to.have.length(count + 1)
      })
    })

    describe('counts earnings', () => {
      it('each byte in one state at a time, from served to paid', async () => {
        expect(await ledger.earnings()).to.deep.equal(NOTHING)
        await ledger.openSession(log.head(0), USE)
        ledger.noteServed(log.head(0), 3n * MIB)
        expect(await accept(0, 2n * MIB)).to.equal(2n * MIB)
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, served: price(MIB), receipted: price(2n * MIB) })
        await accept(0, 3n * MIB)
        await ledger.releaseSession(log.head(0), true)
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, receipted: price(3n * MIB) })
        await ledger.saveVoucher(await log.voucher(0, 1, [3n * MIB]))
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, vouchered: price(3n * MIB) })
        const move = { lane: log.lane, from: log.head(0), to: log.head(1), amount: price(3n * MIB) }
        await ledger.markSubmitted('0x01', [move])
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, submitted: price(3n * MIB) })
        await ledger.markSettled(log.lane, log.head(1), price(3n * MIB))
        await ledger.markSettled(log.lane, log.head(1), price(3n * MIB))
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, paid: price(3n * MIB) })
        expect((await ledger.session(log.head(0)))?.state).to.equal('settled')
      })

      it('with what was sent just now a second later, and at once when its stream ends', async () => {
        await ledger.openSession(log.head(0), USE)
        for (const bytes of [MIB, 2n * MIB, 3n * MIB]) {
          ledger.noteServed(log.head(0), bytes)
          await accept(0, bytes / 2n)
        }
        await new Promise((resolve) => setTimeout(resolve, 1_200))
        const owed = price((3n * MIB) / 2n)
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, served: price(3n * MIB) - owed, receipted: owed })
        ledger.noteServed(log.head(0), 4n * MIB)
        await ledger.releaseSession(log.head(0), false)
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, served: price(4n * MIB) - owed, receipted: owed })
      })

      it('from what was owed when the chain is read without an event, and what it really paid with one', async () => {
        await serve(0, MIB)
        await serve(1, MIB)
        await ledger.markSettled(log.lane, log.head(1), null)
        expect((await ledger.earnings()).paid).to.equal(price(MIB))
        await ledger.markSettled(log.lane, log.head(2), 7n)
        expect((await ledger.earnings()).paid).to.equal(price(MIB) + 7n)
      })

      it('with nothing lost when the chain is ahead of a restored copy', async () => {
        await serve(0, MIB)
        await serve(1, MIB)
        log.grow(4)
        await ledger.markSettled(log.lane, log.head(6), 5_000_000n)
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, paid: 5_000_000n })
        const unknown = createTestLog({ lines: 2 })
        await ledger.markSettled(unknown.lane, unknown.head(2), 9n)
        expect(await ledger.earnings()).to.deep.equal({ ...NOTHING, paid: 5_000_009n })
        log.grow(1)
        await ledger.extendLog(log.lane, log.head(6), log.plain(6), await log.signed())
        await ledger.openSession(log.head(6), USE)
      })

      it('by content so that the parts add up to the whole, to the unit', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.record({ bytes: fc.bigInt(0n, 64n * MIB), content: fc.integer({ min: 1, max: 3 }) }), {
              minLength: 4,
              maxLength: 10,
            }),
            fc.bigInt(1n, 10n ** 9n),
            async (uses, pricePerGiB) => {
              log = createTestLog({ lines: uses.length, pricePerGiB })
              await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
              for (const [i, { bytes, content }] of uses.entries()) {
                await serve(i, bytes, { contentId: `c${content}`, holder: null })
              }
              await ledger.saveVoucher(await log.voucher(2, 3, [uses[2]!.bytes]))
              const owed = amountFor([uses[1]!.bytes], pricePerGiB)
              await ledger.markSubmitted(`0x${pricePerGiB}`, [
                { lane: log.lane, from: log.head(1), to: log.head(2), amount: owed },
              ])
              await ledger.markSettled(log.lane, log.head(1), null)
              const sponsor = log.lane.sponsor
              const whole = await ledger.earnings({ sponsor })
              const parts = await Promise.all([1, 2, 3].map((n) => ledger.earnings({ contentId: `c${n}`, sponsor })))
              for (const state of ['served', 'receipted', 'vouchered', 'submitted', 'paid'] as const) {
                expect(
                  parts.reduce((sum, part) => sum + part[state], 0n),
                  state,
                ).to.equal(whole[state])
              }
              const rest = uses.slice(3).map(({ bytes }) => bytes)
              expect(whole).to.deep.equal({
                served: 0n,
                paid: amountFor([uses[0]!.bytes], pricePerGiB),
                submitted: owed,
                vouchered: amountFor([uses[2]!.bytes], pricePerGiB),
                receipted: amountFor(rest, pricePerGiB),
              })
            },
          ),
          { numRuns: 15 },
        )
      })

      it('on statements by day, content and payer, whose lines add up to the whole, to the unit', async () => {
        const day = 86_400_000
        const amounts = fc.record({
          bytes: fc.bigInt(0n, 64n * MIB),
          content: fc.nat(2),
          days: fc.nat(2),
          more: fc.boolean(),
        })
        await fc.assert(
          fc.asyncProperty(
            fc.array(amounts, { minLength: 4, maxLength: 10 }),
            fc.array(fc.nat(9), { maxLength: 3 }),
            fc.bigInt(1n, 10n ** 9n),
            async (uses, settled, pricePerGiB) => {
              let now = 20_000 * day + 5
              const dated = await factory.create(() => now)
              try {
                const logs = [1, 2].map(() => createTestLog({ lines: uses.length, pricePerGiB }))
                await dated.releaseAll()
                for (const each of logs) {
                  await dated.extendLog(each.lane, each.head(0), each.plain(), await each.signed())
                  for (const [i, { bytes, content, days, more }] of uses.entries()) {
                    const { session, signature } = each.receipt(i, bytes)
                    await dated.openSession(session, { contentId: `c${content}`, holder: null })
                    if (bytes > 0n) await dated.acceptReceipt(session, bytes, signature)
                    if (more) dated.noteServed(session, bytes + MIB)
                    await dated.releaseSession(session, true)
                    now += days * day
                  }
                  await dated.saveVoucher(await each.voucher(2, 3, [uses[2]!.bytes]))
                  for (const place of settled) {
                    now += day
                    await dated.markSettled(each.lane, each.head(Math.min(place, uses.length)), null)
                  }
                }
                const contents = ['c0', 'c1', 'c2']
                const payers = logs.map(({ lane }) => lane.sponsor)
                const by = async (query: StatementQuery) => {
                  const { lines, undated } = await dated.statement(query)
                  expect(undated).to.deep.equal(NOTHING)
                  return new Map(lines.map(({ key, earnings }) => [key, earnings]))
                }
                for (const query of ['day', 'content', 'payer'] as const) {
                  expect(sumOf([...(await by({ by: query })).values()]), query).to.deep.equal(await dated.earnings())
                }
                const byContent = await by({ by: 'content' })
                for (const contentId of contents) {
                  const whole = await dated.earnings({ contentId })
                  expect(byContent.get(contentId) ?? NOTHING).to.deep.equal(whole)
                  expect(sumOf([...(await by({ by: 'day', contentId })).values()])).to.deep.equal(whole)
                }
                const byPayer = await by({ by: 'payer' })
                for (const sponsor of payers) {
                  expect(byPayer.get(sponsor) ?? NOTHING).to.deep.equal(await dated.earnings({ sponsor }))
                }
                const byDay = await by({ by: 'day' })
                for (const [date, whole] of byDay) {
                  const from = Date.parse(String(date)) / day
                  const one = await by({ by: 'day', from, to: from })
                  expect([...one]).to.deep.equal([[date, whole]])
                }
              } finally {
                await dated.close()
              }
            },
          ),
          { numRuns: 8 },
        )
      })

      it('on the day on which a line last changed, and once paid on the day on which that was learned', async () => {
        let now = Date.parse('2026-11-27T23:59:59.999Z')
        const dated = await factory.create(() => now)
        await dated.releaseAll()
        await dated.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
        const take = async (place: number, bytes: bigint) => {
          await dated.openSession(log.lines[place]!.session, USE)
          const { session, signature } = log.receipt(place, bytes)
          await dated.acceptReceipt(session, bytes, signature)
        }
        await take(0, MIB)
        now += 1
        await take(1, 2n * MIB)
        const days = async () => {
          const { lines } = await dated.statement({ by: 'day' })
          return lines.map(({ key, earnings: { receipted, paid } }) => [key, receipted, paid])
        }
        expect(await days()).to.deep.equal([
          ['2026-11-27', price(MIB), 0n],
          ['2026-11-28', price(2n * MIB), 0n],
        ])
        now += 86_400_000
        await dated.releaseSession(log.lines[0]!.session, true)
        now += 86_400_000
        await dated.markSettled(log.lane, log.head(1), 7n)
        await dated.markSettled(log.lane, log.head(1), 7n)
        expect(await days()).to.deep.equal([
          ['2026-11-28', price(2n * MIB), 0n],
          ['2026-11-30', 0n, 7n],
        ])
        await dated.close()
      })

      it('as its unsettled lines add up, whatever happened to them', async () => {
        const call = fc.record({
          kind: fc.constantFrom('receipt', 'receipt', 'served', 'close', 'grow', 'settle'),
          place: fc.nat(7),
          bytes: fc.bigInt(1n, 64n * MIB),
        })
        await fc.assert(
          fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: 30 }), async (calls) => {
            const each = createTestLog({ lines: 4 })
            const { lane } = each
            await ledger.releaseAll()
            await ledger.extendLog(lane, each.head(0), each.plain(), await each.signed())
            const make = async ({ kind, place, bytes }: (typeof calls)[0]): Promise<unknown> => {
              const session = each.head(Math.min(place, each.lines.length - 1))
              if (kind === 'receipt') {
                const { signature } = each.receipt(Math.min(place, each.lines.length - 1), bytes)
                return ledger.acceptReceipt(session, bytes, signature)
              }
              if (kind === 'served') return ledger.noteServed(session, bytes)
              if (kind === 'close') return ledger.releaseSession(session, true)
              if (kind === 'settle') return ledger.markSettled(lane, session, null)
              const from = each.lines.length
              each.grow(1)
              return ledger.extendLog(lane, each.head(from), each.plain(from), await each.signed())
            }
            // in groups of three, which are committed together
            for (let i = 0; i < calls.length; i += 3) {
              const results = await Promise.allSettled(calls.slice(i, i + 3).map(make))
              for (const result of results) {
                if (result.status === 'rejected' && !hasCode(result.reason, 'refused')) throw result.reason
              }
              await ledger.releaseAll() // commits what was noted as served
              const sessions = (await ledger.laneLog(lane))?.sessions ?? []
              const sum = (of: (session: (typeof sessions)[0]) => bigint) =>
                amountFor(sessions.map(of), lane.pricePerGiB)
              const { receipted, served } = await ledger.earnings({ sponsor: lane.sponsor })
              expect(receipted).to.equal(sum(({ receipt }) => receipt?.bytesServed ?? 0n))
              expect(served).to.equal(sum(({ served: sent, receipt }) => sent - (receipt?.bytesServed ?? 0n)))
            }
          }),
          { numRuns: 15 },
        )
      })

      it('of one sponsor apart from another', async () => {
        await serve(0, MIB)
        expect((await ledger.earnings({ sponsor: log.lane.sponsor })).receipted).to.equal(price(MIB))
        expect(await ledger.earnings({ sponsor: log.lane.seeder })).to.deep.equal(NOTHING)
        expect(await ledger.earnings({ contentId: 'c2' })).to.deep.equal(NOTHING)
      })
    })

    describe('forgets', () => {
      it('settled lines alone, and nothing of what was paid', async () => {
        let time = 1_000_000
        await ledger.close()
        ledger = await factory.create(() => time)
        await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
        for (const place of [0, 1, 2]) await serve(place, MIB)
        expect(await ledger.prune(time + 1), 'nothing is settled').to.equal(0)
        await ledger.markSettled(log.lane, log.head(2), 11n)
        expect(await ledger.prune(time), 'touched just now').to.equal(0)
        const before = await ledger.earnings()
        time += 1
        expect(await ledger.prune(time)).to.equal(2)
        expect(await ledger.prune(time)).to.equal(0)
        expect(await ledger.earnings()).to.deep.equal(before)
        expect((await ledger.earnings({ contentId: 'c1' })).paid).to.equal(11n)
        expect(await ledger.session(log.head(0))).to.equal(null)
        expect((await ledger.session(log.head(2)))?.receipt?.bytesServed).to.equal(MIB)
        expect((await ledger.settleable(log.lane))?.from).to.equal(log.head(2))
        log.grow(1)
        await ledger.extendLog(log.lane, log.head(2), log.plain(2), await log.signed())
        expect((await ledger.laneLog(log.lane))?.sessions.map(({ index }) => index)).to.deep.equal([2, 3])
      })
    })

    describe('settles in rounds', () => {
      it('of one process at a time', async () => {
        await serve(0, MIB)
        const other = await factory.beside(ledger)
        const voucher = await log.voucher(0, 1, [MIB])
        await ledger.settling(async () => {
          expect(await failure(other.settling(async () => {}))).to.match(/[Aa]nother process settles/)
          expect(await failure(other.seal(log.lane, log.head(1)))).to.match(/[Aa]nother process settles/)
          expect(await failure(other.saveVoucher(voucher))).to.match(/[Aa]nother process settles/)
          await ledger.saveVoucher(voucher)
          await ledger.settling(() => ledger.seal(log.lane, log.head(1)))
          await accept(1, MIB)
        })
        await other.settling(() => other.markFailed('none'))
        expect((await other.settleable(log.lane))?.voucher).to.deep.equal(voucher)
        await other.close()
      })

      it('that end when they fail', async () => {
        const wrong = new Error('no')
        const seen = await ledger.settling(() => Promise.reject(wrong)).catch((error: unknown) => error)
        expect(seen).to.equal(wrong)
        const other = await factory.beside(ledger)
        await other.settling(async () => {})
        await other.close()
      })
    })

    it('shows another process what was committed', async () => {
      const other = await factory.beside(ledger)
      await serve(0, MIB)
      expect((await other.earnings()).receipted).to.equal((await ledger.earnings()).receipted)
      await other.markSettled(log.lane, log.head(1), 9n)
      await other.close()
      expect((await ledger.earnings()).paid).to.equal(9n)
    })

    it('answers no more once closed', async () => {
      const other = await factory.create()
      await other.close()
      expect(await failure(other.lanes())).to.match(/is closed/)
    })
  })
}

/** The words of a refusal. */
async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (hasCode(error, 'refused')) return error.message
    throw error
  }
  return 'nothing was refused'
}
