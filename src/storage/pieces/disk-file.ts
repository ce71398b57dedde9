// An open file whose short calls are made at once; see quick-calls.ts. Node's own handle gives each of them to a thread.
import fs, { type BigIntStats, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { MAX_QUICK_BYTES, WRITE_BYTES } from './constants.ts'
import { quickly } from './quick-calls.ts'

const later = {
  open: promisify(fs.open),
  close: promisify(fs.close),
  read: promisify(fs.read),
  write: promisify(fs.write),
  stat: promisify(fs.fstat),
  truncate: promisify(fs.ftruncate),
  chmod: promisify(fs.fchmod),
  sync: promisify(fs.fsync),
}

/** Opens as `fs.open` does. */
export async function openFile(path: string, flags: number, mode?: number): Promise<DiskFile> {
  return new DiskFile(
    await quickly(
      () => fs.openSync(path, flags, mode),
      () => later.open(path, flags, mode),
    ),
  )
}

export class DiskFile {
  #fd: number
  /** Calls in threads. */
  #running = 0
  #idle: (() => void) | null = null

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Throws `EBADF` when the file is closed: its number may be another file's by then. */
  get fd(): number {
    if (this.#fd >= 0) return this.#fd
    throw Object.assign(new Error('EBADF: the file is closed'), { code: 'EBADF' })
  }

  /** Bytes that were there, 0 at the end of the file. In a thread: for who has something else to do meanwhile. */
  readBehind(target: Uint8Array, position: number): Promise<number> {
    return this.#later(async (fd) => (await later.read(fd, target, 0, target.length, position)).bytesRead)
  }

  /** As {@link readBehind}, at once where it is quick. */
  async read(target: Uint8Array, position: number): Promise<number> {
    const { fd } = this
    if (target.length > MAX_QUICK_BYTES) return this.readBehind(target, position)
    return await quickly(
      () => fs.readSync(fd, target, 0, target.length, position),
      () => this.readBehind(target, position),
    )
  }

  /** All of `bytes`. */
  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#later(async (fd) => {
      for (let done = 0; done < bytes.length; ) {
        const part = bytes.subarray(done, done + WRITE_BYTES)
        done += await quickly(
          () => fs.writeSync(fd, part, 0, part.length, position + done),
          async () => (await later.write(fd, part, 0, part.length, position + done)).bytesWritten,
        )
      }
    })
  }

  async stat(): Promise<Stats> {
    const { fd } = this
    return await quickly(
      () => fs.fstatSync(fd),
      () => this.#later(() => later.stat(fd)),
    )
  }

  /** With times in nanoseconds. */
  async exactStat(): Promise<BigIntStats> {
    const { fd } = this
    return await quickly(
      () => fs.fstatSync(fd, { bigint: true }),
      () => this.#later(() => later.stat(fd, { bigint: true })),
    )
  }

  async truncate(length: number): Promise<void> {
    const { fd } = this
    await quickly(
      () => fs.ftruncateSync(fd, length),
      () => this.#later(() => later.truncate(fd, length)),
    )
  }

  async chmod(mode: number): Promise<void> {
    const { fd } = this
    await quickly(
      () => fs.fchmodSync(fd, mode),
      () => this.#later(() => later.chmod(fd, mode)),
    )
  }

  /** Waits for the disk, so it is never made at once. */
  sync(): Promise<void> {
    return this.#later((fd) => later.sync(fd))
  }

  /** When nothing runs on it any more. Twice is once. */
  async close(): Promise<void> {
    if (this.#fd < 0) return
    const fd = this.#fd
    this.#fd = -1
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await quickly(
      () => fs.closeSync(fd),
      () => later.close(fd),
    )
  }

  async #later<T>(call: (fd: number) => Promise<T>): Promise<T> {
    const { fd } = this
    this.#running += 1
    try {
      return await call(fd)
    } finally {
      this.#running -= 1
      if (this.#running === 0) this.#idle?.()
    }
  }
}
