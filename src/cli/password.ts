import { BitCdnError } from '../errors.ts'
import { rememberSecret } from '../secrets.ts'
import { readPrivateFile } from './files.ts'
import type { CommandIo } from './io.ts'
import type { Settings } from './settings.ts'

/*
 * Passwords come from a file that only its owner may read, or from a terminal that does not show them. Never from an
 * argument or an environment variable: other users, children and crash reports see those.
 */

/** The password that opens an existing key. Throws `usage` when nobody can be asked. */
export async function passwordFor(settings: Settings, io: CommandIo, what: string): Promise<string> {
  const given = fromFile(settings) ?? (await io.askSecret?.(`Password of ${what}: `))
  if (given !== undefined && given !== '') return kept(given)
  throw new BitCdnError('usage', `No password was given for ${what}, which is encrypted.`, {
    advice: 'Give --password-file FILE, or run the command in a terminal: it asks.',
  })
}

/** A password for a new key, asked for twice; null when the key shall not be encrypted. */
export async function newPassword(
  settings: Settings,
  io: CommandIo,
  ask: { question: string; mayBeEmpty: boolean },
): Promise<string | null> {
  const file = fromFile(settings)
  if (file !== null) return kept(file)
  return askTwice(io, ask)
}

/** The same from a file of its own, for a change of password. */
export async function passwordIn(path: string | null, io: CommandIo, question: string): Promise<string | null> {
  if (path !== null) return kept(read(path))
  return askTwice(io, { question, mayBeEmpty: false })
}

async function askTwice(io: CommandIo, ask: { question: string; mayBeEmpty: boolean }): Promise<string | null> {
  const first = await io.askSecret?.(ask.question)
  if (first === undefined) return null
  if (first === '') {
    if (ask.mayBeEmpty) return null
    throw new BitCdnError('usage', 'An empty password is none.', { advice: 'Nothing was changed. Run it again.' })
  }
  if ((await io.askSecret?.('The same again: ')) === first) return kept(first)
  throw new BitCdnError('usage', 'The two passwords differ.', { advice: 'Nothing was changed. Run it again.' })
}

function fromFile(settings: Settings): string | null {
  const path = settings.text('passwordFile')
  return path === undefined ? null : read(path)
}

/** The first line: editors end files with a line break, which nobody means as part of a password. */
function read(path: string): string {
  const [first = ''] = readPrivateFile(path, 'password file').split(/\r?\n/)
  if (first !== '') return first
  throw new BitCdnError('file-empty', `The password file ${path} holds no password in its first line.`)
}

function kept(password: string): string {
  rememberSecret(password)
  return password
}
