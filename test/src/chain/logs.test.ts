import { expect } from 'chai'
import type { Chain } from '../../../src/chain/index.ts'
import { readLogs } from '../../../src/chain/logs.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { startTestChain, type TestChain } from '../../chain.ts'

describe('reading event logs', () => {
  let chain: TestChain
  let reader: Chain
  before(async () => {
    chain = await startTestChain()
    reader = await chain.as()
  })
  after(() => chain.close())

  it('asks once where the endpoint allows it', async () => {
    const asked: [bigint, bigint][] = []
    await readLogs(reader, { toBlock: 50_000n }, async (from, to) => {
      asked.push([from, to])
      return []
    })
    expect(asked).to.deep.equal([[0n, 50_000n]])
  })

  it('asks in ranges that leave nothing out, where the endpoint refuses a wide one', async () => {
    const found = await readLogs(reader, { fromBlock: 5n, toBlock: 25_000n }, async (from, to) => {
      if (to - from >= 10_000n) throw new BitCdnError('transaction-failed', 'query exceeds max block range 10000')
      return Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i))
    })
    expect(found).to.have.length(24_996)
    expect([found[0], found.at(-1)]).to.deep.equal([5n, 25_000n])
    expect(new Set(found).size).to.equal(found.length)
  })

  it('does not take silence for a refusal', async () => {
    let asked = 0
    const silent = readLogs(reader, { toBlock: 50_000n }, async () => {
      asked++
      throw new BitCdnError('rpc-unreachable', 'nobody there', { retry: true })
    })
    expect(await silent.catch((error: BitCdnError) => error.code)).to.equal('rpc-unreachable')
    expect(asked).to.equal(1)
  })
})
