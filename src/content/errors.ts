import { BitCdnError, type ErrorDetails } from '../errors.ts'

/** Bytes that are not canonical bencode, or too many of them. */
export class BencodeError extends BitCdnError {
  override readonly name = 'BencodeError'
  /** Where in the input, in bytes. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super('file-invalid', `Not valid bencode at byte ${offset}: ${message}.`, {
      advice: 'The torrent file is damaged or was not written by the rules of BEP 3; get it again from its source.',
    })
    this.offset = offset
  }
}

/** Bencode that is no metainfo which this program can hold. */
export class MetainfoError extends BitCdnError {
  override readonly name = 'MetainfoError'

  constructor(message: string, details: ErrorDetails = {}) {
    super('file-invalid', message, {
      advice: 'Get the torrent again from its source, or ask its publisher to make it anew.',
      ...details,
    })
  }
}

/** A file or folder name that could leave the download folder or cannot exist on every system. */
export class UnsafeNameError extends BitCdnError {
  override readonly name = 'UnsafeNameError'

  constructor(message: string) {
    super('file-invalid', message, { advice: 'Rename it and publish again; no file was written.' })
  }
}

/** Bytes whose hash is not the one that was promised. */
export class HashMismatchError extends BitCdnError {
  override readonly name = 'HashMismatchError'

  constructor(message: string) {
    super('verification-failed', message, { advice: 'Fetch it from another source.', retry: true })
  }
}
