import { join } from 'node:path'
import { expect } from 'chai'
import { createDownloader, openDownloadRecord } from '../../../src/downloader/index.ts'
import { createSessionKey, type SignedTerms, signReceipt } from '../../../src/receipts/index.ts'
import { openTransfer } from '../../../src/transfer/index.ts'
import { DOMAIN } from '../../swarm/desk.ts'
import { type Swarm, startSwarm } from '../../swarm/swarm.ts'

const MIB = 2 ** 20

describe('a receipt that a killed process signed last', () => {
  let swarm: Swarm

  afterEach(() => swarm.stop())

  /** A download that is there, and a line of it that is used up, whose last receipt never left. */
  async function killed(): Promise<{ path: string; session: `0x${string}`; bytes: bigint }> {
    swarm = await startSwarm({ bytes: 4 * MIB, seeders: [{}] })
    const path = join(swarm.content.folder, 'download.record')
    const record = openDownloadRecord(path)
    const terms = await termsOf(swarm)
    const key = createSessionKey()
    const request = { terms, sessionKey: key.address, maxBytes: BigInt(MIB) }
    const about = { contentId: swarm.content.metainfo.contentId, download: record.download, remaining: BigInt(MIB) }
    const grant = await swarm.sponsor.open({ ...about, requests: [request] }, AbortSignal.timeout(5_000))
    const session = grant.sessions[0]!
    const { chainId, settlement } = terms
    record.add({
      ...{ session, privateKey: key.privateKey, chainId, settlement },
      ...{ receipt: null, closed: false, held: false },
    })
    record.sign(session.session, signReceipt(DOMAIN, key, { session: session.session, bytesServed: BigInt(MIB) }))
    record.close()
    return { path, session: session.session, bytes: BigInt(MIB) }
  }

  async function termsOf({ node, sources }: Swarm): Promise<SignedTerms> {
    const signal = AbortSignal.timeout(5_000)
    const transfer = await openTransfer(await node.connect(sources[0]!, { signal }), node.peerId, {}, signal)
    const terms = (await transfer.terms(signal))!
    transfer.abort(new Error('The test has what it wants.'))
    return terms
  }

  async function goOn(path: string): Promise<void> {
    const record = openDownloadRecord(path)
    const result = await createDownloader({ node: swarm.node, sessions: swarm.sponsor }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false, record },
    })
    await result.store.close()
    record.close()
  }

  it('is brought to the seeder by the next one, once', async () => {
    const { path, session, bytes } = await killed()
    const { ledger } = swarm.seeders[0]!
    expect(await ledger.session(session)).to.equal(null)
    await goOn(path)
    expect((await ledger.session(session))?.receipt?.bytesServed).to.equal(bytes)
    const kept = openDownloadRecord(path)
    kept.close()
    expect(kept.sessions().every(({ held }) => held)).to.equal(true)
  })

  it('is brought even when nothing is left to fetch', async () => {
    const { path, session, bytes } = await killed()
    const { ledger } = swarm.seeders[0]!
    await goOn(join(swarm.content.folder, 'other.record'))
    expect((await ledger.session(session))?.receipt ?? null).to.equal(null)
    await goOn(path)
    expect((await ledger.session(session))?.receipt?.bytesServed).to.equal(bytes)
  })

  it('is not brought to a seeder that takes it no more, and does not count as held', async () => {
    const { path, session } = await killed()
    const record = openDownloadRecord(path)
    record.markRefused(session)
    record.close()
    await goOn(path)
    expect((await swarm.seeders[0]!.ledger.session(session))?.receipt ?? null).to.equal(null)
    const kept = openDownloadRecord(path)
    kept.close()
    expect(kept.sessions().find((one) => one.session.session === session)?.held).to.equal(false)
  })
})
