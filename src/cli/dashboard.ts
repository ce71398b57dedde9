// What "bitcdn top" shows of one seeder at one moment: a screen for a terminal, one line elsewhere.
import type { Earnings } from '../receipts/index.ts'
import type { SeederStatus } from '../seeder/index.ts'
import { bytesInWords, counted, money, secondsInWords } from './words.ts'

export interface Moment {
  /** Unix milliseconds. */
  readonly at: number
  /** Null where no seeder runs. */
  readonly startedAt: number | null
  /** Null where the seeder has no monitor. */
  readonly status: SeederStatus | null
  /** Null where no ledger is there. */
  readonly earnings: Earnings | null
}

/** Bytes a second between two moments; null where nobody counted. A seeder that started anew counts from 0. */
export function rates(before: Moment | null, { at, status }: Moment): { sent: number; signed: number } | null {
  if (before === null || before.status === null || status === null || at <= before.at) return null
  const [was, is] = [before.status.counts, status.counts]
  const perSecond = (from: number, to: number): number => ((to < from ? to : to - from) * 1_000) / (at - before.at)
  return {
    sent: perSecond(was.servedBytes, is.servedBytes),
    signed: perSecond(was.acknowledgedBytes, is.acknowledgedBytes),
  }
}

/** Lines of at most `columns` characters. */
export function screen(
  before: Moment | null,
  now: Moment,
  { decimals, columns }: { decimals: number; columns: number },
) {
  const { at, startedAt, status, earnings } = now
  const say = (amount: bigint): string => money(amount, decimals)
  const clock = new Date(at).toISOString().replace('T', ' ').slice(0, 19)
  const up = startedAt === null ? 'no seeder runs' : `up ${secondsInWords((at - startedAt) / 1_000)}`
  const lines = [`bitcdn top   ${[status?.seeder, up, `${clock} UTC`].filter(Boolean).join('   ')}`]
  if (earnings !== null) {
    const { served, receipted, vouchered, submitted, paid } = earnings
    lines.push(
      `Money      ${say(paid)} paid, ${say(submitted)} on its way, ${say(vouchered + receipted)} to claim, ${say(served)} not signed for yet`,
    )
  }
  if (status === null) {
    return [
      ...lines,
      ...(startedAt === null ? [] : ['Traffic    not told: start the seeder with --monitor 127.0.0.1:9464']),
    ]
  }
  const { open, connections, unsignedBytes, counts, standing } = status
  if (status.resting !== null) lines.push(`Resting    ${status.resting}`)
  const rate = rates(before, now)
  const refused = Object.entries(counts.refused).sort(([, a], [, b]) => b - a)
  const all = refused.reduce((sum, [, count]) => sum + count, 0)
  lines.push(
    `Traffic    ${rate === null ? '' : `${bytesInWords(rate.sent)}/s sent, ${bytesInWords(rate.signed)}/s signed for; `}${bytesInWords(counts.servedBytes)} since the start`,
    `Now        ${counted(open, 'session')}, ${counted(connections, 'connection')}, ${bytesInWords(unsignedBytes)} not signed for`,
    `Downloads  ${counts.admitted} admitted, ${all} refused${all === 0 ? '' : ` (${refused.map(([reason, count]) => `${reason} ${count}`).join(', ')})`}, ${counts.debts} left ${bytesInWords(counts.debtBytes)} unsigned`,
  )
  for (const { sponsor, lane, free, owed } of standing) {
    lines.push(`Lane ${lane.padEnd(5)} ${sponsor} reserved ${say(BigInt(free))}, owes ${say(BigInt(owed))}`)
  }
  return lines.map((line) => (line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line))
}

/** The same as one line, for a log or a pipe. */
export function plainLine(before: Moment | null, now: Moment, decimals: number): string {
  const { at, startedAt, status, earnings } = now
  const say = (amount: bigint): string => money(amount, decimals)
  const rate = rates(before, now)
  return [
    new Date(at).toISOString(),
    ...(startedAt === null ? ['no seeder runs'] : []),
    ...(status === null ? [] : [counted(status.open, 'session'), counted(status.connections, 'connection')]),
    ...(rate === null ? [] : [`${bytesInWords(rate.sent)}/s sent`, `${bytesInWords(rate.signed)}/s signed for`]),
    ...(status === null ? [] : [`${bytesInWords(status.unsignedBytes)} unsigned`]),
    ...(earnings === null
      ? []
      : [`${say(earnings.paid)} paid`, `${say(earnings.receipted + earnings.vouchered)} to claim`]),
  ].join('  ')
}
