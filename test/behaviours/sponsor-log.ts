// What every SponsorLog does, whatever it is stored in.
import { expect } from 'chai'
import type { Hex } from 'viem'
import { hasCode } from '../../src/errors.ts'
import { createSessionKey, firstHead, type LineGrant, type SponsorLog, tipAfter } from '../../src/receipts/index.ts'
import { createTestLog, MIB, type TestLog } from './log-fixture.ts'

export interface SponsorLogFactory {
  create(): Promise<SponsorLog>
  reopen(log: SponsorLog): Promise<SponsorLog>
}

const GRANT: LineGrant = {
  contentId: `0x${'c1'.repeat(32)}` as Hex,
  holder: createSessionKey().address,
  download: 'd1',
  createdAt: 1_800_000_000,
}

export function sponsorLogBehaviour(name: string, factory: SponsorLogFactory): void {
  describe(`The sponsor's log on ${name}`, () => {
    let store: SponsorLog
    let log: TestLog

    beforeEach(async () => {
      store = await factory.create()
      log = createTestLog({ lines: 3 })
    })

    afterEach(() => store.close())

    const append = async (count = log.lines.length) => {
      for (const { line } of log.lines.slice(0, count)) await store.append(log.lane, line, GRANT)
    }
    const about = { ...GRANT, now: GRANT.createdAt }

    it('grows line by line at its tip, and remembers it', async () => {
      expect(await store.laneLog(log.lane)).to.equal(null)
      const first = await store.append(log.lane, log.plain()[0]!, GRANT)
      expect(first).to.deep.equal({
        ...{ ...GRANT, ...log.plain()[0]!, lane: log.lane, index: 0 },
        ...{ session: firstHead(log.lane), next: log.head(1), acknowledged: null },
      })
      await Promise.all(log.plain(1).map((line) => store.append(log.lane, line, GRANT)))
      await store.saveHead(log.lane, await log.signed(2))
      await store.saveHead(log.lane, await log.signed(3))
      store = await factory.reopen(store)
      const known = await store.laneLog(log.lane)
      expect(known?.tip).to.equal(log.head(3))
      expect(known?.lines.map(({ session }) => session)).to.deep.equal([0, 1, 2].map(log.head))
      expect(known?.signed).to.deep.equal(await log.signed(3))
      expect(await store.line(log.head(2))).to.deep.equal(known?.lines[2])
      expect(await store.line(log.head(3))).to.equal(null)
      expect(await store.lanes()).to.deep.equal([log.lane])
    })

    it('answers the last open lines up to one', async () => {
      const sessions = async (place: number, most: number): Promise<number[]> =>
        (await store.linesUpTo(log.head(place), most)).map(({ session }) => [0, 1, 2, 3].map(log.head).indexOf(session))
      await append(3)
      expect(await sessions(2, 2)).to.deep.equal([1, 2])
      expect(await sessions(1, 5)).to.deep.equal([0, 1])
      expect(await sessions(3, 5), 'no line begins at the tip').to.deep.equal([])
      await store.markSettled(log.lane, log.head(1))
      expect(await sessions(2, 5)).to.deep.equal([1, 2])
      expect(await sessions(0, 5), 'it is settled').to.deep.equal([])
      const last = await store.laneLog(log.lane, { most: 1 })
      expect([last?.settled, last?.tip, last?.lines.length]).to.deep.equal([log.head(1), log.head(3), 1])
      expect((await store.laneLog(log.lane, { most: 0 }))?.lines).to.deep.equal([])
    })

    it('keeps no head that it does not reach', async () => {
      await append(2)
      expect(await failure(store.saveHead(log.lane, await log.signed(3)))).to.match(/does not contain the head/)
    })

    it('answers the lines between two heads, and null where none lead', async () => {
      await append()
      const range = await store.range(log.lane, log.head(1), log.head(3))
      expect(range?.map(({ session }) => session)).to.deep.equal([log.head(1), log.head(2)])
      for (const [from, to] of [
        [3, 1],
        [1, 1],
      ] as const) {
        expect(await store.range(log.lane, log.head(from), log.head(to))).to.equal(null)
      }
      expect(await store.range(createTestLog().lane, log.head(0), log.head(1))).to.equal(null)
    })

    it('lets the first voucher for a range stand', async () => {
      await append()
      const first = await log.voucher(0, 2, [MIB, 0n])
      expect(await store.voucher(log.lane, log.head(0), log.head(2))).to.equal(null)
      const held = await Promise.all([
        store.saveVoucher(first, [MIB, 0n]),
        store.saveVoucher(await log.voucher(0, 2, [2n * MIB, 0n]), [2n * MIB, 0n]),
      ])
      expect(held).to.deep.equal([first, first])
      expect(await store.voucher(log.lane, log.head(0), log.head(2))).to.deep.equal(first)
      const lines = await store.range(log.lane, log.head(0), log.head(3))
      expect(lines?.map(({ acknowledged }) => acknowledged)).to.deep.equal([MIB, 0n, null])
      const sums = await store.sums({ ...about, seeder: log.lane.seeder })
      expect([sums.usedLinesOfSeeder, sums.unusedLinesOfSeeder]).to.deep.equal([1, 1])
    })

    it('vouches only along its own lines', async () => {
      await append(2)
      expect(await failure(store.saveVoucher(await log.voucher(0, 3, [1n, 1n, 1n]), [1n, 1n, 1n]))).to.match(
        /no voucher/,
      )
      expect(await failure(store.saveVoucher(await log.voucher(0, 2, [1n, 1n]), [1n]))).to.match(/no voucher/)
    })

    it('sums open lines of a download, of a holder’s day and of a seeder’s hour, and frees what the chain passed', async () => {
      const seeder = createSessionKey()
      log = createTestLog({ seeder, lines: 3 })
      const other = createTestLog({ seeder, lines: 1, lane: 2n })
      await append()
      await store.append(other.lane, other.plain()[0]!, {
        ...GRANT,
        download: 'd2',
        createdAt: GRANT.createdAt - 3_601,
      })
      const line = 64n * MIB
      const asked = { ...about, seeder: seeder.address }
      expect(await store.sums(asked)).to.deep.equal({
        openOfDownload: 3n * line,
        holderContentDay: 4n * line,
        seederHour: 3n * line,
        openLinesOfSeeder: 4,
        unusedLinesOfSeeder: 0,
        usedLinesOfSeeder: 0,
      })
      await store.markSettled(log.lane, log.head(2))
      await store.markSettled(log.lane, log.head(1))
      await store.markSettled(log.lane, createTestLog({ lines: 1 }).head(1))
      const after = await store.sums(asked)
      expect([after.openOfDownload, after.openLinesOfSeeder]).to.deep.equal([line, 2])
      expect(after.holderContentDay).to.equal(4n * line)
      const known = await store.laneLog(log.lane)
      expect(known?.settled).to.equal(log.head(2))
      expect(known?.lines).to.have.length(1)
    })

    it('refuses a line that would pass a limit, also when many ask at once', async () => {
      const line = 64n * MIB
      for (const [limits, words] of [
        [{ openPerDownload: 2n * line }, /for download d1 would pass its limit/],
        [{ perHolderContentDay: 2n * line }, /in 24 hours would pass/],
        [{ perSeederHour: 2n * line }, /in an hour would pass/],
        [{ openLinesPerSeeder: 2 }, /has 2 open lines/],
      ] as const) {
        const each = createTestLog({ lines: 3 })
        const grant = { ...GRANT, holder: each.lane.seeder }
        const asked = await Promise.allSettled(
          each.plain().map((plain) => store.append(each.lane, plain, grant, limits)),
        )
        expect(asked.filter(({ status }) => status === 'fulfilled')).to.have.length(2)
        expect((asked[2] as PromiseRejectedResult).reason.message).to.match(words)
        expect((await store.laneLog(each.lane))?.tip).to.equal(each.head(2))
      }
    })

    it('takes over what it lost: the lines behind a head that it has, and no others', async () => {
      const found = async (from: number, to: number) => ({
        from: log.head(from),
        lines: log.plain(from, to),
        signed: await log.signed(to),
      })
      await append(1)
      await store.adopt(log.lane, await found(0, 3), 7)
      await store.adopt(log.lane, await found(1, 2), 8)
      store = await factory.reopen(store)
      const known = await store.laneLog(log.lane)
      expect([known?.tip, known?.signed?.head]).to.deep.equal([log.head(3), log.head(3)])
      expect(known?.lines.map(({ next, createdAt }) => [next, createdAt])).to.deep.equal([
        [log.head(1), GRANT.createdAt],
        [log.head(2), 7],
        [log.head(3), 7],
      ])
      expect((await store.sums({ ...about, seeder: log.lane.seeder })).openLinesOfSeeder).to.equal(3)
      log.grow(1)
      expect((await store.append(log.lane, log.plain()[3]!, GRANT)).next).to.equal(log.head(4))

      const other = createTestLog({ lines: 2 })
      const fork = {
        from: log.head(2),
        lines: other.plain(),
        signed: { ...(await log.signed(3)), head: other.head(2) },
      }
      expect(await failure(store.adopt(log.lane, fork, 9))).to.match(/do not lead to/)
      const forked = { ...fork, signed: { ...fork.signed, head: tipAfter(fork.from, fork.lines) } }
      expect(await failure(store.adopt(log.lane, forked, 9))).to.match(/one of two logs/)
      expect((await store.laneLog(log.lane))?.tip, 'nothing of it is kept').to.equal(log.head(4))
    })

    it('goes on where the chain is when it knows nothing of what lies before', async () => {
      log.grow(2)
      const behind = { from: log.head(3), lines: log.plain(3, 4), signed: await log.signed(4) }
      await append(2)
      await store.adopt(log.lane, behind, 7)
      const known = await store.laneLog(log.lane)
      expect([known?.settled, known?.tip, known?.lines.length]).to.deep.equal([log.head(3), log.head(4), 1])
      expect((await store.sums({ ...about, seeder: log.lane.seeder })).openLinesOfSeeder).to.equal(1)
      expect((await store.append(log.lane, log.plain()[4]!, GRANT)).session).to.equal(log.head(4))
      expect(await store.range(log.lane, log.head(3), log.head(5))).to.have.length(2)

      const lost = createTestLog({ lines: 2 })
      await store.adopt(lost.lane, { from: lost.head(1), lines: lost.plain(1, 2), signed: await lost.signed(2) }, 7)
      expect((await store.laneLog(lost.lane))?.lines.map(({ session }) => session)).to.deep.equal([lost.head(1)])
    })
  })
}

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (hasCode(error, 'refused')) return error.message
    throw error
  }
  return 'nothing was refused'
}
