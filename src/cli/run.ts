import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { BitCdnError } from '../errors.ts'
import { backupCommand, restoreCommand } from './commands/backup.ts'
import { claimCommand } from './commands/claim.ts'
import { devnetCommand } from './commands/devnet.ts'
import { doctorCommand } from './commands/doctor.ts'
import { earningsCommand } from './commands/earnings.ts'
import { gatewayCommand } from './commands/gateway.ts'
import { getCommand } from './commands/get.ts'
import { keyCommand } from './commands/key.ts'
import { passCommand } from './commands/pass.ts'
import { pauseCommand, resumeCommand } from './commands/pause.ts'
import { peersCommand } from './commands/peers.ts'
import { publishCommand } from './commands/publish.ts'
import { relayCommand } from './commands/relay.ts'
import { seedCommand } from './commands/seed.ts'
import { depositCommand, reserveCommand } from './commands/sponsor.ts'
import { statusCommand, stopCommand } from './commands/status.ts'
import { takedownCommand } from './commands/takedown.ts'
import { thawCommand, withdrawCommand } from './commands/thaw.ts'
import { topCommand } from './commands/top.ts'
import { torrentCommand } from './commands/torrent.ts'
import { EXIT_CODES, report } from './exit.ts'
import { type CommandIo, toJson } from './io.ts'
import { printableLines } from './printable.ts'

/** Runs one command line; answers the exit code. Nothing below this throws past it. */
export async function runCli(argv: readonly string[], process: CommandIo): Promise<number> {
  const io: CommandIo = { ...process, err: (line) => process.err(printableLines(line)) }
  const json = argv.includes('--json')
  try {
    await program(io).parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      const message = error.message.replace(/^error: /, '')
      if (json) io.out(toJson({ error: { code: 'usage', message, advice: HELP_ADVICE } }))
      return EXIT_CODES.usage
    }
    if (io.signal.aborted && !(error instanceof BitCdnError)) {
      return report(io, json, new BitCdnError('interrupted', 'Interrupted.', { cause: error }))
    }
    return report(io, json, error)
  }
}

function program(io: CommandIo): Command {
  const root = new Command('bitcdn')
    .description('Content delivery between peers, paid for byte by byte.')
    .version(version())
    .addHelpText('after', HELP)
  const commands = [
    keyCommand,
    publishCommand,
    gatewayCommand,
    passCommand,
    getCommand,
    peersCommand,
    seedCommand,
    relayCommand,
    earningsCommand,
    claimCommand,
    depositCommand,
    reserveCommand,
    thawCommand,
    withdrawCommand,
    torrentCommand,
    takedownCommand,
    backupCommand,
    restoreCommand,
    statusCommand,
    topCommand,
    doctorCommand,
    pauseCommand,
    resumeCommand,
    stopCommand,
    devnetCommand,
  ]
  for (const command of commands) root.addCommand(command(io))
  prepare(root, io)
  return root
}

/** Commander must neither exit nor write by itself: both belong to `main.ts`. */
function prepare(command: Command, io: CommandIo): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text.trimEnd()),
    writeErr: (text) => io.err(text.trimEnd()),
    outputError: (text, write) => write(text.replace(/^error: /, 'bitcdn: ')),
  })
  command.showHelpAfterError(HELP_ADVICE)
  for (const child of command.commands) prepare(child, io)
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version
}

const HELP_ADVICE = 'Run it with --help to see what it takes.'

const HELP = `
Settings come from flags, then the environment, then config.json in the data folder (~/.bitcdn).
Exit codes: 0 done, 1 unexpected, 2 usage, 3 input file, 4 this machine, 5 chain or gateway, 6 money, 7 access,
8 content not found, 9 verification failed, 10 and 11 what "bitcdn doctor" found, 130 interrupted.`
