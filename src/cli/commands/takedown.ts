import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { BitCdnError, hasCode } from '../../errors.ts'
import { checkTakedowns, denyList, entriesOf, parseTakedowns, signTakedowns } from '../../seeder/index.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { KEY_SETTINGS, openAccount } from '../wallet.ts'
import { counted, parseDuration, parseWhole } from '../words.ts'

/** `bitcdn takedown sign|show`: lists of what seeders are asked not to serve; no chain is needed. */
export function takedownCommand(io: CommandIo): Command {
  const command = new Command('takedown').description(
    'sign and show lists of what seeders who trust you do not serve; no chain is needed',
  )
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn takedown sign never.txt -o takedowns.json
  bitcdn takedown show takedowns.json`,
  )
  const sign = command
    .command('sign')
    .description('make a signed list from a file with one content id, infohash or publisher a line')
    .argument('<file>', 'as for --deny of "bitcdn seed": all of it, not only what is new')
    .requiredOption('-o, --output <file>', 'where to write it; a list of yours that is there is replaced')
    .option(
      '--sequence <number>',
      'higher than that of every list before it (default: one more than in the output file)',
    )
    .option('--expires <time>', 'how long seeders may begin with it: 12h, 7d', '14d')
  sign.addHelpText(
    'after',
    `
Examples:
  bitcdn takedown sign never.txt -o takedowns.json
  bitcdn takedown sign never.txt -o takedowns.json --expires 7d --key lists`,
  )
  withSettings(sign, ...KEY_SETTINGS).action(async (file: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const output = String(options.output)
    const deny = readLines(file)
    const list = denyList(deny, { name: file, where: (at) => `${file}, entry ${at + 1}` })
    const account = await openAccount(settings, io)
    const before = await ownBefore(output)
    const sequence =
      options.sequence === undefined
        ? (before?.sequence ?? 0) + 1
        : parseWhole(String(options.sequence), '--sequence', 1)
    if (before !== null && before.sequence >= sequence) {
      throw new BitCdnError('usage', `${output} has the sequence ${before.sequence}; ${sequence} would be refused.`, {
        advice: 'Give a higher --sequence, or leave it out.',
      })
    }
    const seconds = Math.ceil(parseDuration(String(options.expires), '--expires') / 1000)
    const signed = await signTakedowns(account, { sequence, expiry: Math.floor(Date.now() / 1000) + seconds, deny })
    writeFileSync(output, `${JSON.stringify(signed, null, 2)}\n`)
    printResult(io, settings.json, { ...signed, output }, () => [
      `Signed     ${counted(entriesOf(list), 'entry').replace('entrys', 'entries')} as sequence ${sequence}, by ${signed.signer}`,
      `Saved      ${output}`,
    ])
  })
  const show = command.command('show').description('check a signed list and show it').argument('<file>', 'the list')
  show.addHelpText('after', '\nExamples:\n  bitcdn takedown show takedowns.json')
  withSettings(show).action(async (file: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const signed = parseTakedowns(readText(file), file)
    await checkTakedowns(signed, { where: file, trusted: [signed.signer], held: signed, now: 0 })
    printResult(io, settings.json, signed, () => [
      `Signer     ${signed.signer}`,
      `Sequence   ${signed.sequence}, until ${new Date(signed.expiry * 1000).toISOString()}`,
      ...signed.deny.map((entry) => `Denies     ${entry}`),
    ])
  })
  return command
}

/** The list that is replaced: null where there is none. */
async function ownBefore(path: string): Promise<{ sequence: number } | null> {
  if (!existsSync(path)) return null
  try {
    return parseTakedowns(readText(path), path)
  } catch (error) {
    if (!hasCode(error, 'file-invalid')) throw error
    throw new BitCdnError('usage', `There is a file at ${path} that is no takedown list; it is not overwritten.`, {
      advice: 'Name another with -o.',
      cause: error,
    })
  }
}

const readLines = (path: string): string[] =>
  readText(path)
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new BitCdnError('file-missing', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
