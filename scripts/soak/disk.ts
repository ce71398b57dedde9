// The disk of disk.c: built once for a campaign, put between a program and its files.
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'

const SOURCE = resolve(import.meta.dirname, 'disk/disk.c')

/** Builds the library into `folder` and resolves to its path. */
export function buildDisk(folder: string): string {
  const library = join(folder, 'disk.so')
  if (!existsSync(library)) {
    execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', library, SOURCE, '-lpthread'])
  }
  return library
}

/** The environment of a program whose files beginning with `prefix` lie on that disk. */
export function onDisk(library: string, prefix: string, log?: string): NodeJS.ProcessEnv {
  const { env } = process
  return { ...env, LD_PRELOAD: library, DISK_PREFIX: prefix, ...(log === undefined ? {} : { DISK_LOG: log }) }
}

export interface DiskControl {
  /** The `call`-th call from now (0: the next) fails with `errno`. */
  fail(call: number, errno: number, options?: { stays?: boolean; syncs?: boolean }): void
  /** Fails nothing any more. */
  clear(): void
  /** How many calls the disk counted since `fail`. */
  calls(): number
  /** Puts words into the log, in order with the disk's calls. */
  note(words: object): void
  close(): void
}

/** For the program on the disk itself. */
export function controlDisk(prefix: string): DiskControl {
  const control = openSync(`${prefix}-control`, 'w')
  const acks = openSync(`${prefix}-acks`, 'w')
  return {
    fail: (call, errno, { stays = false, syncs = false } = {}) =>
      void writeSync(control, `fail ${call} ${errno} ${stays ? 1 : 0} ${syncs ? 1 : 0}`),
    clear: () => void writeSync(control, 'clear'),
    calls: () => Number(readFileSync(`${prefix}-calls`, 'utf8')),
    note: (words) => void writeSync(acks, `${JSON.stringify(words)}\n`),
    close() {
      closeSync(control)
      closeSync(acks)
    },
  }
}
