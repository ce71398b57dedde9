import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { hasCode } from '../../../src/errors.ts'
import { type Caps, createGate, createLocalClock, openCaps } from '../../../src/seeder/index.ts'
import { createRandom } from '../../parity/random.ts'

const MIB = 2 ** 20
const berlin = createLocalClock('Europe/Berlin')
const at = (time: string): number => Date.parse(time)

describe('when a seeder serves', () => {
  describe('its hours', () => {
    let now = 0
    const gateOf = (...spans: [number, number][]) => createGate({ hours: { spans, clock: berlin }, now: () => now })
    const opens = (gate: ReturnType<typeof createGate>, time: string): boolean => {
      now = at(time)
      return gate.refusal() === null
    }

    it('begin and end by the clock on the wall, over midnight too', () => {
      const gate = gateOf([22 * 60, 7 * 60], [12 * 60, 13 * 60])
      expect(opens(gate, '2026-01-10T20:59:59Z')).to.equal(false)
      expect(opens(gate, '2026-01-10T21:00:00Z')).to.equal(true)
      expect(opens(gate, '2026-01-11T05:59:59Z')).to.equal(true)
      expect(opens(gate, '2026-01-11T06:00:00Z')).to.equal(false)
      expect(opens(gate, '2026-01-11T11:30:00Z')).to.equal(true)
      expect(gate.refusal()).to.equal(null)
      expect(opens(gate, '2026-01-11T12:00:00Z')).to.equal(false)
      expect(gate.refusal()?.message).to.equal(
        'It serves from 22:00 to 07:00 and from 12:00 to 13:00 (Europe/Berlin) only.',
      )
      expect(gate.refusal()).to.include({ refusal: 'resting', retry: true })
    })

    it('move with daylight saving time, and lose or gain an hour in its nights', () => {
      const gate = gateOf([22 * 60, 7 * 60])
      expect(opens(gate, '2026-07-10T19:59:59Z')).to.equal(false)
      expect(opens(gate, '2026-07-10T20:00:00Z')).to.equal(true)
      const minutesOpen = (from: string): number => {
        let open = 0
        for (let minute = 0; minute < 24 * 60; minute++) {
          now = at(from) + minute * 60_000
          if (gate.refusal() === null) open += 1
        }
        return open
      }
      expect(minutesOpen('2026-03-28T12:00:00Z'), 'the clock goes forward').to.equal(8 * 60)
      expect(minutesOpen('2026-10-24T12:00:00Z'), 'the clock goes back').to.equal(10 * 60)
      expect(minutesOpen('2026-11-24T12:00:00Z')).to.equal(9 * 60)
    })

    it('are of a time zone that somebody knows', () => {
      expect(() => createLocalClock('Europe/Atlantis')).to.throw(RangeError)
    })
  })

  describe('its caps', () => {
    let folder: string
    let now = 0
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'bitcdn-caps-'))
    })
    after(() => rmSync(folder, { recursive: true }))
    let files = 0
    const path = (): string => join(folder, `sent-${++files}.json`)
    const open = (file: string, perDay: number | null, perMonth: number | null = null): Caps =>
      openCaps({ path: file, perDay, perMonth, clock: berlin, now: () => now })
    /** Bytes that it lets pass. */
    function use(caps: Caps, bytes: number, frame = 128 * 1024): number {
      let passed = 0
      while (passed < bytes && caps.take(frame) === null) passed += frame
      return passed
    }

    it('end a day at midnight, there, and a month when it is over', () => {
      now = at('2026-06-10T12:00:00Z')
      const caps = open(path(), 4 * MIB, 6 * MIB)
      expect(use(caps, 100 * MIB)).to.equal(4 * MIB)
      expect(caps.refusal()).to.match(/in a day/)
      now = at('2026-06-10T21:59:59Z')
      expect(caps.take(1)).to.match(/in a day/)
      now = at('2026-06-10T22:00:00Z')
      expect(caps.refusal()).to.equal(null)
      expect(use(caps, 100 * MIB)).to.equal(2 * MIB)
      expect(caps.refusal()).to.match(/in a month/)
      now = at('2026-06-30T22:00:00Z')
      expect(use(caps, 100 * MIB)).to.equal(4 * MIB)
    })

    it('hold over restarts and kills: never more, and after a kill little less', () => {
      for (let index = 0; index < 6; index++) {
        const random = createRandom('caps', index)
        now = at('2026-06-10T12:00:00Z')
        const file = path()
        const cap = 500 * MIB
        let sent = 0
        let kills = 0
        for (let run = 0; run < 8; run++) {
          const caps = open(file, cap)
          sent += use(caps, random.below(100) * MIB)
          if (random.below(2) === 0) caps.close()
          else kills += 1
        }
        const caps = open(file, cap)
        sent += use(caps, cap)
        expect(sent).to.be.at.most(cap)
        expect(sent).to.be.at.least(cap - kills * (cap / 100) - MIB)
      }
    })

    it('find their count again when a clock jumps, and give no day twice', () => {
      now = at('2026-06-10T12:00:00Z')
      const file = path()
      let caps = open(file, 4 * MIB)
      expect(use(caps, 3 * MIB)).to.equal(3 * MIB)
      for (const jump of ['2031-01-01T00:00:00Z', '1970-01-01T12:00:00Z', '2026-06-11T12:00:00Z']) {
        now = at(jump)
        expect(use(caps, 100 * MIB), jump).to.equal(4 * MIB)
        now = at('2026-06-10T13:00:00Z')
        expect(caps.refusal(), jump).to.equal(null)
      }
      caps.close()
      caps = open(file, 4 * MIB)
      expect(use(caps, 100 * MIB)).to.equal(MIB)
      now = at('2026-06-11T13:00:00Z')
      expect(caps.take(1)).to.match(/in a day/)
    })

    it('say so when their count is damaged', () => {
      const file = path()
      open(file, MIB).take(10)
      writeFileSync(file, readFileSync(file, 'utf8').slice(0, -6))
      let error: unknown
      try {
        open(file, MIB)
      } catch (thrown) {
        error = thrown
      }
      expect(hasCode(error, 'file-invalid'), String(error)).to.equal(true)
    })
  })

  it('rests while it is paused or has to be quiet', () => {
    let paused = false
    let quiet = false
    const gate = createGate({ paused: () => paused, quiet: () => quiet })
    expect(gate.refusal()).to.equal(null)
    paused = true
    expect(gate.refusal()?.message).to.match(/paused/)
    paused = false
    quiet = true
    expect(gate.refusal()?.refusal).to.equal('resting')
  })
})
