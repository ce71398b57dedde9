// When a seeder serves: its hours, its caps, a program that says when it has to be quiet, and "bitcdn pause".
import { spawn } from 'node:child_process'
import type { Command } from 'commander'
import { BitCdnError } from '../errors.ts'
import { type Caps, createGate, createLocalClock, type Hours, hoursInWords, openCaps } from '../seeder/index.ts'
import type { ServingGate } from '../transfer/index.ts'
import type { Options, Settings } from './settings.ts'
import { bytesInWords, parseBytes } from './words.ts'

export interface OpenGate {
  readonly gate: ServingGate
  /** What it does, for people; empty where nothing limits it. */
  readonly words: readonly string[]
  close(): void
}

/** How often the program of `--quiet-if` is asked, and how long it may think. */
const QUIET_MILLISECONDS = 10_000

export function withGateOptions(command: Command): Command {
  return command
    .option('--hours <spans>', 'serve within these hours only, such as 22:00-07:00, several separated by commas')
    .option('--time-zone <name>', "of --hours and the caps, such as Europe/Berlin (default: this machine's)")
    .option('--cap-day <bytes>', 'send no more in a day, such as 50GB')
    .option('--cap-month <bytes>', 'send no more in a month')
    .option('--quiet-if <command>', 'serve nobody while this command, asked every ten seconds, ends with exit code 0')
}

/** Throws `usage` for hours, zones and sizes that are none. `paused`: whether "bitcdn pause" was said. */
export function openGate(options: Options, settings: Settings, paused: () => boolean): OpenGate {
  const clock = clockOf(options.timeZone)
  const hours: Hours | undefined =
    options.hours === undefined ? undefined : { spans: parseSpans(String(options.hours)), clock }
  const perDay = capOf(options.capDay, '--cap-day')
  const perMonth = capOf(options.capMonth, '--cap-month')
  if (options.timeZone !== undefined && hours === undefined && perDay === null && perMonth === null) {
    throw new BitCdnError('usage', '--time-zone says where the clock of --hours, --cap-day and --cap-month stands.', {
      advice: 'Give one of them, or leave it out.',
    })
  }
  let caps: Caps | undefined
  if (perDay !== null || perMonth !== null)
    caps = openCaps({ path: settings.path('sent.json'), perDay, perMonth, clock })
  const quiet = options.quietIf === undefined ? null : watchQuiet(String(options.quietIf))
  return {
    gate: createGate({ paused, quiet: quiet === null ? undefined : () => quiet.quiet, hours, caps }),
    words: [
      ...(hours === undefined ? [] : [hoursInWords(hours)]),
      ...(perDay === null ? [] : [`at most ${bytesInWords(perDay)} a day`]),
      ...(perMonth === null ? [] : [`at most ${bytesInWords(perMonth)} a month`]),
    ],
    close() {
      quiet?.stop()
      caps?.close()
    },
  }
}

function clockOf(timeZone: unknown): Hours['clock'] {
  try {
    return createLocalClock(timeZone === undefined ? undefined : String(timeZone))
  } catch (cause) {
    throw new BitCdnError('usage', `--time-zone ${String(timeZone)} is no time zone that is known here.`, {
      advice: 'Name one such as Europe/Berlin, America/New_York or UTC.',
      cause,
    })
  }
}

function capOf(text: unknown, flag: string): number | null {
  if (text === undefined) return null
  const bytes = parseBytes(String(text), flag)
  if (bytes > 0) return bytes
  throw new BitCdnError('usage', `${flag} must be more than nothing.`, { advice: 'Leave it out for no cap.' })
}

/** Reads "22:00-07:00,12:00-13:30". */
export function parseSpans(text: string): (readonly [number, number])[] {
  return text.split(',').map((span) => {
    const [, from, to] = /^(\d{1,2}:\d{2})-(\d{1,2}:\d{2})$/.exec(span.trim()) ?? []
    const [begin, end] = [minuteOf(from), minuteOf(to)]
    if (begin !== null && begin < 1440 && end !== null && begin !== end) return [begin, end] as const
    throw new BitCdnError('usage', `--hours must be spans such as 22:00-07:00, not "${span.trim()}".`, {
      advice: 'Write hours as 00:00 to 23:59; a span may pass midnight, and 24:00 ends a day.',
    })
  })
}

function minuteOf(text: string | undefined): number | null {
  const [hour = Number.NaN, minute = Number.NaN] = (text ?? '').split(':').map(Number)
  const sum = hour * 60 + minute
  return minute < 60 && sum <= 1440 ? sum : null
}

/** Quiet while the command says so. One that cannot be run, or takes too long, says nothing. */
function watchQuiet(command: string): { readonly quiet: boolean; stop(): void } {
  let quiet = false
  let asking = false
  function ask(): void {
    if (asking) return
    asking = true
    const child = spawn(command, { shell: true, stdio: 'ignore', timeout: QUIET_MILLISECONDS })
    const answer = (code: number | null): void => {
      asking = false
      quiet = code === 0
    }
    child.once('error', () => answer(null)).once('exit', answer)
  }
  ask()
  const timer = setInterval(ask, QUIET_MILLISECONDS).unref()
  return {
    get quiet() {
      return quiet
    },
    stop: () => clearInterval(timer),
  }
}
