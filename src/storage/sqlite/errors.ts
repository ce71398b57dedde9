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
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return error
  const primary = Number(error.errcode) & 0xff
  const words = error instanceof Error ? error.message : String(error)
  if (primary === FULL) {
    return new BitCdnError('disk-full', `The disk of ${path} is full: nothing new is accepted.`, {
      advice: 'Free some space; what was acknowledged before is safe, and work goes on by itself.',
      cause: error,
      retry: true,
    })
  }
  if (primary === CORRUPT || primary === NOTADB) return notReadable(path, words, error)
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

export function notReadable(path: string, why: string, cause?: unknown): BitCdnError {
  return new BitCdnError('file-invalid', `${path} is damaged or is no file of BitCDN: ${why}. It was left as it is.`, {
    advice: 'Move it away and put a backup in its place; the chain and the gateway know what was settled.',
    cause,
  })
}

export function refused(message: string, advice?: string): BitCdnError {
  return new BitCdnError('refused', message, advice === undefined ? {} : { advice })
}
