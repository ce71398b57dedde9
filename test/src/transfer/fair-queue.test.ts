import { expect } from 'chai'
import { createFairQueue, createFlow, type Flow } from '../../../src/transfer/fair-queue.ts'
import { createRandom } from '../../parity/random.ts'

const UNIT = 128 * 1024

interface Session extends Flow {
  sent: number
}

const session = (weight: number, free = false): Session => ({ ...createFlow(free, weight), sent: 0 })

interface Waiting {
  readonly flow: Session
  readonly bytes: number
  left: boolean
}

/** Every session of `wanting` has a frame in the queue whenever one is chosen; stops after `bytes`. */
function send(
  queue: ReturnType<typeof createFairQueue<Waiting>>,
  wanting: readonly Session[],
  bytes: number,
  frame: () => number = () => UNIT,
): void {
  const add = (flow: Session): void => queue.add({ flow, bytes: frame(), left: false })
  for (const flow of wanting) add(flow)
  for (let sent = 0; sent < bytes; ) {
    const next = queue.shift()
    if (next === null) throw new Error('Sessions want to send, and nobody may.')
    next.flow.sent += next.bytes
    sent += next.bytes
    add(next.flow)
  }
  for (let next = queue.first(); next !== null; next = queue.first()) {
    next.left = true
  }
}

describe('a fair queue', () => {
  it('lets sessions send by their weights, however long their frames are', () => {
    for (let index = 0; index < 20; index++) {
      const random = createRandom('fair queue', index)
      const sessions = Array.from({ length: 2 + random.below(30) }, () => session(1 + random.below(8)))
      const weights = sessions.reduce((sum, { weight }) => sum + weight, 0)
      const frame = (): number => UNIT * (1 + random.below(8))
      send(createFairQueue(0.1), sessions, 400 * weights * UNIT, frame)
      const all = sessions.reduce((sum, { sent }) => sum + sent, 0)
      for (const { sent, weight } of sessions) expect((sent * weights) / weight / all).to.be.within(0.95, 1.05)
    }
  })

  it('keeps a floor for free sessions, and gives them all of it that nobody pays for', () => {
    const queue = createFairQueue<Waiting>(0.1)
    const paid = [session(1_000_000), session(3_000_000)]
    const free = [session(1, true), session(1, true)]
    send(queue, [...paid, ...free], 4_000 * UNIT)
    for (const { sent } of free) expect(sent / (4_000 * UNIT)).to.be.within(0.049, 0.051)
    expect((paid[1]?.sent ?? 0) / (paid[0]?.sent ?? 1)).to.be.within(2.97, 3.03)
    const before = free.map(({ sent }) => sent)
    send(queue, free, 1_000 * UNIT)
    for (const [index, { sent }] of free.entries())
      expect((sent - (before[index] ?? 0)) / (500 * UNIT)).to.be.within(0.99, 1.01)
  })

  it('lets nobody save up a share while it wants nothing', () => {
    let now = 0
    const queue = createFairQueue<Waiting>(0.1, () => now)
    const sessions = [session(1), session(1), session(1, true)]
    send(queue, sessions, 100 * UNIT)
    const [steady, away, free] = sessions as [Session, Session, Session]
    now += 10_000
    send(queue, [steady], 10_000 * UNIT)
    const before = sessions.map(({ sent }) => sent)
    now += 10_000
    send(queue, [steady, away, free], 100 * UNIT)
    const sent = sessions.map((each, index) => (each.sent - (before[index] ?? 0)) / UNIT)
    expect(sent[0]).to.be.within(44, 46)
    expect(sent[1]).to.be.within(44, 46)
    expect(sent[2]).to.be.within(9, 11)
  })

  it('makes up for the turns that one missed while it fetched its next frame, once', () => {
    let now = 0
    const queue = createFairQueue<Waiting>(0.1, () => now)
    const [dear, cheap] = [session(3), session(1)]
    let asked: Waiting | null = null
    const add = (flow: Session): void => {
      const request = { flow, bytes: UNIT, left: false }
      if (flow === dear) asked = request
      queue.add(request)
    }
    const turn = (): void => {
      const flow = queue.shift()?.flow
      if (flow === undefined) throw new Error('Sessions want to send, and nobody may.')
      flow.sent += UNIT
      add(flow)
    }
    add(cheap)
    for (let round = 0; round < 100; round++) {
      now += 10
      // The dear one asks when the cheap one has had two turns already: of six it gets four, not three.
      turn()
      turn()
      add(dear)
      for (let one = 0; one < 4; one++) turn()
      asked!.left = true
    }
    expect(dear.sent / cheap.sent).to.be.within(1.9, 2.1)
    // What it missed in a hundred rounds it does not get now.
    const before = [dear.sent, cheap.sent] as const
    add(dear)
    for (let one = 0; one < 100; one++) turn()
    expect((dear.sent - before[0]) / (cheap.sent - before[1])).to.be.within(2.5, 4)
  })

  it('passes over those who left', () => {
    const queue = createFairQueue<Waiting>(0.5)
    const requests = [session(1), session(2), session(1, true)].map((flow) => ({ flow, bytes: UNIT, left: false }))
    for (const request of requests) queue.add(request)
    requests[0]!.left = true
    requests[2]!.left = true
    expect(queue.shift()).to.equal(requests[1])
    expect(queue.first()).to.equal(null)
    expect(queue.shift()).to.equal(null)
  })
})
