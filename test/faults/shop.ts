import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PublishedContent } from '../../src/chain/index.ts'
import { authorizeSigner, mintTestUsd, reserveMany } from '../../src/chain/index.ts'
import { type Bed, createBed, type Persona, type Started } from '../../src/devnet/bed.ts'
import { createBootstrap } from '../../src/devnet/bootstrap.ts'
import { createGatewayClient, type Packaged, packageContent, publish, purchasePass } from '../../src/sdk/index.ts'

export const PRICE_PER_GIB = 50_000n
export const PASS_PRICE = 5_000_000n

export interface ShopInit {
  /** Bytes of the one file that is sold. */
  readonly bytes: number
  readonly seeders: number
  readonly pieceLength?: number
  readonly chainId?: number
  /** Seconds that a pass is valid; default for ever. */
  readonly duration?: number
  /** Token units set aside for each seeder; default 100,000. 0 reserves nothing. */
  readonly reserve?: bigint
  /** More flags of the gateway. */
  readonly gatewayFlags?: readonly string[]
  /** The environment of the program of this name. */
  readonly env?: (name: string) => Readonly<Record<string, string>>
}

/** A published file with a gateway and seeders, each a process of its own, and a buyer who may buy and download. */
export interface Shop {
  readonly bed: Bed
  readonly packaged: Packaged
  readonly content: PublishedContent
  readonly file: string
  readonly torrent: string
  readonly creator: Persona
  readonly gatewayKey: Persona
  readonly gateway: Started
  readonly gatewayUrl: string
  readonly seeders: readonly { readonly persona: Persona; readonly data: string; started: Started }[]
  /** Flags for a program that dials. */
  readonly peers: readonly string[]
  startSeeder(persona: Persona, data: string, more?: readonly string[]): Promise<Started>
  /** A persona with test dollars and a pass. */
  buyer(name: string): Promise<Persona>
  /** The arguments of `get` into a folder. */
  get(who: Persona, folder: string): string[]
  close(): Promise<void>
}

/** Bytes that no two pieces share and that are the same at every run. */
export function content(bytes: number): Buffer {
  const data = Buffer.alloc(bytes)
  for (let at = 0; at + 8 <= bytes; at += 8) data.writeDoubleLE(Math.sin(at), at)
  return data
}

export async function openShop(init: ShopInit): Promise<Shop> {
  const bed = await createBed({ env: init.env, chainId: init.chainId })
  const bootstrap = await createBootstrap()
  const creator = await bed.persona('creator')
  const gatewayKey = await bed.persona('gateway')
  const file = join(bed.folder, 'film.bin')
  writeFileSync(file, content(init.bytes))
  const packaged = await packageContent(file, init.pieceLength === undefined ? {} : { pieceLength: init.pieceLength })
  const torrent = join(bed.folder, 'film.torrent')
  writeFileSync(torrent, packaged.torrent)
  const published = await publish(creator.chain, packaged, {
    pricePerGiB: PRICE_PER_GIB,
    deliveryBps: 2_000,
    tiers: [
      { price: PASS_PRICE, supplyCap: 0, duration: init.duration ?? 0, uses: 0, royaltyBps: 0, transferable: true },
    ],
  })
  await authorizeSigner(creator.chain, { key: gatewayKey.address, added: PASS_PRICE })
  const gateway = await bed.start(gatewayKey, 'gateway', [
    ...['gateway', torrent, '--sponsor', creator.address, '--port', '0', '--allow-private'],
    ...(init.gatewayFlags ?? []),
    ...bed.chainFlags(),
  ])
  const gatewayUrl = String(gateway.ready.url)
  const peers = ['--bootstrap', bootstrap.address, '--allow-private']

  async function startSeeder(persona: Persona, data: string, more: readonly string[] = []): Promise<Started> {
    return bed.start(persona, persona.name, [
      ...['seed', torrent, '--data', data, '--gateway', gatewayUrl, '--listen', '/ip4/127.0.0.1/tcp/0'],
      ...[...peers, ...bed.chainFlags(), ...more],
    ])
  }

  async function buyer(name: string): Promise<Persona> {
    const persona = await bed.persona(name, { gas: false })
    await mintTestUsd(creator.chain, { to: persona.address, amount: PASS_PRICE })
    const relay = createGatewayClient({ url: gatewayUrl })
    await purchasePass(persona.chain, { pass: published.pass, tier: 0, relay })
    return persona
  }

  const seeders: { persona: Persona; data: string; started: Started }[] = []
  for (let at = 1; at <= init.seeders; at++) {
    const persona = await bed.persona(`seeder${at}`)
    const data = join(persona.home, 'content', 'film.bin')
    mkdirSync(join(persona.home, 'content'))
    cpSync(file, data)
    seeders.push({ persona, data, started: await startSeeder(persona, data) })
  }
  const amount = init.reserve ?? 100_000n
  if (amount > 0n) {
    await buyer('patron') // the first sale fills the pool that reserves are made from
    const reservations = seeders.map(({ persona }) => ({
      seeder: persona.address,
      lane: 0n,
      pricePerGiB: PRICE_PER_GIB,
      amount,
    }))
    await reserveMany(creator.chain, { reservations })
  }
  return {
    ...{ bed, packaged, content: published, file, torrent, creator, gatewayKey, gateway, gatewayUrl, seeders, peers },
    startSeeder,
    buyer,
    get: (who, folder) => [
      ...['get', packaged.metainfo.contentId, '-o', folder, '--home', who.home, '--gateway', gatewayUrl],
      ...[...peers, ...bed.chainFlags()],
    ],
    async close() {
      await bed.close()
      await bootstrap.stop()
    },
  }
}
