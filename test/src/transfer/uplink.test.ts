import { expect } from 'chai'
import { createUplink, type Uplink } from '../../../src/transfer/index.ts'

const UNIT = 128 * 1024
const MIB = 2 ** 20

/** Sends as much as it may until `signal` aborts; resolves to the bytes. */
async function sender(uplink: Uplink, pricePerGiB: bigint, signal: AbortSignal, weight = 1): Promise<number> {
  const flow = uplink.join({ pricePerGiB, weight })
  signal.addEventListener('abort', () => flow.leave())
  let sent = 0
  while (await flow.turn(UNIT)) sent += UNIT
  return sent
}

describe('an uplink', () => {
  it('is shared by price and weight, with a floor for the free, and is used in full', async () => {
    const signal = AbortSignal.timeout(1_500)
    const started = performance.now()
    const uplink = createUplink(16 * MIB, { freeShare: 0.2 })
    const bids = [sender(uplink, 10n, signal), sender(uplink, 10n, signal, 2), sender(uplink, 0n, signal)]
    const [low = 0, high = 0, free = 0] = await Promise.all(bids)
    const all = low + high + free
    expect(all / (16 * MIB) / ((performance.now() - started) / 1000 + 0.25)).to.be.within(0.8, 1.02)
    expect(high / low).to.be.within(1.8, 2.2)
    expect(free / all).to.be.within(0.18, 0.22)
  })

  it('takes back what is not sent, and answers those who leave', async () => {
    const started = performance.now()
    const uplink = createUplink(UNIT / 5)
    const flow = uplink.join({ pricePerGiB: 0n, weight: 1 })
    expect(await flow.turn(UNIT)).to.equal(true)
    flow.giveBack(UNIT)
    expect(await flow.turn(UNIT)).to.equal(true)
    expect(performance.now() - started).to.be.below(3_000)
    const late = flow.turn(UNIT)
    expect(flow.waiting).to.equal(true)
    flow.leave()
    expect(await late).to.equal(false)
    expect([flow.waiting, await flow.turn(UNIT)]).to.deep.equal([false, false])
  })

  it('sends frames of an eighth of a second, and of whole units', () => {
    expect(createUplink(1000).longest).to.equal(UNIT)
    expect(createUplink(4 * MIB).longest).to.equal(4 * UNIT)
  })
})
