import { join } from 'node:path'
import { expect } from 'chai'
import { createDownloader, openDownloadRecord } from '../../../src/downloader/index.ts'
import { hasCode } from '../../../src/errors.ts'
import { DOMAIN } from '../../swarm/desk.ts'
import { createSponsor } from '../../swarm/sponsor.ts'
import { type Swarm, startSwarm } from '../../swarm/swarm.ts'

const MIB = 2 ** 20
/** A token unit for each KiB. */
const PRICE = String(2 ** 20)

describe('what a download may cost at most', () => {
  let swarm: Swarm

  afterEach(() => swarm.stop())

  function download(maxSpend: bigint, more: { bid?: bigint; maxPrice?: bigint } = {}) {
    const record = openDownloadRecord(join(swarm.content.folder, 'download.record'))
    return createDownloader({ node: swarm.node, sessions: swarm.sponsor }, { maxSpend, patience: 15_000, ...more })
      .download({
        ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false, record },
      })
      .finally(() => record.close())
  }

  async function owed(): Promise<bigint> {
    let sum = 0n
    for (const { ledger } of swarm.seeders) sum += (await ledger.earnings()).receipted
    return sum
  }

  it('is never signed away by more, and a second run with more goes on', async () => {
    const rate = 16 * MIB
    swarm = await startSwarm({
      bytes: 10 * MIB,
      seeders: [
        { pricePerGiB: PRICE, rate },
        { pricePerGiB: PRICE, rate },
      ],
    })
    const most = BigInt(4 * 1024)
    const error = await download(most).catch((reason: unknown) => reason)
    expect(hasCode(error, 'no-funds'), String(error)).to.equal(true)
    const first = await owed()
    expect(first <= most, `${first} of ${most}`).to.equal(true)
    expect(first > most / 2n, `${first} of ${most}`).to.equal(true)
    await download(BigInt(20 * 1024))
    expect((await owed()) <= BigInt(12 * 1024)).to.equal(true)
  })

  it('does not matter where it is enough', async () => {
    swarm = await startSwarm({ bytes: 4 * MIB, seeders: [{ pricePerGiB: PRICE }] })
    const { paid } = await download(BigInt(100 * 1024))
    expect(paid).to.equal(BigInt(4 * 1024))
  })

  it('counts what is bid, not what is asked', async () => {
    swarm = await startSwarm({ bytes: 4 * MIB, seeders: [{ pricePerGiB: PRICE }] })
    const error = await download(BigInt(8 * 1024), { bid: 4n * BigInt(PRICE) }).catch((reason: unknown) => reason)
    expect(hasCode(error, 'no-funds'), String(error)).to.equal(true)
    expect(swarm.sponsor.granted.map(({ lane }) => lane.pricePerGiB)).to.include(4n * BigInt(PRICE))
    expect((await owed()) <= BigInt(8 * 1024)).to.equal(true)
    const { paid } = await download(BigInt(100 * 1024), { bid: 2n * BigInt(PRICE) })
    expect((await owed()) > BigInt(8 * 1024), String(paid)).to.equal(true)
  })

  it('pays no more than was bid, whatever the sponsor grants', async () => {
    swarm = await startSwarm({ bytes: 4 * MIB, seeders: [{ pricePerGiB: PRICE }] })
    const dear = createSponsor(DOMAIN, 3n * BigInt(PRICE))
    const error = await createDownloader(
      { node: swarm.node, sessions: dear },
      { bid: 2n * BigInt(PRICE), patience: 500 },
    )
      .download({ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false })
      .catch((reason: unknown) => reason)
    expect(hasCode(error, 'price-too-high'), String(error)).to.equal(true)
    expect(await owed()).to.equal(0n)
  })
})
