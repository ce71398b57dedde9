import { expect } from 'chai'
import { encodeFunctionData } from 'viem'
import { accessPassAbi } from '../../../src/chain/abi/index.ts'
import {
  authorizeSigner,
  type Chain,
  deposit,
  type LocalAccount,
  listPasses,
  readAccount,
  revokeSigner,
  settle,
  thaw,
  thawReserve,
  transact,
} from '../../../src/chain/index.ts'
import { hasCode } from '../../../src/errors.ts'
import type { Gateway } from '../../../src/gateway/index.ts'
import {
  amountFor,
  encodeBatch,
  firstHead,
  nextHead,
  signerFromAccount,
  signVoucher,
} from '../../../src/receipts/index.ts'
import { USD } from '../../chain.ts'
import { type GatewayBed, PRICE } from '../gateway/fixture.ts'
import { type DeliveryBed, type RunningSeeder, startDeliveryBed } from './delivery.ts'

const BYTES = 64 * 2 ** 20
/** The most that a session may be ahead of what covers it. */
const W = 16n << 20n
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
  async function cutOff(one: RunningSeeder, change: (holder: Chain) => Promise<unknown>, gateway = bed.gateway) {
    const { account } = await bed.buyer()
    const client = bed.client(account, gateway)
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

  it('ends a session on trust when the pool behind it is paid out to somebody else at once', async () => {
    const one = await delivery.seed(SLOW)
    let balance = 0n
    const { error, ended } = await cutOff(one, async () => {
      balance = (await readAccount(own, bed.sponsor.address)).balance
      await spend(bed.sponsor, balance)
    })
    await bed.chain.fund(bed.sponsor.address, { usd: balance })
    await deposit(own, { amount: balance })
    expect(String(error)).to.include('would rest on it')
    expect(ended[0]).to.include('reserveTooSmall')
    await loseAtMostAWindow(one)
  })

  describe('of a delegate', () => {
    let delegate: LocalAccount
    let gateway: Gateway
    const price = amountFor([W], PRICE)

    beforeEach(async () => {
      delegate = await bed.chain.account()
      await bed.chain.fund(bed.sponsor.address, { usd: USD })
      await deposit(own, { amount: USD })
      await authorizeSigner(own, { key: delegate.address, added: 2n * price })
      gateway = await bed.open({ signer: delegate })
    })

    it('that is being revoked, though a reserve pays: what is signed for by then is paid', async () => {
      const one = await delivery.seed({ ...SLOW, gatewayUrl: gateway.url, reserved: USD / 2n })
      const { error, unsigned, ended } = await cutOff(one, () => revokeSigner(own, { key: delegate.address }), gateway)
      expect(String(error)).to.include('is being revoked')
      expect(unsigned).to.equal(0n)
      expect(ended[0]).to.include('badSignature')
      const { receipted } = await one.ledger.earnings()
      expect((await one.settler.settleOnce()).settled).to.equal(receipted)
    })

    it('whose allowance others have used up', async () => {
      const one = await delivery.seed({ ...SLOW, gatewayUrl: gateway.url })
      const { error, ended } = await cutOff(one, () => spend(delegate, 2n * price), gateway)
      expect(String(error)).to.include('may spend 0 token units')
      expect(ended[0]).to.include('reserveTooSmall')
      await loseAtMostAWindow(one)
    })

    it('whose allowance others have used up, but not where a reserve pays', async () => {
      const one = await delivery.seed({ ...SLOW, slow: 20, gatewayUrl: gateway.url, reserved: USD / 2n })
      const { error, ended } = await cutOff(one, () => spend(delegate, 2n * price), gateway)
      expect(error).to.equal(null)
      expect(ended).to.deep.equal([])
      expect((await one.settler.settleOnce()).settled).to.equal(amountFor([BigInt(BYTES)], PRICE))
    })
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

  /** The signer owes a seeder of its own, which is paid first. */
  async function spend(by: LocalAccount, amount: bigint): Promise<void> {
    const friend = await bed.chain.account()
    const lane = { sponsor: bed.sponsor.address, seeder: friend.address, lane: 0n, pricePerGiB: 1n }
    const from = firstHead(lane)
    const to = nextHead(from, { sessionKey: friend.address, maxBytes: 1n })
    const { signature } = await signVoucher(own.domain, signerFromAccount(by), { ...lane, from, to, amount })
    const delegate = by === bed.sponsor ? null : by.address
    const group = { kind: 'voucher', least: null, delegate, ...lane, to, amount, signature } as const
    await settle(await bed.chain.as(friend), { seeder: friend.address, batch: encodeBatch([group]) })
  }

  async function loseAtMostAWindow({ ledger }: RunningSeeder): Promise<void> {
    const { receipted, served } = await ledger.earnings()
    expect(receipted + served <= amountFor([W], PRICE), `${receipted} and ${served} are owed`).to.equal(true)
  }
})
