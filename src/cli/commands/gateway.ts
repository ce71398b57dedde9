import { Command } from 'commander'
import { parseMetainfo } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import { createGateway, type GatewayContent, gatewayFamilies, gatewayReady } from '../../gateway/index.ts'
import { findContent } from '../../sdk/index.ts'
import { readTorrentFile } from '../../storage/pieces/index.ts'
import { startMonitor } from '../../telemetry/index.ts'
import { DENYING_SETTINGS, openDenials } from '../denying.ts'
import { type CommandIo, printResult } from '../io.ts'
import { openSponsorLogOf } from '../ledger.ts'
import { programLogger, untilAsked } from '../program.ts'
import { announceRunning, refuseSecond } from '../running.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { openWallet, parseAddress, WALLET_SETTINGS } from '../wallet.ts'
import { parseWhole } from '../words.ts'

export function gatewayCommand(io: CommandIo): Command {
  const command = new Command('gateway')
    .description("the publisher's door: checks passes, authorises downloads, signs vouchers, relays purchases")
    .argument('<torrents...>', 'the .torrent files of what is sold')
    .option('--sponsor <address>', 'whose pool pays for delivery (default: the key itself)')
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <port>', '0 takes a free one', '8787')
    .option('--public-url <url>', 'how others reach it, where that differs')
    .option('--no-relay', 'do not pay the gas of purchases')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'info')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn gateway film.torrent --key creator
  bitcdn gateway film.torrent --key creator --monitor 127.0.0.1:9465
  bitcdn gateway film.torrent --key gateway --sponsor 0x90F7…b906 --host 0.0.0.0 --public-url https://shop.example`,
  )
  return withSettings(command, ...WALLET_SETTINGS, 'ledger', 'monitor', 'allowPrivate', ...DENYING_SETTINGS).action(
    async (torrents: string[], options: Options) => {
      const settings = resolveSettings(options, io)
      const { signal } = io
      const publicUrl = options.publicUrl === undefined ? undefined : parseUrl(String(options.publicUrl))
      refuseSecond(settings.home, 'gateway')
      const { chain } = await openWallet(settings, io)
      const account = chain.account!
      const sponsor =
        options.sponsor === undefined ? account.address : parseAddress(String(options.sponsor), '--sponsor')
      const logger = programLogger('gateway', String(options.logLevel))
      const denials = await openDenials(settings, { chain, logger, io })
      const all: GatewayContent[] = []
      for (const path of torrents) {
        const metainfo = await readTorrentFile(path)
        const { contentId, infohashV1, name, length } = parseMetainfo(metainfo)
        await denials.know({ contentId, infohashV1 })
        const { pass, token, pricePerGiB } = await findContent(chain, contentId, { sponsor, signal })
        all.push({ contentId, name, length, pass, token, pricePerGiB, metainfo })
      }
      const contents = [...all]
      /** The gateway reads the list anew for every request. Vouchers are signed on: what was delivered is owed. */
      const withhold = (): void => {
        const before = [...contents]
        contents.splice(0)
        for (const content of all) {
          const { contentId } = content
          const denial = denials.of(contentId, sponsor)
          if (denial === null) contents.push(content)
          else if (before.includes(content)) denials.onDenied?.({ ...denial, contentId, did: 'stopped' })
        }
      }
      withhold()
      if (contents.length === 0) {
        throw new BitCdnError('refused', 'All that is named is denied by your lists, so nothing is left to sell.', {
          advice: 'Sell something else, or look into --deny and --takedowns.',
        })
      }
      const log = await openSponsorLogOf(settings)
      const relays = options.relay !== false
      const gateway = createGateway(
        {
          chain: relays ? chain : { ...chain, account: null },
          log,
          signer: account,
          contents,
          logger,
        },
        {
          sponsor,
          host: String(options.host),
          port: parseWhole(String(options.port), '--port', 0, 65_535),
          ...(publicUrl === undefined ? {} : { publicUrl }),
          allowPrivate: settings.flag('allowPrivate'),
        },
      )
      const listen = settings.text('monitor')
      const watched = { gateway, chain, log, sponsor, signer: account.address, relays }
      const monitor =
        listen === undefined
          ? null
          : await startMonitor({
              ...{ listen, folder: settings.home, families: gatewayFamilies(watched) },
              ready: () => gatewayReady(watched),
            })
      await gateway.start()
      const { url } = gateway
      const monitored = monitor === null ? {} : { monitor: monitor.url }
      const withdraw = announceRunning(settings.home, 'gateway', {
        ...{ url, sponsor, ...monitored },
        contents: contents.map(({ contentId }) => contentId),
      })
      const ready = {
        ready: true,
        url,
        sponsor,
        signer: account.address,
        ...monitored,
        contents: contents.map(({ contentId, pass }) => ({ contentId, pass })),
      }
      printResult(io, settings.json, ready, () => [
        `Gateway    ${url}`,
        `Sponsor    ${sponsor}`,
        ...(monitor === null ? [] : [`Monitor    ${monitor.url}/metrics`]),
        ...denials.words.map((words) => `Denies     ${words}`),
        ...contents.map(({ name, contentId }) => `Sells      ${name}  ${contentId}`),
      ])
      denials.watch(withhold)
      await untilAsked(signal)
      denials.close()
      await gateway.stop()
      await monitor?.close()
      await log.close()
      withdraw()
    },
  )
}

function parseUrl(text: string): string {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return text
  throw new BitCdnError('usage', `--public-url must be an address such as https://shop.example, not "${text}".`)
}
