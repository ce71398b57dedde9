import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { deposit, reserve } from '../../../src/chain/index.ts'
import { createSessionKey } from '../../../src/receipts/index.ts'
import { selfPaidSessions } from '../../../src/sdk/index.ts'
import { openSponsorLog } from '../../../src/storage/sqlite/index.ts'
import { USD } from '../../chain.ts'
import { type GatewayBed, MIB, PRICE, startGatewayBed } from '../gateway/fixture.ts'

describe('a downloader that pays for itself', () => {
  let bed: GatewayBed
  before(async () => {
    bed = await startGatewayBed()
  })
  after(() => bed.close())

  it('bids what it reserved, and is told what to reserve for another price', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bitcdn-self-paid-'))
    const log = await openSponsorLog({ path: join(folder, 'sponsor.sqlite') })
    try {
      const [account, seeder] = [await bed.chain.account({ usd: 10n * USD }), await bed.chain.account()]
      const chain = await bed.chain.as(account)
      await deposit(chain, { amount: 4n * USD })
      for (const pricePerGiB of [PRICE, 3n * PRICE])
        await reserve(chain, { seeder: seeder.address, lane: 0n, pricePerGiB, amount: USD })
      const source = selfPaidSessions(chain, log)
      const terms = await bed.terms(seeder)
      const open = (bid?: bigint) =>
        source.open(
          {
            ...{ contentId: bed.content.contentId, download: 'one', remaining: MIB },
            requests: [
              { terms, sessionKey: createSessionKey().address, maxBytes: MIB, ...(bid === undefined ? {} : { bid }) },
            ],
          },
          AbortSignal.timeout(10_000),
        )
      expect((await open()).sessions[0]?.lane.pricePerGiB).to.equal(PRICE)
      expect((await open(3n * PRICE)).sessions[0]?.lane.pricePerGiB).to.equal(3n * PRICE)
      const { sessions, refused } = await open(2n * PRICE)
      expect(sessions).to.deep.equal([])
      expect(refused[0]?.reason).to.equal(
        `nothing is reserved for it at a price of ${2n * PRICE} token units per GiB: bitcdn reserve ${seeder.address} AMOUNT --price-per-gib BID`,
      )
    } finally {
      await log.close()
      await rm(folder, { recursive: true })
    }
  })
})
