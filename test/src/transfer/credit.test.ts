import { expect } from 'chai'
import fc from 'fast-check'
import { type CreditInit, createCreditBook, type Debt, RefusedError, type Tab } from '../../../src/transfer/index.ts'
import { createRandom } from '../../parity/random.ts'

const MIB = 2 ** 20
const UNIT = 2 ** 17

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

  it('has a quarter of the budget for all bytes beyond what peers signed for', () => {
    const { book } = bookWith({ budget: 8 * MIB })
    const proven = book.open('proven', 0, [])
    proven.serve(MIB)
    proven.sign(MIB)
    const starters = ['a', 'b', 'c'].map((id) => book.open(id, 0, []))
    for (const tab of starters) tab.serve(tab.room())
    expect(book.unsigned).to.equal(2 * MIB)
    expect(proven.room()).to.equal(MIB)
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

  it('does not widen the window for a receipt of a few bytes', () => {
    const tab = bookWith().book.open('a', 0, [])
    tab.serve(MIB)
    expect([tab.sign(1), tab.sign(2 * UNIT), tab.sign(4 * UNIT)]).to.deep.equal([MIB, MIB, 2 * MIB])
  })

  it('lets sessions of a peer rest on what it signed for in others, and takes what it left unsigned off that', () => {
    const { book, clock } = bookWith({ budget: 4 * MIB })
    const cheat = book.open('cheat', 0, [], { peer: 'peer c' })
    cheat.serve(MIB)
    const first = book.open('a', 0, [], { peer: 'peer p' })
    expect(first.room(), "the quarter is used up by the cheat's bytes").to.equal(0)
    first.serve(MIB)
    first.sign(MIB)
    first.close()
    const second = book.open('b', 0, [], { peer: 'peer p' })
    expect(second.room()).to.equal(MIB)
    second.serve(MIB)
    expect(book.open('c', 0, [], { peer: 'peer p' }).room(), 'nothing rests on one byte twice').to.equal(0)
    second.close()
    clock.now += 30_000
    book.sweep()
    cheat.serve(MIB)
    expect(book.open('d', 0, [], { peer: 'peer p' }).room(), 'the peer still owes it').to.equal(0)
  })

  describe('while somebody pays', () => {
    /** A book on which `peer p` was just sent bytes that it backs, with nothing saved for those who begin. */
    function contended(saved = 0) {
      const made = bookWith()
      const payer = made.book.open('payer', 0, ['address 192.0.2.0/24'], { peer: 'peer p' })
      payer.serve(MIB)
      payer.sign(MIB)
      /** In steps that it backs. */
      const pay = (bytes: number): void => {
        for (let left = bytes; left > 0; left -= MIB) {
          payer.serve(Math.min(left, MIB))
          payer.sign(payer.served)
        }
      }
      pay(UNIT)
      const strangers = Array.from({ length: 4 }, (_, at) => made.book.open(`s${at}`, 0, [], { peer: `peer s${at}` }))
      let left = 4 * MIB - saved
      for (const tab of strangers) {
        for (let room = tab.room(); room > 0 && left > 0; room = tab.room()) {
          tab.serve(Math.min(room, left))
          left -= room
        }
        tab.close()
      }
      return { ...made, payer, pay }
    }

    it('leaves a sixteenth of what is signed for to all who begin, and 32 KiB a second', () => {
      const { book, clock, pay } = contended()
      const stranger = book.open('x', 0, [], { peer: 'peer x' })
      expect(stranger.room(), 'nothing is saved').to.equal(0)
      pay(2 * MIB)
      expect(stranger.room(), 'a sixteenth of 2 MiB').to.equal(UNIT)
      stranger.serve(UNIT)
      expect(stranger.room()).to.equal(0)
      for (let second = 0; second < 4; second++) {
        clock.now += 1_000
        pay(UNIT / 16)
      }
      expect(stranger.room(), '4 seconds of 32 KiB').to.equal(UNIT)
    })

    it('gives back what is signed for', () => {
      const { book, pay } = contended(UNIT)
      const honest = book.open('h', 0, [], { peer: 'peer h' })
      let got = 0
      while (honest.served < 8 * MIB) {
        const room = honest.room()
        expect(room, `stuck at ${got}`).to.be.at.least(UNIT)
        honest.serve(UNIT)
        honest.sign(honest.served)
        got += UNIT
        pay(1)
      }
    })

    it('lets those go first whose address and holder owe least', () => {
      const { book, pay } = contended()
      const known = book.open('k', 0, ['address 198.51.100.0/24', 'sponsor x'], { peer: 'peer k' })
      pay(2 * MIB)
      known.serve(known.room())
      const again = book.open('l', 0, ['address 198.51.100.0/24', 'sponsor y'], { peer: 'peer l' })
      const fresh = book.open('f', 0, ['address 203.0.113.0/24', 'sponsor x'], { peer: 'peer f' })
      expect([again.room(), fresh.room()]).to.deep.equal([0, 0])
      pay(2 * MIB)
      expect([again.room(), known.room(), fresh.room()]).to.deep.equal([0, 0, UNIT])
      fresh.serve(UNIT)
      pay(2 * MIB)
      expect([known.room(), again.room()], 'of one address who got less').to.deep.equal([0, UNIT])
      again.serve(UNIT)
      again.close()
    })

    it('passes over who waited and came no more', () => {
      const { book, clock, pay } = contended()
      const gone = book.open('g', 0, [], { peer: 'peer g' })
      gone.room()
      const other = book.open('o', 0, ['address 203.0.113.0/24'], { peer: 'peer o' })
      pay(2 * MIB)
      other.room()
      clock.now += 1_000
      pay(1)
      expect(other.room()).to.equal(UNIT)
    })

    it('bounds the others while the payer waits, however long their bytes keep it waiting', () => {
      const { book, clock, payer } = contended()
      const stranger = book.open('x', 0, [], { peer: 'peer x' })
      payer.want(true)
      clock.now += 3_000
      expect(stranger.room()).to.equal(0)
      payer.want(false)
      clock.now += 1_999
      expect(stranger.room()).to.equal(UNIT)
      clock.now += 1
      expect(stranger.room()).to.equal(MIB)
    })

    it('bounds nobody once the payer wants no more, nor a payer by itself', () => {
      const { book, clock } = contended()
      const stranger = book.open('x', 0, [], { peer: 'peer x' })
      expect(stranger.room()).to.equal(0)
      expect(book.open('q', 0, [], { peer: 'peer p' }).room(), 'the payer').to.be.above(MIB / 2)
      clock.now += 2_000
      expect(stranger.room()).to.equal(MIB)
    })

    it('is paid for nine tenths of an uplink of 1 MiB/s, whoever comes, and those who sign get on', () => {
      for (let seed = 0; seed < 20; seed++) {
        const random = createRandom('goodput', seed)
        const { book, clock, payer, pay } = contended()
        payer.want(true)
        const open = new Map<number, { tab: Tab; honest: boolean }>()
        let [paid, sent, opened, finished] = [0, 0, 0, 0]
        for (let step = 0; step < 2_000; step++) {
          clock.now += 125 // a unit in an eighth of a second: the payer takes what the others leave
          const who = random.below(30)
          const name = `${++opened}`
          const { tab, honest } = open.get(who) ?? {
            tab: book.open(name, 0, [`address ${name}`], { peer: `peer ${name}` }),
            honest: random.chance(0.1),
          }
          open.set(who, { tab, honest })
          const taken = Math.min(UNIT, tab.room())
          tab.serve(taken)
          sent += UNIT
          pay(UNIT - taken)
          paid += UNIT - taken
          if (honest && taken > 0) {
            tab.sign(tab.served)
            paid += taken
          }
          if (honest ? tab.signed >= MIB : random.chance(0.05)) {
            if (honest) finished += 1
            tab.close()
            open.delete(who)
          }
        }
        expect(paid / sent, `seed ${seed}`).to.be.above(0.9)
        expect(finished, `seed ${seed}`).to.be.at.least(1)
      }
    })
  })

  it('gives a session of an earlier run no second window, unless it was signed for', () => {
    const { book } = bookWith()
    expect(() => book.open('never signed', 0, [], { served: MIB })).to.throw(RefusedError, 'unsigned')
    expect(book.open('in part', 0, [], { served: UNIT }).room()).to.equal(MIB - UNIT)
    expect(book.open('signed', MIB, [], { served: 3 * MIB }).room()).to.equal(MIB)
  })

  it('recalls debts of an earlier run, and makes what is unsigned a debt when it ends', () => {
    const { book } = bookWith()
    const tab = book.open('a', 0, ['holder h'])
    tab.serve(MIB)
    const still = book.open('b', 0, ['holder h'])
    still.serve(UNIT)
    tab.close()
    book.writeOff()
    expect(book.debts).to.deep.equal([{ subject: 'holder h', bytes: MIB }])
    const next = bookWith({ maxDebt: MIB / 2 }).book
    next.recall(book.debts)
    expect(() => next.open('c', 0, ['holder h'])).to.throw(RefusedError, 'holder h')
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
