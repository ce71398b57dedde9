// How much is sent in a day and in a month, counted in a file: what is about to be sent is written down ahead, so that a
// process that is killed has counted a little too much and never too little. Each day and month has a count of its own: a
// clock that jumps opens another one, and finds the one before again when it jumps back.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { BitCdnError } from '../errors.ts'
import type { LocalClock } from './local-time.ts'

export interface CapsInit {
  readonly path: string
  /** Bytes; null: no cap. */
  readonly perDay: number | null
  readonly perMonth: number | null
  readonly clock: LocalClock
  /** Unix milliseconds. */
  readonly now?: () => number
}

export interface Caps {
  /** Why nothing more may be sent now, in words; null while something may. */
  refusal(): string | null
  /** Counts bytes that are about to be sent; answers why they may not be, or null. Throws `disk-failed`. */
  take(bytes: number): string | null
  /** Writes down what was really sent. */
  close(): void
}

/** What is written down ahead: a hundredth of the smallest cap, within these. */
const LEAST_AHEAD = 2 ** 20
const MOST_AHEAD = 256 * 2 ** 20

/** Days and months that are remembered. */
const MOST_PERIODS = 100

/** Throws `file-invalid` when the file is damaged: a cap whose count is lost is no cap. */
export function openCaps(init: CapsInit): Caps {
  const { path, perDay, perMonth, clock } = init
  const now = init.now ?? Date.now
  const used = read(path)
  const stored = new Map(used)
  const full = new Set<string>()
  const least = Math.min(perDay ?? Number.POSITIVE_INFINITY, perMonth ?? Number.POSITIVE_INFINITY)
  const ahead = Math.min(MOST_AHEAD, Math.max(LEAST_AHEAD, least / 100))

  function periods(): { key: string; cap: number; words: string }[] {
    const { day, month } = clock.read(now())
    return [
      { key: day, cap: perDay ?? Number.POSITIVE_INFINITY, words: 'What it sends in a day is sent.' },
      { key: month, cap: perMonth ?? Number.POSITIVE_INFINITY, words: 'What it sends in a month is sent.' },
    ]
  }

  function save(counts: ReadonlyMap<string, number>): void {
    const newest = [...counts].slice(-MOST_PERIODS)
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      const file = openSync(`${path}.new`, 'w', 0o600)
      try {
        writeSync(file, `${JSON.stringify(Object.fromEntries(newest))}\n`)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(`${path}.new`, path)
      syncFolder(dirname(path))
    } catch (cause) {
      throw new BitCdnError('disk-failed', `What was sent cannot be counted in ${path}: ${String(cause)}`, {
        advice: 'Check the free space and the permissions of the data folder.',
        cause,
      })
    }
  }

  return {
    refusal() {
      for (const { key, cap, words } of periods()) if (full.has(key) || (used.get(key) ?? 0) >= cap) return words
      return null
    },
    take(bytes) {
      const both = periods()
      for (const { key, cap, words } of both) {
        if ((used.get(key) ?? 0) + bytes <= cap) continue
        full.add(key)
        return words
      }
      for (const { key } of both) {
        const sum = (used.get(key) ?? 0) + bytes
        // The newest periods stand at the end.
        used.delete(key)
        used.set(key, sum)
      }
      if (both.some(({ key }) => (used.get(key) ?? 0) > (stored.get(key) ?? 0))) {
        for (const { key, cap } of both) {
          stored.delete(key)
          stored.set(key, Math.min(cap, (used.get(key) ?? 0) + ahead))
        }
        save(stored)
      }
      return null
    },
    close: () => save(used),
  }
}

function read(path: string): Map<string, number> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
  try {
    const counts = new Map(Object.entries(JSON.parse(text) as Record<string, number>))
    for (const count of counts.values())
      if (!Number.isSafeInteger(count) || count < 0) throw new Error(`It says ${count}.`)
    return counts
  } catch (cause) {
    throw new BitCdnError('file-invalid', `The count of what was sent, ${path}, is damaged.`, {
      advice: 'Remove it to begin at nothing for this day and month.',
      cause,
    })
  }
}

/** A renamed file is on the disk when its folder is; Windows has no such call and needs none. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
