import { join } from 'node:path'
import { Command } from 'commander'
import { BAN_MILLISECONDS, type KnownSource, openSourceBook } from '../../downloader/index.ts'
import { BitCdnError } from '../../errors.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { bytesInWords, money, secondsInWords } from '../words.ts'

/** The book holds token units, also where no chain is named. */
const USUAL_DECIMALS = 6
const SHOWN = 20

/** `bitcdn peers`: what the sources of earlier downloads were seen to do. */
export function peersCommand(io: CommandIo): Command {
  const command = new Command('peers')
    .description('the peers and web seeds of your downloads: how fast, what they brought and were paid, who lied')
    .option('--all', `all of them, not the last ${SHOWN} alone`)
    .option('--forget <name>', 'forget one, by its whole name: one that lied may be asked again')
  command.addHelpText('after', '\nExamples:\n  bitcdn peers\n  bitcdn peers --json\n  bitcdn peers --forget 12D3KooW…')
  return withSettings(command).action((options: Options) => {
    const settings = resolveSettings(options, io)
    const book = openSourceBook(join(settings.folder('downloads'), 'sources.json'))
    if (options.forget !== undefined) {
      forget(book, String(options.forget))
      printResult(io, settings.json, { forgotten: options.forget }, () => [`Forgotten  ${options.forget}`])
      return
    }
    const all = book.all()
    const shown = options.all === true || settings.json ? all : all.slice(0, SHOWN)
    const peers = shown.map((source) => ({ ...source, blocked: isBlocked(source) }))
    printResult(io, settings.json, { peers }, () => [
      ...(peers.length === 0 ? ['No download has brought anything yet.'] : peers.map(inWords)),
      ...(all.length > shown.length ? [`and ${all.length - shown.length} more: --all`] : []),
    ])
  })
}

function forget(book: ReturnType<typeof openSourceBook>, name: string): void {
  if (!book.forget(name)) {
    throw new BitCdnError('usage', `${name} is in no download that is remembered.`, {
      advice: 'Give the whole name, as "bitcdn peers --json" prints it.',
    })
  }
  book.save()
}

const isBlocked = ({ banned }: KnownSource): boolean => banned !== null && Date.now() - banned.at < BAN_MILLISECONDS

function inWords({ name, kind, rate, bytes, paid, lastSeen, banned }: KnownSource & { blocked: boolean }): string {
  const ago = `${secondsInWords((Date.now() - lastSeen) / 1000)} ago`
  const facts = [
    `${bytesInWords(rate)}/s`.padStart(11),
    bytesInWords(bytes).padStart(9),
    `paid ${money(paid, USUAL_DECIMALS)}`,
    ago,
    ...(kind === 'web seed' ? ['web seed'] : []),
  ]
  return `${name}  ${facts.join('  ')}${banned === null ? '' : `\n  lied: ${banned.reason}`}`
}
