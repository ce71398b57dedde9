import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseEther, recoverMessageAddress } from 'viem'
import { connectRemoteAccount, deposit, depositWithPermit, readAccount } from '../../../src/chain/index.ts'
import {
  createDomain,
  firstHead,
  signerFromAccount,
  signHead,
  signTerms,
  signTicket,
  signVoucher,
  verifyVoucher,
} from '../../../src/receipts/index.ts'
import { startTestChain, type TestChain, USD } from '../../chain.ts'
import { type Mood, type SignerProcess, startSigner } from './signer.ts'

describe('an account whose key is in another process', function () {
  this.timeout(120_000)
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-signer-'))
  const started: SignerProcess[] = []
  let chain: TestChain
  const start = async (mood?: Mood): Promise<SignerProcess> => {
    const signer = await startSigner(folder, mood)
    started.push(signer)
    return signer
  }
  const failure = async (work: Promise<unknown>): Promise<{ code: string; message: string; advice: string }> => {
    try {
      await work
    } catch (error) {
      return error as never
    }
    throw new Error('it did not fail')
  }

  before(async () => {
    chain = await startTestChain()
  })
  after(async () => {
    for (const signer of started) await signer.stop()
    await chain?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const mood of ['honest', 'old'] as const) {
    it(`sends transactions, permits and statements like one here (${mood})`, async () => {
      const signer = await start(mood)
      const account = await connectRemoteAccount({ url: signer.url })
      expect(account.address).to.equal(signer.address)
      await chain.fund(account.address, { coin: parseEther('1'), usd: 10n * USD })
      const connection = await chain.as(account)
      await depositWithPermit(connection, { amount: 3n * USD })
      expect((await readAccount(connection, account.address)).balance).to.equal(3n * USD)
      expect(
        await recoverMessageAddress({ message: 'hello', signature: await account.signMessage({ message: 'hello' }) }),
      ).to.equal(account.address)
      expect(await signer.asked())
        .to.include('eth_signTransaction')
        .and.include('personal_sign')
    })
  }

  it('signs every statement of the protocol so that it verifies', async () => {
    const signer = await start()
    const account = await connectRemoteAccount({ url: signer.url })
    const domain = createDomain({ chainId: 31337, settlement: chain.addresses.settlement })
    const lane = { sponsor: account.address, seeder: signer.address, lane: 2n ** 60n, pricePerGiB: 50_000n }
    const from = firstHead(lane)
    const sign = signerFromAccount(account)
    const voucher = await signVoucher(domain, sign, { ...lane, from, to: from, amount: 2n ** 100n })
    expect(verifyVoucher(domain, voucher)).to.equal(true)
    const head = await signHead(domain, sign, lane, { head: from, expiry: 2n ** 39n })
    expect(head.signer).to.equal(account.address)
    const contentId = `0x${'ab'.repeat(32)}` as const
    await signTicket(domain, sign, { session: from, contentId, holder: signer.address, notAfter: 5n })
    const { chainId, settlement } = domain
    const terms = {
      seeder: signer.address,
      peerId: '0x1220',
      chainId,
      settlement,
      lanes: [0n, 7n],
      pricePerGiB: 1n,
    } as const
    await signTerms(domain, sign, { ...terms, sequence: 2n ** 63n, expiry: 9n })
  })

  it('is found by its address where the signer has several', async () => {
    const signer = await start('two')
    const unclear = await failure(connectRemoteAccount({ url: signer.url }))
    expect(unclear.code).to.equal('usage')
    expect(unclear.advice).to.include(signer.address)
    const account = await connectRemoteAccount({ url: signer.url, address: signer.address })
    expect(account.address).to.equal(signer.address)
    const address = '0x00000000000000000000000000000000000000aa'
    const absent = await failure(connectRemoteAccount({ url: signer.url, address }))
    expect(absent).to.include({ code: 'usage' })
    expect(absent.message).to.include('has no account')
  })

  it('never uses what somebody else signed, or what differs from what was asked for', async () => {
    for (const mood of ['other key', 'changes'] as const) {
      const signer = await start(mood)
      await chain.fund(signer.address, { coin: parseEther('1'), usd: 10n * USD })
      const account = await connectRemoteAccount({ url: signer.url })
      const connection = await chain.as(account)
      const sent = await failure(deposit(connection, { amount: USD }))
      expect(sent, mood).to.include({ code: 'protocol' })
      expect(await connection.client.getTransactionCount({ address: account.address })).to.equal(0)
      const lane = { sponsor: account.address, seeder: account.address, lane: 0n, pricePerGiB: 50_000n }
      const from = firstHead(lane)
      const voucher = signVoucher(connection.domain, signerFromAccount(account), {
        ...lane,
        from,
        to: from,
        amount: 1n,
      })
      expect(await failure(voucher), mood).to.include({ code: 'protocol' })
    }
  })

  it('says that the signer refuses, does not answer, or wants a password', async () => {
    const refuses = await start('refuses')
    await chain.fund(refuses.address, { coin: parseEther('1'), usd: USD })
    const account = await connectRemoteAccount({ url: refuses.url })
    const refused = await failure(deposit(await chain.as(account), { amount: USD }))
    expect(refused).to.include({ code: 'refused' })
    expect(refused.message).to.include('request denied')
    await refuses.stop()
    expect(await failure(account.signMessage({ message: 'hello' }))).to.include({ code: 'signer-unreachable' })

    const locked = await start('locked')
    const url = locked.url.replace('//', '//me:open%20sesame@')
    expect((await connectRemoteAccount({ url })).address).to.equal(locked.address)
    const wrong = await failure(connectRemoteAccount({ url: locked.url.replace('//', '//me:tell@') }))
    expect(wrong).to.include({ code: 'signer-unreachable' })
    expect(wrong.message).to.include('HTTP 401').and.not.include('tell')
  })
})
