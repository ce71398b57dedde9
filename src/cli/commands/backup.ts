import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { BitCdnError } from '../../errors.ts'
import { restoreBackup, saveBackup } from '../backup.ts'
import { type CommandIo, printResult } from '../io.ts'
import { listRunning } from '../running.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'
import { bytesInWords } from '../words.ts'

const LACKS = [
  'Not in it  keys and the peer identity: copy those apart from it (bitcdn key export NAME -o FILE)',
  'Not in it  config.json, contents and downloads',
]

export function backupCommand(io: CommandIo): Command {
  const command = new Command('backup')
    .description('copy what this data folder is owed and owes into one file, also while a seeder or a gateway runs')
    .argument('<file>', 'a file that does not exist yet; tar')
  command.addHelpText(
    'after',
    `
It holds the seeder's ledger and the gateway's log, as they are committed now. It holds no key: export those apart.

Examples:
  bitcdn backup ledger-$(date +%F).tar
  bitcdn backup /mnt/other-disk/seeder1.tar --home /srv/seeder1`,
  )
  return withSettings(command, 'ledger').action(async (file: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const to = resolve(file)
    refuseDatabase(settings)
    const saved = await saveBackup(settings.home, to, io.signal)
    const { size } = statSync(to)
    const has = saved.map(({ what, lanes, lines, domain }) => ({ what, lanes, lines, domain }))
    printResult(
      io,
      settings.json,
      { file: to, size, has, lacks: ['keys', 'peer identity', 'config', 'contents'] },
      () => [
        `Backup     ${to}, ${bytesInWords(size)}`,
        ...has.map(({ what, lanes, lines }) => `Holds      ${what}: ${contents(lanes, lines)}`),
        ...LACKS,
      ],
    )
  })
}

export function restoreCommand(io: CommandIo): Command {
  const command = new Command('restore')
    .description('put a backup into this data folder; what stands there is moved aside, never deleted')
    .argument('<file>', 'what "bitcdn backup" wrote')
  command.addHelpText(
    'after',
    `
Stop the seeder and the gateway of the data folder first.

Examples:
  bitcdn stop
  bitcdn restore ledger-2026-11-27.tar`,
  )
  return withSettings(command, 'ledger').action(async (file: string, options: Options) => {
    const settings = resolveSettings(options, io)
    refuseDatabase(settings)
    refuseWhileRunning(settings.home)
    const home = settings.folder('')
    const { createdAt, restored } = await restoreBackup(home, resolve(file), io.signal)
    const files = restored.map(({ what, path, movedAside, lanes, lines }) => ({ what, path, movedAside, lanes, lines }))
    printResult(io, settings.json, { createdAt, files }, () => [
      `Backup of  ${createdAt}`,
      ...files.flatMap(({ what, path, movedAside, lanes, lines }) => [
        `Restored   ${what}: ${contents(lanes, lines)}, at ${path}`,
        ...(movedAside === null ? [] : [`Moved      what stood there to ${movedAside}`]),
      ]),
      'Next       start it again: it compares itself with the chain, and downloaders hand back their newest receipts',
    ])
  })
}

/** A server has better means, and they cover its other databases too. */
function refuseDatabase(settings: Settings): void {
  if (settings.text('ledger') === undefined) return
  throw new BitCdnError('usage', 'The ledger is in a PostgreSQL database, which is not copied from here.', {
    advice:
      'Use the means of the server: pg_dump and pg_restore of the schemas bitcdn_ledger and bitcdn_sponsor, or its own backups.',
  })
}

function refuseWhileRunning(home: string): void {
  const [running] = listRunning(home).filter(({ name }) => name === 'seed' || name === 'gateway')
  if (running === undefined) return
  const what = running.name === 'seed' ? 'seeder' : 'gateway'
  throw new BitCdnError('refused', `A ${what} runs from ${home} (process ${running.pid}); nothing was restored.`, {
    advice: `Stop it first: bitcdn stop ${running.name}`,
  })
}

const contents = (lanes: number, lines: number): string =>
  `${lanes} ${lanes === 1 ? 'lane' : 'lanes'} with ${lines} ${lines === 1 ? 'line' : 'lines'}`
