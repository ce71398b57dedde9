import { BitCdnError } from '../../errors.ts'

/** The system's word for what failed, such as ENOENT; undefined for errors that are not of the system. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  // Node's own codes (ERR_…) and the number of an AbortError say nothing about the disk.
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

/** A failure to read `path`, in the project's words. Errors that already are, and aborts, pass through. */
export function readFailure(error: unknown, path: string): unknown {
  const errno = errnoOf(error)
  if (error instanceof BitCdnError || errno === undefined) return error
  switch (errno) {
    case 'ENOENT':
      return new BitCdnError('file-missing', `There is no file ${path}.`, {
        advice: 'Check the path; it is taken from the current folder.',
        cause: error,
      })
    case 'EACCES':
    case 'EPERM':
      return new BitCdnError('file-unreadable', `${path} cannot be read: permission denied.`, {
        advice: 'Give this user the right to read it, or choose another file.',
        cause: error,
      })
    case 'ELOOP':
    case 'ENOTDIR':
      return linkFailure(path, error)
    default:
      return new BitCdnError('file-unreadable', `${path} cannot be read: ${(error as Error).message}.`, {
        advice: 'Check the disk, then try again.',
        cause: error,
        retry: true,
      })
  }
}

/** A failure to write `path`, in the project's words. */
export function writeFailure(error: unknown, path: string): unknown {
  const errno = errnoOf(error)
  if (error instanceof BitCdnError || errno === undefined) return error
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new BitCdnError('disk-full', `The disk is full: ${path} cannot be written.`, {
        advice: 'Free some space and run the same command again: it continues with what was stored.',
        cause: error,
        retry: true,
      })
    case 'EFBIG':
      return new BitCdnError('disk-full', `${path} is larger than this file system allows.`, {
        advice: 'Choose a folder on another file system.',
        cause: error,
      })
    case 'ELOOP':
    case 'ENOTDIR':
      return linkFailure(path, error)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new BitCdnError('disk-failed', `${path} cannot be written: permission denied.`, {
        advice: 'Give this user the right to write there, or choose another folder.',
        cause: error,
      })
    case 'EEXIST':
      return new BitCdnError('file-invalid', `${path} is a file and not a folder.`, {
        advice: 'Choose a folder.',
        cause: error,
      })
    default:
      return new BitCdnError('disk-failed', `${path} cannot be written: ${(error as Error).message}.`, {
        advice: 'Check the permissions of the folder and the disk, then run the same command again.',
        cause: error,
      })
  }
}

function linkFailure(path: string, cause: unknown): BitCdnError {
  return new BitCdnError('file-invalid', `${path} leads through a symbolic link or something that is no folder.`, {
    advice:
      'Links are not followed, so that nothing outside of the folder is touched. Replace the link by what it points to.',
    cause,
  })
}
