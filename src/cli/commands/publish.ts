import { Command } from 'commander'
import { authorizeSigner, type Chain, readContent } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import {
  DEFAULT_ALLOWANCE,
  DEFAULT_DELIVERY_BPS,
  DEFAULT_PRICE,
  DEFAULT_PRICE_PER_GIB,
  packageContent,
  publish,
} from '../../sdk/index.ts'
import { writeTorrentFile } from '../../storage/pieces/index.ts'
import { type CommandIo, printResult } from '../io.ts'
import { printable } from '../printable.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { openWallet, parseAddress, WALLET_SETTINGS } from '../wallet.ts'
import { money, parseMoney, parsePercent, parseWhole } from '../words.ts'

const collect = (value: string, earlier: string[]): string[] => [...earlier, value]

export function publishCommand(io: CommandIo): Command {
  const command = new Command('publish')
    .description('turn a file or folder into something sold')
    .argument('<path>', 'file or folder')
    .option('--title <text>', 'at most 64 bytes (default: its name)')
    .option('--price <amount>', 'price of a pass, in the stablecoin', DEFAULT_PRICE)
    .option('--duration <days>', 'days that a pass is valid; 0 = for ever', '0')
    .option('--supply <count>', 'passes that may ever be sold; 0 = no limit', '0')
    .option('--uses <count>', 'uses of a pass; 0 = no limit, 1 = a ticket', '0')
    .option('--soulbound', 'passes cannot be sold on')
    .option('--royalty <percent>', 'part of a resale that goes to the share holders', '0')
    .option(
      '--delivery-share <percent>',
      'part of each payment that pays for delivery',
      String(DEFAULT_DELIVERY_BPS / 100),
    )
    .option('--price-per-gib <amount>', 'what seeders are paid per GiB', DEFAULT_PRICE_PER_GIB)
    .option('--share <address:percent>', 'give a holder its part of the income; may be repeated', collect, [])
    .option('--gateway-signer <address>', "let this key authorise downloads in the sponsor's name")
    .option('--allowance <amount>', "what that key may spend from the sponsor's pool", DEFAULT_ALLOWANCE)
    .option('--piece-length <bytes>', 'a power of two from 16384 (default: by size)')
    .option('--tracker <url>', 'announce to this tracker; may be repeated', collect, [])
    .option('--web-seed <url>', 'an HTTP source of the files; may be repeated', collect, [])
    .option('-o, --output <file>', 'where the .torrent goes (default: the data folder)')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn publish film.mkv --price 5 --share 0x90F7…b906:30 --share 0x15d3…6A65:10
  bitcdn publish ./game --title "My Game 1.0" --price 20 --delivery-share 10`,
  )
  return withSettings(command, ...WALLET_SETTINGS).action(async (path: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const { chain, decimals, symbol } = await openWallet(settings, io)
    const text = (name: string): string => String(options[name])
    const price = parseMoney(text('price'), decimals, '--price')
    const terms = {
      title: options.title === undefined ? undefined : parseTitle(text('title')),
      pricePerGiB: parseMoney(text('pricePerGib'), decimals, '--price-per-gib'),
      deliveryBps: parsePercent(text('deliveryShare'), '--delivery-share'),
      shares: (options.share as string[]).map(parseShare),
      tiers: [
        {
          price,
          supplyCap: parseWhole(text('supply'), '--supply', 0, 2 ** 32 - 1),
          duration: parseWhole(text('duration'), '--duration', 0, 40_000) * 86_400,
          uses: parseWhole(text('uses'), '--uses', 0, 2 ** 16 - 1),
          royaltyBps: parsePercent(text('royalty'), '--royalty'),
          transferable: options.soulbound !== true,
        },
      ],
    }
    const packaged = await packageContent(path, {
      ...(options.pieceLength === undefined
        ? {}
        : { pieceLength: parseWhole(text('pieceLength'), '--piece-length', 16_384) }),
      trackers: options.tracker as string[],
      webSeeds: options.webSeed as string[],
      signal,
    })
    for (const folder of packaged.emptyFolders)
      io.err(`Warning: the empty folder ${folder} is left out: BitTorrent carries files only.`)
    const { contentId, length, name } = packaged.metainfo
    const torrent = options.output === undefined ? settings.path('torrents', `${contentId}.torrent`) : text('output')
    await writeTorrentFile(torrent, packaged.torrent)
    await refuseSecondPublication(chain, contentId, signal)
    const published = await publish(chain, packaged, terms, { signal })
    const transactions = [{ what: 'publish', hash: published.hash, gasUsed: published.gasUsed }]
    if (options.gatewaySigner !== undefined) {
      const key = parseAddress(text('gatewaySigner'), '--gateway-signer')
      const added = parseMoney(text('allowance'), decimals, '--allowance')
      const { hash, gasUsed } = await authorizeSigner(chain, { key, added }, { signal })
      transactions.push({ what: 'authorise gateway', hash, gasUsed })
    }
    const result = {
      contentId,
      infohashV1: packaged.metainfo.infohashV1,
      magnet: packaged.magnet,
      torrent,
      name,
      bytes: length,
      publisher: published.publisher,
      sponsor: published.sponsor,
      pass: published.pass,
      token: published.token,
      price,
      transactions,
    }
    printResult(io, settings.json, result, () => [
      `Published  ${terms.title ?? name}`,
      `Content    ${contentId}`,
      `Magnet     ${packaged.magnet}`,
      `Torrent    ${torrent}`,
      `Pass       ${published.pass}   ${money(price, decimals)} ${symbol} each`,
      `Share      ${published.token}`,
      '',
      `Seed it    bitcdn seed ${quoted(torrent)} --data ${quoted(path)}`,
      `Sell it    bitcdn gateway ${quoted(torrent)} --sponsor ${published.sponsor} --key KEY_OF_THE_GATEWAY`,
    ])
  })
}

/** What is sold cannot be changed any more, so a second publication has nothing to say. */
async function refuseSecondPublication(chain: Chain, contentId: string, signal: AbortSignal): Promise<void> {
  const earlier = await readContent(chain, { publisher: chain.account!.address, contentId }, { signal })
  if (earlier === null) return
  throw new BitCdnError('usage', `This wallet published this content already: pass ${earlier.pass}.`, {
    advice: 'Its price and shares are fixed for ever. To sell it anew, publish it with another key or after a change.',
  })
}

function parseShare(text: string): { holder: `0x${string}`; bps: number } {
  const [address = '', percent = ''] = text.split(':')
  return { holder: parseAddress(address, '--share'), bps: parsePercent(percent, '--share') }
}

/** As a shell takes it. */
const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)

/** A title is on the chain for ever, and people and programs show it as one line. */
function parseTitle(text: string): string {
  if (printable(text) === text) return text
  throw new BitCdnError('usage', `--title must be one line of ordinary characters, not "${printable(text)}".`)
}
