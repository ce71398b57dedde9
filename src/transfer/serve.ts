import type { PeerId, StreamHandler } from '@libp2p/interface'
import { MAX_STREAMS, STALLED_MILLISECONDS } from './constants.ts'
import { createCreditBook } from './credit.ts'
import type { CreditBook, CreditInit } from './credit-types.ts'
import type { ServingDesk, ServingGate } from './ports.ts'
import { createServing, type Serving } from './serving.ts'
import type { Uplink } from './uplink.ts'
import { isCrowded } from './writer.ts'

/** What happened on a stream, for whoever keeps the log. */
export type TransferLog = (level: 'debug' | 'info' | 'warn', message: string, fields: Record<string, unknown>) => void

export interface ServeInit {
  /** Our own: session keys prove themselves to it. */
  readonly peerId: PeerId
  /** Windows, the budget of unsigned bytes and where debt is told. Default: {@link CreditInit}'s. */
  readonly credit?: CreditBook | CreditInit
  /** What all streams share, by their bids. Default: no limit, and nothing to share. */
  readonly uplink?: Uplink | undefined
  /** Whether anybody is served at all. Default: always. */
  readonly gate?: ServingGate | undefined
  /** Streams served at once; default {@link MAX_STREAMS}. */
  readonly maxStreams?: number
  /** When it aborts, every stream is closed with its last receipt. */
  readonly signal?: AbortSignal
  readonly log?: TransferLog
}

/** How often idle streams, overdue receipts and those that came too early are looked at. */
const TICK_MILLISECONDS = 500

/**
 * Serves `/bitcdn/transfer/1.0.0`: the handler for `node.handle`. Each stream is one downloader and one content; what
 * may be served, and to whom, the desk decides.
 */
export function serve(desk: ServingDesk, init: ServeInit): StreamHandler {
  const credit = init.credit !== undefined && 'open' in init.credit ? init.credit : createCreditBook(init.credit)
  const maxStreams = init.maxStreams ?? MAX_STREAMS
  const log = init.log ?? (() => undefined)
  const servings = new Set<Serving>()
  let ticker: NodeJS.Timeout | undefined

  function tick(): void {
    credit.sweep()
    for (const serving of servings) serving.tick()
    if (isCrowded()) for (const serving of servings) if (serving.stalled() >= STALLED_MILLISECONDS) serving.drop()
  }

  /** Makes room for one more, at the cost of whoever made nothing of its place for longest. */
  function makeRoom(): void {
    let longest: Serving | null = null
    let most = STALLED_MILLISECONDS
    for (const serving of servings) {
      const stalled = serving.stalled()
      if (stalled < most) continue
      longest = serving
      most = stalled
    }
    if (longest !== null) leave(longest)
  }

  /** Who pays comes before who does not. */
  function displace(): boolean {
    for (const serving of servings) {
      if (!serving.free) continue
      leave(serving)
      return true
    }
    return false
  }

  function leave(serving: Serving): void {
    serving.drop()
    servings.delete(serving)
  }

  init.signal?.addEventListener('abort', () => {
    for (const serving of servings) serving.stop()
  })

  return async (stream, connection) => {
    const peer = connection.remotePeer.toString()
    if (servings.size >= maxStreams) makeRoom()
    const freeCapacity = Math.max(0, maxStreams - servings.size - 1)
    const { peerId, uplink, gate } = init
    const serving = createServing({
      stream,
      connection,
      desk,
      credit,
      peerId,
      uplink,
      gate,
      freeCapacity,
      displace,
      log,
    })
    if (servings.size >= maxStreams) serving.wait()
    if (init.signal?.aborted === true) serving.stop()
    servings.add(serving)
    ticker ??= setInterval(tick, TICK_MILLISECONDS)
    try {
      await serving.done
      log('debug', 'stream closed', { peer })
    } catch (error) {
      log('info', 'stream aborted', { peer, reason: (error as Error).message })
    } finally {
      servings.delete(serving)
      if (servings.size === 0) {
        clearInterval(ticker)
        ticker = undefined
      }
    }
  }
}
