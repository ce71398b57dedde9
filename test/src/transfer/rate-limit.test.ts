import { expect } from 'chai'
import { createRateLimit } from '../../../src/transfer/index.ts'
import { createRandom } from '../../parity/random.ts'

const UNIT = 128 * 1024
const MIB = 2 ** 20

describe('a rate limit', () => {
  it('lets pass what its rate allows over any five seconds, however it is asked', () => {
    for (let index = 0; index < 40; index++) {
      const random = createRandom('rate limit', index)
      const rate = MIB * (1 + random.below(20))
      let now = 0
      const limit = createRateLimit(rate, () => now)
      const passed: { at: number; bytes: number }[] = []
      while (now < 20_000) {
        now += random.below(150)
        while (limit.room > 0) {
          const bytes = Math.min(MIB, Math.max(1, Math.floor(limit.room / UNIT)) * UNIT)
          limit.take(bytes)
          passed.push({ at: now, bytes })
        }
      }
      for (let from = 0; from <= 15_000; from += 250) {
        const sum = passed.reduce((all, { at, bytes }) => all + (at >= from && at < from + 5_000 ? bytes : 0), 0)
        expect(sum / (5 * rate), `${rate} a second from ${from} ms on`).to.be.within(0.9, 1.1)
      }
    }
  })

  it('saves up no more than a quarter of a second', () => {
    let now = 0
    const limit = createRateLimit(8 * MIB, () => now)
    now = 60_000
    expect(limit.room).to.equal(2 * MIB)
  })

  it('lets those who wait pass in their order, and forgets who leaves', async () => {
    const limit = createRateLimit(64 * MIB)
    limit.take(18 * MIB)
    const order: string[] = []
    const left = new AbortController()
    const waits = ['a', 'b', 'c'].map((name) =>
      limit.wait(UNIT, name === 'b' ? left.signal : undefined).then(
        () => order.push(name),
        () => order.push(`${name} left`),
      ),
    )
    left.abort(new Error('It left.'))
    await Promise.all(waits)
    expect(order).to.deep.equal(['a', 'b left', 'c'])
  })
})
