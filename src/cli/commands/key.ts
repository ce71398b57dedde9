import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { BitCdnError } from '../../errors.ts'
import { type CommandIo, printResult } from '../io.ts'
import { keyPath, loadKey, newKeyPath, parseKey, saveKey } from '../keys.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'

export function keyCommand(io: CommandIo): Command {
  const command = new Command('key').description('make, import and show wallet keys')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn key new                      a key named "default"
  bitcdn key new seeder1
  bitcdn key import old < key.txt     64 hex digits from standard input
  bitcdn key show seeder1             its address`,
  )

  withSettings(command.command('new').description('make a key').argument('[name]', 'its name', 'default')).action(
    (name: string, options: Options) => {
      const settings = resolveSettings(options, io)
      const path = newKeyPath(settings, name)
      const { address } = saveKey(path)
      printResult(io, settings.json, { name, address, path }, () => [
        `Address  ${address}`,
        `Key      ${path}   (back it up: whoever has this file has the money)`,
      ])
    },
  )

  withSettings(
    command
      .command('import')
      .description('keep a key that is given on standard input')
      .argument('[name]', 'its name', 'default'),
  ).action((name: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const path = newKeyPath(settings, name)
    const { address } = saveKey(path, parseKey(readStandardInput(), 'Standard input'))
    printResult(io, settings.json, { name, address, path }, () => [`Address  ${address}`, `Key      ${path}`])
  })

  withSettings(
    command.command('show').description("print a key's address").argument('[name]', 'its name', 'default'),
  ).action((name: string, options: Options) => {
    const settings = resolveSettings({ ...options, key: name }, io)
    const { address } = loadKey(settings)
    printResult(io, settings.json, { name, address, path: keyPath(settings, name) }, () => [address])
  })
  return command
}

function readStandardInput(): string {
  try {
    return readFileSync(0, 'utf8')
  } catch (cause) {
    throw new BitCdnError('usage', 'No key was given on standard input.', {
      advice: 'Run: bitcdn key import NAME < FILE',
      cause,
    })
  }
}
