import { expect } from 'chai'
import fc from 'fast-check'
import { type CreditInit, createCreditBook, type Debt, RefusedError } from '../../../src/transfer/index.ts'

const MIB = 2 ** 20

/** A book with a clock of its own. */
function bookWith(init: CreditInit = {}) {
  const clock = { now: 0 }
  const debts: Debt[] = []
  const book = createCreditBook({ ...init, now: () => clock.now, onDebt: (debt) => debts.push(debt) })
  return { book, clock, debts }
}

describe('the credit book', () => {
  it('begins with a window of 1 MiB and doubles it with each receipt in time, up to 16 MiB', () => {
    const tab = bookWith().book.open('a', 0, [])
    const windows = [tab.window]
    for (let served = MIB; windows.length < 7; served += MIB) {
      tab.serve(MIB)
      windows.push(tab.sign(served))
    }
    expect(windows.map((window) => window / MIB)).to.deep.equal([1, 2, 4, 8, 16, 16, 16])
  })

  it('does not widen the window for a receipt that comes late', () => {
    const { book, clock } = bookWith()
    const tab = book.open('a', 0, [])
    tab.serve(MIB)
    clock.now = 10_001
    expect(tab.sign(MIB)).to.equal(MIB)
  })

  it('gives no more room than the window beyond the last receipt', () => {
    const tab = bookWith().book.open('a', 0, [])
    tab.serve(3 * (MIB / 4))
    expect(tab.room()).to.equal(MIB / 4)
    tab.serve(MIB / 4)
    expect(tab.room()).to.equal(0)
    tab.sign(MIB / 2)
    expect(tab.room()).to.equal(2 * MIB - MIB / 2)
  })

  it('does not give a session its window again when it comes back without a receipt', () => {
    const { book } = bookWith()
    const first = book.open('a', 0, ['sponsor x'])
    first.serve(MIB)
    first.close()
    expect(() => book.open('a', 0, ['sponsor x'])).to.throw(RefusedError, 'unsigned')
    const signed = book.open('a', MIB / 2, ['sponsor x'])
    expect(signed.room()).to.equal(MIB / 2)
    expect(book.debtOf('sponsor x')).to.be.closeTo(MIB, MIB / 2)
  })

  it('keeps a quarter of the budget for all sessions without a first receipt', () => {
    const { book } = bookWith({ budget: 8 * MIB })
    const proven = book.open('proven', 0, [])
    proven.serve(MIB)
    proven.sign(MIB)
    const starters = ['a', 'b', 'c'].map((id) => book.open(id, 0, []))
    for (const tab of starters) tab.serve(tab.room())
    expect(book.unsigned).to.equal(2 * MIB)
    expect(proven.room()).to.equal(2 * MIB)
  })

  it('leaves room for others to begin when the cheats of one address or holder have had their part', () => {
    const { book } = bookWith({ budget: 64 * MIB })
    const cheats = Array.from({ length: 8 }, (_, at) => book.open(`c${at}`, 0, ['address 192.0.2.0/24', 'sponsor x']))
    for (const tab of cheats) tab.serve(tab.room())
    expect(book.unsigned).to.equal(2 * MIB)
    expect(book.open('h', 0, ['address 198.51.100.0/24', 'sponsor x']).room(), 'a sponsor has many buyers').to.equal(
      MIB,
    )
    const [first] = cheats
    first!.sign(MIB)
    expect(cheats.at(-1)!.room(), 'what is signed for makes room').to.equal(MIB)
  })

  it('turns what a closed session left unsigned into debt of its subjects after 30 seconds', () => {
    const { book, clock, debts } = bookWith()
    const tab = book.open('a', 0, ['sponsor x', 'address 192.0.2.0/24'])
    tab.serve(MIB)
    tab.close()
    clock.now = 29_999
    book.sweep()
    expect([book.unsigned, debts.length]).to.deep.equal([MIB, 0])
    clock.now = 30_000
    book.sweep()
    expect(book.unsigned).to.equal(0)
    expect(debts).to.deep.equal([{ session: 'a', subjects: ['sponsor x', 'address 192.0.2.0/24'], bytes: MIB }])
    expect(book.debtOf('sponsor x')).to.equal(MIB)
  })

  it('refuses new sessions of a subject with too much debt, and forgets half of it every hour', () => {
    const { book, clock } = bookWith({ maxDebt: 2 * MIB })
    for (const id of ['a', 'b', 'c']) {
      const tab = book.open(id, 0, ['holder h'])
      tab.serve(MIB)
      tab.close()
    }
    clock.now = 30_000
    book.sweep()
    expect(() => book.open('d', 0, ['holder h'])).to.throw(RefusedError, 'holder h')
    book.open('e', 0, ['holder other'])
    clock.now += 3_600_000
    book.open('d', 0, ['holder h'])
  })

  it('never lets the unsigned bytes of all sessions pass the budget, whatever happens', () => {
    const command = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      what: fc.constantFrom('serve', 'sign', 'close', 'wait'),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const { book, clock } = bookWith({ budget: 4 * MIB, maxDebt: Number.POSITIVE_INFINITY })
        const open = new Map<string, ReturnType<typeof book.open>>()
        const signed = new Map<string, number>()
        for (const { id, what, part } of commands) {
          if (what === 'wait') {
            clock.now += part * 40_000
            book.sweep()
            continue
          }
          let tab = open.get(id)
          if (tab === undefined) {
            try {
              tab = book.open(id, signed.get(id) ?? 0, [])
            } catch (error) {
              expect(error).to.be.instanceOf(RefusedError)
              continue
            }
            open.set(id, tab)
          }
          if (what === 'serve') tab.serve(Math.floor(tab.room() * part))
          if (what === 'sign') {
            const bytes = tab.signed + Math.floor((tab.served - tab.signed) * part)
            tab.sign(bytes)
            signed.set(id, bytes)
          }
          if (what === 'close') {
            tab.close()
            open.delete(id)
          }
          expect(book.unsigned).to.be.within(0, 4 * MIB)
          expect(tab.served - tab.signed).to.be.at.most(tab.window)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
