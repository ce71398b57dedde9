import type { BigIntStats } from 'node:fs'

/** What a file looked like: size, times and inode, in {@link STAMP_BYTES} bytes. */
export type Stamp = Uint8Array

type Looks = Pick<BigIntStats, 'size' | 'mtimeNs' | 'dev' | 'ino' | 'birthtimeNs'>

const STAMP_BYTES = 40
/** Behind the size and the time of the last change: what stays the same whatever is written to the file. */
const IDENTITY = 16

/** One stamp for each file of a content, in one piece of memory: there may be a hundred thousand. */
export interface Stamps {
  /** All of them, as a journal stores them. */
  readonly bytes: Uint8Array
  /** Null where the file was not there. */
  get(file: number): Stamp | null
  set(file: number, stamp: Stamp): void
}

/** The number of bytes that {@link Stamps.bytes} has for so many files. */
export function stampsBytes(files: number): number {
  return files * STAMP_BYTES
}

export function createStamps(files: number, bytes: Uint8Array = new Uint8Array(stampsBytes(files))): Stamps {
  return {
    bytes,
    get(file) {
      const stamp = bytes.subarray(stampsBytes(file), stampsBytes(file + 1))
      return stamp.some((byte) => byte !== 0) ? stamp : null
    },
    set: (file, stamp) => bytes.set(stamp, stampsBytes(file)),
  }
}

/**
 * Stamps differ when the file was changed or replaced, as far as the file system tells. The time of birth is part of it
 * because a new file may get the inode of a deleted one.
 */
export function stampOf(stats: Looks): Stamp {
  const { size, mtimeNs, dev, ino, birthtimeNs } = stats
  const stamp = Buffer.alloc(STAMP_BYTES)
  for (const [place, value] of [size, mtimeNs, dev, ino, birthtimeNs].entries()) {
    stamp.writeBigUInt64LE(BigInt.asUintN(64, value), place * 8)
  }
  return stamp
}

/** As earlier journals have them: size, times and inode in decimal digits, with colons. */
export function stampsOfTexts(texts: readonly (string | null)[]): Stamps {
  const stamps = createStamps(texts.length)
  for (const [file, text] of texts.entries()) {
    if (text === null) continue
    const [size = 0n, mtimeNs = 0n, dev = 0n, ino = 0n, birthtimeNs = 0n] = text.split(':').map(BigInt)
    stamps.set(file, stampOf({ size, mtimeNs, dev, ino, birthtimeNs }))
  }
  return stamps
}

/** Whether two stamps are of the same file, and nothing was written to it in between. */
export function sameStamp(a: Stamp | null, b: Stamp | null): boolean {
  return a !== null && b !== null && Buffer.compare(a, b) === 0
}

/** Whether two stamps are of the same file, whatever was written to it meanwhile. */
export function sameFile(a: Stamp | null, b: Stamp | null): boolean {
  return a !== null && b !== null && Buffer.compare(a.subarray(IDENTITY), b.subarray(IDENTITY)) === 0
}
