import { expect } from 'chai'
import { blockTime, connectChain } from '../../../src/chain/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { startTestChain, type TestChain } from '../../chain.ts'

const failure = async (work: Promise<unknown>): Promise<BitCdnError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(BitCdnError)
  return error as BitCdnError
}

describe('connecting to a chain', () => {
  let chain: TestChain
  before(async () => {
    chain = await startTestChain()
  })
  after(() => chain.close())

  it('finds settlement and stablecoin by the registry alone', async () => {
    const { rpcUrl, addresses } = chain
    const connected = await connectChain({ rpcUrl, addresses: { registry: addresses.registry } })
    expect(connected.addresses).to.deep.equal(addresses)
    expect(connected.finality).to.equal('finalized')
    expect(connected.domain.settlement).to.equal(addresses.settlement)
  })

  it('reads the clock of the chain at every finality', async () => {
    const { rpcUrl, addresses } = chain
    for (const finality of ['latest', 'safe', 'finalized'] as const) {
      const connected = await connectChain({ rpcUrl, addresses, finality })
      expect(await blockTime(connected)).to.be.a('bigint')
    }
  })

  it('says that nobody answers', async () => {
    const error = await failure(connectChain({ rpcUrl: 'http://127.0.0.1:9/secret-key', addresses: chain.addresses }))
    expect(error).to.include({ code: 'rpc-unreachable', retry: true })
    expect(error.message).to.include('http://127.0.0.1:9').and.not.include('secret-key')
    expect(error.advice).to.be.a('string')
  })

  it('refuses another chain id', async () => {
    const error = await failure(connectChain({ rpcUrl: chain.rpcUrl, addresses: chain.addresses, chainId: 1 }))
    expect(error.code).to.equal('wrong-chain')
    expect(error.message).to.include('31337').and.include('chain 1')
  })

  it('refuses an address without the registry', async () => {
    const nobody = '0x00000000000000000000000000000000000000aa'
    expect((await failure(connectChain({ rpcUrl: chain.rpcUrl, addresses: { registry: nobody } }))).code).to.equal(
      'wrong-chain',
    )
    const { token } = chain.addresses
    expect((await failure(connectChain({ rpcUrl: chain.rpcUrl, addresses: { registry: token } }))).code).to.equal(
      'wrong-chain',
    )
  })

  it('refuses addresses of different deployments', async () => {
    const { registry, token } = chain.addresses
    const error = await failure(connectChain({ rpcUrl: chain.rpcUrl, addresses: { registry, settlement: token } }))
    expect(error.code).to.equal('wrong-chain')
  })

  it('stops waiting when it is told to', async () => {
    const error = await failure(
      connectChain({ rpcUrl: chain.rpcUrl, addresses: chain.addresses, signal: AbortSignal.abort() }),
    )
    expect(error.code).to.equal('interrupted')
  })
})
