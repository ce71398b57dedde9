import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { keccak256 as reference, toHex } from 'viem'
import { keccak256 } from '../../../src/receipts/keccak.ts'

describe('Keccak-256', () => {
  it('is what viem computes, for every length up to three blocks', () => {
    for (let length = 0; length <= 3 * 136 + 1; length++) {
      const bytes = randomBytes(length)
      expect(toHex(keccak256(bytes)), `${length} bytes`).to.equal(reference(bytes))
    }
  })

  it('of parts of a larger buffer reads that part alone', () => {
    const buffer = randomBytes(600)
    const part = buffer.subarray(7, 7 + 137)
    expect(toHex(keccak256(part))).to.equal(reference(Uint8Array.from(part)))
  })

  it('answers bytes that the next hash leaves alone', () => {
    const first = keccak256(Uint8Array.of(1))
    const before = toHex(first)
    keccak256(Uint8Array.of(2))
    expect(toHex(first)).to.equal(before)
  })
})
