import { UNIT_BYTES } from '../content/piece.ts'
import type { RateLimit } from '../transfer/index.ts'
import {
  FIRST_SLICE_BYTES,
  FIRST_WANTS,
  LINE_SECONDS,
  MAX_WANTS_IN_FLIGHT,
  RATE_MILLISECONDS,
  SHORT_LINE_BYTES,
  SLICE_BYTES,
  SLICES_PER_SECOND,
  TICK_MILLISECONDS,
} from './constants.ts'

/** Bytes a second, as an average in which what was measured fades with time. */
export interface Rate {
  readonly value: number
  note(bytes: number): void
  /** Looks at the clock. */
  tick(now: number): void
  /** Time in which nothing was asked for says nothing. */
  skip(now: number): void
}

/** `expected`: what is believed at first. The clock starts with the first bytes, and the first measure counts at once: a fast seeder is not taken for a slow one. */
export function createRate(expected = 0): Rate {
  let value = expected
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
    skip(now) {
      if (bytes === 0) since = now
      else this.tick(now)
    },
  }
}

/**
 * What a rate fills in a fraction of a second, in whole units: nobody waits long in the end for what a slow one began. No
 * more than `limit` lets pass now, but a unit.
 */
export function sliceBytes({ value }: Rate, limit: RateLimit | null = null): number {
  const inUnits = (bytes: number): number => Math.max(1, Math.floor(bytes / UNIT_BYTES)) * UNIT_BYTES
  const bytes = value === 0 ? FIRST_SLICE_BYTES : Math.min(SLICE_BYTES, inUnits(value / SLICES_PER_SECOND))
  return limit === null ? bytes : Math.min(bytes, inUnits(limit.room))
}

/** As many slices as a rate fills in a second, within bounds; none while `limit` lets nothing pass. */
export function wantsAllowed({ value }: Rate, limit: RateLimit | null = null): number {
  if (limit !== null && limit.room <= 0) return 0
  return Math.min(MAX_WANTS_IN_FLIGHT, Math.max(FIRST_WANTS, Math.ceil(value / SLICE_BYTES)))
}

/** A seeder's later lines follow what it was seen to send; the first is a share of the content. */
export function longestLine({ value }: Rate): number {
  return Math.max(SHORT_LINE_BYTES, value * LINE_SECONDS)
}
