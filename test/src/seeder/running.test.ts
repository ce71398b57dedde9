import { expect } from 'chai'
import { encodeFunctionData } from 'viem'
import { accessPassAbi } from '../../../src/chain/abi/index.ts'
import { type Chain, listPasses, readAccount, thaw, thawReserve, transact } from '../../../src/chain/index.ts'
import { hasCode } from '../../../src/errors.ts'
import { amountFor } from '../../../src/receipts/index.ts'
import { USD } from '../../chain.ts'
import { type GatewayBed, PRICE } from '../gateway/fixture.ts'
import { type DeliveryBed, type RunningSeeder, startDeliveryBed } from './delivery.ts'

const BYTES = 64 * 2 ** 20
/** About 1 MB/s: a download takes a minute unless something ends it. */
const SLOW = { slow: 250, credit: { firstWindow: 2 ** 20, maxWindow: 2 ** 20 } }

describe('trust that ends while bytes flow', () => {
  let delivery: DeliveryBed
  let bed: GatewayBed
  let own: Chain
  before(async () => {
    delivery = await startDeliveryBed(BYTES)
    bed = delivery.bed
    own = await bed.chain.as(bed.sponsor)
  })
  after(() => delivery.close())

  /** Downloads until `after` bytes are signed for, does `change`, and waits for the end. */
  async function cutOff(one: RunningSeeder, change: (holder: Chain) => Promise<unknown>) {
    const { account, client } = await bed.buyer()
    const holder = await bed.chain.as(account)
    const downloading = delivery.download([one.node], client).then(
      () => null,
      (error: unknown) => error,
    )
    const signal = AbortSignal.timeout(25_000)
    while ((await one.ledger.earnings()).receipted === 0n) signal.throwIfAborted()
    await change(holder)
    const changed = performance.now()
    while (one.seeder.open > 0) {
      signal.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const seconds = (performance.now() - changed) / 1000
    const error = await downloading
    const { served } = await one.ledger.earnings()
    return { error, seconds, unsigned: served, ended: one.logged.filter((line) => line.includes('stopped serving')) }
  }

  it('ends a session whose pass was sold, and the buyer of it is the one who may go on', async () => {
    const one = await delivery.seed({ ...SLOW, reserved: 5n * USD })
    const friend = await bed.chain.account()
    const { pass } = bed.published
    const { error, seconds, unsigned, ended } = await cutOff(one, async (holder) => {
      const from = holder.account!.address
      const [held] = await listPasses(holder, { pass, holder: from })
      const args = [from, friend.address, held!.tokenId] as const
      const data = encodeFunctionData({ abi: accessPassAbi, functionName: 'transferFrom', args })
      await transact(holder, { to: pass, data })
    })
    expect(hasCode(error, 'no-pass'), String(error)).to.equal(true)
    expect(seconds).to.be.lessThan(60)
    expect(unsigned, 'what was sent before is signed for').to.equal(0n)
    expect(ended).to.have.length(1)
    expect(ended[0]).to.include('noAccess')
  })

  it('ends a session when the reserve that it is served from thaws', async () => {
    const one = await delivery.seed({ ...SLOW, reserved: 5n * USD, trustedWindows: 0 })
    const lane = { seeder: one.account.address, lane: 0n, pricePerGiB: PRICE }
    const { error, unsigned, ended } = await cutOff(one, () => thawReserve(own, { ...lane, amount: 5n * USD }))
    expect(String(error)).to.include('has reserved')
    expect(unsigned).to.equal(0n)
    expect(ended[0]).to.include('reserveTooSmall')
    const { receipted } = await one.ledger.earnings()
    expect((await one.settler.settleOnce()).settled, 'what thaws still pays').to.equal(receipted)
  })

  it('ends a session on trust when the pool behind it is being emptied', async () => {
    const one = await delivery.seed({ ...SLOW, slow: 500 })
    const { error, ended } = await cutOff(one, async () => {
      const { free } = await readAccount(own, bed.sponsor.address)
      return thaw(own, { amount: free })
    })
    expect(String(error)).to.include('would rest on it')
    expect(ended[0]).to.include('reserveTooSmall')
    const { receipted } = await one.ledger.earnings()
    expect(receipted <= amountFor([16n << 20n], PRICE)).to.equal(true)
  })
})
