// An archive that every system opens (`tar tf FILE`), of a few large files. Written and read in pieces: a ledger of
// gigabytes never stands in memory.
import { type FileHandle, open } from 'node:fs/promises'
import { BitCdnError } from '../errors.ts'

const BLOCK = 512
const PIECE = 1 << 20
/** What eleven octal digits hold; larger sizes are written in binary, as GNU tar does. */
const OCTAL_LIMIT = 8 ** 11

export interface TarEntry {
  readonly name: string
  readonly size: number
  /** Where its bytes begin in the archive. */
  readonly at: number
}

export interface TarSource {
  readonly name: string
  readonly size: number
  /** A file, or the bytes themselves. */
  readonly from: string | Uint8Array
}

/** Writes the sources in order, and flushes them to the disk. */
export async function writeTar(file: FileHandle, sources: readonly TarSource[], signal: AbortSignal): Promise<void> {
  for (const { name, size, from } of sources) {
    await file.write(header(name, size))
    if (typeof from === 'string') await append(file, from, size, signal)
    else await file.write(from)
    await file.write(new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK))
  }
  await file.write(new Uint8Array(2 * BLOCK))
  await file.sync()
}

async function append(file: FileHandle, path: string, size: number, signal: AbortSignal): Promise<void> {
  const source = await open(path)
  try {
    let left = size
    while (left > 0) {
      signal.throwIfAborted()
      const { bytesRead, buffer } = await source.read(Buffer.allocUnsafe(Math.min(PIECE, left)))
      if (bytesRead === 0) throw new BitCdnError('disk-failed', `${path} became shorter while it was copied.`)
      await file.write(buffer.subarray(0, bytesRead))
      left -= bytesRead
    }
  } finally {
    await source.close()
  }
}

/** What is in an archive. Throws `file-invalid` where it is none, or ends before its end. */
export async function readTar(file: FileHandle, path: string): Promise<TarEntry[]> {
  const { size: total } = await file.stat()
  const entries: TarEntry[] = []
  for (let at = 0; ; ) {
    const block = Buffer.alloc(BLOCK)
    const { bytesRead } = await file.read(block, 0, BLOCK, at)
    if (bytesRead < BLOCK) throw broken(path, 'it ends in the middle')
    if (block.every((byte) => byte === 0)) return entries
    if (readOctal(block.subarray(148, 156)) !== checksum(block)) throw broken(path, 'it is no archive of BitCDN')
    const name = block.subarray(0, 100).toString('latin1').replace(/\0.*$/s, '')
    const size = readSize(block.subarray(124, 136))
    entries.push({ name, size, at: at + BLOCK })
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    if (at > total) throw broken(path, 'it ends in the middle')
  }
}

/** The bytes of one entry, in pieces. */
export async function* piecesOf(file: FileHandle, { at, size }: TarEntry): AsyncGenerator<Buffer> {
  for (let done = 0; done < size; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(PIECE, size - done)), 0, null, at + done)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    done += bytesRead
  }
}

export function broken(path: string, why: string): BitCdnError {
  return new BitCdnError('file-invalid', `${path} cannot be restored: ${why}.`, {
    advice: 'Take another backup; nothing was changed.',
  })
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100, 'latin1')
  block.write('0000600\0', 100)
  block.write('0000000\0'.repeat(2), 108)
  if (size < OCTAL_LIMIT) {
    block.write(`${octal(size, 11)}\0`, 124)
  } else {
    block.writeUInt8(0x80, 124)
    block.writeBigUInt64BE(BigInt(size), 128)
  }
  block.write(`${octal(Math.floor(Date.now() / 1000), 11)}\0`, 136)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  block.write(`${octal(checksum(block), 6)}\0 `, 148)
  return block
}

/** The sum of all bytes, with blanks in the place of the sum itself. */
function checksum(block: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 32 : (block[at] as number)
  return sum
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')

const readOctal = (field: Buffer): number => Number.parseInt(field.toString('latin1').replace(/\0.*$/s, '').trim(), 8)

function readSize(field: Buffer): number {
  return (field[0] as number) & 0x80 ? Number(field.readBigUInt64BE(4)) : readOctal(field)
}
