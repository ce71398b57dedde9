import type { CommandIo } from './io.ts'
import { bytesInWords, money, secondsInWords } from './words.ts'

/** One moment of a download, as a display needs it. */
export interface ProgressView {
  readonly verified: number
  readonly total: number
  readonly bytesPerSecond: number
  /** Infinity while nothing arrives. */
  readonly secondsLeft: number
  readonly peers: readonly { readonly name: string; readonly bytes: number }[]
  /** Token units signed so far. */
  readonly paid: bigint
}

const BAR = 24
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
      const line = progressLine(view, decimals)
      if (!io.terminal) return io.err(line)
      io.draw(`\r${line.padEnd(width)}`)
      width = line.length
    },
    done() {
      if (io.terminal && width > 0) io.draw(`\r${' '.repeat(width)}\r`)
    },
  }
}

export function progressLine(view: ProgressView, decimals: number): string {
  const part = view.total === 0 ? 1 : view.verified / view.total
  const filled = Math.round(part * BAR)
  const served = view.peers.reduce((sum, peer) => sum + peer.bytes, 0)
  const shares = view.peers.map(
    ({ name, bytes }) => `${name} ${served === 0 ? 0 : Math.round((100 * bytes) / served)}%`,
  )
  return [
    `[${'█'.repeat(filled)}${'·'.repeat(BAR - filled)}]`,
    `${Math.floor(part * 100)}%`,
    `${bytesInWords(view.verified)} of ${bytesInWords(view.total)}`,
    `${bytesInWords(view.bytesPerSecond)}/s`,
    `${secondsInWords(view.secondsLeft)} left`,
    ...(view.paid > 0n ? [`paid ${money(view.paid, decimals)}`] : []),
    ...(shares.length > 0 ? [shares.join(' ')] : []),
  ].join('  ')
}
