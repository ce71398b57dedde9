// A statement: what was earned, by day, content or payer, for people, for spreadsheets, for programs.

import { BitCdnError } from '../errors.ts'
import type { Earnings, ReceiptLedger, Statement, StatementQuery } from '../receipts/index.ts'
import { type CommandIo, toJson } from './io.ts'
import type { EarningsFilter } from './ledger.ts'
import type { Options } from './settings.ts'
import { inCoins, money } from './words.ts'

const DAY = 86_400_000
const STATES = ['served', 'receipted', 'vouchered', 'submitted', 'paid'] as const
const UNKNOWN = 'unknown'

/** What the options ask for; null where they ask for no statement. Throws `usage`. */
export function statementQuery({ by, from, to, csv, json }: Options): StatementQuery | null {
  if (by === undefined && from === undefined && to === undefined && csv !== true) return null
  if (csv === true && json === true) throw new BitCdnError('usage', 'Give --csv or --json, not both.')
  const named = String(by ?? 'day')
  if (named !== 'day' && named !== 'content' && named !== 'payer') {
    throw new BitCdnError('usage', `--by must be day, content or payer, not "${named}".`)
  }
  const first = from === undefined ? undefined : parseDay(String(from), '--from')
  const last = to === undefined ? undefined : parseDay(String(to), '--to')
  if (first !== undefined && last !== undefined && first > last) {
    throw new BitCdnError('usage', `--from ${from} lies behind --to ${to}.`)
  }
  return {
    by: named,
    ...(first === undefined ? {} : { from: first }),
    ...(last === undefined ? {} : { to: last }),
  }
}

/** Prints it: token units as JSON, whole coins with `decimals` digits otherwise. */
export async function printStatement(
  io: CommandIo,
  ledger: ReceiptLedger,
  {
    query,
    filter,
    decimals,
    options,
  }: { query: StatementQuery; filter: EarningsFilter; decimals: number; options: Options },
): Promise<void> {
  const { lines, undated } = await ledger.statement({ ...query, ...filter })
  const total = sumOf(lines.map(({ earnings }) => earnings))
  if (options.json === true) {
    const shown = lines.map(({ key, earnings }) => ({ [query.by]: key, ...earnings }))
    io.out(toJson({ by: query.by, lines: shown, total, undated }))
    return
  }
  const say = (amount: bigint): string => money(amount, decimals)
  if (options.csv === true) {
    io.out([query.by, ...STATES].join(','))
    for (const { key, earnings } of lines) {
      io.out([key ?? UNKNOWN, ...STATES.map((state) => say(earnings[state]))].join(','))
    }
  } else for (const line of table(query.by, lines, { total, say })) io.out(line)
  const left = STATES.reduce((sum, state) => sum + undated[state], 0n)
  if (left > 0n) {
    io.err(
      inCoins(`Not in it: ${left} token units of days that nobody wrote down. Leave out --from and --to to see them.`),
    )
  }
}

function table(
  by: string,
  lines: Statement['lines'],
  { total, say }: { total: Earnings; say: (amount: bigint) => string },
): string[] {
  const rows = [
    [by, ...STATES],
    ...lines.map(({ key, earnings }) => [key ?? UNKNOWN, ...STATES.map((state) => say(earnings[state]))]),
    ['total', ...STATES.map((state) => say(total[state]))],
  ]
  const widths = [0, ...STATES.keys()].map((_none, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}

function sumOf(parts: readonly Earnings[]): Earnings {
  const sums = { served: 0n, receipted: 0n, vouchered: 0n, submitted: 0n, paid: 0n }
  for (const part of parts) for (const state of STATES) sums[state] += part[state]
  return sums
}

/** "2026-11-27", in UTC, as days since 1970-01-01. */
function parseDay(text: string, what: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (!Number.isNaN(at) && new Date(at).toISOString().startsWith(text)) return at / DAY
  throw new BitCdnError('usage', `${what} must be a day such as 2026-11-27, not "${text}".`)
}
