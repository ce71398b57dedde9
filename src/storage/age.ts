/** The clocks of two machines may differ by this much, milliseconds. */
export const CLOCK_SKEW = 60_000

/** Milliseconds since `then`; without end where the clock was set back in between, so that nobody waits for it to catch up. */
export function ageAt(now: number, then: number): number {
  return then > now + CLOCK_SKEW ? Number.POSITIVE_INFINITY : Math.max(0, now - then)
}
