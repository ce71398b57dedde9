import { expect } from 'chai'
import {
  buildMetainfo,
  choosePieceLength,
  encodeTorrent,
  MetainfoError,
  parseMetainfo,
  type SourceFile,
} from '../../../src/content/index.ts'
import { hasCode } from '../../../src/errors.ts'
import { failure } from './failure.ts'
import golden from './golden.json' with { type: 'json' }
import { GOLDEN_CASES, type GoldenCase, goldenSources } from './golden.ts'

const KIB = 1024
const SMALL: GoldenCase = {
  name: 'small',
  single: false,
  pieceLength: 32 * KIB,
  v2Only: false,
  files: [
    { path: 'a', length: 100_000 },
    { path: 'b', length: 1 },
  ],
}

async function build(sample: GoldenCase, chunkBytes?: number) {
  return await buildMetainfo({ ...sample, files: goldenSources(sample, chunkBytes) })
}

describe('making metainfo', () => {
  it('has a golden infohash for every case', () => {
    expect(golden).to.have.length(GOLDEN_CASES.length)
  })

  for (const [index, sample] of GOLDEN_CASES.entries()) {
    const { name, pieceLength, v2Only, files } = sample
    const bytes = files.reduce((sum, file) => sum + file.length, 0)
    const kind = v2Only ? 'v2' : 'hybrid'
    it(`gives ${name} (${bytes} bytes, ${kind}, pieces of ${pieceLength}) the infohashes that libtorrent gives it`, async () => {
      const { infohashV1, contentId } = await build(sample)
      expect({ infohashV1, infohashV2: contentId }).to.deep.equal(golden[index])
    })
  }

  it('does not depend on how the bytes are cut into chunks', async () => {
    const ids = new Set<string>()
    for (const chunkBytes of [1_000, 16_384, 32_768, 99_999, 1_000_000])
      ids.add((await build(SMALL, chunkBytes)).contentId)
    expect(ids).to.have.length(1)
  })

  it('does not depend on the order in which files are given', async () => {
    const files = goldenSources(SMALL)
    const one = await buildMetainfo({ ...SMALL, files })
    const other = await buildMetainfo({ ...SMALL, files: files.toReversed() })
    expect(other.contentId).to.equal(one.contentId)
  })

  it('writes a torrent that reads back as the same metainfo, sources included', async () => {
    const trackers = ['udp://tracker.example:6969/announce', 'https://second.example/announce']
    const webSeeds = ['https://cdn.example/small/']
    const metainfo = await buildMetainfo({ ...SMALL, files: goldenSources(SMALL), trackers, webSeeds })
    const again = parseMetainfo(encodeTorrent(metainfo))
    expect(again).to.deep.equal(metainfo)
    expect(again.trackers).to.deep.equal(trackers)
    expect(again.webSeeds).to.deep.equal(webSeeds)
  })

  it('reports progress up to the last byte', async () => {
    let last = [0, 0]
    await buildMetainfo({
      ...SMALL,
      files: goldenSources(SMALL),
      onProgress: (done, total) => {
        last = [done, total]
      },
    })
    expect(last).to.deep.equal([100_001, 100_001])
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const error = await failure(
      buildMetainfo({
        ...SMALL,
        files: goldenSources(SMALL),
        signal: stop.signal,
        onProgress: () => stop.abort(),
      }),
    )
    expect(error).to.have.property('name', 'AbortError')
  })

  it('says so when a file grows or shrinks while it is read', async () => {
    for (const actual of [99_999, 100_001]) {
      const [file] = goldenSources({ files: [{ path: 'a', length: actual }] }) as [SourceFile]
      const error = await failure(buildMetainfo({ ...SMALL, files: [{ ...file, length: 100_000 }] }))
      expect(hasCode(error, 'file-unreadable')).to.equal(true)
      expect(String(error)).to.contain('changed its length')
    }
  })

  it('refuses a content without bytes', async () => {
    const files = [{ path: 'nothing', length: 0 }]
    expect(hasCode(await failure(build({ ...SMALL, files })), 'file-empty')).to.equal(true)
    expect(hasCode(await failure(build({ ...SMALL, files: [] })), 'file-empty')).to.equal(true)
  })

  for (const pieceLength of [0, 1, 8192, 16_385, 48 * KIB, 2 ** 28, Number.NaN, -16_384]) {
    it(`refuses pieces of ${pieceLength} bytes`, async () => {
      expect(hasCode(await failure(build({ ...SMALL, pieceLength })), 'usage')).to.equal(true)
    })
  }

  it('refuses more pieces or files than others read, before it opens one', async () => {
    const never = (path: string, length: number): SourceFile => ({
      path: [path],
      length,
      executable: false,
      open() {
        throw new Error('opened')
      },
    })
    const huge = await failure(buildMetainfo({ ...SMALL, pieceLength: 16_384, files: [never('huge', 2 ** 40)] }))
    expect(huge).to.be.instanceOf(MetainfoError)
    const many = Array.from({ length: 100_000 }, (_, index) => never(`${index}`, 1))
    const refused = await failure(buildMetainfo({ ...SMALL, files: many }))
    expect(refused).to.be.instanceOf(MetainfoError)
    expect(String(refused)).to.contain('100000 files make a torrent larger than others read')
  })

  it('refuses trackers and web seeds that are no URLs', async () => {
    const files = goldenSources(SMALL)
    for (const url of ['tracker.example', 'ftp://x', 'javascript:alert(1)', '']) {
      expect(hasCode(await failure(buildMetainfo({ ...SMALL, files, trackers: [url] })), 'usage')).to.equal(true)
      expect(hasCode(await failure(buildMetainfo({ ...SMALL, files, webSeeds: [url] })), 'usage')).to.equal(true)
    }
  })
})

describe('many files', () => {
  it('of 100,000 make a v2 torrent that reads back', async () => {
    const files = Array.from(
      { length: 100_000 },
      (_, index): SourceFile => ({
        ...{ path: [`${index % 100}`, `${index}`], length: 1 + (index % 7), executable: false },
        async *open() {
          yield new Uint8Array(1 + (index % 7))
        },
      }),
    )
    const metainfo = await buildMetainfo({ name: 'many', single: false, files, v2Only: true })
    expect(metainfo.files.length).to.equal(100_000)
    const names = new Set(metainfo.files.map(({ path }) => path.join('/')))
    expect(files.every(({ path }) => names.has(path.join('/')))).to.equal(true)
    expect(metainfo.pieceLength).to.equal(16 * KIB)
    const { contentId, files: again } = parseMetainfo(encodeTorrent(metainfo))
    expect(contentId).to.equal(metainfo.contentId)
    expect(again.at(-1)).to.deep.equal(metainfo.files.at(-1))
  })
})

describe('the chosen piece length', () => {
  for (const [files, shortest] of [
    [1, 1024 * KIB],
    [2, 16 * KIB],
  ] as const) {
    it(`of ${files === 1 ? 'a file' : 'several files'} is a power of two from ${shortest / KIB} KiB to 16 MiB and makes at most 2,048 pieces in between`, () => {
      for (const bytes of [1, 256 * KIB, 2 ** 29, 2 ** 29 + 1, 10 * 2 ** 30, 2 ** 35, 2 ** 35 + 1, 2 ** 45]) {
        const length = choosePieceLength(bytes, files)
        expect(Math.log2(length) % 1).to.equal(0)
        expect(length).to.be.within(shortest, 16 * KIB * KIB)
        if (length < 16 * KIB * KIB) expect(bytes / length).to.be.at.most(2048)
      }
      expect(choosePieceLength(1, files)).to.equal(shortest)
    })
  }

  it('grows with the content', () => {
    expect(choosePieceLength(10 * 2 ** 30)).to.equal(8 * KIB * KIB)
  })
})
