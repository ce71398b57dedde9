import { expect } from 'chai'
import { UNIT_BYTES } from '../../../src/content/index.ts'
import { SLICE_BYTES } from '../../../src/downloader/constants.ts'
import { createSlots, longestSlice } from '../../../src/downloader/slots.ts'

describe('slots', () => {
  const of = (pieceLength: number, ...lengths: number[]) =>
    longestSlice({ pieceLength, files: lengths.map((length) => ({ length })) as never })

  it('have room for the longest slice of the content, and no more', () => {
    expect(of(2 ** 20, 1, 32_768)).to.equal(UNIT_BYTES)
    expect(of(2 ** 20, 0, UNIT_BYTES + 1)).to.equal(2 * UNIT_BYTES)
    expect(of(16 * 1024, 2 ** 30)).to.equal(UNIT_BYTES)
    expect(of(2 ** 24, 2 ** 30, 5)).to.equal(SLICE_BYTES)
    const { bytes, roots, memory } = createSlots(2 * UNIT_BYTES).borrow()
    expect(bytes.length).to.equal(2 * UNIT_BYTES)
    expect(bytes.length + roots.length).to.equal(memory.byteLength)
  })
})
