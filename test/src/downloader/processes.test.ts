import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { pieceAt } from '../../../src/content/index.ts'
import { createNode, createPeerKey, type PeerNode } from '../../../src/discovery/index.ts'
import { createDownloader } from '../../../src/downloader/index.ts'
import { openDownload } from '../../../src/storage/pieces/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { openTransfer } from '../../../src/transfer/index.ts'
import { makeContent, type TestContent } from '../../swarm/content.ts'
import { DOMAIN } from '../../swarm/desk.ts'
import { type SeederProcess, spawnSeeder } from '../../swarm/processes.ts'
import { createSponsor } from '../../swarm/sponsor.ts'
import { seederKey } from '../../swarm/swarm.ts'

const MIB = 2 ** 20

describe('a download from seeders in processes of their own', () => {
  let content: TestContent
  let node: PeerNode
  const processes: SeederProcess[] = []

  before(async () => {
    content = await makeContent(48 * MIB)
    const first = await spawn(0, { provide: false })
    await Promise.all([1, 2].map((index) => spawn(index, { provide: true, bootstrap: [first.address] })))
    node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true, bootstrap: [first.address] })
  })

  after(async () => {
    await node.stop()
    await Promise.all(processes.map((process) => process.kill('SIGTERM')))
    await content.remove()
  })

  async function spawn(index: number, special: { provide: boolean; bootstrap?: string[] }): Promise<SeederProcess> {
    const { torrent, path } = content
    const folder = join(content.folder, `seeder-${index}`)
    const seeder = await spawnSeeder({ torrent, path, folder, key: seederKey(index), rate: 10 * MIB, ...special })
    processes.push(seeder)
    return seeder
  }

  it('finds them through the DHT, survives the SIGKILL of one, and every receipt that it held is in its ledger', async () => {
    const sponsor = createSponsor(DOMAIN)
    const [victim] = processes
    let killed: Promise<void> | null = null
    const result = await createDownloader({ node, sessions: sponsor }).download({
      content: content.metainfo.contentId,
      store: (metainfo) =>
        openDownload(metainfo, join(content.folder, 'out'), { journal: join(content.folder, 'journal') }),
      sources: [victim?.address ?? ''],
      onProgress({ verifiedBytes, peers }) {
        if (verifiedBytes > 12 * MIB && peers.length === 3) killed ??= victim?.kill('SIGKILL') ?? null
      },
    })
    await result.store.close()
    await killed
    expect(killed, 'the seeder was killed on the way').to.not.equal(null)
    expect(result.peers).to.have.length(3)
    const [wanted, got] = await Promise.all([
      readFile(content.path),
      readFile(join(content.folder, 'out', content.metainfo.name)),
    ])
    expect(Buffer.compare(wanted, got)).to.equal(0)

    const ledger = await openLedger({ path: join(content.folder, 'seeder-0', 'ledger.sqlite') })
    const lines = sponsor.granted.filter(({ lane }) => lane.seeder === victim?.payout)
    const sessions = await Promise.all(lines.map(({ session }) => ledger.session(session)))
    const signed = sessions.reduce((sum, session) => sum + (session?.receipt?.bytesServed ?? 0n), 0n)
    await ledger.close()
    const bytes = result.peers.find(({ peer }) => victim?.address.endsWith(peer))?.bytes ?? 0
    expect(signed > 0n && signed <= BigInt(bytes), `${signed} signed of ${bytes}`).to.equal(true)
    expect(BigInt(bytes) - signed <= BigInt(16 * MIB)).to.equal(true)
  })

  it('comes whole when everything is wanted at once and nothing is read for a while', async () => {
    const { torrent, path, metainfo } = content
    const folder = join(content.folder, 'seeder-free')
    const free = await spawnSeeder({ torrent, path, folder, key: seederKey(3), free: true })
    processes.push(free)
    const signal = AbortSignal.timeout(50_000)
    const bytes = Buffer.alloc(metainfo.length)
    const whole = Promise.withResolvers<void>()
    let missing = metainfo.length
    const connection = await node.connect(free.address, { signal })
    const transfer = await openTransfer(
      connection,
      node.peerId,
      {
        data(_want, _offset, length) {
          missing -= length
          if (missing === 0) whole.resolve()
        },
        ended: whole.reject,
      },
      signal,
    )
    await transfer.hello({ contentId: metainfo.contentId, session: null, key: null, receipt: null }, signal)
    for (let index = 0; index < metainfo.pieceCount; index++) {
      const piece = pieceAt(metainfo, index)
      const target = bytes.subarray(piece.offset, piece.offset + piece.length)
      transfer.want({ piece, offset: 0, length: piece.length, target, hashes: false })
    }
    await transfer.info(metainfo.contentId, signal)
    // Sockets fill up meanwhile, and the seeder has to hold on to what it wrote.
    for (const until = performance.now() + 1_500; performance.now() < until; );
    await whole.promise
    expect(Buffer.compare(bytes, await readFile(path))).to.equal(0)
    transfer.abort(new Error('The test is over.'))
  })
})
