import { copyFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { HASH_BYTES, pieceAt, unitCount, verifyUnitRoots } from '../../../../src/content/index.ts'
import { hasCode } from '../../../../src/errors.ts'
import { openSeed } from '../../../../src/storage/pieces/index.ts'
import { failure } from '../../content/failure.ts'
import { damage, makeSample, readHeld, type Sample } from './sample.ts'

describe('a seed', () => {
  let sample: Sample
  beforeEach(async () => {
    sample = await makeSample()
  })
  afterEach(() => sample.remove())

  const heldPieces = (store: Awaited<ReturnType<typeof openSeed>>): number[] =>
    Array.from({ length: store.metainfo.pieceCount }, (_, piece) => piece).filter((piece) => store.hasPiece(piece))

  it('holds all of what is intact, and reads it', async () => {
    for (const path of [sample.path, sample.folder]) {
      const store = await openSeed(sample.metainfo, path)
      expect(store.complete).to.equal(true)
      expect(store.verifiedBytes).to.equal(sample.metainfo.length)
      expect(await readHeld(store)).to.equal(sample.metainfo.length)
      expect([...store.bitfield()]).to.deep.equal([0b1111_1100])
      await store.close()
    }
  })

  it('finds a content under another name, and a single file by itself or in its folder', async () => {
    await rename(sample.path, sample.at('renamed'))
    const store = await openSeed(sample.metainfo, sample.at('renamed'))
    expect(store.complete).to.equal(true)
    await store.close()
    const single = await makeSample([{ path: 'f', length: 200_000 }], { name: 'f', single: true })
    await copyFile(single.path, single.at('other name'))
    for (const path of [single.path, single.folder, single.at('other name')]) {
      const seed = await openSeed(single.metainfo, path)
      expect(seed.complete).to.equal(true)
      await seed.close()
    }
    await single.remove()
  })

  it('is refused where nothing of the content is', async () => {
    for (const path of [sample.at('nowhere'), sample.at('sample/folder')]) {
      expect(hasCode(await failure(openSeed(sample.metainfo, path)), 'file-missing')).to.equal(true)
    }
  })

  it('does not hold damaged pieces, and serves the others', async () => {
    await damage(sample.at('sample/big'), 600_000)
    const store = await openSeed(sample.metainfo, sample.path)
    expect(heldPieces(store)).to.deep.equal([0, 2, 3, 4, 5])
    expect(store.complete).to.equal(false)
    expect(await readHeld(store)).to.equal(sample.metainfo.length - 512 * 1024)
    expect(hasCode(await failure(store.read(1, 0, new Uint8Array(1))), 'verification-failed')).to.equal(true)
    expect(hasCode(await failure(store.unitRoots(1)), 'verification-failed')).to.equal(true)
    await store.close()
  })

  it('does not hold what is missing, cut or too long', async () => {
    await rm(sample.at('sample/folder/run'))
    await truncate(sample.at('sample/big'), 1_100_000)
    await writeFile(sample.at('sample/Übung/日本'), Buffer.alloc(1), { flag: 'a' })
    const store = await openSeed(sample.metainfo, sample.path)
    expect(heldPieces(store)).to.deep.equal([0, 1, 4])
    await store.close()
  })

  it('does not hold the last piece of a file that is longer, even when its bytes are there', async () => {
    const exact = await makeSample([{ path: 'f', length: 2 * 512 * 1024 }])
    await writeFile(exact.at('sample/f'), 'more', { flag: 'a' })
    const store = await openSeed(exact.metainfo, exact.path)
    expect(heldPieces(store)).to.deep.equal([0])
    await store.close()
    await exact.remove()
  })

  it('is not hashed again after a restart, as long as size, time and inode are the same', async () => {
    const journal = sample.at('journal')
    await (await openSeed(sample.metainfo, sample.path, { journal })).close()
    // The damage is hidden from the journal, which shows that the file is not read again.
    const { atime, mtime } = await stat(sample.at('sample/big'))
    await setTimes(sample.at('sample/big'), atime, mtime)
    await (await openSeed(sample.metainfo, sample.path, { journal })).close()
    await damage(sample.at('sample/big'), 600_000)
    await setTimes(sample.at('sample/big'), atime, mtime)
    const remembered = await openSeed(sample.metainfo, sample.path, { journal })
    expect(remembered.complete).to.equal(true)
    expect(
      hasCode(await failure(remembered.unitRoots(1)), 'verification-failed'),
      'found when its roots are made',
    ).to.equal(true)
    expect(remembered.hasPiece(1)).to.equal(false)
    await remembered.close()
    const anew = await openSeed(sample.metainfo, sample.path)
    expect(anew.hasPiece(1)).to.equal(false)
    await anew.close()
  })

  it('is hashed again when a file changed, was replaced, or the journal is damaged', async () => {
    const journal = sample.at('journal')
    const open = () => openSeed(sample.metainfo, sample.path, { journal })
    await (await open()).close()
    await damage(sample.at('sample/big'), 600_000)
    let store = await open()
    expect(heldPieces(store), 'changed').to.deep.equal([0, 2, 3, 4, 5])
    await store.close()

    const { atime, mtime } = await stat(sample.at('sample/big'))
    await copyFile(sample.at('sample/big'), sample.at('copy'))
    await damage(sample.at('copy'), 0)
    await setTimes(sample.at('copy'), atime, mtime)
    await rename(sample.at('copy'), sample.at('sample/big'))
    store = await open()
    expect(heldPieces(store), 'replaced').to.deep.equal([2, 3, 4, 5])
    await store.close()

    for (const offset of [0, 20, 60, 600]) {
      await damage(journal, offset)
      store = await open()
      expect(heldPieces(store), `journal damaged at ${offset}`).to.deep.equal([2, 3, 4, 5])
      await store.close()
    }
    await truncate(journal, 10)
    store = await open()
    expect(heldPieces(store), 'journal cut').to.deep.equal([2, 3, 4, 5])
    await store.close()
  })

  it('is no longer held when its file changes while it is open', async () => {
    const store = await openSeed(sample.metainfo, sample.path)
    await damage(sample.at('sample/big'), 0)
    const error = await failure(store.read(2, 0, new Uint8Array(10)))
    expect(hasCode(error, 'file-invalid')).to.equal(true)
    expect(heldPieces(store)).to.deep.equal([3, 4, 5])
    await store.close()
  })

  it('gives the unit roots of every piece, and keeps them', async () => {
    const store = await openSeed(sample.metainfo, sample.path)
    for (let index = 0; index < sample.metainfo.pieceCount; index += 1) {
      const piece = pieceAt(sample.metainfo, index)
      const [roots, again] = await Promise.all([store.unitRoots(index), store.unitRoots(index)])
      expect(roots).to.have.length(unitCount(piece) * HASH_BYTES)
      expect(verifyUnitRoots(piece, roots)).to.equal(true)
      expect(again).to.deep.equal(roots)
      expect(await store.unitRoots(index)).to.equal(await store.unitRoots(index))
    }
    await store.close()
  })

  it('knows the unit roots from its own verification, without reading the file a second time', async () => {
    const store = await openSeed(sample.metainfo, sample.path)
    await truncate(sample.at('sample/big'), 0)
    for (let index = 0; index < sample.metainfo.pieceCount; index += 1) {
      expect(verifyUnitRoots(pieceAt(sample.metainfo, index), await store.unitRoots(index))).to.equal(true)
    }
    await store.close()
  })

  it('reports progress to the last byte and stops when it is told to', async () => {
    let last = [0, 0]
    const onProgress = (done: number, total: number): void => {
      last = [done, total]
    }
    await (await openSeed(sample.metainfo, sample.path, { onProgress })).close()
    expect(last).to.deep.equal([sample.metainfo.length, sample.metainfo.length])
    const error = await failure(openSeed(sample.metainfo, sample.path, { signal: AbortSignal.abort() }))
    expect(error).to.have.property('name', 'AbortError')
  })

  it('cannot be written', async () => {
    const store = await openSeed(sample.metainfo, sample.path)
    expect(hasCode(await failure(store.write(0, 0, new Uint8Array(1))), 'disk-failed')).to.equal(true)
    await store.flush()
    await store.close()
  })

  it('refuses reads beyond a piece', async () => {
    const store = await openSeed(sample.metainfo, sample.path)
    for (const [offset, length] of [
      [-1, 1],
      [512 * 1024, 1],
      [0, 512 * 1024 + 1],
    ] as const) {
      expect(await failure(store.read(0, offset, new Uint8Array(length)))).to.be.instanceOf(RangeError)
    }
    await store.close()
  })
})

/** Sets times twice as coarse as nanoseconds allow, so that setting them again gives the same. */
async function setTimes(path: string, atime: Date, mtime: Date): Promise<void> {
  await utimes(path, Math.floor(atime.getTime() / 1000), Math.floor(mtime.getTime() / 1000))
}
