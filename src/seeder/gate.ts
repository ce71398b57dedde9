// Whether this seeder serves at all now: its operator may pause it, want quiet, name hours, and cap what it sends.
import { RefusedError, type ServingGate } from '../transfer/index.ts'
import type { Caps } from './caps.ts'
import type { LocalClock } from './local-time.ts'

export interface GateInit {
  readonly paused?: (() => boolean) | undefined
  /** Whether the machine is needed for something else. */
  readonly quiet?: (() => boolean) | undefined
  /** Serves within these only. */
  readonly hours?: Hours | undefined
  readonly caps?: Caps | undefined
  /** Unix milliseconds. */
  readonly now?: () => number
}

export interface Hours {
  /** Minutes since midnight: the first and the one behind the last; past midnight when the second is not larger. */
  readonly spans: readonly (readonly [from: number, to: number])[]
  readonly clock: LocalClock
}

export function createGate({ paused, quiet, hours, caps, now = Date.now }: GateInit): ServingGate {
  function closed(): string | null {
    if (paused?.() === true) return 'Its operator paused it.'
    if (quiet?.() === true) return 'Its machine is needed for something else.'
    if (hours !== undefined && !isWithin(hours, now())) return `It serves ${hoursInWords(hours)} only.`
    return caps?.refusal() ?? null
  }

  return {
    refusal() {
      const words = closed()
      return words === null ? null : new RefusedError('resting', words)
    },
    take(bytes) {
      const words = caps?.take(bytes) ?? null
      if (words !== null) throw new RefusedError('resting', words)
    },
  }
}

function isWithin({ spans, clock }: Hours, at: number): boolean {
  const { minute } = clock.read(at)
  return spans.some(([from, to]) => (from < to ? from <= minute && minute < to : from <= minute || minute < to))
}

/** "from 22:00 to 07:00 (Europe/Berlin)". */
export function hoursInWords({ spans, clock }: Hours): string {
  const time = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
  return `${spans.map(([from, to]) => `from ${time(from)} to ${time(to)}`).join(' and ')} (${clock.timeZone})`
}
