import { expect } from 'chai'
import fc from 'fast-check'
import { getAddress, type Hex } from 'viem'
import { type BatchGroup, decodeBatch, encodeBatch, groupLength } from '../../../src/receipts/index.ts'

const hex = (width: number) =>
  fc.uint8Array({ minLength: width, maxLength: width }).map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`)
const address = hex(20).map((value) => getAddress(value))
const uint = (bits: number, min = 0n) => fc.bigInt(min, 2n ** BigInt(bits) - 1n)
const about = {
  sponsor: address,
  lane: uint(64),
  pricePerGiB: uint(64),
  delegate: fc.option(address),
  least: fc.option(uint(128)),
  signature: hex(64),
}
const line = fc.oneof(
  fc.record({ maxBytes: uint(48), bytesServed: uint(48, 1n), signature: hex(64) }),
  fc.record({ maxBytes: uint(48), sessionKey: address }),
)
const group: fc.Arbitrary<BatchGroup> = fc.oneof(
  fc.record({ kind: fc.constant('raw' as const), ...about, expiry: uint(40), lines: fc.array(line, { maxLength: 6 }) }),
  fc.record({ kind: fc.constant('voucher' as const), ...about, to: hex(24), amount: uint(128) }),
)

describe('A settlement batch', () => {
  it('comes back from its bytes as it went in', () => {
    fc.assert(
      fc.property(fc.array(group, { maxLength: 6 }), (groups) => {
        const batch = encodeBatch(groups)
        expect(decodeBatch(batch)).to.deep.equal(groups)
        expect((batch.length - 2) / 2).to.equal(groups.reduce((sum, group) => sum + groupLength(group), 0))
      }),
    )
  })

  it('has the layout of the contract, byte by byte', () => {
    const fill = (byte: string, width: number): Hex => `0x${byte.repeat(width)}`
    const sponsor = getAddress(fill('a1', 20))
    const delegate = getAddress(fill('de', 20))
    const raw = encodeBatch([
      {
        kind: 'raw',
        sponsor,
        lane: 2n,
        pricePerGiB: 3n,
        delegate,
        least: 4n,
        expiry: 5n,
        signature: fill('51', 64),
        lines: [
          { maxBytes: 6n, bytesServed: 7n, signature: fill('52', 64) },
          { maxBytes: 8n, sessionKey: getAddress(fill('c1', 20)) },
        ],
      },
    ])
    const expected = [
      '83',
      'a1'.repeat(20),
      '0000000000000002',
      '0000000000000003',
      '00000000000000000000000000000004',
      '0000000005',
      '0002',
      'de'.repeat(20),
      '51'.repeat(64),
      '000000000006',
      '000000000007',
      '52'.repeat(64),
      '000000000008',
      '000000000000',
      'c1'.repeat(20),
    ]
    expect(raw).to.equal(`0x${expected.join('')}`)
    const voucher = encodeBatch([
      {
        kind: 'voucher',
        sponsor,
        lane: 2n,
        pricePerGiB: 3n,
        delegate: null,
        least: null,
        to: fill('70', 24),
        amount: 9n,
        signature: fill('53', 64),
      },
    ])
    expect(voucher).to.equal(
      `0x02${'a1'.repeat(20)}00000000000000020000000000000003${'70'.repeat(24)}${'00'.repeat(15)}09${'53'.repeat(64)}`,
    )
  })

  it('is refused at every length that ends inside a group, and with an unknown kind', () => {
    const groups = fc.sample(group, { numRuns: 3, seed: 7 })
    const borders = new Set<number>([0])
    let at = 0
    for (const group of groups) {
      at += groupLength(group)
      borders.add(at)
    }
    const batch = encodeBatch(groups)
    for (let bytes = 0; bytes < (batch.length - 2) / 2; bytes++) {
      const cut = batch.slice(0, 2 + bytes * 2) as Hex
      if (borders.has(bytes)) expect(() => decodeBatch(cut)).to.not.throw()
      else expect(() => decodeBatch(cut), `${bytes}`).to.throw(/batch|kind/)
    }
    expect(() => decodeBatch('0x00')).to.throw('The kind of a group')
    expect(() => decodeBatch('0x85')).to.throw('The kind of a group')
  })

  it('holds no receipt over zero bytes: the contract would read an unused line', () => {
    const bad: BatchGroup = {
      kind: 'raw',
      sponsor: getAddress(`0x${'a1'.repeat(20)}`),
      lane: 0n,
      pricePerGiB: 0n,
      delegate: null,
      least: null,
      expiry: 0n,
      signature: `0x${'00'.repeat(64)}`,
      lines: [{ maxBytes: 1n, bytesServed: 0n, signature: `0x${'00'.repeat(64)}` }],
    }
    expect(() => encodeBatch([bad])).to.throw('The bytes of a receipt')
  })
})
