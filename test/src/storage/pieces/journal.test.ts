import { stat, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import { openSeed } from '../../../../src/storage/pieces/index.ts'
import { readJournal } from '../../../../src/storage/pieces/journal.ts'
import { damage, makeSample, type Sample } from './sample.ts'

describe('a journal of the first form, with stamps as texts', () => {
  let sample: Sample
  let journal: string
  beforeEach(async () => {
    sample = await makeSample()
    journal = sample.at('journal')
    await (await openSeed(sample.metainfo, sample.path, { journal })).close()
  })
  afterEach(() => sample.remove())

  /** What the journal says, as an earlier version would have written it. */
  async function writeFirstForm(): Promise<void> {
    const { contentId, files } = sample.metainfo
    const known = await readJournal(journal, sample.metainfo, '')
    const stamps = await Promise.all(
      files.map(async ({ path, pieceCount }) => {
        const { size, mtimeNs, dev, ino, birthtimeNs } = await stat(sample.at(`sample/${path.join('/')}`), {
          bigint: true,
        })
        return pieceCount === 0 ? null : `${size}:${mtimeNs}:${dev}:${ino}:${birthtimeNs}`
      }),
    )
    const head = Buffer.from(JSON.stringify({ contentId, folder: '', clean: true, stamps }))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(head.length)
    const body = Buffer.concat([Buffer.from('BitCDN pieces 1\n'), length, head, known?.units ?? new Uint8Array()])
    const crc = Buffer.alloc(4)
    crc.writeUInt32BE(crc32(body))
    await writeFile(journal, Buffer.concat([body, crc]))
  }

  it('is read like one of the second', async () => {
    const second = await readJournal(journal, sample.metainfo, '')
    await writeFirstForm()
    expect(await readJournal(journal, sample.metainfo, '')).to.deep.include({ clean: true, units: second?.units })
    expect((await readJournal(journal, sample.metainfo, ''))?.stamps.bytes).to.deep.equal(second?.stamps.bytes)
  })

  it('stands for no file that changed', async () => {
    await writeFirstForm()
    await damage(sample.at('sample/big'), 600_000)
    const store = await openSeed(sample.metainfo, sample.path, { journal })
    expect(store.hasPiece(1)).to.equal(false)
    expect(store.hasPiece(0)).to.equal(true)
    await store.close()
  })

  it('counts as none when it is damaged', async () => {
    await writeFirstForm()
    await damage(journal, 40)
    expect(await readJournal(journal, sample.metainfo, '')).to.equal(null)
  })
})
