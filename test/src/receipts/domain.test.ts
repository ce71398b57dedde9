import { expect } from 'chai'
import { TypedDataEncoder } from 'ethers'
import fc from 'fast-check'
import { getAddress, type Hex, hashDomain, hashTypedData } from 'viem'
import {
  createDomain,
  DOMAIN_NAME,
  DOMAIN_VERSION,
  encodeType,
  type SignedType,
  TYPES,
} from '../../../src/receipts/index.ts'

const CONTRACT = getAddress('0x00000000000000000000000000000000b17cd000')
const toHex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`

const hex = (width: number) => fc.uint8Array({ minLength: width, maxLength: width }).map((bytes) => toHex(bytes) as Hex)
const address = hex(20).map((value) => getAddress(value))
const uint = (bits: number) => fc.bigInt(0n, 2n ** BigInt(bits) - 1n)
const bytes = fc.uint8Array({ maxLength: 70 }).map(toHex)
const lane = { sponsor: address, seeder: address, lane: uint(64), pricePerGiB: uint(64) }

function expected(chainId: bigint, type: SignedType, message: Record<string, unknown>): Hex {
  const domain = { name: DOMAIN_NAME, version: DOMAIN_VERSION, chainId, verifyingContract: CONTRACT }
  const types = { [type]: [...TYPES[type]] }
  const byViem = hashTypedData({ domain, types, primaryType: type, message } as Parameters<typeof hashTypedData>[0])
  expect(TypedDataEncoder.hash(domain, types, message), 'ethers and viem').to.equal(byViem)
  return byViem
}

describe('EIP-712 digests', () => {
  it('have the types of the contract, letter by letter', () => {
    expect(encodeType('SessionLog')).to.equal(
      'SessionLog(address seeder,uint64 lane,uint64 pricePerGiB,uint40 expiry,bytes24 head)',
    )
    expect(encodeType('Receipt')).to.equal('Receipt(bytes24 session,uint48 bytesServed)')
    expect(encodeType('Voucher')).to.equal(
      'Voucher(address seeder,uint64 lane,uint64 pricePerGiB,bytes24 from,bytes24 to,uint128 amount)',
    )
    expect(encodeType('SessionTicket')).to.equal(
      'SessionTicket(bytes24 session,bytes32 contentId,address holder,uint40 notAfter)',
    )
  })

  it('are what viem and ethers compute, for any values of any type', () => {
    const statements = fc.record({
      chainId: uint(64),
      ...lane,
      head: hex(24),
      to: hex(24),
      expiry: uint(40),
      bytesServed: uint(48),
      amount: uint(128),
      contentId: hex(32),
      peerId: bytes,
      other: bytes,
      lanes: fc.array(uint(64), { maxLength: 5 }),
      sequence: uint(64),
    })
    fc.assert(
      fc.property(statements, (s) => {
        const domain = createDomain({ chainId: s.chainId, settlement: CONTRACT })
        const { seeder, lane, pricePerGiB, head, expiry } = s
        const same = (actual: Uint8Array, type: SignedType, message: Record<string, unknown>) =>
          expect(toHex(actual), type).to.equal(expected(s.chainId, type, message))
        same(domain.sessionLog(s, head, expiry), 'SessionLog', { seeder, lane, pricePerGiB, expiry, head })
        const receipt = { session: head, bytesServed: s.bytesServed }
        same(domain.receipt(receipt), 'Receipt', receipt)
        const voucher = { seeder, lane, pricePerGiB, from: head, to: s.to, amount: s.amount }
        same(domain.voucher({ ...voucher, sponsor: s.sponsor }), 'Voucher', voucher)
        const ticket = { session: head, contentId: s.contentId, holder: s.sponsor, notAfter: expiry }
        same(domain.ticket(ticket), 'SessionTicket', ticket)
        const { peerId, chainId, lanes, sequence } = s
        const terms = { seeder, peerId, chainId, settlement: CONTRACT, lanes, pricePerGiB, sequence, expiry }
        same(domain.terms(terms), 'SeederTerms', terms)
        const proof = { session: head, downloader: peerId, seeder: s.other, nonce: s.contentId }
        same(domain.proof(proof), 'SessionProof', proof)
      }),
      { numRuns: 200 },
    )
  })

  it('belong to one chain and one contract', () => {
    const here = createDomain({ chainId: 1, settlement: CONTRACT })
    const receipt = { session: `0x${'11'.repeat(24)}` as Hex, bytesServed: 5n }
    const elsewhere = [
      createDomain({ chainId: 2, settlement: CONTRACT }),
      createDomain({ chainId: 1, settlement: getAddress(`0x${'22'.repeat(20)}`) }),
    ]
    for (const domain of elsewhere) expect(domain.receipt(receipt)).to.not.deep.equal(here.receipt(receipt))
    expect(here.separator).to.equal(
      hashDomain({
        domain: { name: 'BitCDN', version: '1', chainId: 1n, verifyingContract: CONTRACT },
        types: {
          EIP712Domain: [
            { name: 'name', type: 'string' },
            { name: 'version', type: 'string' },
            { name: 'chainId', type: 'uint256' },
            { name: 'verifyingContract', type: 'address' },
          ],
        },
      }),
    )
  })

  it('refuse values that their fields cannot hold', () => {
    const domain = createDomain({ chainId: 1, settlement: CONTRACT })
    const session = `0x${'11'.repeat(24)}` as Hex
    expect(() => domain.receipt({ session, bytesServed: 2n ** 48n })).to.throw('The bytes served is 281474976710656')
    expect(() => domain.receipt({ session, bytesServed: -1n })).to.throw('unsigned 48-bit')
    expect(() => domain.receipt({ session: '0x11', bytesServed: 1n })).to.throw('24 bytes')
    expect(() => domain.receipt({ session: `0x${'1g'.repeat(24)}`, bytesServed: 1n })).to.throw('24 bytes')
  })
})
