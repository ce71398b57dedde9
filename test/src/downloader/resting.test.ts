import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createDownloader } from '../../../src/downloader/index.ts'
import { hasCode } from '../../../src/errors.ts'
import { createGate, createLocalClock, openCaps } from '../../../src/seeder/index.ts'
import { RefusedError, type ServingGate } from '../../../src/transfer/index.ts'
import { type Swarm, startSwarm } from '../../swarm/swarm.ts'

const MIB = 2 ** 20

describe('a seeder that serves nobody at the moment', () => {
  let swarm: Swarm

  afterEach(() => swarm.stop())

  const download = (patience = 15_000) =>
    createDownloader({ node: swarm.node, sessions: swarm.sponsor }, { patience }).download({
      ...{ content: swarm.content.metainfo, store: swarm.store(), sources: swarm.sources, discover: false },
    })

  it('is left for others before it is given a line', async () => {
    const gate = createGate({ paused: () => true })
    swarm = await startSwarm({ bytes: 4 * MIB, seeders: [{ gate }, {}] })
    const { peers } = await download()
    expect(new Set(swarm.sponsor.granted.map(({ lane }) => lane.seeder))).to.deep.equal(
      new Set([swarm.seeders[1]?.payout]),
    )
    expect(peers.map(({ bytes }) => bytes).sort((a, b) => a - b)).to.deep.equal([0, 4 * MIB])
  })

  it('is heard by who has nobody else, and asked again', async () => {
    let paused = true
    swarm = await startSwarm({ bytes: MIB, seeders: [{ gate: createGate({ paused: () => paused }) }] })
    const error = await download(500).catch((reason: unknown) => reason)
    expect(hasCode(error, 'refused'), String(error)).to.equal(true)
    expect((error as RefusedError).message).to.include('Its operator paused it.')
    expect((error as RefusedError).retry).to.equal(true)
    const waiting = download()
    await new Promise((resolve) => setTimeout(resolve, 500))
    paused = false
    expect((await waiting).bytes).to.equal(MIB)
  })

  it('ends open sessions too when it is paused', async () => {
    let paused = false
    const gate = createGate({ paused: () => paused })
    swarm = await startSwarm({ bytes: 24 * MIB, seeders: [{ gate, rate: 4 * MIB }, { rate: 4 * MIB }] })
    const [resting] = swarm.seeders
    const done = download()
    while ((resting?.uplink.bytes ?? 0) < MIB) await new Promise((resolve) => setTimeout(resolve, 20))
    paused = true
    await done
    expect(resting?.uplink.bytes).to.be.below(8 * MIB)
    expect(resting?.credit.unsigned).to.equal(0)
  })

  it('ends what it serves in order, and the rest comes from others', async () => {
    let sent = 0
    const gate: ServingGate = {
      refusal: () => null,
      take(bytes) {
        if (sent + bytes > 5 * MIB) throw new RefusedError('resting', 'What it sends in a day is sent.')
        sent += bytes
      },
    }
    swarm = await startSwarm({ bytes: 24 * MIB, seeders: [{ gate }, { rate: 8 * MIB }] })
    const { peers } = await download()
    const [capped, other] = swarm.seeders
    const held = (await capped!.ledger.earnings()).receipted + (await other!.ledger.earnings()).receipted
    expect(held > 0n).to.equal(true)
    expect(sent).to.be.at.most(5 * MIB)
    expect(capped!.credit.unsigned).to.equal(0)
    const brought = peers.map(({ bytes }) => bytes).sort((a, b) => a - b)
    expect(brought[0]).to.be.within(MIB, 5 * MIB)
    expect(peers.flatMap(({ failure }) => (failure?.banned === true ? [failure] : []))).to.deep.equal([])
  })

  it('sends no byte above its cap, to all of its downloaders together', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bitcdn-caps-'))
    const caps = openCaps({
      path: join(folder, 'sent.json'),
      perDay: 4 * MIB,
      perMonth: null,
      clock: createLocalClock('UTC'),
    })
    swarm = await startSwarm({ bytes: 6 * MIB, seeders: [{ gate: createGate({ caps }), rate: 16 * MIB }] })
    const error = await download(1_000).catch((reason: unknown) => reason)
    expect(hasCode(error, 'no-sources'), String(error)).to.equal(true)
    expect((error as Error).message).to.include('What it sends in a day is sent.')
    expect(swarm.seeders[0]?.uplink.bytes).to.be.within(3 * MIB, 4 * MIB)
    rmSync(folder, { recursive: true })
  })
})
