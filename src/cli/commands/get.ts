import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { type ContentId, type Metainfo, parseContentId, parseMagnet, parseMetainfo } from '../../content/index.ts'
import { createPeerKey, isPeerAddress, type PeerNode } from '../../discovery/index.ts'
import type { DownloadProgress } from '../../downloader/index.ts'
import { BitCdnError } from '../../errors.ts'
import { DEFAULT_PRICE_PER_GIB, type GetRequest, getContent, hashFiles } from '../../sdk/index.ts'
import { createGate } from '../../seeder/index.ts'
import { readTorrentFile } from '../../storage/pieces/index.ts'
import { type CommandIo, printResult, toJson } from '../io.ts'
import { NODE_SETTINGS, nodeOf } from '../node.ts'
import { pausable, watchPauses } from '../pausing.ts'
import { type Payments, payments } from '../payments.ts'
import { type ProgressView, progressDisplay } from '../progress.ts'
import { announceRunning } from '../running.ts'
import { seedingOf } from '../seed-while-getting.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'
import { WALLET_SETTINGS } from '../wallet.ts'
import {
  bytesInWords,
  counted,
  money,
  parseBytes,
  parseDuration,
  parseMoney,
  parseWhole,
  secondsInWords,
} from '../words.ts'

const GET_SETTINGS = ['gateway', ...NODE_SETTINGS, 'ledger', 'payout'] as const

export function getCommand(io: CommandIo): Command {
  const command = new Command('get')
    .description('download: from all peers at once, every byte verified, interrupted downloads go on')
    .argument('<content>', 'content id, magnet link, CID or .torrent file')
    .option('-o, --output <folder>', 'where it goes', '.')
    .option('--peer <multiaddr>', 'ask this seeder too; may be repeated', collect, [])
    .option(
      '--pay <who>',
      "who pays the seeders: gateway (the publisher's), self, or none (free content); default: gateway where one is named, else none",
    )
    .option('--max-price-per-gib <amount>', 'leave seeders alone that ask for more')
    .option('--bid <amount>', 'offer so much per GiB to seeders that ask for less: more of a busy uplink')
    .option('--max-spend <amount>', 'pay no more for this download, earlier runs of it included')
    .option('--web-seed <url>', 'an HTTP address that has the content too; may be repeated', collect, [])
    .option('--p2p-floor <rate>', 'ask web seeds only while peers bring less a second, such as 2MB')
    .option('--http-budget <bytes>', 'ask web seeds for no more than this, such as 500MB')
    .option('--limit-down <rate>', 'fetch no more a second, such as 5MB')
    .option('--limit-up <rate>', 'serve no more a second')
    .option('--no-seed', 'do not serve to others what is verified')
    .option('--seed-for <time>', 'serve on for so long when all is there: 90s, 10min, 2h, 1d')
    .option('--price-per-gib <amount>', 'the least that you serve for', DEFAULT_PRICE_PER_GIB)
    .option('--patience <seconds>', 'how long to wait when nobody has it', '30')
    .option('--sha256', 'hash the files once more when they are complete')
    .option('--events', 'print progress as JSON lines on standard error')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn get 3f8a…c1 -o downloads --gateway https://shop.example
  bitcdn get 'magnet:?xt=urn:btmh:1220…' --pay self --max-price-per-gib 0.05
  bitcdn get film.torrent --pay none --peer /ip4/192.168.1.7/tcp/4001/p2p/12D3… --allow-private
  bitcdn get film.torrent --web-seed https://cdn.example/films/ --p2p-floor 2MB`,
  )
  return withSettings(command, ...WALLET_SETTINGS, ...GET_SETTINGS).action(async (what: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const content = await contentOf(what)
    const sources = options.peer as string[]
    for (const source of sources) requirePeer(source)
    const webSeeds = options.webSeed as string[]
    const linkedWebSeeds = webSeedsOf(what)
    for (const url of webSeeds) requireWebSeed(url)
    const maxPrice = options.maxPricePerGib
    const patience = parseWhole(String(options.patience), '--patience', 1, 86_400) * 1000
    const seeds = options.seed !== false
    const seedFor = options.seedFor === undefined ? 0 : parseDuration(String(options.seedFor), '--seed-for')
    // The node finds its neighbours while gateway and chain answer.
    const starting = nodeOf(settings, await createPeerKey(), { listens: seeds })
    const [node, payment] = await both(starting, payments(settings, options, io))
    const name = `get-${process.pid}`
    const withdraw = announceRunning(settings.home, name, { content: what, output: resolve(String(options.output)) })
    const pauses = watchPauses(settings.home, name)
    const display = progressDisplay(io, payment.decimals)
    const show = (view: ProgressView): void =>
      options.events === true
        ? io.err(toJson({ ...view, event: 'progress' }))
        : settings.json
          ? undefined
          : display.show(view)
    try {
      const pricePerGiB = parseMoney(String(options.pricePerGib), payment.decimals, '--price-per-gib')
      const gate = createGate({ paused: () => pauses.paused })
      const serve = seeds ? seedingOf({ settings, payment, node, pricePerGiB, io, gate }) : null
      let complete = false
      const say = (paused: boolean): void => {
        display.done()
        if (options.events === true) io.err(toJson({ event: paused ? 'paused' : 'resumed' }))
        else if (!settings.json) io.err(paused ? 'Paused. It goes on with: bitcdn resume' : 'Resumed.')
      }
      const request: Omit<GetRequest, 'signal'> = {
        content,
        node,
        folder: String(options.output),
        sessions: payment.sessions,
        state: settings.folder('downloads'),
        patience,
        sources,
        webSeeds,
        linkedWebSeeds,
        seedFor,
        ...(serve === null ? {} : { serve }),
        onComplete() {
          complete = true
          if (serve === null || seedFor === 0 || settings.json) return
          display.done()
          io.err(`Complete. Serving it for ${secondsInWords(seedFor / 1000)}; Ctrl-C ends that.`)
        },
        allowPrivate: settings.flag('allowPrivate'),
        ...rateOf(options.limitDown, '--limit-down', 'limitDown'),
        ...rateOf(options.limitUp, '--limit-up', 'limitUp'),
        ...sized(options.p2pFloor, '--p2p-floor', 'p2pFloor'),
        ...sized(options.httpBudget, '--http-budget', 'httpBudget'),
        ...(payment.chain === undefined ? {} : { chain: payment.chain }),
        ...(maxPrice === undefined
          ? {}
          : { maxPrice: parseMoney(String(maxPrice), payment.decimals, '--max-price-per-gib') }),
        ...(options.maxSpend === undefined
          ? {}
          : { maxSpend: parseMoney(String(options.maxSpend), payment.decimals, '--max-spend') }),
        ...bidOf(options, payment),
        onProgress: (progress) => show(viewOf(progress)),
        log: (level, message, fields) => {
          if (level === 'warn' && options.events !== true && !settings.json)
            io.err(`Warning: ${message} ${toJson(fields)}`)
        },
      }
      const got = await pausable(pauses, { signal, mayPause: () => !complete, say }, (round) =>
        getContent({ ...request, signal: round }),
      )
      display.done()
      const { metainfo, seconds, bytes, paid, path, receipts, seeders, peers, sent, earned } = got
      const sha256 = options.sha256 === true ? await hashFiles(metainfo, path, signal) : null
      const mbPerSecond = Math.round(bytes / 1e4 / seconds) / 100
      const banned = peers.flatMap(({ peer, failure }) =>
        failure?.banned === true ? [{ peer, reason: failure.message }] : [],
      )
      const result = {
        ...{ contentId: metainfo.contentId, path, length: metainfo.length, bytes, seconds, mbPerSecond, sha256 },
        ...{ seeders, receipts, paid, banned, sent, earned },
      }
      printResult(io, settings.json, result, () => [
        `Saved      ${path}   ${bytesInWords(metainfo.length)}, verified`,
        `Fetched    ${bytesInWords(bytes)} in ${seconds.toFixed(1)} s, ${mbPerSecond} MB/s, from ${counted(peers.filter((peer) => peer.bytes > 0).length, 'peer')}`,
        ...(receipts > 0 ? [`Signed     ${counted(receipts, 'receipt')} over ${money(paid, payment.decimals)}`] : []),
        ...(sent > 0 ? [`Served     ${bytesInWords(sent)} to others, earned ${money(earned, payment.decimals)}`] : []),
        ...banned.map(({ peer, reason }) => `Banned     ${peer}: ${reason}`),
        ...(sha256 === null ? [] : [`SHA-256    ${sha256}`]),
      ])
    } catch (error) {
      throw explained(error, {
        content,
        settings,
        payment,
        sources,
        webSeeded: hasWebSeeds(content, [...webSeeds, ...linkedWebSeeds]),
      })
    } finally {
      display.done()
      pauses.stop()
      withdraw()
      await node.stop()
      await payment.close()
    }
  })
}

/** A rate that may be left out; zero would be no download at all. */
function rateOf<Name extends string>(text: unknown, flag: string, name: Name): { [name in Name]?: number } {
  const rate = sized(text, flag, name)
  if (rate[name] !== 0) return rate
  throw new BitCdnError('usage', `${flag} must be more than nothing.`, { advice: 'Leave it out for no limit.' })
}

/** Who pays nobody, or no more than less, cannot offer it. */
function bidOf({ bid, maxPricePerGib }: Options, { sessions, decimals }: Payments): { bid?: bigint } {
  if (bid === undefined) return {}
  const amount = parseMoney(String(bid), decimals, '--bid')
  if (sessions === null) {
    throw new BitCdnError('usage', '--bid offers money, and nobody pays for this download.', {
      advice: 'Pay yourself with --pay self, or name the gateway that pays with --gateway.',
    })
  }
  if (maxPricePerGib !== undefined && amount > parseMoney(String(maxPricePerGib), decimals, '--max-price-per-gib')) {
    throw new BitCdnError('usage', `--bid ${bid} is more than --max-price-per-gib ${maxPricePerGib} allows.`, {
      advice: 'Bid less, or raise the maximum.',
    })
  }
  return { bid: amount }
}

/** A size that may be left out. */
function sized<Name extends string>(text: unknown, flag: string, name: Name): { [name in Name]?: number } {
  return text === undefined ? {} : ({ [name]: parseBytes(String(text), flag) } as { [name in Name]: number })
}

function hasWebSeeds(content: ContentId | Metainfo, named: readonly string[]): boolean {
  return named.length > 0 || (typeof content !== 'string' && content.webSeeds.length > 0)
}

/** A magnet link may name some; those of a .torrent file come with its metainfo. */
function webSeedsOf(what: string): readonly string[] {
  return /^magnet:/i.test(what.trim()) ? parseMagnet(what.trim()).webSeeds : []
}

function requireWebSeed(text: string): void {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return
  throw new BitCdnError('usage', `--web-seed must be an address such as https://cdn.example/films/, not "${text}".`)
}

function requirePeer(text: string): void {
  if (isPeerAddress(text)) return
  throw new BitCdnError(
    'usage',
    `--peer must be an address such as /ip4/192.168.1.7/tcp/4001/p2p/12D3…, not "${text}".`,
    {
      advice: 'A seeder prints its own as "Address" when it starts.',
    },
  )
}

/** What the flags of this command have to do with a failure that the downloader only sees from its side. */
function explained(
  error: unknown,
  about: {
    content: ContentId | Metainfo
    settings: Settings
    payment: Payments
    sources: readonly string[]
    webSeeded: boolean
  },
): unknown {
  if (!(error instanceof BitCdnError)) return error
  const { code, message, retry, advice } = error
  const { content, settings, payment, sources } = about
  if (code === 'no-pass' || code === 'pass-expired') {
    const contentId = typeof content === 'string' ? content : content.contentId
    const buy = `bitcdn pass buy ${contentId} --relay${code === 'pass-expired' ? ' --again' : ''}`
    return new BitCdnError(code, message, { advice: `Buy a pass: ${buy}`, retry, cause: error })
  }
  if (code === 'no-sources' && settings.list('bootstrap').length === 0 && sources.length === 0 && !about.webSeeded) {
    return new BitCdnError(code, `${message} No bootstrap peer is set, so nobody was asked.`, {
      advice: 'Name a peer to start from with --bootstrap, or a seeder with --peer.',
      cause: error,
    })
  }
  if ((code === 'no-sources' || code === 'refused' || code === 'no-funds') && payment.hopeless === true) {
    return new BitCdnError('no-funds', message, {
      advice:
        'You pay yourself and have reserved nothing: "bitcdn deposit AMOUNT", then "bitcdn reserve SEEDER AMOUNT".',
      cause: error,
    })
  }
  if ((code === 'no-sources' || code === 'refused') && payment.sessions === null) {
    return new BitCdnError(code, message, {
      advice:
        `Nobody pays for this download: name the seller's gateway with --gateway, or pay yourself with --pay self. ${advice ?? ''}`.trim(),
      retry,
      cause: error,
    })
  }
  return error
}

/** Both, or neither is left running. */
async function both(starting: Promise<PeerNode>, paying: Promise<Payments>): Promise<[PeerNode, Payments]> {
  const [node, payment] = await Promise.allSettled([starting, paying])
  if (node.status === 'fulfilled' && payment.status === 'fulfilled') return [node.value, payment.value]
  if (node.status === 'fulfilled') await node.value.stop()
  if (payment.status === 'fulfilled') await payment.value.close()
  throw payment.status === 'rejected' ? payment.reason : (node as PromiseRejectedResult).reason
}

const collect = (value: string, earlier: string[]): string[] => [...earlier, value]

async function contentOf(what: string): Promise<ContentId | Metainfo> {
  const isFile = what.endsWith('.torrent') || (existsSync(what) && !/^(magnet:|[0-9a-f]{64}$)/i.test(what))
  return isFile ? parseMetainfo(await readTorrentFile(resolve(what))) : parseContentId(what)
}

function viewOf({ verifiedBytes, totalBytes, rate, timeLeft, paid, peers }: DownloadProgress): ProgressView {
  return {
    verified: verifiedBytes,
    total: totalBytes,
    bytesPerSecond: rate,
    secondsLeft: timeLeft ?? Number.POSITIVE_INFINITY,
    peers: peers.map(({ peer, kind, bytes, rate }) => ({
      name: kind === 'seeder' ? peer.slice(-6) : (URL.parse(peer)?.host ?? peer),
      bytes,
      bytesPerSecond: rate,
    })),
    paid,
  }
}
