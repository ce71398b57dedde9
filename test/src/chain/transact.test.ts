import { expect } from 'chai'
import { keccak256, parseEther } from 'viem'
import {
  deposit,
  mintTestUsd,
  readBalance,
  readCoin,
  reserve,
  transact,
  transferToken,
  waitUntilMined,
} from '../../../src/chain/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { startTestChain, type TestChain, USD } from '../../chain.ts'

const failure = async (work: Promise<unknown>): Promise<BitCdnError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(BitCdnError)
  return error as BitCdnError
}
const nobody = '0x00000000000000000000000000000000000000aa'

describe('a transaction', () => {
  let chain: TestChain
  before(async () => {
    chain = await startTestChain()
  })
  after(() => chain.close())

  it('gives parallel calls of one account nonces of their own', async () => {
    const account = await chain.account({ usd: 0n })
    // two connections, as two rooms of one program may hold them
    const [one, two] = [await chain.as(account), await chain.as(account)]
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, i) => mintTestUsd(i % 2 === 0 ? one : two, { to: account.address, amount: 1n })),
    )
    expect(new Set(sent.map(({ hash }) => hash)).size).to.equal(20)
    expect(await readBalance(one, account.address)).to.equal(20n)
  })

  it('is signed anew when another process of the same wallet was faster', async () => {
    const account = await chain.account()
    const { client } = await chain.as()
    let rivals = 2
    const raced: typeof account = {
      ...account,
      async signTransaction(transaction, options) {
        if (rivals-- > 0) {
          const rival = await account.signTransaction({ ...transaction, value: 7n })
          await client.sendRawTransaction({ serializedTransaction: rival })
        }
        return account.signTransaction(transaction, options)
      },
    }
    const call = { to: nobody, data: '0x', value: 1n } as const
    const { receipt } = await transact(await chain.as(raced), call)
    expect((await client.getTransaction({ hash: receipt.transactionHash })).nonce).to.equal(2)
    rivals = 9
    expect((await failure(transact(await chain.as(raced), call))).code).to.equal('transaction-failed')
    rivals = 1
    const signed: string[] = []
    const kept = transact(await chain.as(raced), call, { onSigned: ({ hash }) => void signed.push(hash) })
    expect((await failure(kept)).code).to.equal('transaction-failed')
    expect(signed, 'books of what was signed are not run ahead of').to.have.length(1)
  })

  it('uses up no nonce when it is refused', async () => {
    const account = await chain.account()
    const connected = await chain.as(account)
    const results = await Promise.allSettled([
      mintTestUsd(connected, { to: account.address, amount: 1n }),
      reserve(connected, { seeder: nobody, lane: 0n, pricePerGiB: 1n, amount: 5n }),
      mintTestUsd(connected, { to: account.address, amount: 1n }),
    ])
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
  })

  it("says a contract's refusal by the name and the values of its error", async () => {
    const connected = await chain.as(await chain.account())
    const error = await failure(reserve(connected, { seeder: nobody, lane: 0n, pricePerGiB: 1n, amount: 5n }))
    expect(error.code).to.equal('transaction-failed')
    expect(error.message)
      .to.include('BandwidthSettlement_InsufficientBalance')
      .and.include('expected 5')
      .and.include('actual 0')
  })

  it('names what is missing when the wallet has no gas', async () => {
    const connected = await chain.as(await chain.account({ coin: 1n }))
    const error = await failure(transact(connected, { to: nobody, data: '0x' }))
    expect(error.code).to.equal('no-funds')
    expect(error.message).to.match(/0\.\d+ are missing/)
  })

  it('names what is missing when the wallet has no tokens', async () => {
    const account = await chain.account({ usd: 2n * USD })
    const connected = await chain.as(account)
    for (const attempt of [
      transferToken(connected, { to: nobody, amount: 5n * USD }),
      deposit(connected, { amount: 5n * USD }),
    ]) {
      const error = await failure(attempt)
      expect(error.code).to.equal('no-funds')
      expect(error.message).to.include('3000000 token units are missing')
    }
  })

  it('is told to the caller before it leaves', async () => {
    const account = await chain.account()
    const connected = await chain.as(account)
    const error = new Error('the disk is full')
    const before = await readCoin(connected, account.address)
    const refused = await transact(
      connected,
      { to: nobody, data: '0x', value: 1n },
      { onSigned: () => Promise.reject(error) },
    ).catch((reason: unknown) => reason)
    expect(refused).to.equal(error)
    expect(await readCoin(connected, account.address)).to.equal(before)

    let told: string | undefined
    const { hash } = await transact(
      connected,
      { to: nobody, data: '0x', value: 1n },
      {
        onSigned: (sent) => {
          expect(keccak256(sent.raw)).to.equal(sent.hash)
          told = sent.hash
        },
      },
    )
    expect(told).to.equal(hash)
  })

  it('ends the wait for what is never mined', async () => {
    const connected = await chain.as()
    const hash = `0x${'ab'.repeat(32)}` as const
    const error = await failure(waitUntilMined(connected, hash, { timeout: 50 }))
    expect(error).to.include({ code: 'transaction-failed', retry: true })
    expect((await failure(waitUntilMined(connected, hash, { signal: AbortSignal.timeout(20) }))).code).to.equal(
      'interrupted',
    )
  })

  it('needs a wallet', async () => {
    expect((await failure(transact(await chain.as(), { to: nobody, data: '0x' }))).code).to.equal('usage')
  })

  it('moves the coin that it carries', async () => {
    const connected = await chain.as(await chain.account())
    const to = (await chain.account({ coin: 0n })).address
    await transact(connected, { to, data: '0x', value: parseEther('1') })
    expect(await readCoin(connected, to)).to.equal(parseEther('1'))
  })
})
