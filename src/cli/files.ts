import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { BitCdnError } from '../errors.ts'

/** A key or a password is a few hundred bytes; a keystore about 500. */
const LARGEST = 10_000

/**
 * Reads a file that holds a secret. Throws `file-missing`, or `file-invalid` when others may read it or when it is no
 * such file. Never repeats what is in it.
 */
export function readPrivateFile(path: string, what: string, missing?: string): string {
  try {
    const found = statSync(path)
    if (!found.isFile() || found.size > LARGEST) {
      throw new BitCdnError('file-invalid', `${path} is no ${what}.`, { advice: `Name another ${what}.` })
    }
    requirePrivate(path, found.mode, what)
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof BitCdnError) throw cause
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES'
    throw new BitCdnError(
      denied ? 'file-unreadable' : 'file-missing',
      denied ? `The ${what} ${path} may not be read by this user.` : `There is no ${what} at ${path}.`,
      { ...(missing === undefined ? {} : { advice: missing }), cause },
    )
  }
}

function requirePrivate(path: string, mode: number, what: string): void {
  if ((mode & 0o077) === 0 || process.platform === 'win32') return
  throw new BitCdnError('file-invalid', `Others may read the ${what} ${path} (mode ${(mode & 0o777).toString(8)}).`, {
    advice: `Run: chmod 600 ${path}`,
  })
}

/** Makes a file that only its owner may read (mode 0600). Throws `usage` when there is one already. */
export function writePrivateFile(path: string, content: string, what: string): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new BitCdnError('usage', `There is a file at ${path} already; it is not overwritten.`, {
        advice: 'Choose another name, or move the old file away if you are sure that nobody needs it.',
      })
    }
    throw new BitCdnError('disk-failed', `The ${what} cannot be written to ${path}: ${(cause as Error).message}`, {
      cause,
    })
  }
}
