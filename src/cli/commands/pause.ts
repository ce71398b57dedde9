import { Command } from 'commander'
import { BitCdnError } from '../../errors.ts'
import { type CommandIo, printResult } from '../io.ts'
import { askToPause, isNamed, listRunning } from '../running.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'

export function pauseCommand(io: CommandIo): Command {
  return commandOf(io, {
    name: 'pause',
    what: 'let a running seeder or download rest: connections stay, nothing is served or fetched',
    paused: true,
    said: 'Paused',
  })
}

export function resumeCommand(io: CommandIo): Command {
  return commandOf(io, {
    name: 'resume',
    what: 'let what was paused go on where it was',
    paused: false,
    said: 'Resumed',
  })
}

function commandOf(
  io: CommandIo,
  { name, what, paused, said }: { name: string; what: string; paused: boolean; said: string },
): Command {
  const command = new Command(name)
    .description(what)
    .argument('[what]', 'seed or get (default: both)')
    .addHelpText('after', `\nExamples:\n  bitcdn ${name}\n  bitcdn ${name} seed`)
  return withSettings(command).action(async (which: string | undefined, options: Options) => {
    const { home, json } = resolveSettings(options, io)
    if (which !== undefined && which !== 'seed' && which !== 'get') {
      throw new BitCdnError('usage', `Only a seeder or a download can be paused, not "${which}".`, {
        advice: `Name seed or get, or end a gateway with "bitcdn stop gateway".`,
      })
    }
    const names = which === undefined ? ['seed', 'get'] : [which]
    const running = listRunning(home).filter((entry) => names.some((one) => isNamed(entry, one)))
    if (running.length === 0) {
      throw new BitCdnError('usage', `No ${names.join(' or ')} runs from ${home}.`, {
        advice: 'See what runs with "bitcdn status", or name another data folder with --home.',
      })
    }
    await Promise.all(running.map((entry) => askToPause(home, entry, paused, io.signal)))
    printResult(io, json, { [name === 'pause' ? 'paused' : 'resumed']: running.map((entry) => entry.name) }, () =>
      running.map((entry) => `${said.padEnd(10)} ${entry.name}, process ${entry.pid}`),
    )
  })
}
