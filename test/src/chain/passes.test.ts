import { expect } from 'chai'
import {
  addTier,
  buyPass,
  buyPassWithPermit,
  type Chain,
  claimable,
  claimShares,
  hasAccess,
  type LocalAccount,
  listContents,
  listPasses,
  type PublishedContent,
  readAccount,
  readBalance,
  readCoin,
  readContent,
  readPurchases,
  readShareBooks,
  readTiers,
  signPassAuthorization,
  submitPassAuthorization,
  transferShares,
} from '../../../src/chain/index.ts'
import { hasCode } from '../../../src/errors.ts'
import { LIFETIME_TIER, startTestChain, type TestChain, USD } from '../../chain.ts'

describe('publishing and selling from TypeScript', () => {
  let chain: TestChain
  let creatorAccount: LocalAccount
  let creator: Chain
  let holders: LocalAccount[]
  let content: PublishedContent
  before(async () => {
    chain = await startTestChain()
    creatorAccount = await chain.account()
    creator = await chain.as(creatorAccount)
    holders = [await chain.account(), await chain.account(), await chain.account()]
    const shares = holders.map(({ address: holder }, i) => ({ holder, amount: [600n, 300n, 100n][i]! }))
    content = await chain.publish(creatorAccount, {
      shares,
      tiers: [LIFETIME_TIER, { ...LIFETIME_TIER, price: 1n * USD, duration: 3600 }],
    })
  })
  after(() => chain.close())

  it('finds what was published, by publisher and id or by its event', async () => {
    const { contentId } = content
    const found = await readContent(creator, { publisher: creatorAccount.address, contentId })
    expect(found).to.include({
      pass: content.pass,
      token: content.token,
      sponsor: creatorAccount.address,
      pricePerGiB: 2n * USD,
    })
    const [listed] = await listContents(creator, { contentId })
    expect(listed).to.include({ ...found, title: 'A test content' })
    expect(await readContent(creator, { publisher: creatorAccount.address, contentId: 'ab'.repeat(32) })).to.equal(null)
  })

  it('reads and adds tiers', async () => {
    expect((await readTiers(creator, content.pass)).map(({ price, open }) => ({ price, open }))).to.deep.equal([
      { price: 5n * USD, open: true },
      { price: 1n * USD, open: true },
    ])
    const { tier } = await addTier(creator, { pass: content.pass, terms: { ...LIFETIME_TIER, price: 9n * USD } })
    expect(tier).to.equal(2)
  })

  it('sells a pass, and pays delivery budget and holders in the same transaction', async () => {
    const account = await chain.account({ usd: 10n * USD })
    const buyer = await chain.as(account)
    const budget = (await readAccount(buyer, creatorAccount.address)).balance
    const before = await claimable(buyer, { token: content.token, holder: holders[0]!.address })
    const bought = await buyPass(buyer, { pass: content.pass, tier: 0 })
    expect(bought).to.include({ paid: 5n * USD, delivery: 1n * USD })
    expect((await readAccount(buyer, creatorAccount.address)).balance).to.equal(budget + 1n * USD)
    await chain.passTime(1) // a block's income belongs to those who hold when it ends
    expect(await claimable(buyer, { token: content.token, holder: holders[0]!.address })).to.equal(before + 2_400_000n)
    expect(await hasAccess(buyer, { pass: content.pass, holder: account.address })).to.equal('valid')
    const [pass] = await listPasses(buyer, { pass: content.pass, holder: account.address })
    expect(pass).to.include({ tokenId: bought.tokenId, tier: 0, valid: true, paid: 5n * USD })
  })

  it('sells with a permit', async () => {
    const account = await chain.account({ usd: 10n * USD })
    const bought = await buyPassWithPermit(await chain.as(account), { pass: content.pass, tier: 0 })
    expect(bought.paid).to.equal(5n * USD)
  })

  it('sells to a wallet without gas: it signs, a relayer submits', async () => {
    const account = await chain.account({ coin: 0n, usd: 5n * USD })
    const buyer = await chain.as(account)
    const relayer = await chain.as(await chain.account())
    const authorization = await signPassAuthorization(buyer, { pass: content.pass, tier: 0 })
    const bought = await submitPassAuthorization(relayer, authorization)
    expect(bought.paid).to.equal(5n * USD)
    expect(await readCoin(buyer, account.address)).to.equal(0n)
    expect(await readBalance(buyer, account.address)).to.equal(0n)
    expect(await hasAccess(buyer, { pass: content.pass, holder: account.address })).to.equal('valid')
    const purchases = await readPurchases(buyer, content.pass)
    expect(purchases.at(-1)).to.include({
      payer: account.address,
      to: account.address,
      paid: 5n * USD,
      hash: bought.hash,
    })
  })

  it('lets a relayer change nothing', async () => {
    const account = await chain.account({ coin: 0n, usd: 5n * USD })
    const authorization = await signPassAuthorization(await chain.as(account), { pass: content.pass, tier: 0 })
    const thief = await chain.account()
    const stolen = submitPassAuthorization(await chain.as(thief), { ...authorization, to: thief.address })
    expect(hasCode(await stolen.catch((error: unknown) => error), 'transaction-failed')).to.equal(true)
  })

  it('refuses a price above what the buyer would pay, and a wallet that has less', async () => {
    const buyer = await chain.as(await chain.account({ usd: 1n * USD }))
    const tooDear = await buyPass(buyer, { pass: content.pass, tier: 0, maxPrice: 1n * USD }).catch(
      (error: unknown) => error,
    )
    expect(hasCode(tooDear, 'price-too-high')).to.equal(true)
    const tooPoor = await buyPass(buyer, { pass: content.pass, tier: 0 }).catch((error: unknown) => error)
    expect(hasCode(tooPoor, 'no-funds')).to.equal(true)
    expect((tooPoor as Error).message).to.include('4000000 token units are missing')
  })

  it('tells an ended pass from none', async () => {
    const account = await chain.account({ usd: 1n * USD })
    const buyer = await chain.as(account)
    const about = { pass: content.pass, holder: account.address }
    expect(await hasAccess(buyer, about)).to.equal('none')
    await buyPass(buyer, { pass: content.pass, tier: 1 })
    expect(await hasAccess(buyer, about)).to.equal('valid')
    await chain.passTime(3601)
    expect(await hasAccess(buyer, about)).to.equal('expired')
  })

  it('pays holders what they claim, and keeps books that add up', async () => {
    const own = await chain.as(holders[0]!)
    const owed = await claimable(own, { token: content.token, holder: holders[0]!.address })
    const { amount } = await claimShares(own, { token: content.token })
    expect(amount).to.equal(owed)
    expect(await readBalance(own, holders[0]!.address)).to.equal(owed)
    const books = await readShareBooks(own, content.token)
    expect(books.paid).to.equal(owed)
    await transferShares(own, { token: content.token, to: holders[1]!.address, amount: 100n })
    expect(await readBalance(own, holders[1]!.address, content.token)).to.equal(400n)
  })
})
