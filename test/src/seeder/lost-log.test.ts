import { join } from 'node:path'
import { expect } from 'chai'
import { createGatewayClient } from '../../../src/gateway-client/index.ts'
import { amountFor } from '../../../src/receipts/index.ts'
import { openSponsorLog } from '../../../src/storage/sqlite/index.ts'
import { USD } from '../../chain.ts'
import { PRICE } from '../gateway/fixture.ts'
import { type DeliveryBed, startDeliveryBed } from './delivery.ts'

const BYTES = 4 * 2 ** 20

describe('a seeder whose gateway lost its log', () => {
  let delivery: DeliveryBed
  before(async () => {
    delivery = await startDeliveryBed(BYTES)
  })
  after(() => delivery.close())

  const emptyLog = (name: string) => openSponsorLog({ path: join(delivery.folder, `${name}.sqlite`) })
  const earned = (times: bigint): bigint => amountFor([BigInt(BYTES) * times], PRICE)

  it('shows it what it holds, and is sent downloaders on the same log again', async () => {
    const { bed } = delivery
    const [first, lost] = [await emptyLog('first'), await emptyLog('lost')]
    const before = await bed.open({ log: first })
    const { account } = await bed.buyer()
    const client = (url: string) => createGatewayClient({ url, account })
    const one = await delivery.seed({ reserved: 5n * USD, gatewayUrl: before.url })
    await delivery.download([one.node], client(before.url))
    const port = Number(new URL(before.url).port)
    await before.stop()

    const after = await bed.open({ log: lost, port, presentWait: 60_000 })
    expect(after.url).to.equal(before.url)
    await delivery.download([one.node], client(after.url))
    expect(one.logged.some((line) => line.includes('took ours'))).to.equal(true)
    const [lane] = await one.ledger.lanes()
    const [mine, theirs] = [await one.ledger.laneLog(lane!), await lost.laneLog(lane!)]
    expect(theirs?.tip).to.equal(mine?.tip)
    expect((await one.settler.settleOnce()).settled).to.equal(earned(2n))
    await one.stop()
    await after.stop()
    await first.close()
    await lost.close()
  })

  it('notices a second log for one lane, serves nothing on it, and is paid for the first in full', async () => {
    const { bed } = delivery
    const other = await emptyLog('other')
    const dead = createGatewayClient({ url: 'http://127.0.0.1:9', account: bed.sponsor })
    const one = await delivery.seed({ reserved: 5n * USD, gateway: dead })
    const { account, client } = await bed.buyer()
    await delivery.download([one.node], client)
    const forking = await bed.open({ log: other }) // an older copy, and nobody who could show a newer one
    const forked = createGatewayClient({ url: forking.url, account })
    const failed = await delivery.download([one.node], forked).catch((error: unknown) => error)
    expect(String(failed)).to.include('does not extend')
    const [said] = one.logged.filter((line) => line.includes('signed two logs'))
    expect(said).to.include((await other.laneLog((await one.ledger.lanes())[0]!))!.tip)
    expect((await one.settler.settleOnce()).settled).to.equal(earned(1n))
    await one.stop()
    await forking.stop()
    await other.close()
  })
})
