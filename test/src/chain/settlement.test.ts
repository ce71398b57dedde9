import { expect } from 'chai'
import {
  approveOperator,
  authorizeSigner,
  type Chain,
  deposit,
  depositWithPermit,
  isOperator,
  type LocalAccount,
  readAccount,
  readBalance,
  readCredit,
  readLane,
  readSettlements,
  readSigner,
  releaseReserve,
  reserve,
  reserveMany,
  revokeSigner,
  settle,
  settleMany,
  thaw,
  thawReserve,
  withdraw,
  withdrawThawed,
} from '../../../src/chain/index.ts'
import {
  amountFor,
  createSessionKey,
  encodeBatch,
  firstHead,
  type Lane,
  nextHead,
  signerFromAccount,
  signHead,
  signReceipt,
  signVoucher,
} from '../../../src/receipts/index.ts'
import { startTestChain, type TestChain, USD } from '../../chain.ts'

const DAY = 86_400
const PRICE = 2n * USD

describe('the settlement contract from TypeScript', () => {
  let chain: TestChain
  let sponsorAccount: LocalAccount
  let sponsor: Chain
  before(async () => {
    chain = await startTestChain()
    sponsorAccount = await chain.account({ usd: 1000n * USD })
    sponsor = await chain.as(sponsorAccount)
  })
  after(() => chain.close())

  /** One closed session with a receipt of 1 GiB, as a raw group of a batch. */
  async function rawBatch(lane: Lane, expiry: bigint) {
    const key = createSessionKey()
    const line = { sessionKey: key.address, maxBytes: 1n << 30n }
    const from = firstHead(lane)
    const to = nextHead(from, line)
    const head = await signHead(sponsor.domain, signerFromAccount(sponsorAccount), lane, { head: to, expiry })
    const receipt = signReceipt(sponsor.domain, key, { session: from, bytesServed: 1n << 30n })
    const batch = encodeBatch([
      {
        kind: 'raw',
        sponsor: lane.sponsor,
        lane: lane.lane,
        pricePerGiB: lane.pricePerGiB,
        least: null,
        delegate: null,
        signature: head.signature,
        expiry,
        lines: [{ maxBytes: line.maxBytes, bytesServed: receipt.bytesServed, signature: receipt.signature }],
      },
    ])
    return { batch, to }
  }

  it('deposits, with an approval or with a permit', async () => {
    await deposit(sponsor, { amount: 100n * USD })
    await depositWithPermit(sponsor, { amount: 50n * USD })
    expect(await readAccount(sponsor, sponsorAccount.address)).to.deep.equal({
      balance: 150n * USD,
      thawing: 0n,
      free: 150n * USD,
      thawEnd: 0n,
    })
  })

  it('reserves, counts what is releasing for nothing, and releases after seven days', async () => {
    const { address: seeder } = await chain.account()
    const lane = { sponsor: sponsorAccount.address, seeder, lane: 0n, pricePerGiB: PRICE }
    await reserve(sponsor, { ...lane, amount: 10n * USD })
    await reserveMany(sponsor, {
      reservations: [
        { ...lane, amount: 1n * USD },
        { ...lane, lane: 1n, amount: 2n * USD },
      ],
    })
    await thawReserve(sponsor, { ...lane, amount: 4n * USD })
    expect(await readLane(sponsor, lane)).to.include({
      reserved: 11n * USD,
      releasing: 4n * USD,
      free: 7n * USD,
      head: firstHead(lane),
    })
    await chain.passTime(7 * DAY)
    await releaseReserve(sponsor, lane)
    expect(await readLane(sponsor, lane)).to.include({ reserved: 7n * USD, releasing: 0n })
  })

  it('thaws the pool and pays it out', async () => {
    const account = await chain.account({ usd: 10n * USD })
    const own = await chain.as(account)
    await deposit(own, { amount: 10n * USD })
    await thaw(own, { amount: 6n * USD })
    expect((await readAccount(own, account.address)).free).to.equal(4n * USD)
    await chain.passTime(7 * DAY)
    await withdrawThawed(own)
    expect(await readBalance(own, account.address)).to.equal(6n * USD)
  })

  it('authorises and revokes a delegate', async () => {
    const { address: key } = await chain.account({ coin: 0n })
    const about = { sponsor: sponsorAccount.address, key }
    expect((await readSigner(sponsor, about)).active).to.equal(false)
    await authorizeSigner(sponsor, { key, added: 7n })
    expect(await readSigner(sponsor, about)).to.deep.equal({ active: true, allowance: 7n, end: 0n })
    await revokeSigner(sponsor, { key })
    expect((await readSigner(sponsor, about)).end).to.not.equal(0n)
  })

  it('settles raw receipts and says what became of each group', async () => {
    const seederAccount = await chain.account()
    const seeder = await chain.as(seederAccount)
    const lane = { sponsor: sponsorAccount.address, seeder: seederAccount.address, lane: 0n, pricePerGiB: PRICE }
    const expiry = (await sponsor.client.getBlock()).timestamp + BigInt(DAY)
    const { batch, to } = await rawBatch(lane, expiry)
    const first = await settle(seeder, { seeder: seederAccount.address, batch })
    expect(first.settled).to.have.length(1)
    expect(first.settled[0]).to.include({
      seeder: seederAccount.address,
      sponsor: sponsorAccount.address,
      amount: PRICE,
      head: to,
    })
    expect(first.skipped).to.deep.equal([])

    const again = await settle(seeder, { seeder: seederAccount.address, batch })
    expect(again.settled).to.deep.equal([])
    expect(again.skipped.map(({ reason }) => reason)).to.deep.equal(['signature'])

    expect(await readCredit(seeder, seederAccount.address)).to.equal(PRICE)
    await withdraw(seeder, { to: seederAccount.address })
    expect(await readBalance(seeder, seederAccount.address)).to.equal(PRICE)
    const seen = await readSettlements(seeder, { seeder: seederAccount.address })
    expect(seen.map(({ amount, hash }) => ({ amount, hash }))).to.deep.equal([{ amount: PRICE, hash: first.hash }])
  })

  it('settles for a fleet in one transaction, by an operator that each approved', async () => {
    const operatorAccount = await chain.account()
    const operator = await chain.as(operatorAccount)
    const seeders = await Promise.all([chain.account(), chain.account(), chain.account()])
    const settlements = await Promise.all(
      seeders.map(async (account, i) => {
        await approveOperator(await chain.as(account), { operator: operatorAccount.address })
        const lane = { sponsor: sponsorAccount.address, seeder: account.address, lane: 0n, pricePerGiB: PRICE }
        const from = firstHead(lane)
        const to = nextHead(from, { sessionKey: account.address, maxBytes: 1n })
        const voucher = await signVoucher(sponsor.domain, signerFromAccount(sponsorAccount), {
          ...lane,
          from,
          to,
          amount: BigInt(i + 1),
        })
        const group = {
          kind: 'voucher',
          least: null,
          delegate: null,
          ...lane,
          to,
          amount: voucher.amount,
          signature: voucher.signature,
        } as const
        return { seeder: account.address, batch: encodeBatch([group]) }
      }),
    )
    expect(await isOperator(operator, seeders[0]!.address, operatorAccount.address)).to.equal(true)
    const { settled } = await settleMany(operator, settlements)
    expect(settled.map(({ amount }) => amount)).to.deep.equal([1n, 2n, 3n])
    for (const [i, { address }] of seeders.entries())
      expect(await readCredit(operator, address)).to.equal(BigInt(i + 1))
  })

  it('agrees with the receipts room on what bytes cost', () => {
    expect(amountFor([1n << 30n], PRICE)).to.equal(PRICE)
  })
})
