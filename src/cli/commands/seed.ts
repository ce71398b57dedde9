import { resolve } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Command } from 'commander'
import { type Chain, listContents } from '../../chain/index.ts'
import { type ContentStore, type Metainfo, parseMetainfo } from '../../content/index.ts'
import { loadPeerKey } from '../../discovery/index.ts'
import { BitCdnError } from '../../errors.ts'
import { DEFAULT_PRICE_PER_GIB } from '../../sdk/index.ts'
import {
  createSeeder,
  DEFAULT_LANES,
  seederFamilies,
  seederReady,
  seederStatus,
  TRUSTED_WINDOWS,
} from '../../seeder/index.ts'
import { createSettlementChain, createSettler } from '../../settlement/index.ts'
import { openSeed, readTorrentFile } from '../../storage/pieces/index.ts'
import { startMonitor } from '../../telemetry/index.ts'
import { createUplink, FREE_SHARE, type Uplink } from '../../transfer/index.ts'
import { automaticClaims, CLAIM_SETTINGS } from '../auto-claim.ts'
import { DENYING_SETTINGS, denialInWords, openDenials } from '../denying.ts'
import { checkReach } from '../doctor/reach.ts'
import type { SeedRecord } from '../doctor/record.ts'
import { createReport, findingInWords } from '../doctor/report.ts'
import { gatewaysOf } from '../gateways.ts'
import { firstStart } from '../init.ts'
import { type CommandIo, printResult } from '../io.ts'
import { openLedgerOf, readEarnings } from '../ledger.ts'
import { libraryWish, openLibrary, withLibraryOptions } from '../library.ts'
import { NODE_SETTINGS, nodeOf, relayed } from '../node.ts'
import { watchPauses } from '../pausing.ts'
import { payoutOf, requireOperator } from '../payout.ts'
import { programLogger, untilAsked } from '../program.ts'
import { announceRunning, describeRunning, refuseSecond } from '../running.ts'
import { openGate, withGateOptions } from '../serving-gate.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'
import { openWallet, WALLET_SETTINGS } from '../wallet.ts'
import { bytesInWords, money, parseBytes, parseMoney, parseWhole } from '../words.ts'

const SEED_SETTINGS = [
  'ledger',
  'payout',
  'gateway',
  ...NODE_SETTINGS,
  'webrtc',
  'monitor',
  ...DENYING_SETTINGS,
] as const

export function seedCommand(io: CommandIo): Command {
  const command = new Command('seed')
    .description('serve content and be paid for it')
    .argument('[torrents...]', 'the .torrent files of what you hold')
    .option('--data <path>', 'the files: the content itself, or the folder that holds it', '.')
    .option('--price-per-gib <amount>', 'the least that you serve for', DEFAULT_PRICE_PER_GIB)
    .option('--lanes <numbers>', 'lanes that you serve, separated by commas', DEFAULT_LANES.join(','))
    .option('--free', 'also give it away to whoever asks without paying')
    .option(
      '--trust-windows <count>',
      'windows of bytes beyond a reserve that a sponsor is trusted with',
      String(TRUSTED_WINDOWS),
    )
    .option('--limit-up <rate>', 'serve no more a second, such as 5MB; those who bid more get more of it')
    .option(
      '--free-floor <percent>',
      'what free downloads get of it together while paid ones want all',
      String(FREE_SHARE * 100),
    )
    .option(
      '--weight <[torrent=]number>',
      'what a content counts for at a full uplink, beside others of the same price; may be repeated',
      collect,
      [],
    )
    .option(
      '--init',
      'the first start: asks what it has to know, keeps it in config.json, makes a key, checks all, then serves',
    )
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'info')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn seed --init film.torrent --data film.mkv
  bitcdn seed film.torrent --data film.mkv
  bitcdn seed *.torrent --data /srv/content --listen /ip4/0.0.0.0/tcp/4001 --price-per-gib 0.04
  bitcdn seed film.torrent --data film.mkv --claim-min 5 --claim-max-gas 0.1 --coin-price 2500
  bitcdn seed film.torrent --data film.mkv --no-claim
  bitcdn seed film.torrent --data film.mkv --hours 22:00-07:00 --time-zone Europe/Berlin --cap-month 1TB
  bitcdn seed hotfix.torrent game.torrent --data /srv/content --limit-up 10MB --weight hotfix.torrent=10
  bitcdn seed --seed-publisher 0x90F7…b906 --disk-quota 50GiB
  bitcdn seed *.torrent --data /srv/content --deny never.txt --takedowns https://lists.example/all.json --takedown-signer 0x90F7…b906
  bitcdn seed film.torrent --data film.mkv --ledger postgresql://seeder@db.example/bitcdn
  bitcdn seed film.torrent --data film.mkv --key hot --payout 0x90F7…b906     paid to a key that is kept elsewhere`,
  )
  withGateOptions(command)
  withLibraryOptions(command)
  return withSettings(command, ...WALLET_SETTINGS, ...CLAIM_SETTINGS, ...SEED_SETTINGS).action(
    async (torrents: string[], options: Options) => {
      if (options.init === true && !(await firstStart(options, io))) return
      const settings = resolveSettings(options, io)
      const { signal } = io
      refuseSecond(settings.home, 'seed')
      const weights = weightsOf(options, torrents)
      const uplink = uplinkOf(options)
      const pauses = watchPauses(settings.home, 'seed')
      const serving = openGate(options, settings, () => pauses.paused)
      const logger = programLogger('seeder', String(options.logLevel))
      const { chain, decimals, symbol } = await openWallet(settings, io)
      const account = chain.account!
      const payout = payoutOf(settings, chain)
      await requireOperator(chain, payout, signal)
      const claims = await automaticClaims(settings, { chain, decimals }, io)
      const pricePerGiB = parseMoney(String(options.pricePerGib), decimals, '--price-per-gib')
      const lanes = String(options.lanes)
        .split(',')
        .map((lane) => BigInt(parseWhole(lane.trim(), '--lanes')))
      const wish = libraryWish(options, decimals)
      if (torrents.length === 0 && wish === null) {
        throw new BitCdnError('usage', 'Nothing says what to serve.', {
          advice: 'Name .torrent files, or what to fetch with --seed-publisher or --seed-price and --disk-quota.',
        })
      }
      const trustWindows = parseWhole(String(options.trustWindows), '--trust-windows')
      if (settings.list('bootstrap').length === 0) {
        io.err('Warning: no bootstrap peer is set (--bootstrap): only who knows an address of this seeder finds it.')
      }
      const denials = await openDenials(settings, { chain, logger, io })
      const stores = await openStores(torrents, settings, options, io)
      for (const { metainfo } of stores) await denials.know(metainfo)
      const deniedNow = ({ contentId }: Pick<Metainfo, 'contentId'>) => {
        const denial = denials.of(contentId, null)
        return denial === null ? {} : { denied: denialInWords(denial) }
      }
      refuseAllDenied(stores, deniedNow, io)
      const say = (amount: bigint): string => `${money(amount, decimals)} ${symbol}`
      for (const { metainfo } of stores) await warnOfPrice(chain, metainfo, { pricePerGiB, say }, io)
      const peerKey = await loadPeerKey(settings.path('peer.key'))
      const name = peerIdFromPrivateKey(peerKey).toString()
      const ledger = await openLedgerOf(settings, { chain, serve: true, node: name })
      const node = await nodeOf(settings, peerKey, { dht: 'server', webRtc: settings.flag('webrtc') })
      await relayed(node, settings, io)
      const others = new Set(stores.map(({ metainfo }) => metainfo.contentId))
      const about = { settings, options, chain, node, denying: denials, logger, io, others, pricePerGiB }
      const library = wish === null ? null : await openLibrary(wish, about)
      const gateways = gatewaysOf(settings, account, logger)
      const settlement = createSettlementChain(chain, ledger.journal)
      const settler = createSettler({ ledger, chain: settlement, vouchers: gateways, logger }, claims?.init)
      const seeder = createSeeder(
        {
          ...{ node, chain, ledger, account, gateways, settler, logger },
          stores: [...stores, ...(library?.held ?? []).map(({ store }) => store)],
        },
        {
          seeder: payout,
          pricePerGiB,
          settles: claims !== null,
          settleInterval: claims?.interval,
          lanes,
          free: options.free === true ? stores.map(({ metainfo }) => metainfo.contentId) : [],
          uplink,
          weights: new Map(stores.map(({ metainfo }, index) => [metainfo.contentId, weights[index] ?? 1])),
          gate: serving.gate,
          denying: denials,
          trustedWindows: trustWindows,
        },
      )
      const watched = { seeder, ledger, node, chain }
      const listen = settings.text('monitor')
      const monitor =
        listen === undefined
          ? null
          : await startMonitor({
              listen,
              folder: settings.home,
              families: seederFamilies(watched),
              ready: () => seederReady(watched),
              answers: {
                '/v1/earnings': () => readEarnings(ledger, null, { signal }),
                '/v1/status': async () => seederStatus(watched),
              },
            })
      await seeder.start({ signal })
      const summary = ({ metainfo, verifiedBytes }: ContentStore) => ({
        ...{ contentId: metainfo.contentId, name: metainfo.name, length: metainfo.length, verifiedBytes },
      })
      const addresses = node.addresses()
      const peerId = node.peerId.toString()
      const recordOf = (): SeedRecord => ({
        ...{ peerId, addresses, seeder: seeder.address, pricePerGiB: String(pricePerGiB), lanes: lanes.map(String) },
        ...{ trustWindows, allowPrivate: settings.flag('allowPrivate'), bootstrap: settings.list('bootstrap').length },
        contents: [
          ...stores.map((store, at) => ({
            ...summary(store),
            ...{ torrent: resolve(String(torrents[at])), data: resolve(String(options.data)) },
            ...deniedNow(store.metainfo),
          })),
          ...(library?.held ?? []).map(({ store, torrent, data }) => ({
            ...{ ...summary(store), torrent, data },
            ...deniedNow(store.metainfo),
          })),
        ],
        ...(monitor === null ? {} : { monitor: monitor.url }),
      })
      const record = recordOf()
      const withdraw = announceRunning(settings.home, 'seed', { ...record })
      const describe = (): void => describeRunning(settings.home, 'seed', { ...recordOf() })
      library?.start({
        added(store) {
          seeder.add(store)
          describe()
        },
        async removed(contentId) {
          describe()
          await seeder.remove(contentId)
        },
      })
      denials.watch(() => {
        describe()
        seeder
          .recheckDenied()
          .catch((error: unknown) => logger.warn({ err: error }, 'could not take back what is denied'))
      })
      const contents = [...stores, ...(library?.held ?? []).map(({ store }) => store)].map(summary)
      const ready = {
        ...{ ready: true, peerId, addresses, seeder: seeder.address, lanes, pricePerGiB, contents },
        ...(monitor === null ? {} : { monitor: monitor.url }),
      }
      printResult(io, settings.json, ready, () => [
        `Seeder     ${seeder.address}, at ${money(pricePerGiB, decimals)} ${symbol} per GiB`,
        ...(payout === account.address
          ? []
          : [`Operator   ${account.address}: works for it and cannot take its money`]),
        `Claims     ${claims === null ? 'only by "bitcdn claim"' : claims.words(say)}`,
        ...(serving.words.length === 0 ? [] : [`Limits     ${serving.words.join(', ')}`]),
        ...denials.words.map((words) => `Denies     ${words}`),
        ...(wish === null ? [] : [`Fetches    ${wish.words}`]),
        ...addresses.map((address) => `Address    ${address}`),
        ...(monitor === null ? [] : [`Monitor    ${monitor.url}/metrics`]),
        ...(contents.length === 0 ? ['Serves     nothing yet: it fetches first'] : []),
        ...contents.map(
          ({ name, length, verifiedBytes }) =>
            `Serves     ${name}  ${bytesInWords(length)}${verifiedBytes < length ? `, of which ${bytesInWords(verifiedBytes)} are intact` : ''}`,
        ),
      ])
      if (options.init === true) await tellReach(record, settings.list('gateway'), io)
      await untilAsked(signal)
      denials.close()
      await seeder.stop()
      await library?.stop()
      await monitor?.close()
      await node.stop()
      await Promise.all(stores.map((store) => store.close()))
      await ledger.close()
      serving.close()
      pauses.stop()
      withdraw()
    },
  )
}

/** Warns of each, and throws `refused` where nothing is left. */
function refuseAllDenied(
  stores: readonly ContentStore[],
  deniedNow: (content: Metainfo) => { readonly denied?: string },
  { err }: CommandIo,
): void {
  const left = stores.filter(({ metainfo }) => {
    const { denied } = deniedNow(metainfo)
    if (denied !== undefined) err(`Warning: ${metainfo.name} is not served: ${denied}.`)
    return denied === undefined
  })
  if (left.length > 0 || stores.length === 0) return
  throw new BitCdnError('refused', 'All that is named is denied by your lists, so nothing is left to serve.', {
    advice: 'Serve something else, or look into --deny and --takedowns.',
  })
}

/** By torrent: "N" is for all that are not named, "TORRENT=N" for one. */
function weightsOf({ weight, limitUp }: Options, torrents: readonly string[]): number[] {
  const said = (weight as string[]).map((text) => {
    const at = text.lastIndexOf('=')
    return { torrent: at < 0 ? null : text.slice(0, at), weight: parseWhole(text.slice(at + 1), '--weight', 1, 1000) }
  })
  if (said.length > 0 && limitUp === undefined) {
    throw new BitCdnError('usage', '--weight divides an uplink that is full, and nothing says what yours carries.', {
      advice: 'Give --limit-up too, a little below what your line carries.',
    })
  }
  for (const { torrent } of said) {
    if (torrent === null || torrents.some((each) => resolve(each) === resolve(torrent))) continue
    throw new BitCdnError('usage', `--weight names ${torrent}, which is not served here.`, {
      advice: `These are: ${torrents.join(', ')}.`,
    })
  }
  const rest = said.find(({ torrent }) => torrent === null)?.weight ?? 1
  return torrents.map(
    (each) => said.find(({ torrent }) => torrent !== null && resolve(each) === resolve(torrent))?.weight ?? rest,
  )
}

const collect = (value: string, earlier: string[]): string[] => [...earlier, value]

/** What all of them share. */
function uplinkOf({ limitUp, freeFloor }: Options): Uplink | undefined {
  const freeShare = parseWhole(String(freeFloor), '--free-floor', 1, 99) / 100
  if (limitUp === undefined) return undefined
  return createUplink(Math.max(1, parseBytes(String(limitUp), '--limit-up')), { freeShare })
}

/** Whether others reach what has just been started. */
async function tellReach(record: SeedRecord, gateways: readonly string[], io: CommandIo): Promise<void> {
  const report = createReport()
  await checkReach({ ...record, gateways }, report, io.signal)
  for (const finding of report.findings()) for (const line of findingInWords(finding)) io.err(line)
  for (const words of report.unseen) io.err(`Not looked at: ${words}`)
}

/** Downloads that a publisher's gateway pays for go to seeders that ask for its price or less. */
async function warnOfPrice(
  chain: Chain,
  { contentId, name }: Metainfo,
  { pricePerGiB, say }: { pricePerGiB: bigint; say: (amount: bigint) => string },
  { err, signal }: CommandIo,
): Promise<void> {
  const published = await listContents(chain, { contentId }, { signal })
  const [offer] = published
  if (offer === undefined || published.some((other) => other.pricePerGiB >= pricePerGiB)) return
  err(
    `Warning: the publisher of ${name} pays ${say(offer.pricePerGiB)} per GiB; you ask for ${say(pricePerGiB)}, so its gateway sends nobody to you.`,
  )
}

async function openStores(
  torrents: readonly string[],
  settings: Settings,
  options: Options,
  io: CommandIo,
): Promise<ContentStore[]> {
  const stores: ContentStore[] = []
  for (const torrent of torrents) {
    const metainfo = parseMetainfo(await readTorrentFile(resolve(torrent)))
    const store = await openSeed(metainfo, String(options.data), {
      journal: settings.path('journals', `${metainfo.contentId}.journal`),
      signal: io.signal,
    })
    if (store.verifiedBytes === 0) {
      throw new BitCdnError(
        'verification-failed',
        `Nothing of ${metainfo.name} at ${resolve(String(options.data))} is intact.`,
        {
          advice: `Check it with: bitcdn torrent verify ${torrent} ${String(options.data)}`,
        },
      )
    }
    if (!store.complete) io.err(`Warning: parts of ${metainfo.name} are missing or damaged; they are not served.`)
    stores.push(store)
  }
  return stores
}
