import { expect } from 'chai'
import { UNIT_BYTES } from '../../../src/content/index.ts'
import { createLines } from '../../../src/downloader/lines.ts'
import { createMemoryRecord } from '../../../src/downloader/record.ts'
import { hasCode } from '../../../src/errors.ts'
import type { SignedTerms } from '../../../src/receipts/index.ts'
import { DOMAIN } from '../../swarm/desk.ts'
import { createSponsor } from '../../swarm/sponsor.ts'

/** A token unit for each byte. */
const PRICE = 2n ** 30n

describe('the lines of a download', () => {
  const signal = new AbortController().signal

  function termsOf(seeder: number): SignedTerms {
    const address = `0x${seeder.toString(16).padStart(40, '0')}` as const
    return {
      ...{ chainId: DOMAIN.chainId, settlement: DOMAIN.settlement, seeder: address, payout: address },
      ...{ pricePerGiB: PRICE, lanes: [0n] },
    } as unknown as SignedTerms
  }

  it('go to one of several where what can be afforded is enough for one', async () => {
    const lines = createLines({
      ...{ contentId: 'c0'.repeat(32), source: createSponsor(DOMAIN), record: createMemoryRecord(), signal },
      ...{ maxPrice: null, bid: null, maxSpend: BigInt(1.5 * UNIT_BYTES) },
      left: () => 100 * UNIT_BYTES,
      seeders: () => 3,
      connecting: () => 0,
    })
    const given = await Promise.all([1, 2, 3].map((seeder) => lines.obtain(termsOf(seeder), 10 * UNIT_BYTES)))
    expect(given.map((line) => line?.session.line.maxBytes ?? null)).to.deep.equal([BigInt(UNIT_BYTES), null, null])
    lines.close(given[0]!.session.session, 'owed')
    const again = await lines.obtain(termsOf(2), 10 * UNIT_BYTES)
    expect(again?.session.line.maxBytes).to.equal(BigInt(UNIT_BYTES))
  })

  it('are refused for want of money when none is enough for one, and none in use can give anything up', async () => {
    const lines = createLines({
      ...{ contentId: 'c0'.repeat(32), source: createSponsor(DOMAIN), record: createMemoryRecord(), signal },
      ...{ maxPrice: null, bid: null, maxSpend: BigInt(UNIT_BYTES / 2) },
      left: () => 100 * UNIT_BYTES,
      seeders: () => 1,
      connecting: () => 0,
    })
    const error = await lines.obtain(termsOf(1), UNIT_BYTES).catch((reason: unknown) => reason)
    expect(hasCode(error, 'no-funds'), String(error)).to.equal(true)
  })
})
