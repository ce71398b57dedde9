import { expect } from 'chai'
import {
  type Chain,
  hasAccess,
  type LocalAccount,
  type PassAuthorization,
  readCoin,
  signPassAuthorization,
  transferToken,
} from '../../../src/chain/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { LIFETIME_TIER, USD } from '../../chain.ts'
import { type GatewayBed, startGatewayBed } from './fixture.ts'

const failure = async (work: Promise<unknown>): Promise<BitCdnError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(BitCdnError)
  return error as BitCdnError
}

describe('purchases through a gateway', () => {
  let bed: GatewayBed
  let relayer: Chain
  before(async () => {
    bed = await startGatewayBed()
    relayer = await bed.chain.as(bed.sponsor)
  })
  after(() => bed.close())

  const buyer = async (): Promise<{ account: LocalAccount; authorization: PassAuthorization }> => {
    const account = await bed.chain.account({ coin: 0n, usd: 5n * USD })
    const authorization = await signPassAuthorization(await bed.chain.as(account), { pass: bed.content.pass, tier: 0 })
    return { account, authorization }
  }

  it('gives a pass to a wallet that holds dollars and no gas', async () => {
    const { account, authorization } = await buyer()
    const { hash } = await bed.client().relayPurchase(authorization)
    expect(hash).to.match(/^0x[0-9a-f]{64}$/)
    expect(await hasAccess(relayer, { pass: bed.content.pass, holder: account.address })).to.equal('valid')
    expect(await readCoin(relayer, account.address)).to.equal(0n)
  })

  it('sends one transaction for one authorisation, however often it is asked at once', async () => {
    const { authorization } = await buyer()
    const client = bed.client()
    const hashes = await Promise.all([1, 2, 3].map(() => client.relayPurchase(authorization)))
    expect(new Set(hashes.map(({ hash }) => hash)).size).to.equal(1)
  })

  it('spends no gas on what would fail', async () => {
    const { authorization } = await buyer()
    const client = bed.client()
    await client.relayPurchase(authorization)
    const { authorization: fresh } = await buyer()
    const thief = await bed.chain.account()
    const before = await relayer.client.getTransactionCount({ address: bed.sponsor.address })
    for (const [what, purchase, code] of [
      ['twice', authorization, 'transaction-failed'],
      ['another receiver', { ...fresh, to: thief.address }, 'transaction-failed'],
      ['another price', { ...fresh, maxPrice: 1n }, 'price-too-high'],
      ['a higher price', { ...fresh, maxPrice: 6n * USD }, 'transaction-failed'],
      ['another payer', { ...fresh, from: thief.address }, 'transaction-failed'],
      ['too late', { ...fresh, deadline: 1n }, 'refused'],
      ['another pass', { ...fresh, pass: thief.address }, 'unknown-content'],
      ['no such tier', { ...fresh, tier: 7 }, 'transaction-failed'],
      ['no signature', { ...fresh, signature: `0x${'00'.repeat(65)}` as const }, 'protocol'],
    ] as const) {
      const error = await failure(client.relayPurchase(purchase))
      expect(error.code, `${what}: ${error.message}`).to.equal(code)
    }
    expect(await relayer.client.getTransactionCount({ address: bed.sponsor.address })).to.equal(before)
    await client.relayPurchase(fresh)
  })

  it('says when the buyer has less than the price', async () => {
    const { account, authorization } = await buyer()
    await bed.chain.fund(account.address, { coin: 10n ** 17n })
    await transferToken(await bed.chain.as(account), { to: bed.sponsor.address, amount: 2n * USD })
    const error = await failure(bed.client().relayPurchase(authorization))
    expect(error.code).to.equal('no-funds')
    expect(error.message).to.include('2000000 token units are missing')
  })

  it('relays a limited number for one buyer, and nothing for free passes', async () => {
    const gateway = await bed.open({ limits: { purchasesPerDay: 1 } })
    const account = await bed.chain.account({ coin: 0n, usd: 20n * USD })
    const own = await bed.chain.as(account)
    const sign = () => signPassAuthorization(own, { pass: bed.content.pass, tier: 0 })
    const client = bed.client(undefined, gateway)
    await client.relayPurchase(await sign())
    expect((await failure(client.relayPurchase(await sign()))).message).to.include('relayed today')

    const free = await bed.chain.publish(bed.sponsor, { tiers: [{ ...LIFETIME_TIER, price: 0n }] })
    Object.assign(bed.content, { pass: free.pass })
    try {
      const authorization = await signPassAuthorization(own, { pass: free.pass, tier: 0 })
      expect((await failure(client.relayPurchase(authorization))).message).to.include('Free passes')
    } finally {
      Object.assign(bed.content, { pass: bed.published.pass })
    }
  })

  it('says that its relayer is out of gas', async () => {
    const poor = await bed.chain.account({ coin: 1000n })
    const gateway = await bed.open({ chain: await bed.chain.as(poor) })
    const { authorization } = await buyer()
    const error = await failure(bed.client(undefined, gateway).relayPurchase(authorization))
    expect(error).to.include({ code: 'refused', retry: true })
    expect(error.message).to.include('out of gas')
  })

  it('relays nothing without a relayer', async () => {
    const gateway = await bed.open({ chain: await bed.chain.as() })
    const { authorization } = await buyer()
    expect((await bed.client(undefined, gateway).info()).relayer).to.equal(null)
    expect((await failure(bed.client(undefined, gateway).relayPurchase(authorization))).code).to.equal('refused')
  })
})
