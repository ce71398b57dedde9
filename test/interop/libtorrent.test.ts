import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { encodeTorrent, parseTorrent, pieceAt, type Torrent } from '../../src/content/index.ts'
import {
  type CheckResult,
  checkContent,
  checkContentV1,
  createTorrent,
  openDownload,
  openSeed,
  writeTorrentFile,
} from '../../src/storage/pieces/index.ts'
import golden from '../src/content/golden.json' with { type: 'json' }
import { GOLDEN_CASES, type GoldenCase, writeGolden } from '../src/content/golden.ts'
import { type Libtorrent, startLibtorrent } from './judge.ts'

describe('libtorrent 2', () => {
  let libtorrent: Libtorrent
  let folder: string
  let next = 0

  before(async () => {
    libtorrent = startLibtorrent()
    folder = await mkdtemp(join(tmpdir(), 'bitcdn-interop-'))
  })
  after(async () => {
    libtorrent?.close()
    if (folder !== undefined) await rm(folder, { recursive: true })
  })

  async function onDisk(sample: GoldenCase): Promise<{ path: string; torrent: string }> {
    const path = await writeGolden(sample, join(folder, `${next++}`))
    return { path, torrent: `${path}.torrent` }
  }

  for (const [index, sample] of GOLDEN_CASES.entries()) {
    const { name, single, pieceLength, v2Only, files } = sample
    const bytes = files.reduce((sum, file) => sum + file.length, 0)
    const kind = v2Only ? 'v2' : 'hybrid'

    describe(`${single ? 'file' : 'folder'} ${name} of ${bytes} bytes, ${kind}, pieces of ${pieceLength}`, () => {
      it('reads our torrent, computes the same infohashes and rechecks the data to 100 %', async () => {
        const { path, torrent } = await onDisk(sample)
        const created = await createTorrent(path, { pieceLength, v2Only })
        await writeTorrentFile(torrent, created.torrent)
        const shown = await libtorrent.show({ torrent })
        const { contentId, infohashV1 } = created.metainfo
        expect({ infohashV1: shown.infohashV1, infohashV2: shown.infohashV2 }).to.deep.equal({
          infohashV1,
          infohashV2: contentId,
        })
        // v2 alone does not tell a folder of one file from that file: libtorrent leaves the folder out, and so do we.
        const bare = created.metainfo.single
        expect(shown.files).to.deep.equal(
          created.metainfo.files.map(({ path: parts, length }) => ({
            path: bare ? parts.join('/') : [name, ...parts].join('/'),
            length,
          })),
        )
        const checked = await libtorrent.check({ torrent, folder: bare && !single ? path : dirname(path) })
        expect(checked).to.include({ progress: 1, error: null })
        expect(checked.badPieces).to.deep.equal([])
      })

      it('makes the same torrent itself, and we read and verify it', async () => {
        const { path, torrent } = await onDisk(sample)
        const made = await libtorrent.make({ path, pieceLength, kind, out: torrent })
        expect(made, 'the committed golden vector').to.deep.equal(golden[index])
        const { v2 } = parseTorrent(await readFile(torrent))
        expect({ infohashV1: v2?.infohashV1, infohashV2: v2?.contentId }).to.deep.equal(made)
        const ours = await createTorrent(path, { pieceLength, v2Only })
        expect(v2).to.deep.equal(ours.metainfo)
        expect(await checkContent(ours.metainfo, path)).to.include({ complete: true, verifiedBytes: bytes })
      })
    })
  }

  for (const sample of GOLDEN_CASES.filter(({ pieceLength, v2Only }) => !v2Only && pieceLength === 32 * 1024)) {
    it(`makes v1 torrents of ${sample.name} that we read and verify`, async () => {
      const { path, torrent } = await onDisk(sample)
      const made = await libtorrent.make({ path, pieceLength: sample.pieceLength, kind: 'v1', out: torrent })
      const { v1 } = parseTorrent(await readFile(torrent))
      expect(v1?.infohashV1).to.equal(made.infohashV1)
      const bytes = sample.files.reduce((sum, file) => sum + file.length, 0)
      expect(v1?.length).to.equal(bytes)
      expect(await checkContentV1(v1!, path)).to.deep.include({ complete: true, verifiedBytes: bytes, badPieces: [] })
    })
  }

  for (const kind of ['hybrid', 'v2', 'v1'] as const) {
    it(`names the same damaged pieces as we do (${kind})`, async () => {
      const sample = GOLDEN_CASES.find(({ name, pieceLength }) => name === 'everything' && pieceLength === 32 * 1024)!
      const { path, torrent } = await onDisk(sample)
      await libtorrent.make({ path, pieceLength: sample.pieceLength, kind, out: torrent })
      await flipBit(join(path, 'sub/deep/er/x.bin'), 400_000)
      await flipBit(join(path, 'readme.txt'), 39_999)
      await flipBit(join(path, 'sub-x'), 0)
      const theirs = await libtorrent.check({ torrent, folder: dirname(path) })
      const ours = await check(parseTorrent(await readFile(torrent)), path)
      expect(theirs.badPieces.length).to.be.within(2, 3) // in v1, small files share pieces
      expect(ours.badPieces).to.deep.equal(theirs.badPieces)
    })
  }

  it('rechecks to 100 % what came through our download store', async () => {
    const sample = GOLDEN_CASES.find(({ name }) => name === 'everything')!
    const { path, torrent } = await onDisk(sample)
    const { metainfo } = await createTorrent(path, { pieceLength: sample.pieceLength })
    await writeTorrentFile(torrent, encodeTorrent(metainfo))
    const target = join(folder, `${next++}`)
    const seed = await openSeed(metainfo, path)
    const download = await openDownload(metainfo, target, { journal: `${target}.journal` })
    for (let piece = 0; piece < metainfo.pieceCount; piece += 1) {
      const bytes = new Uint8Array(pieceAt(metainfo, piece).length)
      await seed.read(piece, 0, bytes)
      await download.write(piece, 0, bytes)
    }
    await download.close()
    await seed.close()
    expect(await libtorrent.check({ torrent, folder: target })).to.deep.include({ progress: 1, badPieces: [] })
  })
})

async function check(torrent: Torrent, path: string): Promise<CheckResult> {
  return torrent.v2 === null ? await checkContentV1(torrent.v1, path) : await checkContent(torrent.v2, path)
}

async function flipBit(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = new Uint8Array(1)
  await file.read(byte, 0, 1, offset)
  await file.write(Uint8Array.of(byte[0]! ^ 1), 0, 1, offset)
  await file.close()
}
