// What the clock on the wall says in one time zone: hours and days are the user's, and move with daylight saving time.

export interface LocalTime {
  /** `2026-11-27`. */
  readonly day: string
  /** `2026-11`. */
  readonly month: string
  /** Minutes since midnight, as a clock shows them. */
  readonly minute: number
}

export interface LocalClock {
  readonly timeZone: string
  /** @param at - Unix milliseconds */
  read(at: number): LocalTime
}

/** Throws a `RangeError` for a time zone that nobody knows. Default: that of this machine. */
export function createLocalClock(timeZone?: string): LocalClock {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...(timeZone === undefined ? {} : { timeZone }),
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  })
  let kept: { minute: number; time: LocalTime } | null = null

  function localTime(at: number): LocalTime {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? ''
    const month = `${part('year')}-${part('month')}`
    return { month, day: `${month}-${part('day')}`, minute: Number(part('hour')) * 60 + Number(part('minute')) }
  }

  return {
    timeZone: format.resolvedOptions().timeZone,
    read(at) {
      const minute = Math.floor(at / 60_000)
      if (kept?.minute !== minute) kept = { minute, time: localTime(at) }
      return kept.time
    },
  }
}
