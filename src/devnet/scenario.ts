// The story that the devnet plays, step by step: publish, open delivery, buy, reserve, download, settle, share, audit.
import { constants } from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Address, Hex } from 'viem'
import {
  approveOperator,
  authorizeSigner,
  claimable,
  claimShares,
  mintTestUsd,
  readCredit,
  reserveMany,
  settleMany,
  withdraw,
} from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import { createGatewayClient } from '../gateway-client/index.ts'
import { type Bought, hashFiles, type PublishedContent, packageContent, publish, purchasePass } from '../sdk/index.ts'
import { writeTorrentFile } from '../storage/pieces/index.ts'
import { agrees, auditedBy } from './audit.ts'
import type { Bed, Persona } from './bed.ts'
import type { Json } from './program.ts'
import { GIB, PRICE_PER_GIB, SHARES, salePrice } from './sale.ts'
import type { DevnetOptions, DevnetResult } from './types.ts'

interface Cast {
  readonly creator: Persona
  /** Signs in the creator's name, within an allowance, and pays the gas of purchases. */
  readonly gateway: Persona
  readonly operator: Persona
  readonly partners: readonly Persona[]
  readonly seeders: readonly Persona[]
  /** Holds test dollars and no gas. */
  readonly buyer: Persona
}

interface Stage {
  readonly bed: Bed
  readonly cast: Cast
  readonly options: DevnetOptions
  readonly signal: AbortSignal
  /** Flags for a program that dials. */
  readonly peers: readonly string[]
  readonly transactions: DevnetResult['transactions']
  /** Writes a transaction down and passes it on. */
  note<T extends { hash: Hex; gasUsed: bigint }>(what: string, sent: T): T
  say(title: string, detail: string): void
}

interface Publication extends PublishedContent {
  readonly metainfo: Awaited<ReturnType<typeof packageContent>>['metainfo']
  readonly magnet: string
  readonly torrent: string
  readonly price: bigint
}

export async function play(bed: Bed, bootstrap: string, options: DevnetOptions) {
  const stage = await setStage(bed, bootstrap, options)
  const { cast } = stage
  const content = await publishContent(stage)
  const gateway = await openGateway(stage, content)
  const lanes = await openSeeders(stage, content, gateway)
  const bought = await buyPass(stage, content, gateway)
  await reserveForSeeders(stage, content, bought, lanes)
  const got = await downloadContent(stage, content, gateway)
  const { earned, vouchers } = await paySeeders(stage, gateway, got)
  const holders = await payHolders(stage, content)
  stage.say(
    'Payment',
    `${earned.length === 1 ? 'the seeder' : `${earned.length} seeders`} settled in one transaction, ${holders.length} share holders claimed`,
  )

  const audit = await auditedBy(bed.chain, content.pass)
  const result: DevnetResult = {
    contentId: content.contentId,
    magnet: content.magnet,
    bytes: content.metainfo.length,
    sha256: String(got.sha256),
    download: { seconds: Number(got.seconds), mbPerSecond: Number(got.mbPerSecond) },
    seeders: earned,
    holders,
    receipts: Number(got.receipts),
    vouchers,
    transactions: stage.transactions,
    budgetLeft: BigInt(audit.budgetLeft as string),
    carried: BigInt(audit.carried as string),
    paid: bought.paid,
    conserved: audit.conserved === true && agrees(audit, bought.paid, earned, holders),
  }
  const personas = [cast.creator, cast.gateway, cast.operator, ...cast.partners, ...cast.seeders, cast.buyer]
  return { result, gateway, personas, pass: content.pass }
}

async function setStage(bed: Bed, bootstrap: string, options: DevnetOptions): Promise<Stage> {
  const transactions: DevnetResult['transactions'][number][] = []
  const names = Array.from({ length: options.seeders }, (_, at) => `seeder${at + 1}`)
  const stage: Stage = {
    ...{ bed, options, signal: options.signal, peers: ['--bootstrap', bootstrap, '--allow-private'], transactions },
    cast: {
      creator: await bed.persona('creator'),
      gateway: await bed.persona('gateway'),
      operator: await bed.persona('operator'),
      partners: await Promise.all(SHARES.map(({ name }) => bed.persona(name))),
      seeders: await Promise.all(names.map((name) => bed.persona(name))),
      buyer: await bed.persona('buyer', { gas: false }),
    },
    note(what, sent) {
      transactions.push({ what, hash: sent.hash, gasUsed: Number(sent.gasUsed) })
      return sent
    },
    say: (title, detail) => options.onStep({ kind: 'step', title, detail }),
  }
  stage.say('Chain', `${bed.chain.rpcUrl}, contracts deployed with ${bed.chain.deployGas} gas`)
  return stage
}

async function publishContent({ bed, cast, options, signal, note, say }: Stage): Promise<Publication> {
  const packaged = await packageContent(options.file, { signal })
  const { metainfo, magnet, emptyFolders } = packaged
  for (const folder of emptyFolders) {
    options.onStep({ kind: 'warning', text: `The empty folder ${folder} is left out: BitTorrent carries files only.` })
  }
  const torrent = join(bed.folder, `${metainfo.contentId}.torrent`)
  await writeTorrentFile(torrent, packaged.torrent)
  const price = salePrice(metainfo.length)
  const terms = {
    pricePerGiB: PRICE_PER_GIB,
    deliveryBps: 2_000,
    shares: SHARES.map(({ bps }, at) => ({ holder: cast.partners[at]!.address, bps })),
    tiers: [{ price, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 500, transferable: true }],
  }
  const { chain } = cast.creator
  const published = note('publish: share token, pass, record', await publish(chain, packaged, terms, { signal }))
  const delegate = { key: cast.gateway.address, added: price }
  note("authorise the gateway's key", await authorizeSigner(chain, delegate, { signal }))
  const what = `${metainfo.name} (${metainfo.length} bytes)`
  say('Creator', `sells ${what} for ${dollars(price)}; content ${metainfo.contentId}`)
  return { ...published, metainfo, magnet, torrent, price }
}

/** Answers its URL. */
async function openGateway({ bed, cast }: Stage, { torrent }: Publication): Promise<string> {
  const args = ['gateway', torrent, '--sponsor', cast.creator.address, '--port', '0', ...bed.chainFlags()]
  const { ready } = await bed.start(cast.gateway, 'gateway', args)
  return String(ready.url)
}

/** Each holds a copy of its own. Answers the lanes that each serves. */
async function openSeeders(stage: Stage, { torrent }: Publication, gateway: string): Promise<bigint[][]> {
  const { bed, cast, options, peers, signal, note, say } = stage
  const flags = ['--gateway', gateway, '--listen', '/ip4/127.0.0.1/tcp/0', ...peers, ...bed.chainFlags()]
  const lanes = await Promise.all(
    cast.seeders.map(async (seeder) => {
      const held = join(seeder.home, 'content', basename(resolve(options.file)))
      await cp(options.file, held, { recursive: true, mode: constants.COPYFILE_FICLONE })
      const { ready } = await bed.start(seeder, seeder.name, ['seed', torrent, '--data', held, ...flags])
      const approval = await approveOperator(seeder.chain, { operator: cast.operator.address }, { signal })
      note('approve the operator', approval)
      return (ready.lanes as string[]).map(BigInt)
    }),
  )
  say('Delivery', `a gateway at ${gateway} and ${lanes.length} seeders, each a process of its own`)
  return lanes
}

async function buyPass({ cast, signal, note, say }: Stage, content: Publication, gateway: string): Promise<Bought> {
  const { buyer, operator } = cast
  const purse = { to: buyer.address, amount: content.price }
  note('hand out test dollars', await mintTestUsd(operator.chain, purse, { signal }))
  const purchase = { pass: content.pass, tier: 0, relay: createGatewayClient({ url: gateway }) }
  const bought = await purchasePass(buyer.chain, purchase, { signal })
  note('buy the pass (relayed: the buyer has no gas)', bought)
  const delivery = `${dollars(bought.delivery)} of it for delivery`
  say('Buyer', `paid ${dollars(bought.paid)}, ${delivery}; holds pass ${bought.tokenId}, without any gas`)
  return bought
}

/**
 * Twice what a seeder would earn by delivering everything alone, with two windows on top, as far as the budget goes; in each
 * of its lanes, since the day decides which one is used.
 */
async function reserveForSeeders(
  { cast, signal, note }: Stage,
  { metainfo }: Publication,
  { delivery }: Bought,
  lanes: readonly bigint[][],
): Promise<void> {
  const alone = (BigInt(metainfo.length) * PRICE_PER_GIB) / GIB
  const wanted = 2n * alone + (32n * 1024n * 1024n * PRICE_PER_GIB) / GIB
  const most = delivery / BigInt(cast.seeders.length)
  const reservations = cast.seeders.flatMap(({ address: seeder }, at) => {
    const own = lanes[at] ?? []
    const share = most / BigInt(own.length)
    return own.map((lane) => ({ seeder, lane, pricePerGiB: PRICE_PER_GIB, amount: wanted < share ? wanted : share }))
  })
  note('reserve for each seeder', await reserveMany(cast.creator.chain, { reservations }, { signal }))
}

async function downloadContent(stage: Stage, { contentId, metainfo }: Publication, gateway: string): Promise<Json> {
  const { bed, cast, options, peers, signal, say } = stage
  const { buyer } = cast
  const flags = ['--gateway', gateway, '--events', '--sha256', ...peers, ...bed.chainFlags()]
  const got = await bed.run(
    buyer,
    ['get', contentId, '-o', join(buyer.home, 'downloads'), ...flags],
    'sha256',
    (event) => options.onStep({ kind: 'progress', event }),
  )
  const source = await hashFiles(metainfo, resolve(options.file), signal)
  if (got.sha256 !== source) {
    throw new BitCdnError(
      'verification-failed',
      `What arrived has SHA-256 ${got.sha256}, what was sold has ${source}.`,
      {
        advice: 'The file changed while it was sold, or this is a bug that we want to hear of.',
      },
    )
  }
  const { length } = got.seeders as unknown[]
  say('Download', `${got.mbPerSecond} MB/s from ${length} seeders, every byte verified`)
  return got
}

interface Prepared {
  readonly batches: readonly { seeder: Address; batch: Hex; vouchers: number }[]
  /** What stood in the way of a voucher, or waits. */
  readonly notes: readonly string[]
}

/** Seeders hand their vouchers to the operator, who settles for all in one transaction; then each withdraws. */
async function paySeeders({ bed, cast, options, signal, note }: Stage, gateway: string, got: Json) {
  const prepared = await Promise.all(
    cast.seeders.map(async (seeder) => {
      const args = ['claim', '--prepare', '--gateway', gateway, ...bed.chainFlags()]
      const { batches, notes } = (await bed.run(seeder, args, 'batches')) as Json & Prepared
      for (const text of notes) options.onStep({ kind: 'warning', text })
      return batches
    }),
  )
  const batches = prepared.flat()
  note('settle for all seeders, by their operator', await settleMany(cast.operator.chain, batches, { signal }))
  const earned = []
  for (const { address, chain } of cast.seeders) {
    const amount = await readCredit(chain, address, { at: 'latest', signal })
    if (amount > 0n) note('withdraw', await withdraw(chain, { to: address }, { signal }))
    earned.push({ address, bytes: deliveredBy(got, address), earned: amount })
  }
  return { earned, vouchers: batches.reduce((sum, { vouchers }) => sum + vouchers, 0) }
}

async function payHolders({ cast, signal, note }: Stage, { token }: Publication) {
  const holders = []
  for (const { address, chain } of [cast.creator, ...cast.partners]) {
    const claimed = await claimable(chain, { token, holder: address }, { signal })
    if (claimed > 0n) note('claim', await claimShares(chain, { token }, { signal }))
    holders.push({ address, claimed })
  }
  return holders
}

function deliveredBy(got: Json, seeder: Address): number {
  const sessions = got.seeders as { seeder: Address; bytes: string }[]
  const own = sessions.filter((entry) => entry.seeder.toLowerCase() === seeder.toLowerCase())
  return own.reduce((sum, { bytes }) => sum + Number(bytes), 0)
}

/** The devnet's stablecoin has 6 decimals. */
const dollars = (units: bigint): string => `${(Number(units) / 1e6).toFixed(2)} tUSD`
