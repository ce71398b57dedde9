import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { type Metainfo, parseMetainfo } from '../../../src/content/index.ts'
import { createDownloader, type DownloadRequest, type DownloadResult } from '../../../src/downloader/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { createTorrent, openDownload } from '../../../src/storage/pieces/index.ts'
import { noise } from '../../swarm/content.ts'
import { type Origin, type OriginFaults, startFaultyOrigin, startOrigin } from '../../swarm/origin.ts'
import { type Swarm, type SwarmInit, startSwarm } from '../../swarm/swarm.ts'

const MIB = 2 ** 20

describe('a web seed', () => {
  const origins: Origin[] = []
  let swarm: Swarm

  afterEach(async () => {
    await swarm.stop()
    for (const origin of origins.splice(0)) await origin.stop()
  })

  async function start(bytes: number, more: Partial<SwarmInit> = {}): Promise<void> {
    swarm = await startSwarm({ bytes, seeders: [], ...more })
  }

  async function serve(folder = dirname(swarm.content.path)): Promise<Origin> {
    const origin = await startOrigin(folder, join(swarm.content.folder, `nginx-${origins.length}`))
    origins.push(origin)
    return origin
  }

  async function serveBadly(faults: OriginFaults): Promise<Origin> {
    const origin = await startFaultyOrigin(dirname(swarm.content.path), faults)
    origins.push(origin)
    return origin
  }

  type Init = NonNullable<Parameters<typeof createDownloader>[1]>

  function download(request: Partial<DownloadRequest>, init: Init = {}): Promise<DownloadResult> {
    const components = { node: swarm.node, sessions: swarm.sponsor }
    return createDownloader(components, { allowPrivate: true, patience: 1_000, ...init }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false },
      ...request,
    })
  }

  async function expectSame(name = 'out'): Promise<void> {
    const [wanted, got] = await Promise.all([readFile(swarm.content.path), readFile(swarm.file(name))])
    expect(got.equals(wanted)).to.equal(true)
  }

  async function failure(promise: Promise<unknown>): Promise<BitCdnError> {
    const error = await promise.then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error instanceof BitCdnError) return error
    throw error ?? new Error('It did not fail.')
  }

  it('brings a content by itself, each byte once', async () => {
    await start(40 * MIB + 4321)
    const origin = await serve()
    const result = await download({ webSeeds: [origin.url] })
    await expectSame()
    expect(await origin.sent()).to.equal(40 * MIB + 4321)
    expect(result.peers).to.have.length(1)
    expect(result.peers[0]).to.include({ kind: 'web seed', bytes: 40 * MIB + 4321, paid: 0n, failure: null })
  })

  it('brings pieces of 16 MiB, and the file itself where the address names it', async () => {
    await start(50 * MIB, { pieceLength: 16 * MIB })
    const origin = await serve()
    await download({ webSeeds: [`${origin.url}content.bin`] })
    await expectSame()
    expect(await origin.sent()).to.equal(50 * MIB)
  })

  it('brings a folder of large, small and empty files that its torrent names', async () => {
    await start(MIB)
    const folder = join(swarm.content.folder, 'shop', 'Ein Album #1')
    await mkdir(join(folder, 'b'), { recursive: true })
    const files = { 'a large.bin': 3 * MIB + 5, 'b/one?.txt': 17, 'b/zwei ä.txt': 200_000, 'empty.txt': 0 }
    for (const [name, length] of Object.entries(files)) await writeFile(join(folder, name), noise(length, length % 251))
    const origin = await serve(dirname(folder))
    const { torrent } = await createTorrent(folder, { webSeeds: [origin.url] })
    const out = join(swarm.content.folder, 'album')
    const store = (metainfo: Metainfo) => openDownload(metainfo, out, { journal: `${out}.journal` })
    const result = await download({ content: parseMetainfo(torrent), store })
    await result.store.close()
    for (const name of Object.keys(files)) {
      const [wanted, got] = await Promise.all([folder, join(out, 'Ein Album #1')].map((at) => readFile(join(at, name))))
      expect(got?.equals(wanted as Buffer), name).to.equal(true)
    }
    expect(await origin.sent()).to.equal(Object.values(files).reduce((sum, length) => sum + length, 0))
  })

  it('works beside seeders, which are paid for what they brought alone', async () => {
    await start(32 * MIB, { seeders: [{ rate: 8 * MIB }, { rate: 8 * MIB }] })
    const origin = await serve()
    const result = await download({ webSeeds: [origin.url] })
    await expectSame()
    const [web] = result.peers.filter(({ kind }) => kind === 'web seed')
    expect(web?.bytes).to.be.greaterThan(0)
    let receipted = 0
    for (const { ledger } of swarm.seeders) {
      for (const { session } of swarm.sponsor.granted) {
        receipted += Number((await ledger.session(session))?.receipt?.bytesServed ?? 0n)
      }
    }
    expect(receipted).to.equal(result.bytes - (web?.bytes ?? 0))
  })

  it('that lies is named and banned, and nothing of its piece is kept', async () => {
    await start(12 * MIB, { seeders: [{ rate: 4 * MIB }] })
    const origin = await serveBadly({ flip: 77 })
    const result = await download({ webSeeds: [origin.url] })
    await expectSame()
    const web = result.peers.find(({ kind }) => kind === 'web seed')
    expect(web?.failure).to.include({ code: 'verification-failed', banned: true })
    expect(web?.failure?.message).to.include(origin.url)
  })

  it('that breaks off is gone on with where it stopped', async () => {
    await start(9 * MIB, { pieceLength: 4 * MIB })
    const origin = await serveBadly({ breakAfter: 700_001 })
    await download({ webSeeds: [origin.url] })
    await expectSame()
    expect(await origin.sent()).to.equal(9 * MIB)
  })

  it('completes what a seeder left in the middle of a piece, and fetches no unit again', async () => {
    await start(16 * MIB, { pieceLength: 8 * MIB, seeders: [{ rate: 8 * MIB, stallAfter: 5 * MIB }] })
    const stop = new AbortController()
    const onProgress: DownloadRequest['onProgress'] = ({ verifiedBytes }) => verifiedBytes > 3 * MIB && stop.abort()
    expect((await failure(download({ signal: stop.signal, onProgress }))).code).to.equal('interrupted')
    const origin = await serve()
    const again = await download({ sources: [], webSeeds: [origin.url] })
    await expectSame()
    expect(again.bytes).to.be.within(8 * MIB, 13 * MIB)
    expect(await origin.sent()).to.equal(again.bytes)
  })

  it('rests while seeders bring as much as the floor, and takes over when they bring less', async () => {
    await start(48 * MIB, { seeders: [{ rate: 8 * MIB, stallAfter: 32 * MIB }] })
    const origin = await serve()
    let restedTo = 0
    const result = await download(
      {
        webSeeds: [origin.url],
        onProgress({ verifiedBytes, peers }) {
          if (peers.every(({ kind, bytes }) => kind === 'seeder' || bytes === 0)) restedTo = verifiedBytes
        },
      },
      { p2pFloor: 2 * MIB },
    )
    await expectSame()
    expect(restedTo).to.be.greaterThan(24 * MIB)
    expect(result.peers.find(({ kind }) => kind === 'web seed')?.bytes).to.be.within(1, 24 * MIB)
  })

  it('is asked for no more than its budget', async () => {
    await start(12 * MIB)
    const origin = await serve()
    const error = await failure(download({ webSeeds: [origin.url] }, { httpBudget: 5 * MIB }))
    expect(error.code).to.equal('no-sources')
    expect(error.message).to.include('budget')
    expect(await origin.sent()).to.equal(5 * MIB)
  })

  describe('is left, with a word for it,', () => {
    const cases: [string, OriginFaults, RegExp][] = [
      ['that does not have the file', { status: 404 }, /answered 404/],
      ['that knows no ranges', { noRanges: true }, /whole file/],
    ]
    for (const [what, faults, words] of cases) {
      it(what, async () => {
        await start(12 * MIB)
        const origin = await serveBadly(faults)
        const error = await failure(download({ webSeeds: [origin.url] }))
        expect(error.code).to.equal('no-sources')
        expect(error.message).to.match(words)
      })
    }

    it('at a private address, also behind a name', async () => {
      await start(2 * MIB)
      const origin = await serve()
      for (const url of [origin.url, origin.url.replace('127.0.0.1', 'localhost')]) {
        const store = swarm.store(url.slice(7, 12))
        const error = await failure(download({ webSeeds: [url], store }, { allowPrivate: false }))
        expect(error.message).to.include('private address')
      }
      expect(await origin.sent()).to.equal(0)
    })
  })
})
