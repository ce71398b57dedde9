import { BitCdnError } from '../../errors.ts'

const BUSY = 5
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

/** Says what SQLite met in the words of this project; anything else passes through. */
export function storageError(error: unknown, path: string): unknown {
  if (error instanceof BitCdnError) return error
  if (typeof error !== 'object' || error === null) return error
  const words = error instanceof Error ? error.message : String(error)
  const primary = 'errcode' in error ? Number(error.errcode) & 0xff : sameAs(error)
  if (primary === FULL) {
    return new BitCdnError('disk-full', `The disk of ${path} is full: nothing new is accepted.`, {
      advice: 'Free some space; what was acknowledged before is safe, and work goes on by itself.',
      cause: error,
      retry: true,
    })
  }
  if (primary === CORRUPT || primary === NOTADB || tellsOfDamage(error, words))
    return new DamagedFile(path, words, error)
  if (primary === BUSY) {
    return new BitCdnError('refused', `Another process keeps ${path} busy.`, {
      advice: 'Wait until the other command is done and try again.',
      cause: error,
      retry: true,
    })
  }
  if (primary === CANTOPEN || primary === READONLY) {
    return new BitCdnError('file-unreadable', `${path} cannot be opened for writing: ${words}.`, {
      advice: 'Check that the folder exists and who owns the file.',
      cause: error,
    })
  }
  if (primary === IOERR) {
    return new BitCdnError('disk-failed', `The disk of ${path} failed: ${words}.`, {
      advice: 'Check the disk; what was acknowledged before was written through to it.',
      cause: error,
    })
  }
  return error
}

/** A number that nobody writes, since JavaScript could not read it; or a schema whose words are others. */
function tellsOfDamage(error: object, words: string): boolean {
  return ('code' in error && error.code === 'ERR_OUT_OF_RANGE') || /^no such (column|table)|^malformed/.test(words)
}

/** SQLite's number for what the file system says by name. */
function sameAs(error: object): number | undefined {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return FULL
  if (code === 'EIO') return IOERR
  return code === 'ENOENT' || code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? CANTOPEN : undefined
}

/** Bytes that are no database any more. */
export class DamagedFile extends BitCdnError {
  readonly #path: string
  readonly #why: string

  constructor(path: string, why: string, cause?: unknown, copy: string | null = null) {
    const kept = copy === null ? '' : ` A copy is kept at ${copy}.`
    super('file-invalid', `${path} is damaged: ${why}. It was left as it is.${kept}`, {
      advice:
        'Keep it, and put a backup in its place with `bitcdn restore`; the chain and the gateway know what was settled.',
      cause,
    })
    this.#path = path
    this.#why = why
  }

  /** The same, with the name of the copy that was made of it. */
  keptAt(copy: string | null): DamagedFile {
    return new DamagedFile(this.#path, this.#why, this.cause, copy)
  }
}

/** A file that is whole and that this program must not touch. */
export function notOurs(path: string, why: string): BitCdnError {
  return new BitCdnError('file-invalid', `${path} cannot be used: ${why}. It was left as it is.`, {
    advice:
      'Check the path; a newer version of BitCDN may have written it, or a restore was interrupted: run it again.',
  })
}
