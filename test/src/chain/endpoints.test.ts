import { expect } from 'chai'
import { TransactionReceiptNotFoundError } from 'viem'
import { type Chain, connectChain, readCoin } from '../../../src/chain/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { startTestChain, type TestChain } from '../../chain.ts'
import { FAULTS, type FaultyRpc, startFaultyRpc } from '../../faulty-rpc.ts'

const SECRET = 'k3y-of-a-provider'
/** Those that a test need not wait ten seconds for. */
const QUICK = FAULTS.filter((fault) => fault !== 'silence' && fault !== 'late-body' && fault !== 'stale')

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (reason: unknown) => reason,
  )

describe('The endpoints of a chain', () => {
  let chain: TestChain
  let faulty: FaultyRpc
  before(async () => {
    chain = await startTestChain()
    faulty = await startFaultyRpc(chain.rpcUrl)
  })
  after(async () => {
    await faulty.close()
    await chain.close()
  })
  afterEach(() => {
    faulty.choose = () => null
  })

  const connect = (...urls: string[]): Promise<Chain> =>
    connectChain({ rpcUrl: urls, addresses: { registry: chain.addresses.registry }, finality: 'latest' })

  for (const fault of QUICK) {
    it(`answer in spite of one that fails by ${fault}`, async () => {
      const only = await connect(faulty.url)
      let left = 2
      faulty.choose = () => (left-- > 0 ? fault : null)
      expect(await readCoin(only, chain.addresses.registry), 'asked again').to.equal(0n)
      faulty.choose = () => fault
      const both = await connect(`${faulty.url}/${SECRET}`, chain.rpcUrl)
      expect(await readCoin(both, chain.addresses.registry), 'asked elsewhere').to.equal(0n)
    })

    it(`never take ${fault} for "not mined"`, async () => {
      const only = await connect(faulty.url)
      faulty.choose = () => fault
      const error = await failure(only.client.getTransactionReceipt({ hash: `0x${'ab'.repeat(32)}` }))
      expect(error).to.be.instanceOf(Error).and.not.instanceOf(TransactionReceiptNotFoundError)
    })
  }

  it('are refused when they serve different chains or are no URLs, without a word of their keys', async () => {
    const other = await startFaultyRpc(chain.rpcUrl, { choose: () => '503' })
    const errors = [
      await failure(connect(`${faulty.url}/${SECRET}`, `not a url ${SECRET}`)),
      await failure(connect(`${other.url.replace('http://', `http://user:${SECRET}@`)}/${SECRET}`)),
    ]
    await other.close()
    for (const error of errors) {
      expect(error).to.be.instanceOf(BitCdnError)
      for (let inner = error; inner instanceof Error; inner = inner.cause) {
        expect(`${inner.stack} ${JSON.stringify(inner)}`).not.to.include(SECRET)
      }
    }
  })

  it('may be given as one text with commas', async () => {
    const { rpcUrl, endpoints } = await connect(`${faulty.url} , ${chain.rpcUrl}`)
    expect([rpcUrl, endpoints.length]).to.deep.equal([`${faulty.url},${chain.rpcUrl}`, 2])
  })
})
