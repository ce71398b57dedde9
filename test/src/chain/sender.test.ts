import { expect } from 'chai'
import { parseGwei } from 'viem'
import { carry, type JournaledChain, type LocalAccount, tendIntents, withJournal } from '../../../src/chain/index.ts'
import { hasCode } from '../../../src/errors.ts'
import type { TransactionJournal } from '../../../src/receipts/index.ts'
import { startFaultyRpc } from '../../faulty-rpc.ts'
import { startUnrulyChain, type UnrulyChain } from '../../unruly-chain.ts'

const PAYEE = '0x00000000000000000000000000000000000000aa'
const CALL = { to: PAYEE, data: '0x', value: 1n } as const
/** Bids are raised as soon as they are not mined. */
const AT_ONCE = { bumpAfter: 0 }

describe('A transaction that is written down', () => {
  let chain: UnrulyChain
  let account: LocalAccount
  let journal: TransactionJournal
  let sender: JournaledChain
  before(async () => {
    chain = await startUnrulyChain()
  })
  after(() => chain.close())
  beforeEach(async () => {
    await chain.automine(true)
    account = await chain.account()
    journal = (await chain.ledger()).journal
    sender = await connected()
  })

  const connected = async (over: TransactionJournal = journal): Promise<JournaledChain> => ({
    ...withJournal(await chain.connect(account), over),
    journal: over,
  })
  const tend = (options = {}) => tendIntents(sender, options)
  /** Begun, and nobody waits for it. */
  const begin = async (id: string, options = {}): Promise<void> => {
    await carry(sender, CALL, { id, timeout: 0, ...options }).catch((error: unknown) => {
      if (!hasCode(error, 'transaction-failed') || !error.retry) throw error
    })
  }
  const nonces = async () => (await chain.sentBy(account)).map(({ nonce }) => nonce)

  it('is sent once for its id, however often it is asked for', async () => {
    const first = await carry(sender, CALL, { id: 'once' })
    const again = await carry(sender, CALL, { id: 'once' })
    const elsewhere = await carry(await connected(), { ...CALL, value: 9n }, { id: 'once' })
    expect(new Set([first, again, elsewhere].map(({ receipt }) => receipt.transactionHash)).size).to.equal(1)
    await carry(sender, CALL, { id: 'twice' })
    expect(await nonces()).to.deep.equal([0, 1])
  })

  it('is final when its block cannot go away, and not before', async () => {
    const ended: string[] = []
    const onEnd = async ({ id }: { id: string }) => void ended.push(id)
    expect((await carry(sender, CALL, { id: 'a', onEnd })).final).to.equal(false)
    await chain.mine(chain.finalDepth - 1)
    expect((await tend({ onEnd })).map(({ standing }) => standing.state)).to.deep.equal(['mined'])
    await chain.mine()
    expect(await tend({ onEnd })).to.deep.equal([])
    expect([ended, (await journal.entry('a'))?.state]).to.deep.equal([['a'], 'done'])
    expect(await tend({ onEnd })).to.deep.equal([])
    expect(ended).to.deep.equal(['a'])
  })

  it('comes back after a reorganisation that forgot it, by the same bid', async () => {
    const { receipt } = await carry(sender, CALL, { id: 'a' })
    await chain.mine(3)
    await chain.reorganise(4)
    expect(await nonces()).to.deep.equal([])
    await tend()
    await chain.mine()
    expect((await chain.sentBy(account)).map(({ hash }) => hash)).to.deep.equal([receipt.transactionHash])
  })

  it('is handed over again when the pool forgot it', async () => {
    await chain.automine(false)
    await begin('a')
    await chain.forgetPool()
    await tend()
    await chain.mine()
    expect(await nonces()).to.deep.equal([0])
  })

  it('is bid for higher when others bid more, and mined once', async () => {
    await chain.automine(false)
    await begin('a')
    await chain.nextBaseFee(parseGwei('5'))
    await chain.mine()
    expect(await nonces()).to.deep.equal([])
    await tend(AT_ONCE)
    const bids = (await journal.entry('a'))!.signed
    expect(bids.map(({ nonce }) => nonce)).to.deep.equal([0, 0])
    expect(bids[1]!.maxFeePerGas * 8n >= bids[0]!.maxFeePerGas * 9n).to.equal(true)
    expect(bids[1]!.maxPriorityFeePerGas * 8n >= bids[0]!.maxPriorityFeePerGas * 9n).to.equal(true)
    await chain.mine()
    expect((await chain.sentBy(account)).map(({ hash }) => hash)).to.deep.equal([bids[1]!.hash])
    await chain.mine(chain.finalDepth)
    await tend(AT_ONCE)
    expect((await journal.entry('a'))?.state).to.equal('done')
  })

  it('is never bid for above its limit, and not sent at all while the price is above it', async () => {
    await chain.automine(false)
    await chain.nextBaseFee(parseGwei('300'))
    await chain.mine()
    const maxFeePerGas = parseGwei('4')
    const refused = await carry(sender, CALL, { id: 'dear', maxFeePerGas }).catch((error: unknown) => error)
    expect(hasCode(refused, 'price-too-high')).to.equal(true)
    expect((await journal.entry('dear'))?.state, 'nothing was signed').to.equal('dropped')

    await chain.nextBaseFee(parseGwei('1'))
    await chain.mine()
    await begin('capped', { maxFeePerGas })
    for (let block = 0; block < 50; block++) {
      await chain.nextBaseFee(parseGwei('100'))
      await chain.mine()
      if (block % 10 === 0) await tend(AT_ONCE)
    }
    expect(await nonces()).to.deep.equal([])
    const bids = (await journal.entry('capped'))!.signed
    expect(bids.every((bid) => bid.maxFeePerGas <= maxFeePerGas)).to.equal(true)
    await chain.nextBaseFee(parseGwei('1'))
    for (let block = 0; block < 20; block++) await chain.mine()
    await tend(AT_ONCE)
    await chain.mine()
    const [sent] = await chain.sentBy(account)
    expect(sent!.price <= maxFeePerGas).to.equal(true)
  })

  it('is signed anew when somebody else uses its nonce for good, and not before', async () => {
    await chain.automine(false)
    await begin('a')
    await chain.forgetPool()
    const rival = await account.signTransaction({
      ...{ type: 'eip1559', chainId: sender.id, to: PAYEE, nonce: 0, gas: 21_000n },
      ...{ maxFeePerGas: parseGwei('9'), maxPriorityFeePerGas: parseGwei('1') },
    })
    await sender.client.sendRawTransaction({ serializedTransaction: rival })
    await chain.mine(chain.finalDepth)
    expect(
      (await tend()).map(({ standing }) => standing.state),
      'its block may go away',
    ).to.deep.equal(['unclear'])
    await chain.mine(2)
    expect((await tend()).map(({ standing }) => standing.state)).to.deep.equal(['taken'])
    await chain.mine()
    expect(await nonces()).to.deep.equal([0, 1])
    const { signed } = (await journal.entry('a'))!
    expect(signed.map(({ nonce, lost }) => [nonce, lost])).to.deep.equal([
      [0, true],
      [1, false],
    ])
  })

  it('fills a gap below it', async () => {
    await chain.automine(false)
    const foreign = await account.signTransaction({
      ...{ type: 'eip1559', chainId: sender.id, to: PAYEE, nonce: 0, gas: 21_000n },
      ...{ maxFeePerGas: parseGwei('9'), maxPriorityFeePerGas: parseGwei('1') },
    })
    await sender.client.sendRawTransaction({ serializedTransaction: foreign })
    await begin('a')
    await begin('b')
    await chain.forgetPool() // what held nonce 0 is never seen again
    await tend()
    await chain.mine()
    expect(await nonces()).to.deep.equal([])
    await tend(AT_ONCE)
    await chain.mine()
    expect(await nonces()).to.deep.equal([0, 1, 2])
  })

  it('takes the lowest free nonce after each kind of failure', async () => {
    const points = ['onBegin', 'exclusively', 'begin', 'sign'] as const
    for (const [i, point] of points.entries()) {
      const broken = {
        ...journal,
        ...(point === 'onBegin' ? {} : { [point]: () => Promise.reject(new Error(point)) }),
      }
      const onBegin = point === 'onBegin' ? () => Promise.reject(new Error(point)) : undefined
      const failed = await carry(await connected(broken), CALL, { id: `${point}-${i}`, onBegin }).catch(
        (error: unknown) => error,
      )
      expect((failed as Error).message).to.equal(point)
      await carry(sender, CALL, { id: `after-${point}` })
      expect(await nonces()).to.deep.equal(Array.from({ length: i + 1 }, (_, at) => at))
    }
  })

  it('shares a wallet with other calls and other journals without using a nonce twice', async () => {
    const other = await connected((await chain.ledger()).journal)
    const sent = await Promise.all(
      Array.from({ length: 12 }, (_, i) => carry(i % 2 === 0 ? sender : other, CALL, { id: `${i}` })),
    )
    expect(new Set(sent.map(({ receipt }) => receipt.transactionHash)).size).to.equal(12)
    expect((await nonces()).toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 12 }, (_, at) => at))
  })

  it('is not bid for again while the chain stands still', async () => {
    await chain.automine(false)
    await begin('a')
    for (let look = 0; look < 5; look++) await tend(AT_ONCE)
    expect((await journal.entry('a'))!.signed).to.have.length(1)
    await chain.mine()
    expect(await nonces()).to.deep.equal([0])
  })

  it('waits for the slower of two endpoints, is not sent twice for it, and is not stuck', async () => {
    await chain.mine(20) // it knows the contracts and the wallet's money
    const behind = await startFaultyRpc(chain.rpcUrl, { choose: () => 'stale', lag: 20n })
    const both = [behind.url, chain.rpcUrl]
    sender = { ...withJournal(await chain.connect(account, { rpcUrl: both }), journal), journal }
    await chain.automine(false)
    await begin('a')
    await chain.mine()
    await tend(AT_ONCE)
    await chain.mine(chain.finalDepth)
    expect((await tend(AT_ONCE)).map(({ standing }) => standing.state)).to.deep.equal(['mined'])
    await chain.mine(20)
    expect(await tend(AT_ONCE)).to.deep.equal([])
    await behind.close()
    expect(await nonces()).to.deep.equal([0])
    expect((await journal.entry('a'))?.state).to.equal('done')
  })
})
