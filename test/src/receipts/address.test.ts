import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { getAddress, toHex } from 'viem'
import { checksumAddress } from '../../../src/receipts/index.ts'

describe('An address', () => {
  it('is written in the mixed case of EIP-55', () => {
    for (let i = 0; i < 500; i++) {
      const bytes = randomBytes(20)
      expect(checksumAddress(bytes)).to.equal(getAddress(toHex(bytes)))
    }
  })
})
