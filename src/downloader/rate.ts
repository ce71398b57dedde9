import { RATE_MILLISECONDS, TICK_MILLISECONDS } from './constants.ts'

/** Bytes a second, as an average in which what was measured fades with time. */
export interface Rate {
  readonly value: number
  note(bytes: number): void
  /** Looks at the clock. */
  tick(now: number): void
}

/** The clock starts with the first bytes, and the first measure counts at once: a fast seeder is not taken for a slow one. */
export function createRate(): Rate {
  let value = 0
  let bytes = 0
  let since = performance.now()

  return {
    get value() {
      return value
    },
    note(count) {
      if (value === 0 && bytes === 0) since = performance.now()
      bytes += count
    },
    tick(now) {
      const elapsed = now - since
      if (elapsed < TICK_MILLISECONDS / 2 || (value === 0 && bytes === 0)) return
      const fresh = value === 0 ? 1 : 1 - Math.exp(-elapsed / RATE_MILLISECONDS)
      value += fresh * ((bytes * 1000) / elapsed - value)
      bytes = 0
      since = now
    },
  }
}
