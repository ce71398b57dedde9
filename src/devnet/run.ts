// The main job from end to end: a creator sells a file, seeders deliver it, everybody is paid, and the sums are checked.
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
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
import { packageContent, publish, purchasePass } from '../sdk/index.ts'
import { writeTorrentFile } from '../storage/pieces/index.ts'
import { type Bed, createBed, type Persona } from './bed.ts'
import { createBootstrap } from './bootstrap.ts'
import type { Json } from './program.ts'
import { GIB, PRICE_PER_GIB, SHARES, salePrice } from './sale.ts'
import type { DevnetOptions, DevnetResult, DevnetStep, RunDevnet } from './types.ts'

const AUDIT = resolve(import.meta.dirname, '../../scripts/audit.ts')

interface Transaction {
  what: string
  hash: Hex
  gasUsed: number
}

export const runDevnet: RunDevnet = async (options) => {
  const { onStep, signal } = options
  const bed = await createBed({ rpcPort: options.rpcPort })
  const bootstrap = await createBootstrap()
  const close = async (): Promise<void> => {
    await bed.close()
    await bootstrap.stop()
  }
  const interrupted = (): void => void close()
  signal.addEventListener('abort', interrupted, { once: true })
  try {
    const { result, gatewayUrl, personas, pass } = await sell(bed, bootstrap.address, options)
    if (!options.keep) {
      await close()
      return { result, kept: null }
    }
    const { rpcUrl, contracts } = bed.chain
    const { folder } = bed
    const { contentId } = result
    const access = { rpcUrl, contracts, gateway: gatewayUrl, bootstrap: bootstrap.address, pass, contentId, folder }
    return {
      result,
      kept: { ...access, personas: personas.map(({ name, address, home }) => ({ name, address, home })), close },
    }
  } catch (error) {
    await close()
    if (signal.aborted)
      throw new BitCdnError('interrupted', 'The devnet was interrupted; nothing of it is left running.', {
        cause: error,
      })
    throw error
  } finally {
    signal.removeEventListener('abort', interrupted)
    onStep({ kind: 'step', title: '' })
  }
}

async function sell(bed: Bed, bootstrap: string, { file, seeders: count, signal, onStep }: DevnetOptions) {
  const transactions: Transaction[] = []
  const noted = <T extends { hash: Hex; gasUsed: bigint }>(what: string, sent: T): T => {
    transactions.push({ what, hash: sent.hash, gasUsed: Number(sent.gasUsed) })
    return sent
  }
  const say = (title: string, detail?: string): void => onStep(step(title, detail))
  say('Chain', `${bed.chain.rpcUrl}, contracts deployed with ${bed.chain.deployGas} gas`)

  const creator = await bed.persona('creator')
  const gatewayKey = await bed.persona('gateway')
  const operator = await bed.persona('operator')
  const partners = await Promise.all(SHARES.map(({ name }) => bed.persona(name)))
  const seeders = await Promise.all(Array.from({ length: count }, (_, at) => bed.persona(`seeder${at + 1}`)))
  const buyer = await bed.persona('buyer', { gas: false })

  const packaged = await packageContent(file, { signal })
  const { metainfo, magnet, emptyFolders } = packaged
  for (const folder of emptyFolders)
    onStep({ kind: 'warning', text: `The empty folder ${folder} is left out: BitTorrent carries files only.` })
  const { contentId } = metainfo
  const torrent = join(bed.folder, `${contentId}.torrent`)
  await writeTorrentFile(torrent, packaged.torrent)
  const price = salePrice(metainfo.length)
  const content = noted(
    'publish: share token, pass, record',
    await publish(
      creator.chain,
      packaged,
      {
        pricePerGiB: PRICE_PER_GIB,
        deliveryBps: 2_000,
        shares: SHARES.map(({ bps }, at) => ({ holder: partners[at]!.address, bps })),
        tiers: [{ price, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 500, transferable: true }],
      },
      { signal },
    ),
  )
  say('Creator', `sells ${metainfo.name} (${metainfo.length} bytes) for ${dollars(price)}; content ${contentId}`)
  noted(
    "authorise the gateway's key",
    await authorizeSigner(creator.chain, { key: gatewayKey.address, added: price }, { signal }),
  )

  const peers = ['--bootstrap', bootstrap, '--allow-private']
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  const gateway = await bed.start(gatewayKey, 'gateway', [
    'gateway',
    torrent,
    '--sponsor',
    creator.address,
    '--port',
    '0',
    ...bed.chainFlags(),
  ])
  const gatewayUrl = String(gateway.ready.url)
  const ready = await Promise.all(
    seeders.map(async (seeder) => {
      const held = join(seeder.home, 'content', basename(resolve(file)))
      await cp(file, held, { recursive: true, mode: constants.COPYFILE_FICLONE })
      const started = await bed.start(seeder, seeder.name, [
        'seed',
        torrent,
        '--data',
        held,
        '--gateway',
        gatewayUrl,
        ...peers,
        ...listen,
        ...bed.chainFlags(),
      ])
      noted('approve the operator', await approveOperator(seeder.chain, { operator: operator.address }, { signal }))
      return started.ready
    }),
  )
  say('Delivery', `a gateway at ${gatewayUrl} and ${count} seeders, each a process of its own`)

  noted('hand out test dollars', await mintTestUsd(operator.chain, { to: buyer.address, amount: price }, { signal }))
  const bought = noted(
    'buy the pass (relayed: the buyer has no gas)',
    await purchasePass(
      buyer.chain,
      { pass: content.pass, tier: 0, relay: createGatewayClient({ url: gatewayUrl }) },
      { signal },
    ),
  )
  say(
    'Buyer',
    `paid ${dollars(bought.paid)}, ${dollars(bought.delivery)} of it for delivery; holds pass ${bought.tokenId}, without any gas`,
  )

  const each = reserveFor(metainfo.length, count, bought.delivery)
  const reservations = seeders.flatMap((seeder, at) => {
    const lanes = (ready[at]!.lanes as string[]).map(BigInt)
    return lanes.map((lane) => ({
      seeder: seeder.address,
      lane,
      pricePerGiB: PRICE_PER_GIB,
      amount: each / BigInt(lanes.length),
    }))
  })
  noted('reserve for each seeder', await reserveMany(creator.chain, { reservations }, { signal }))

  const got = await bed.run(
    buyer,
    [
      'get',
      contentId,
      '-o',
      join(buyer.home, 'downloads'),
      '--gateway',
      gatewayUrl,
      '--events',
      '--sha256',
      ...peers,
      ...bed.chainFlags(),
    ],
    'sha256',
    (event) => onStep({ kind: 'progress', event }),
  )
  say('Download', `${got.mbPerSecond} MB/s from ${(got.seeders as unknown[]).length} seeders, every byte verified`)

  const settlements = (await Promise.all(seeders.map((seeder) => batchesOf(bed, seeder, gatewayUrl)))).flat()
  noted('settle for all seeders, by their operator', await settleMany(operator.chain, settlements, { signal }))
  const earned = []
  for (const seeder of seeders) {
    const amount = await readCredit(seeder.chain, seeder.address, { at: 'latest', signal })
    if (amount > 0n) noted('withdraw', await withdraw(seeder.chain, { to: seeder.address }, { signal }))
    earned.push({ address: seeder.address, bytes: Number(deliveredBy(got, seeder.address)), earned: amount })
  }
  const holders = []
  for (const holder of [creator, ...partners]) {
    const due = await claimable(holder.chain, { token: content.token, holder: holder.address }, { signal })
    if (due > 0n) noted('claim', await claimShares(holder.chain, { token: content.token }, { signal }))
    holders.push({ address: holder.address, claimed: due })
  }
  say('Payment', `${count} seeders settled in one transaction, ${holders.length} share holders claimed`)

  const audit = await auditedBy(bed, content.pass)
  const result: DevnetResult = {
    contentId,
    magnet,
    bytes: metainfo.length,
    sha256: String(got.sha256),
    download: { seconds: Number(got.seconds), mbPerSecond: Number(got.mbPerSecond) },
    seeders: earned,
    holders,
    receipts: Number(got.receipts),
    vouchers: settlements.reduce((sum, { vouchers }) => sum + vouchers, 0),
    transactions,
    budgetLeft: BigInt(audit.budgetLeft as string),
    carried: BigInt(audit.carried as string),
    paid: bought.paid,
    conserved: audit.conserved === true && agrees(audit, bought.paid, earned, holders),
  }
  return {
    result,
    gatewayUrl,
    personas: [creator, gatewayKey, operator, ...partners, ...seeders, buyer],
    pass: content.pass,
  }
}

/** The devnet's stablecoin has 6 decimals. */
const dollars = (units: bigint): string => `${(Number(units) / 1e6).toFixed(2)} tUSD`

const step = (title: string, detail?: string): DevnetStep => ({
  kind: 'step',
  title,
  ...(detail === undefined ? {} : { detail }),
})

/** Twice what the seeder would earn by delivering everything alone, with a window on top, as far as the budget goes. */
function reserveFor(bytes: number, seeders: number, budget: bigint): bigint {
  const alone = (BigInt(bytes) * PRICE_PER_GIB) / GIB
  const wanted = 2n * alone + (32n * 1024n * 1024n * PRICE_PER_GIB) / GIB
  const most = budget / BigInt(seeders)
  return wanted < most ? wanted : most
}

/** Asks a seeder for the batch that its operator may settle. */
async function batchesOf(
  bed: Bed,
  seeder: Persona,
  gatewayUrl: string,
): Promise<{ seeder: Address; batch: Hex; vouchers: number }[]> {
  const prepared = await bed.run(
    seeder,
    ['claim', '--prepare', '--gateway', gatewayUrl, ...bed.chainFlags()],
    'batches',
  )
  return prepared.batches as { seeder: Address; batch: Hex; vouchers: number }[]
}

function deliveredBy(got: Json, seeder: Address): bigint {
  const own = (got.seeders as { seeder: Address; bytes: string }[]).filter(
    (entry) => entry.seeder.toLowerCase() === seeder.toLowerCase(),
  )
  return own.reduce((sum, { bytes }) => sum + BigInt(bytes), 0n)
}

/** A program of its own, which is given the addresses and nothing else. */
async function auditedBy(bed: Bed, pass: Address): Promise<Json> {
  const args = [AUDIT, '--rpc', bed.chain.rpcUrl, '--registry', bed.chain.contracts.registry, '--pass', pass, '--json']
  try {
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as Json
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    if (stdout?.startsWith('{')) return JSON.parse(stdout) as Json
    throw error
  }
}

/** What this program saw must be what the chain says, to the last unit. */
function agrees(
  audit: Json,
  paid: bigint,
  seeders: readonly { address: Address; earned: bigint }[],
  holders: readonly { address: Address; claimed: bigint }[],
): boolean {
  const onChain = (list: unknown, address: Address, field: string): bigint => {
    const entry = (list as Json[]).find(
      (candidate) => String(candidate.address).toLowerCase() === address.toLowerCase(),
    )
    return entry === undefined ? 0n : BigInt(entry[field] as string)
  }
  return (
    BigInt(audit.paid as string) === paid &&
    seeders.every(({ address, earned }) => onChain(audit.seeders, address, 'earned') === earned) &&
    holders.every(({ address, claimed }) => onChain(audit.holders, address, 'claimed') === claimed)
  )
}
