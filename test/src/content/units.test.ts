import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  buildMetainfo,
  HASH_BYTES,
  LEAF_BYTES,
  type Metainfo,
  pieceAt,
  UNIT_BYTES,
  unitCount,
  unitRoot,
  unitRootsOf,
  verifyUnit,
  verifyUnitRoots,
} from '../../../src/content/index.ts'
import { thrown } from './failure.ts'
import { goldenBytes, goldenSources } from './golden.ts'

const KIB = 1024

/** BEP 52 as it is written, without any of the shortcuts of the code under test. */
function plainRoot(content: Uint8Array, leaves: number): Buffer {
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
  let row = Array.from({ length: leaves }, (_, leaf) => {
    const bytes = content.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES)
    return bytes.length > 0 ? sha256(bytes) : Buffer.alloc(HASH_BYTES)
  })
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, at) => sha256(Buffer.concat([row[2 * at]!, row[2 * at + 1]!])))
  }
  return row[0]!
}

async function metainfoOf(length: number, pieceLength: number): Promise<Metainfo> {
  const files = goldenSources({ files: [{ path: 'f', length }] })
  return await buildMetainfo({ name: 'f', single: true, files, pieceLength })
}

const SHAPES = [16 * KIB, 64 * KIB, 128 * KIB, 256 * KIB, 1024 * KIB].flatMap((pieceLength) =>
  [1, 16_384, 16_385, 100_000, 131_071, 131_072, 131_073, pieceLength, pieceLength + 1, 2 * pieceLength, 1_500_000].map(
    (length) => ({ pieceLength, length }),
  ),
)

describe('units of 128 KiB', () => {
  for (const { pieceLength, length } of SHAPES) {
    it(`verify every piece of ${length} bytes in pieces of ${pieceLength}`, async () => {
      const metainfo = await metainfoOf(length, pieceLength)
      const content = goldenBytes(length)
      for (let index = 0; index < metainfo.pieceCount; index += 1) {
        const piece = pieceAt(metainfo, index)
        const bytes = content.subarray(piece.offset, piece.offset + piece.length)
        expect(Buffer.from(piece.root).equals(plainRoot(bytes, piece.leaves))).to.equal(true)
        const roots = unitRootsOf(bytes, piece)
        expect(roots).to.have.length(unitCount(piece) * HASH_BYTES)
        expect(verifyUnitRoots(piece, roots)).to.equal(true)
        for (let unit = 0; unit < unitCount(piece); unit += 1) {
          const part = bytes.subarray(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES)
          expect(verifyUnit(piece, unit, part, roots)).to.equal(true)
        }
      }
    })
  }

  it('have the root that BEP 52 gives their leaves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: UNIT_BYTES }), (length) => {
        const bytes = goldenBytes(length)
        expect(Buffer.from(unitRoot(bytes)).equals(plainRoot(bytes, 8))).to.equal(true)
      }),
      { numRuns: 60 },
    )
  })

  it('fail for any flipped bit, in the bytes and in the roots', async () => {
    const metainfo = await metainfoOf(600_000, 512 * KIB)
    const piece = pieceAt(metainfo, 0)
    const bytes = goldenBytes(600_000).slice(0, piece.length)
    const roots = unitRootsOf(bytes, piece)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: piece.length * 8 - 1 }), (bit) => {
        const unit = Math.floor(bit / 8 / UNIT_BYTES)
        const part = bytes.slice(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES)
        part[(bit >>> 3) % UNIT_BYTES]! ^= 1 << (bit & 7)
        expect(verifyUnit(piece, unit, part, roots)).to.equal(false)
      }),
      { numRuns: 200 },
    )
    for (let bit = 0; bit < roots.length * 8; bit += 1) {
      const wrong = roots.slice()
      wrong[bit >>> 3]! ^= 1 << (bit & 7)
      expect(verifyUnitRoots(piece, wrong)).to.equal(false)
    }
  })

  it('fail for roots that are too few or too many, swapped units, other lengths and units that do not exist', async () => {
    const metainfo = await metainfoOf(600_000, 512 * KIB)
    const piece = pieceAt(metainfo, 0)
    const bytes = goldenBytes(600_000).subarray(0, piece.length)
    const roots = unitRootsOf(bytes, piece)
    const unit = (at: number): Uint8Array => bytes.subarray(at * UNIT_BYTES, (at + 1) * UNIT_BYTES)
    expect(verifyUnitRoots(piece, roots.subarray(HASH_BYTES))).to.equal(false)
    expect(verifyUnitRoots(piece, new Uint8Array([...roots, ...new Uint8Array(HASH_BYTES)]))).to.equal(false)
    expect(verifyUnitRoots(piece, new Uint8Array())).to.equal(false)
    expect(verifyUnit(piece, 0, unit(1), roots)).to.equal(false)
    expect(verifyUnit(piece, 0, unit(0).subarray(1), roots)).to.equal(false)
    expect(verifyUnit(piece, 0, new Uint8Array(), roots)).to.equal(false)
    expect(verifyUnit(piece, -1, unit(0), roots)).to.equal(false)
    expect(verifyUnit(piece, 4, new Uint8Array(UNIT_BYTES), roots)).to.equal(false)
    expect(thrown(() => unitRootsOf(bytes.subarray(1), piece))).to.be.instanceOf(RangeError)
  })
})

describe('pieces', () => {
  it('lie each in one file, in order, and cover every byte', async () => {
    const files = goldenSources({
      files: [
        { path: 'a', length: 0 },
        { path: 'b', length: 100_000 },
        { path: 'c', length: 0 },
        { path: 'd', length: 32_768 },
        { path: 'e', length: 1 },
        { path: 'f', length: 0 },
      ],
    })
    const metainfo = await buildMetainfo({ name: 'x', single: false, files, pieceLength: 32 * KIB })
    const bytes = metainfo.files.map(() => 0)
    for (let index = 0; index < metainfo.pieceCount; index += 1) {
      const piece = pieceAt(metainfo, index)
      expect(piece.index).to.equal(index)
      expect(piece.offset).to.equal(bytes[piece.file])
      bytes[piece.file]! += piece.length
    }
    expect(bytes).to.deep.equal(metainfo.files.map(({ length }) => length))
    for (const index of [-1, metainfo.pieceCount, 0.5, Number.NaN]) {
      expect(thrown(() => pieceAt(metainfo, index))).to.be.instanceOf(RangeError)
    }
  })
})
