import { expect } from 'chai'
import { approveOperator } from '../../../src/chain/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import type { VoucherQuestion } from '../../../src/gateway-client/index.ts'
import {
  type AuthorizedSession,
  amountFor,
  createSessionKey,
  nextHead,
  type SessionKey,
  signReceipt,
  verifyVoucher,
} from '../../../src/receipts/index.ts'
import { type GatewayBed, MIB, PRICE, startGatewayBed } from './fixture.ts'

const failure = async (work: Promise<unknown>): Promise<BitCdnError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(BitCdnError)
  return error as BitCdnError
}

describe('vouchers from a gateway', () => {
  let bed: GatewayBed
  before(async () => {
    bed = await startGatewayBed()
  })
  after(() => bed.close())

  /** A seeder with `count` lines of 5 MiB each. */
  async function seederWithLines(count: number) {
    const account = await bed.chain.account()
    const { client: buyer } = await bed.buyer()
    const terms = await bed.terms(account)
    const lines: { session: AuthorizedSession; key: SessionKey }[] = []
    for (let i = 0; i < count; i++) {
      const key = createSessionKey()
      const { sessions } = await buyer.openSessions({
        contentId: bed.content.contentId,
        download: `download ${i}`,
        remaining: 100n * MIB,
        requests: [{ terms, sessionKey: key.address, maxBytes: 5n * MIB }],
      })
      lines.push({ session: sessions[0]!, key })
    }
    const { domain } = await bed.chain.as()
    const receipt = (line: number, bytesServed: bigint, key = lines[line]!.key) =>
      signReceipt(domain, key, { session: lines[line]!.session.session, bytesServed })
    const { lane } = lines[0]!.session
    const from = lines[0]!.session.session
    const to = lines.at(-1)!.session.signed.head
    const question = (receipts: VoucherQuestion['receipts']): VoucherQuestion => ({ lane, from, to, receipts })
    return { account, client: bed.client(account), lines, receipt, lane, from, to, question, domain }
  }

  it('signs the sum of the receipts by the rule of the contract', async () => {
    const { client, receipt, question, domain } = await seederWithLines(3)
    const voucher = await client.requestVoucher(question([receipt(0, 3n), receipt(2, 4n * MIB + 1n)]))
    expect(voucher.amount).to.equal(amountFor([3n + 4n * MIB + 1n], PRICE))
    expect(voucher.signer).to.equal(bed.sponsor.address)
    expect(verifyVoucher(domain, voucher)).to.equal(true)
  })

  it('pays no more of a line than it allows', async () => {
    const { client, receipt, question } = await seederWithLines(1)
    expect((await client.requestVoucher(question([receipt(0, 6n * MIB)]))).amount).to.equal(
      amountFor([5n * MIB], PRICE),
    )
  })

  it('signs once: the first voucher for a range stands', async () => {
    const { client, receipt, question } = await seederWithLines(1)
    const first = await client.requestVoucher(question([receipt(0, MIB)]))
    expect(await client.requestVoucher(question([receipt(0, 2n * MIB)]))).to.deep.equal(first)
    const answers = await Promise.all([1n, 2n, 3n].map((bytes) => client.requestVoucher(question([receipt(0, bytes)]))))
    for (const answer of answers) expect(answer).to.deep.equal(first)
  })

  it('signs only for a head that its own log reaches', async () => {
    const { client, receipt, question, lines, to } = await seederWithLines(2)
    const beyond = nextHead(to, lines[0]!.session.line)
    expect((await failure(client.requestVoucher({ ...question([]), to: beyond }))).message).to.include('does not lead')
    const backwards = { ...question([]), from: to, to: lines[0]!.session.session }
    expect((await failure(client.requestVoucher(backwards))).message).to.include('does not lead')
    expect((await failure(client.requestVoucher({ ...question([]), from: to }))).message).to.include('does not lead')
    expect((await client.requestVoucher(question([receipt(1, 5n)]))).amount).to.equal(0n)
  })

  it('refuses a receipt by another key, for another session, or twice', async () => {
    const { client, receipt, question, lines } = await seederWithLines(2)
    const forged = receipt(0, MIB, createSessionKey())
    expect((await failure(client.requestVoucher(question([forged])))).message).to.include('not signed')
    const inflated = { ...receipt(0, MIB), bytesServed: 2n * MIB }
    expect((await failure(client.requestVoucher(question([inflated])))).message).to.include('not signed')
    const crossed = { ...receipt(0, MIB), session: lines[1]!.session.session }
    expect((await failure(client.requestVoucher(question([crossed])))).message).to.include('not signed')
    const outside = { ...receipt(0, MIB), session: `0x${'ab'.repeat(24)}` as const }
    expect((await failure(client.requestVoucher(question([outside])))).message).to.include('not between')
    expect((await failure(client.requestVoucher(question([receipt(0, 1n), receipt(0, 2n)])))).message).to.include(
      'two receipts',
    )
  })

  it('is for the seeder and its operator alone: a stranger could spoil the range', async () => {
    const { account, receipt, question } = await seederWithLines(1)
    const operator = await bed.chain.account()
    expect((await failure(bed.client(operator).requestVoucher(question([])))).message).to.include('nor its operator')
    await approveOperator(await bed.chain.as(account), { operator: operator.address })
    const voucher = await bed.client(operator).requestVoucher(question([receipt(0, 5n * MIB)]))
    expect(voucher.amount).to.equal(amountFor([5n * MIB], PRICE))
  })
})
