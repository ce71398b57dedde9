// A gateway on a real chain, with a buyer who holds a pass and seeders that say their terms.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blockTime, buyPass, type Chain, type LocalAccount, type PublishedContent } from '../../../src/chain/index.ts'
import { createGateway, type Gateway, type GatewayContent, type GatewayLimits } from '../../../src/gateway/index.ts'
import { createGatewayClient, type GatewayClient } from '../../../src/gateway-client/index.ts'
import { type SignedTerms, type SponsorLog, signerFromAccount, signTerms } from '../../../src/receipts/index.ts'
import { openSponsorLog } from '../../../src/storage/sqlite/index.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import { startTestChain, type TestChain, USD } from '../../chain.ts'

export const MIB = 1n << 20n
export const PRICE = 2n * USD
export const CONTENT_LENGTH = 100 * 2 ** 20

export interface GatewayBed {
  readonly chain: TestChain
  readonly sponsor: LocalAccount
  readonly published: PublishedContent
  readonly content: GatewayContent
  readonly folder: string
  readonly log: SponsorLog
  readonly gateway: Gateway
  /** Every line that the gateway logged. */
  readonly logged: string[]
  /** Another gateway on the same log. */
  open(init?: {
    presentWait?: number
    limits?: Partial<GatewayLimits>
    log?: SponsorLog
    chain?: Chain
    port?: number
    /** Signs for the sponsor; default: the sponsor itself. */
    signer?: LocalAccount
    publicUrl?: string
    trustProxy?: boolean
    allowPrivate?: boolean
  }): Promise<Gateway>
  client(account?: LocalAccount, gateway?: Gateway): GatewayClient
  /** An account with a pass, and its client. */
  buyer(): Promise<{ account: LocalAccount; client: GatewayClient }>
  terms(seeder: LocalAccount, changes?: Partial<SignedTerms>, signer?: LocalAccount): Promise<SignedTerms>
  close(): Promise<void>
}

export async function startGatewayBed(
  sold: { contentId?: string; length?: number; metainfo?: Uint8Array; chain?: TestChain } = {},
): Promise<GatewayBed> {
  const chain = sold.chain ?? (await startTestChain())
  const folder = await mkdtemp(join(tmpdir(), 'bitcdn-gateway-'))
  const sponsor = await chain.account()
  const published = await chain.publish(sponsor, {
    pricePerGiB: PRICE,
    ...(sold.contentId === undefined ? {} : { contentId: sold.contentId }),
  })
  const { contentId, pass, token } = published
  const content = {
    contentId,
    pass,
    token,
    name: 'film.mkv',
    length: sold.length ?? CONTENT_LENGTH,
    pricePerGiB: PRICE,
    metainfo: sold.metainfo ?? Buffer.from('d4:infodee'),
  }
  const log = await openSponsorLog({ path: join(folder, 'sponsor.sqlite') })
  const own = await chain.as(sponsor)
  const gateways: Gateway[] = []
  const logged: string[] = []
  const logger = createLogger({
    name: 'gateway',
    level: 'debug',
    destination: { write: (line) => void logged.push(line) },
  })

  const open: GatewayBed['open'] = async (init = {}) => {
    const made = createGateway(
      { chain: init.chain ?? own, log: init.log ?? log, signer: init.signer ?? sponsor, contents: [content], logger },
      {
        ...{ port: init.port ?? 0, publicUrl: init.publicUrl, sponsor: sponsor.address },
        ...{
          limits: init.limits,
          presentWait: init.presentWait ?? 0,
          trustProxy: init.trustProxy,
          allowPrivate: init.allowPrivate ?? true,
        },
      },
    )
    await made.start()
    gateways.push(made)
    return made
  }
  const gateway = await open()
  const client: GatewayBed['client'] = (account, at = gateway) => createGatewayClient({ url: at.url, account })

  return {
    ...{ chain, sponsor, published, content, folder, log, gateway, logged, open, client },
    async buyer() {
      const account = await chain.account({ usd: 5n * USD })
      await buyPass(await chain.as(account), { pass, tier: 0 })
      return { account, client: client(account) }
    },
    terms: async (seeder, changes = {}, signer = seeder) =>
      signTerms(own.domain, signerFromAccount(signer), {
        seeder: seeder.address,
        peerId: `0x0024080112${'20'.padEnd(66, 'b')}`,
        chainId: BigInt(own.id),
        settlement: own.addresses.settlement,
        lanes: [0n],
        pricePerGiB: PRICE,
        sequence: 1n,
        expiry: (await blockTime(own)) + 3600n,
        ...changes,
      }),
    async close() {
      for (const one of gateways) await one.stop()
      await log.close()
      await chain.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
