import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { BitCdnError } from '../../errors.ts'
import type { Earnings, ReceiptLedger } from '../../receipts/index.ts'
import type { SeederStatus } from '../../seeder/index.ts'
import { type Moment, plainLine, rates, screen } from '../dashboard.ts'
import { type CommandIo, toJson } from '../io.ts'
import { hasLedger, openLedgerOf } from '../ledger.ts'
import { printable } from '../printable.ts'
import { listRunning } from '../running.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'
import { parseDuration, parseWhole } from '../words.ts'

/** The monitor tells token units. */
const USUAL_DECIMALS = 6

const MONITOR_MILLISECONDS = 5_000
const LEAST_INTERVAL = 1_000

/** `bitcdn top`: what the running seeder does and earns, again and again. */
export function topCommand(io: CommandIo): Command {
  const command = new Command('top')
    .description(
      'what a running seeder does and earns, until Ctrl-C: a screen on a terminal, a line at a time elsewhere',
    )
    .option(
      '--url <url>',
      'the monitor of a seeder, such as http://10.0.0.7:9464 (default: the one of the data folder)',
    )
    .option('--every <time>', 'how often to look, at least every second', '2s')
    .option('--count <number>', 'end after so many looks')
  command.addHelpText(
    'after',
    '\nExamples:\n  bitcdn top\n  bitcdn top --every 1min >> seeder.log\n  bitcdn top --url http://10.0.0.7:9464',
  )
  return withSettings(command, 'ledger').action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    const interval = Math.max(LEAST_INTERVAL, parseDuration(String(options.every), '--every'))
    const most =
      options.count === undefined ? Number.POSITIVE_INFINITY : parseWhole(String(options.count), '--count', 1)
    const ledger = options.url === undefined && hasLedger(settings) ? await openLedgerOf(settings) : null
    try {
      let before: Moment | null = null
      for (let look = 1; look <= most && !io.signal.aborted; look++) {
        const now = await lookAt(settings, ledger, options.url === undefined ? null : String(options.url))
        show(io, settings, before, now)
        before = now
        if (look < most) await sleep(interval, undefined, { signal: io.signal }).catch(() => {})
      }
    } finally {
      await ledger?.close()
    }
  })
}

function show(io: CommandIo, settings: Settings, before: Moment | null, now: Moment): void {
  if (settings.json) io.out(toJson({ ...now, at: new Date(now.at).toISOString(), rates: rates(before, now) }))
  else if (!io.terminal) io.out(printable(plainLine(before, now, USUAL_DECIMALS)))
  else {
    const lines = screen(before, now, { decimals: USUAL_DECIMALS, columns: io.columns() })
    const begin = before === null ? '\u001b[2J' : '' // the whole screen once, then only what changes
    io.draw(`${begin}\u001b[H${lines.map((line) => `${printable(line)}\u001b[K\n`).join('')}\u001b[J`)
  }
}

/** The seeder's own word where it has a monitor; the ledger's otherwise. */
async function lookAt(settings: Settings, ledger: ReceiptLedger | null, url: string | null): Promise<Moment> {
  const running = url === null ? listRunning(settings.home).find(({ name }) => name === 'seed') : undefined
  const monitor = url?.replace(/\/+$/, '') ?? running?.details.monitor
  const at = Date.now()
  if (typeof monitor === 'string') {
    try {
      const [status, told] = await Promise.all([ask(monitor, '/v1/status'), ask(monitor, '/v1/earnings')])
      const earnings = Object.fromEntries(Object.entries(told as object).map(([state, sum]) => [state, BigInt(sum)]))
      const { startedAt } = status as SeederStatus
      return { at, startedAt, status: status as SeederStatus, earnings: earnings as unknown as Earnings }
    } catch (cause) {
      if (url === null && ledger !== null) return { ...(await fromLedger(ledger)), at, startedAt: started(running) }
      throw new BitCdnError(
        'monitor-unreachable',
        `No seeder's monitor answers at ${monitor}: ${(cause as Error).message}.`,
        {
          advice: 'Start the seeder with --monitor 127.0.0.1:9464, and name that address with --url.',
          cause,
        },
      )
    }
  }
  if (ledger === null) {
    throw new BitCdnError('file-missing', `No seeder has run from ${settings.home}.`, {
      advice: 'Start one with "bitcdn seed", name its data folder with --home, or its monitor with --url.',
    })
  }
  return { ...(await fromLedger(ledger)), at, startedAt: started(running) }
}

const started = (running: { startedAt: string } | undefined): number | null =>
  running === undefined ? null : Date.parse(running.startedAt)

async function fromLedger(ledger: ReceiptLedger): Promise<Pick<Moment, 'status' | 'earnings'>> {
  return { status: null, earnings: await ledger.earnings() }
}

async function ask(monitor: string, path: string): Promise<unknown> {
  const response = await fetch(`${monitor}${path}`, { signal: AbortSignal.timeout(MONITOR_MILLISECONDS) })
  if (!response.ok) throw new Error(`${path} answers with status ${response.status}`)
  return response.json()
}
