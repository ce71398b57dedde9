import { expect } from 'chai'
import fc from 'fast-check'
import { concat, encodePacked, getAddress, type Hex, keccak256, numberToHex, sliceHex } from 'viem'
import {
  amountFor,
  firstHead,
  headsAfter,
  laneKey,
  nextHead,
  paidBytes,
  shareAmount,
  tipAfter,
} from '../../../src/receipts/index.ts'

const hex = (width: number) =>
  fc.uint8Array({ minLength: width, maxLength: width }).map((bytes): Hex => `0x${Buffer.from(bytes).toString('hex')}`)
const address = hex(20).map((value) => getAddress(value))
const uint = (bits: number) => fc.bigInt(0n, 2n ** BigInt(bits) - 1n)
const lane = fc.record({ sponsor: address, seeder: address, lane: uint(64), pricePerGiB: uint(64) })
const line = fc.record({ sessionKey: address, maxBytes: uint(48) })

describe('A session log', () => {
  it('begins at the lane key and hashes over each line, packed as Solidity packs', () => {
    fc.assert(
      fc.property(lane, fc.array(line, { maxLength: 8 }), (lane, lines) => {
        const key = keccak256(
          encodePacked(
            ['address', 'address', 'uint64', 'uint64'],
            [lane.sponsor, lane.seeder, lane.lane, lane.pricePerGiB],
          ),
        )
        expect(laneKey(lane)).to.equal(key)
        let head = sliceHex(key, 0, 24)
        expect(firstHead(lane)).to.equal(head)
        const heads = headsAfter(head, lines)
        lines.forEach((line, i) => {
          head = sliceHex(keccak256(concat([head, line.sessionKey, numberToHex(line.maxBytes, { size: 6 })])), 0, 24)
          expect(heads[i]).to.equal(head)
        })
        expect(tipAfter(firstHead(lane), lines)).to.equal(head)
      }),
    )
  })

  it('refuses a line that its field cannot hold', () => {
    const sessionKey = getAddress(`0x${'ab'.repeat(20)}`)
    expect(() => nextHead(`0x${'00'.repeat(24)}`, { sessionKey, maxBytes: 2n ** 48n })).to.throw('48-bit')
  })
})

describe('What bytes cost', () => {
  it('is summed first, priced then and rounded down once', () => {
    expect(amountFor([2n ** 30n], 10_000n)).to.equal(10_000n)
    expect(amountFor([2n ** 29n, 2n ** 29n], 1n)).to.equal(1n)
    expect(amountFor([2n ** 30n - 1n], 1n)).to.equal(0n)
    expect(amountFor([], 1n)).to.equal(0n)
    expect(paidBytes(5n, 3n)).to.equal(3n)
    expect(paidBytes(2n, 3n)).to.equal(2n)
  })

  it('is shared out among lines to the last unit', () => {
    fc.assert(
      fc.property(uint(128), fc.array(uint(48), { minLength: 1, maxLength: 20 }), (amount, bytes) => {
        const parts = shareAmount(amount, bytes)
        expect(parts.reduce((a, b) => a + b, 0n)).to.equal(amount)
        expect(parts.every((part) => part >= 0n)).to.equal(true)
      }),
    )
  })
})
