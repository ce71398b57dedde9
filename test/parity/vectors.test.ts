import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { TypedDataEncoder } from 'ethers'
import { hashTypedData, keccak256, stringToBytes } from 'viem'
import {
  amountFor,
  createDomain,
  decodeBatch,
  firstHead,
  headsAfter,
  laneKey,
  recoverSigner,
  type SignedType,
  TYPES,
} from '../../src/receipts/index.ts'
import { makeVectors, VECTOR_DOMAIN } from './generate.ts'

const text = readFileSync(new URL('./vectors.json', import.meta.url), 'utf8')
/** Decimal strings become bigint again; everything else in the file is hex, a name or a flag. */
const vectors = JSON.parse(text, (_, value) =>
  typeof value === 'string' && /^\d+$/.test(value) ? BigInt(value) : value,
)
vectors.domain.version = '1'
const toHex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

describe('The parity vectors', () => {
  const domain = createDomain(VECTOR_DOMAIN)
  const { chainId, verifyingContract } = vectors.domain
  const eip712 = { name: 'BitCDN', version: '1', chainId, verifyingContract }

  it('are what the generator writes', async () => {
    expect((await makeVectors()) === text, 'run `node test/parity/generate.ts`').to.equal(true)
  })

  it('agree on the domain, the types, the lane keys and the heads', () => {
    expect(TypedDataEncoder.hashDomain(eip712)).to.equal(vectors.domain.separator)
    expect(domain.separator).to.equal(vectors.domain.separator)
    for (const [type, hash] of Object.entries(vectors.typeHashes)) expect(keccak256(stringToBytes(type))).to.equal(hash)
    for (const lane of vectors.laneKeys) {
      expect(laneKey(lane)).to.equal(lane.key)
      expect(firstHead(lane)).to.equal(lane.firstHead)
    }
    for (const { from, lines, heads } of vectors.logs) expect(headsAfter(from, lines)).to.deep.equal(heads)
    for (const { bytes, pricePerGiB, amount } of vectors.amounts) expect(amountFor(bytes, pricePerGiB)).to.equal(amount)
  })

  for (const [type, list] of [
    ['SessionLog', 'sessionLogs'],
    ['Receipt', 'receipts'],
    ['Voucher', 'vouchers'],
  ] as [SignedType, string][]) {
    it(`agree on the digest and the signature of every ${type}, with viem and ethers`, () => {
      expect(vectors[list]).to.have.length.greaterThan(10)
      for (const vector of vectors[list]) {
        const message = Object.fromEntries(TYPES[type].map(({ name }) => [name, vector[name]]))
        const types = { [type]: [...TYPES[type]] }
        const byViem = hashTypedData({ domain: eip712, types, primaryType: type, message } as never)
        expect(byViem).to.equal(vector.digest)
        expect(TypedDataEncoder.hash(eip712, types, message)).to.equal(vector.digest)
        const ours = {
          SessionLog: () => domain.sessionLog(vector, vector.head, vector.expiry),
          Receipt: () => domain.receipt(vector),
          Voucher: () => domain.voucher(vector),
        }[type as 'Receipt']()
        expect(toHex(ours)).to.equal(vector.digest)
        expect(recoverSigner(ours, vector.signature)).to.equal(vector.signer)
      }
    })
  }

  it('reach every verdict of the contract, in both kinds of group', () => {
    const verdicts = new Set<string>()
    for (const { steps } of vectors.batches) {
      for (const step of steps) {
        if (step.do !== 'settle') continue
        if (step.reverts) expect(() => decodeBatch(step.batch)).to.throw()
        else decodeBatch(step.batch).forEach(({ kind }, i) => void verdicts.add(`${kind} ${step.outcomes[i].reason}`))
      }
    }
    for (const reason of ['None', 'Unpaid', 'Signature', 'Revoked', 'HeadUnmoved']) {
      expect([...verdicts]).to.include(`raw ${reason}`)
      expect([...verdicts]).to.include(`voucher ${reason}`)
    }
    expect([...verdicts]).to.include('raw Expired')
  })

  it('pay what is owed to the unit in the scenario of odd byte counts', () => {
    const scenario = vectors.batches.find(({ name }: { name: string }) => name.includes('odd byte counts'))
    const bytes = 1n + 12_345_678n + (64n << 20n) + 999_999n + (64n << 20n)
    expect(scenario.steps.at(-1).credit).to.equal((bytes * 10_000_000n) / 2n ** 30n)
  })
})
