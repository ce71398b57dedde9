import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { createNode, createPeerKey, type PeerNode } from '../../../src/discovery/index.ts'
import { createGateways, createSessionSource } from '../../../src/gateway-client/index.ts'
import { type GetRequest, type Got, getContent } from '../../../src/sdk/index.ts'
import { createSeeder, seedFreely } from '../../../src/seeder/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import { type Swarm, startSwarm } from '../../swarm/swarm.ts'
import { PRICE } from '../gateway/fixture.ts'
import { type DeliveryBed, startDeliveryBed } from '../seeder/delivery.ts'

const MIB = 2 ** 20
const logger = createLogger({ name: 'seeder', level: 'silent' })

async function listening(): Promise<PeerNode> {
  return createNode({ privateKey: await createPeerKey(), allowPrivate: true, listen: ['/ip4/127.0.0.1/tcp/0'] })
}

describe('a download that serves what it has verified', () => {
  const closers: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  it('trades with another one, so that a slow seeder sends less than two contents', async () => {
    const bytes = 24 * MIB
    let sent = 0
    const onRead = ({ length }: { length: number }): void => {
      sent += length
    }
    const swarm: Swarm = await startSwarm({ bytes, seeders: [{ free: true, rate: 6 * MIB, onRead }] })
    closers.push(() => swarm.stop())
    const nodes = [await listening(), await listening()]
    closers.push(...nodes.map((node) => () => node.stop()))
    const over = new AbortController()
    const get = (at: number): Promise<Got> =>
      getContent({
        ...{ content: swarm.content.metainfo, sessions: null, signal: over.signal, node: nodes[at] as PeerNode },
        folder: join(swarm.content.folder, `got-${at}`),
        state: join(swarm.content.folder, `state-${at}`),
        sources: [swarm.sources[0] as string, (nodes[1 - at] as PeerNode).addresses()[0] as string],
        serve: async (store) => {
          const seeder = await seedFreely({ node: nodes[at] as PeerNode, logger }, [store])
          return {
            async stop() {
              await seeder.stop()
              return { earned: 0n }
            },
          }
        },
        seedFor: 60_000,
        onComplete: () => ++complete === 2 && over.abort(),
      })
    let complete = 0
    const got = await Promise.all([get(0), get(1)])
    const wanted = await readFile(swarm.content.path)
    for (const { path } of got) expect((await readFile(path)).equals(wanted)).to.equal(true)
    expect(Math.min(...got.map((one) => one.sent)), 'the one that sent less').to.be.greaterThan(MIB)
    expect(sent, 'of the seeder').to.be.below(2 * bytes - 4 * MIB)
  })

  it('is paid for it, by a downloader that has nobody else', async () => {
    const bed: DeliveryBed = await startDeliveryBed(6 * MIB + 99)
    closers.push(() => bed.close())
    const first = await bed.seed()
    const { account, client } = await bed.bed.buyer()
    const chain = await bed.bed.chain.as(account)
    const [middle, last] = [await bed.peer(true), await bed.peer(false)]
    const over = new AbortController()
    const common = (name: string): Pick<GetRequest, 'content' | 'folder' | 'state'> => ({
      content: bed.metainfo,
      folder: join(bed.folder, name),
      state: join(bed.folder, `${name}-state`),
    })
    let complete = (): void => undefined
    const fetched = new Promise<void>((settle) => {
      complete = settle
    })
    const middleman = getContent({
      ...{ ...common('middle'), node: middle, sessions: createSessionSource(client), signal: over.signal },
      sources: first.node.addresses(),
      seedFor: 60_000,
      onComplete: complete,
      async serve(store) {
        const ledger = await openLedger({ path: join(bed.folder, 'middle.sqlite') })
        const gateways = createGateways([client])
        const seeder = createSeeder(
          { node: middle, chain, ledger, stores: [store], account, gateways, settler: null, logger },
          { pricePerGiB: PRICE, settles: false },
        )
        await seeder.start()
        return {
          async stop() {
            await seeder.stop()
            const { receipted } = await ledger.earnings()
            await ledger.close()
            return { earned: receipted }
          },
        }
      },
    })
    await Promise.race([fetched, middleman])
    await first.stop()
    const buyer = await bed.bed.buyer()
    const { paid, path } = await getContent({
      ...{ ...common('last'), node: last, sessions: createSessionSource(buyer.client) },
      ...{ sources: middle.addresses(), signal: AbortSignal.timeout(30_000) },
    })
    over.abort()
    const { earned, sent } = await middleman
    expect((await readFile(path)).equals(bed.bytes)).to.equal(true)
    expect(paid > 0n, 'paid something').to.equal(true)
    expect(earned).to.equal(paid)
    expect(sent).to.be.at.least(bed.bytes.length)
  })
})
