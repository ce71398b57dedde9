import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { Hex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { BitCdnError } from '../../errors.ts'
import { readPrivateFile, writePrivateFile } from '../files.ts'
import { type CommandIo, printResult } from '../io.ts'
import {
  keyAddress,
  keyFile,
  keyPath,
  newKey,
  newKeyPath,
  openKey,
  parseKey,
  refuseOverwriting,
  replaceKey,
  saveKey,
} from '../keys.ts'
import { decryptKey, isKeystore } from '../keystore.ts'
import { newPassword, passwordFor, passwordIn } from '../password.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'

export function keyCommand(io: CommandIo): Command {
  const command = new Command('key').description('make, import, show, export and encrypt wallet keys')
  command.addHelpText(
    'after',
    `
Examples:
${EXAMPLES.join('\n')}

An encrypted key is a keystore (Web3 Secret Storage, version 3), which other Ethereum wallets read too.`,
  )
  for (const create of [newCommand, importCommand, showCommand, exportCommand, changeCommand]) {
    const one = create(io)
    const examples = EXAMPLES.filter((line) => line.includes(` ${one.name()} `))
    command.addCommand(one.addHelpText('after', `\nExamples:\n${examples.join('\n')}`))
  }
  return command
}

const EXAMPLES = [
  '  bitcdn key new                                   a key named "default"; in a terminal it asks for a password',
  '  bitcdn key new seeder1 --password-file FILE      encrypted, without a question',
  '  bitcdn key import old < key.txt                  64 hex digits or a keystore from standard input',
  '  bitcdn key show seeder1                          its address',
  '  bitcdn key export seeder1 -o seeder1.json        an encrypted copy for another wallet, or to keep',
  '  bitcdn key change-password seeder1',
]

function newCommand(io: CommandIo): Command {
  const command = new Command('new')
    .description('make a key')
    .argument('[name]', 'its name', 'default')
    .option('--no-password', 'do not ask for a password: the key is not encrypted')
  return withSettings(command, 'passwordFile').action(async (name: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const path = newKeyPath(settings, name)
    refuseOverwriting(path)
    await keep(settings, io, { name, path, key: newKey(), options })
  })
}

function importCommand(io: CommandIo): Command {
  const command = new Command('import')
    .description('keep a key that is given on standard input: 64 hex digits or a keystore')
    .argument('[name]', 'its name', 'default')
    .option('--no-password', 'do not ask for a password: the key is not encrypted')
  return withSettings(command, 'passwordFile').action(async (name: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const path = newKeyPath(settings, name)
    refuseOverwriting(path)
    const content = readStandardInput()
    if (!isKeystore(content))
      return keep(settings, io, { name, path, key: parseKey(content, 'Standard input'), options })
    const password = await passwordFor(settings, io, 'the keystore on standard input')
    const key = await decryptKey(content, password, 'standard input')
    const { address } = await saveKey(path, key, password)
    printKept(io, settings, { name, path, address, encrypted: true })
  })
}

function showCommand(io: CommandIo): Command {
  const command = new Command('show').description("print a key's address").argument('[name]', 'its name', 'default')
  return withSettings(command, 'passwordFile').action(async (name: string, options: Options) => {
    const settings = resolveSettings({ ...options, key: name }, io)
    const { address, encrypted } = await keyAddress(settings, io)
    const path = keyPath(settings, name)
    printResult(io, settings.json, { name, address, path, encrypted }, () => [address])
  })
}

function exportCommand(io: CommandIo): Command {
  const command = new Command('export')
    .description('write a copy of a key, encrypted: for another wallet, or to keep elsewhere')
    .argument('[name]', 'its name', 'default')
    .option('-o, --output <file>', 'where it goes, mode 0600 (default: standard output)')
    .option('--plain', '64 hex digits instead: whoever reads them has the money')
  return withSettings(command, 'passwordFile').action(async (name: string, options: Options) => {
    const settings = resolveSettings({ ...options, key: name }, io)
    const { key, encrypted, path } = await openKey(settings, io, name)
    const content = await exported(settings, io, { key, encrypted, path, plain: options.plain === true })
    const address = privateKeyToAddress(key)
    if (options.output === undefined) return io.out(content.trimEnd())
    const output = String(options.output)
    writePrivateFile(output, content, 'copy of the key')
    const how = options.plain === true ? 'not encrypted' : 'encrypted'
    printResult(io, settings.json, { name, address, output, encrypted: options.plain !== true }, () => [
      `Address  ${address}`,
      `Copy     ${output}   (${how})`,
    ])
  })
}

function changeCommand(io: CommandIo): Command {
  const command = new Command('change-password')
    .description('encrypt a key anew, or for the first time')
    .argument('[name]', 'its name', 'default')
    .option('--new-password-file <file>', 'file with the new password, readable by its owner alone')
    .option('--remove', 'leave the key unencrypted')
  return withSettings(command, 'passwordFile').action(async (name: string, options: Options) => {
    const settings = resolveSettings({ ...options, key: name }, io)
    const file = options.newPasswordFile === undefined ? null : String(options.newPasswordFile)
    if (options.remove === true && file !== null) {
      throw new BitCdnError('usage', '--remove and --new-password-file do different things: give one of them.')
    }
    const { key, path } = await openKey(settings, io, name)
    const password = options.remove === true ? null : await passwordIn(file, io, 'New password: ')
    if (password === null && options.remove !== true) throw noPassword('--new-password-file FILE')
    await replaceKey(path, key, password)
    printKept(io, settings, { name, path, address: privateKeyToAddress(key), encrypted: password !== null })
  })
}

/** An encrypted key is copied as it is; its password was just given, so it is known to open it. */
async function exported(
  settings: Settings,
  io: CommandIo,
  { key, encrypted, path, plain }: { key: Hex; encrypted: boolean; path: string; plain: boolean },
): Promise<string> {
  if (plain) return keyFile(key, null)
  if (encrypted) return readPrivateFile(path, 'wallet key')
  const password = await newPassword(settings, io, { question: 'Password for the copy: ', mayBeEmpty: false })
  if (password === null) throw noPassword('--password-file FILE, or --plain for 64 hex digits')
  return keyFile(key, password)
}

async function keep(
  settings: Settings,
  io: CommandIo,
  { name, path, key, options }: { name: string; path: string; key: Hex; options: Options },
): Promise<void> {
  const question = 'Password for the key (empty: it is not encrypted): '
  const password = options.password === false ? null : await newPassword(settings, io, { question, mayBeEmpty: true })
  const { address } = await saveKey(path, key, password)
  printKept(io, settings, { name, path, address, encrypted: password !== null })
}

interface Kept {
  readonly name: string
  readonly path: string
  readonly address: string
  readonly encrypted: boolean
}

function printKept(io: CommandIo, settings: Settings, kept: Kept): void {
  const care = kept.encrypted
    ? 'encrypted; back it up with its password: without both the money is gone'
    : 'not encrypted; back it up: whoever has this file has the money'
  printResult(io, settings.json, kept, () => [`Address  ${kept.address}`, `Key      ${kept.path}   (${care})`])
}

function noPassword(how: string): BitCdnError {
  return new BitCdnError('usage', 'No password was given, and there is no terminal to ask on.', {
    advice: `Give ${how}.`,
  })
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
