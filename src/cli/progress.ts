import type { CommandIo } from './io.ts'
import { bytesInWords, money, secondsInWords } from './words.ts'

/** One moment of a download, as a display needs it. */
export interface ProgressView {
  readonly verified: number
  readonly total: number
  readonly bytesPerSecond: number
  /** Infinity while nothing arrives. */
  readonly secondsLeft: number
  readonly peers: readonly { readonly name: string; readonly bytes: number; readonly bytesPerSecond?: number }[]
  /** Token units signed so far. */
  readonly paid: bigint
}

const BAR = 24
const SHORT_BAR = 10
const REDRAW_MS = 100
const PLAIN_MS = 2_000

/** Draws the progress of one download: a line that is redrawn on a terminal, a plain line now and then elsewhere. */
export function progressDisplay(io: CommandIo, decimals: number): { show(view: ProgressView): void; done(): void } {
  let last = -Infinity
  let width = 0
  return {
    show(view) {
      const now = performance.now()
      const complete = view.verified === view.total
      if (!complete && now - last < (io.terminal ? REDRAW_MS : PLAIN_MS)) return
      last = now
      if (!io.terminal) return io.err(progressLine(view, decimals))
      // a full line would make the cursor wrap, and the next one could not be drawn over it
      const line = progressLine(view, decimals, io.columns() - 1)
      io.draw(`\r${line.padEnd(Math.min(width, io.columns() - 1))}`)
      width = line.length
    },
    done() {
      if (io.terminal && width > 0) io.draw(`\r${' '.repeat(Math.min(width, io.columns() - 1))}\r`)
    },
  }
}

/** One line; what matters least is left out of it until it fits into `most` characters. */
export function progressLine(view: ProgressView, decimals: number, most = Number.POSITIVE_INFINITY): string {
  const { verified, total, bytesPerSecond, secondsLeft, paid, peers } = view
  const part = total === 0 ? 1 : verified / total
  const served = peers.reduce((sum, peer) => sum + peer.bytes, 0)
  const share = (bytes: number): string => `${served === 0 ? 0 : Math.round((100 * bytes) / served)}%`
  const bar = (length: number): string => {
    const filled = Math.round(part * length)
    return `[${'█'.repeat(filled)}${'·'.repeat(length - filled)}]`
  }
  const facts = [
    `${Math.floor(part * 100)}%`,
    `${bytesInWords(verified)} of ${bytesInWords(total)}`,
    `${bytesInWords(bytesPerSecond)}/s`,
    `${secondsInWords(secondsLeft)} left`,
  ]
  const sum = paid > 0n ? [`paid ${money(paid, decimals)}`] : []
  const named = peers.length > 0 ? [peers.map(({ name, bytes }) => `${name} ${share(bytes)}`).join(' ')] : []
  const shares = peers.length > 0 ? [`from ${peers.length}: ${peers.map(({ bytes }) => share(bytes)).join(' ')}`] : []
  const lines = [
    [bar(BAR), ...facts, ...sum, ...named],
    [bar(SHORT_BAR), ...facts, ...sum, ...named],
    [bar(SHORT_BAR), ...facts, ...named],
    [bar(SHORT_BAR), ...facts, ...shares],
    [bar(SHORT_BAR), ...facts],
  ].map((parts) => parts.join('  '))
  return lines.find((line) => line.length <= most) ?? facts.join('  ').slice(0, Math.max(most, 0))
}
