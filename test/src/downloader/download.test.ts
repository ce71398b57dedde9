import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { type ContentStore, type Metainfo, sha256 } from '../../../src/content/index.ts'
import { createNode, createPeerKey } from '../../../src/discovery/index.ts'
import {
  createDownloader,
  type DownloadProgress,
  openDownloadRecord,
  type SessionSource,
} from '../../../src/downloader/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import type { StoreFaults } from '../../swarm/hostile-store.ts'
import { type Swarm, type SwarmInit, startSwarm } from '../../swarm/swarm.ts'

const MIB = 2 ** 20
const UNIT = 128 * 1024

describe('a download', () => {
  let swarm: Swarm | null = null

  async function start(init: SwarmInit): Promise<Swarm> {
    swarm = await startSwarm(init)
    return swarm
  }

  afterEach(async () => {
    await swarm?.stop()
    swarm = null
  })

  async function expectSame({ content, file }: Swarm, name = 'out'): Promise<void> {
    const [wanted, got] = await Promise.all([readFile(content.path), readFile(file(name))])
    expect(Buffer.from(sha256(got)).toString('hex')).to.equal(Buffer.from(sha256(wanted)).toString('hex'))
  }

  /** Bytes that the receipts of a seeder's ledger stand for. */
  async function receipted({ sponsor, seeders }: Swarm, index: number): Promise<bigint> {
    let sum = 0n
    for (const { session } of sponsor.granted) {
      sum += (await seeders[index]?.ledger.session(session))?.receipt?.bytesServed ?? 0n
    }
    return sum
  }

  async function failure(promise: Promise<unknown>): Promise<BitCdnError> {
    try {
      await promise
    } catch (error) {
      if (error instanceof BitCdnError) return error
      throw error
    }
    throw new Error('It did not fail.')
  }

  it('of which only the id is known comes from three seeders at once, and each holds receipts for exactly what it sent', async () => {
    const swarm = await start({ bytes: 24 * MIB + 4321, seeders: [{}, {}, {}] })
    const seen: DownloadProgress[] = []
    const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor })
    const result = await downloader.download({
      content: swarm.content.metainfo.contentId,
      store: swarm.store(),
      sources: swarm.sources,
      discover: false,
      onProgress: (progress) => seen.push(progress),
    })
    await expectSame(swarm)
    expect(result.bytes).to.be.at.least(24 * MIB + 4321)
    for (const [index, seeder] of swarm.seeders.entries()) {
      const peer = result.peers.find(({ peer }) => peer === seeder.node.peerId.toString())
      expect(peer?.bytes, 'bytes of the seeder').to.be.greaterThan(0)
      expect(await receipted(swarm, index)).to.equal(BigInt(peer?.bytes ?? 0))
      expect((await seeder.ledger.earnings()).served, 'sent and not signed').to.equal(0n)
    }
    const last = seen.at(-1)
    expect([last?.verifiedBytes, last?.timeLeft]).to.deep.equal([24 * MIB + 4321, 0])
  })

  it('flows with pieces of 16 MiB and a first window of 1 MiB', async () => {
    const swarm = await start({ bytes: 40 * MIB, pieceLength: 16 * MIB, seeders: [{}, {}] })
    await createDownloader({ node: swarm.node, sessions: swarm.sponsor }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false },
    })
    await expectSame(swarm)
  })

  it('goes over one line after the other at a single seeder', async () => {
    const swarm = await start({ bytes: 60 * MIB, seeders: [{}] })
    // a sponsor that authorises less at a time than it is asked for
    const most = BigInt(12 * MIB)
    const sessions: SessionSource = {
      open: ({ requests, ...request }, signal) =>
        swarm.sponsor.open(
          {
            ...request,
            requests: requests.map((one) => ({ ...one, maxBytes: one.maxBytes < most ? one.maxBytes : most })),
          },
          signal,
        ),
    }
    await createDownloader({ node: swarm.node, sessions }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false },
    })
    await expectSame(swarm)
    expect(swarm.sponsor.granted.length).to.be.greaterThan(4)
    expect(await receipted(swarm, 0)).to.equal(BigInt(60 * MIB))
    const granted = swarm.sponsor.granted.reduce((sum, { line }) => sum + line.maxBytes, 0n)
    expect(granted <= BigInt(66 * MIB + 16 * MIB), `${granted} bytes were authorised`).to.equal(true)
  })

  it('names a seeder that flips one bit, signs nothing from that unit on, and fetches the unit elsewhere', async () => {
    let right = 0
    let lied = false
    let rightInAll = 0
    const onRead: StoreFaults['onRead'] = (read) => {
      rightInAll += read.right
      if (!lied) right += read.right
      lied ||= read.right < read.length
    }
    const swarm = await start({
      bytes: 16 * MIB,
      pieceLength: 2 * UNIT, // what is asked for first, so that it is mostly the first piece that is wrong
      seeders: [{ flip: 1, onRead }, { rate: 8 * MIB }],
    })
    const result = await createDownloader({ node: swarm.node, sessions: swarm.sponsor }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false },
    })
    await expectSame(swarm)
    const [liar] = swarm.seeders
    const peer = result.peers.find(({ peer }) => peer === liar?.node.peerId.toString())
    expect(peer?.failure).to.include({ code: 'verification-failed', banned: true })
    expect(peer?.failure?.message).to.match(new RegExp(`${peer?.peer} sent a wrong unit 1 of piece \\d+`))
    // right units of what was on its way behind the lie are kept, and not paid
    expect(peer?.bytes, 'what was right').to.be.within(UNIT, rightInAll)
    expect(await receipted(swarm, 0), 'what was right in front of the first lie').to.satisfy(
      (paid: bigint) => paid <= BigInt(right),
    )
  })

  it('asks a seeder for nothing more once it lied', async () => {
    const swarm = await start({
      bytes: 8 * MIB,
      pieceLength: 2 * UNIT,
      // so slow that nothing else is being checked when the lie is found, and the stream is over at once
      seeders: [{ flip: 1, rate: MIB }, { rate: 4 * MIB }],
    })
    await createDownloader({ node: swarm.node, sessions: swarm.sponsor }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false },
    })
    await expectSame(swarm)
    expect(await receipted(swarm, 0), 'the unit in front of the first lie').to.equal(BigInt(UNIT))
  })

  it('is not held up in the end by a seeder that stalls or by one that is slow', async () => {
    const swarm = await start({ bytes: 24 * MIB, seeders: [{ stallAfter: 2 * MIB }, { rate: 100_000 }, {}] })
    const begun = performance.now()
    await createDownloader({ node: swarm.node, sessions: swarm.sponsor }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false },
    })
    await expectSame(swarm)
    // a third of it would take the slow one eighty seconds
    expect(performance.now() - begun).to.be.below(30_000)
  })

  it('goes on where it was interrupted, without fetching or signing anything twice', async () => {
    const swarm = await start({ bytes: 20 * MIB, seeders: [{ rate: 8 * MIB }, { rate: 8 * MIB }] })
    const stop = new AbortController()
    const path = join(swarm.content.folder, 'download.record')
    const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor })
    const request = { content: swarm.content.metainfo, sources: swarm.sources, discover: false }
    const first = openDownloadRecord(path)
    const error = await failure(
      downloader.download({
        ...{ ...request, store: swarm.store(), record: first, signal: stop.signal },
        onProgress: ({ verifiedBytes }) => verifiedBytes > 6 * MIB && stop.abort(),
      }),
    )
    expect(error.code).to.equal('interrupted')
    const before = (await receipted(swarm, 0)) + (await receipted(swarm, 1))
    expect(before > BigInt(6 * MIB)).to.equal(true)
    first.close()

    const second = openDownloadRecord(path)
    expect(second.download).to.equal(first.download)
    const result = await downloader.download({ ...request, store: swarm.store(), record: second })
    second.close()
    await expectSame(swarm)
    expect(result.bytes).to.be.at.most(20 * MIB - Number(before) + 2 * MIB)
    expect((await receipted(swarm, 0)) + (await receipted(swarm, 1))).to.equal(before + BigInt(result.bytes))
  })

  it('that was cut off goes on with the same sessions, and never signed more than it remembers', async () => {
    const swarm = await start({ bytes: 20 * MIB, seeders: [{ rate: 8 * MIB }, { rate: 8 * MIB }] })
    const stop = new AbortController()
    const path = join(swarm.content.folder, 'download.record')
    const request = { content: swarm.content.metainfo, sources: swarm.sources, discover: false }
    const lost = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
    const record = openDownloadRecord(path)
    const cut = lost.stop.bind(lost)
    let stopped: Promise<void> | null = null
    await failure(
      createDownloader({ node: lost, sessions: swarm.sponsor }).download({
        ...{ ...request, store: swarm.store(), record, signal: stop.signal },
        onProgress({ verifiedBytes }) {
          if (verifiedBytes > 6 * MIB) stopped ??= cut().finally(() => stop.abort())
        },
      }),
    )
    await stopped
    record.close()
    const lines = swarm.sponsor.granted.length

    const again = openDownloadRecord(path)
    let acknowledged = 0n
    for (const { session, receipt, closed } of again.sessions()) {
      const held = await Promise.all(swarm.seeders.map(({ ledger }) => ledger.session(session.session)))
      const highest = held.find((found) => found !== null)?.receipt?.bytesServed ?? 0n
      expect(closed).to.equal(false)
      expect(highest <= (receipt?.bytesServed ?? 0n)).to.equal(true)
      acknowledged += highest // a line that was asked for in time may not have been used yet
    }
    expect(acknowledged > 0n).to.equal(true)
    await createDownloader({ node: swarm.node, sessions: swarm.sponsor }).download({
      ...{ ...request, store: swarm.store('again'), record: again },
    })
    again.close()
    await expectSame(swarm, 'again')
    // On a busy machine a seeder's pace, and with it the length of its next line, is misjudged now and then.
    expect(swarm.sponsor.granted.length).to.be.at.most(lines + 2 * swarm.seeders.length)
    for (const { session, receipt } of again.sessions().slice(0, lines)) {
      const held = await Promise.all(swarm.seeders.map(({ ledger }) => ledger.session(session.session)))
      expect(held.find((found) => found !== null)?.receipt?.bytesServed).to.equal(receipt?.bytesServed)
    }
  })

  it('is of nothing when it is complete already', async () => {
    const swarm = await start({ bytes: 2 * MIB, seeders: [{}] })
    const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor })
    const request = { content: swarm.content.metainfo, sources: swarm.sources, discover: false }
    const first = await downloader.download({ ...request, store: swarm.store() })
    await first.store.close()
    const again = await downloader.download({ ...request, store: swarm.store(), sources: [] })
    expect(again.bytes).to.equal(0)
  })

  it('gives nobody up while it looks at what is on disk, however long that takes', async () => {
    const swarm = await start({ bytes: 2 * MIB, seeders: [{}] })
    const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor }, { patience: 100 })
    const slowly = async (metainfo: Metainfo): Promise<ContentStore> => {
      await new Promise((settle) => setTimeout(settle, 600))
      return swarm.store()(metainfo)
    }
    const request = { content: swarm.content.metainfo, discover: false, store: slowly }
    const first = await downloader.download({ ...request, sources: swarm.sources })
    await first.store.close()
    expect((await downloader.download(request)).bytes).to.equal(0)
  })

  it('takes free content without a session, where the seeder gives it away', async () => {
    const swarm = await start({ bytes: 6 * MIB, seeders: [{ free: true }, { free: false }] })
    const result = await createDownloader({ node: swarm.node, sessions: null }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false },
    })
    await expectSame(swarm)
    expect(result.paid).to.equal(0n)
    expect(result.peers.filter(({ bytes }) => bytes > 0)).to.have.length(1)
  })

  describe('fails with a word for it', () => {
    it('when nobody has the content', async () => {
      const swarm = await start({ bytes: MIB, seeders: [{}] })
      const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor }, { patience: 500 })
      const request = { content: swarm.content.metainfo, store: swarm.store(), discover: false }
      expect((await failure(downloader.download(request))).code).to.equal('no-sources')
      request.store = swarm.store('second')
      const gone = '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWQ9r9jinrrQofavKJGijKdm21EADiDE2rvboDjTacLgA5'
      const error = await failure(downloader.download({ ...request, sources: [gone] }))
      expect(error.code).to.equal('no-sources')
      expect(error.message).to.contain('12D3KooWQ9r9jinrrQofavKJGijKdm21EADiDE2rvboDjTacLgA5')
    })

    it('when the seeders do not know the content', async () => {
      const swarm = await start({ bytes: MIB, seeders: [{}, {}] })
      const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor }, { patience: 500 })
      const content = 'cd'.repeat(32)
      const request = { content, store: swarm.store(), sources: swarm.sources, discover: false }
      expect((await failure(downloader.download(request))).code).to.equal('unknown-content')
    })

    it('when every seeder asks for more than the maximum', async () => {
      const swarm = await start({ bytes: MIB, seeders: [{ pricePerGiB: '2000' }, { pricePerGiB: '3000' }] })
      const init = { maxPrice: 1999n, patience: 500 }
      const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor }, init)
      const request = { content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false }
      const error = await failure(downloader.download(request))
      expect(error.code).to.equal('price-too-high')
      expect(error.message).to.contain('2000').and.to.contain('3000')
    })

    it('when the sponsor gives no line, with its reason', async () => {
      const swarm = await start({ bytes: MIB, seeders: [{}] })
      swarm.sponsor.refuse.set(swarm.seeders[0]?.payout ?? '', 'the pass is used up')
      const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor }, { patience: 500 })
      const request = { content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false }
      const error = await failure(downloader.download(request))
      expect(error.code).to.equal('refused')
      expect(error.message).to.contain('the pass is used up')
    })

    it('when the session source itself fails', async () => {
      const swarm = await start({ bytes: MIB, seeders: [{}] })
      const sessions = {
        open: () => Promise.reject(new BitCdnError('no-pass', 'No pass for this content.')),
      }
      const downloader = createDownloader({ node: swarm.node, sessions })
      const request = { content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false }
      expect((await failure(downloader.download(request))).code).to.equal('no-pass')
    })

    it('when the gateway that authorises lines does not answer', async () => {
      const swarm = await start({ bytes: MIB, seeders: [{}, {}] })
      const sessions = {
        open: () => Promise.reject(new BitCdnError('gateway-unreachable', 'The gateway is away.')),
      }
      const downloader = createDownloader({ node: swarm.node, sessions }, { patience: 500 })
      const request = { content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false }
      const error = await failure(downloader.download(request))
      expect([error.code, error.message]).to.deep.equal(['gateway-unreachable', 'The gateway is away.'])
    })

    it('when the seeders want another chain', async () => {
      const swarm = await start({ bytes: MIB, seeders: [{}] })
      const chain = { chainId: 1, settlement: `0x${'aa'.repeat(20)}` as const }
      const downloader = createDownloader({ node: swarm.node, sessions: swarm.sponsor, chain }, { patience: 500 })
      const request = { content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false }
      expect((await failure(downloader.download(request))).message).to.contain('31337')
      expect(swarm.sponsor.granted).to.have.length(0)
    })
  })
})
