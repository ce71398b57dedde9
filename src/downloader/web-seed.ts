// A web seed (BEP 19) as a source beside the seeders: what it sends is held until a whole piece is there and proves to be the
// content's, since HTTP brings no hashes; where they are known already, each slice is proved by itself.
import { type ContentStore, type Metainfo, pieceAt } from '../content/index.ts'
import { BitCdnError } from '../errors.ts'
import type { RateLimit } from '../transfer/index.ts'
import {
  HEDGE_MILLISECONDS,
  MAX_SLOTS,
  RETRY_MILLISECONDS,
  SLICE_BYTES,
  WEB_SEED_PIECE_BYTES,
  WEB_SEED_REQUESTS,
  WEB_SEED_RUN_BYTES,
} from './constants.ts'
import { BadUnitError, type SeederFailure } from './errors.ts'
import type { Destination } from './fetcher.ts'
import { createRangeClient, WebSeedError } from './http-range.ts'
import type { Assignment, Owner } from './plan.ts'
import { createRate } from './rate.ts'
import { failureOf } from './retry.ts'
import type { DownloadPeer } from './source.ts'
import { until } from './until.ts'
import { createWebRun, type WebRun } from './web-run.ts'

export interface WebSeedInit {
  readonly url: string
  readonly allowPrivate: boolean
  readonly signal: AbortSignal
  readonly limit: RateLimit | null
  /** Null until the metainfo is known. */
  destination(): (Destination & { readonly store: ContentStore }) | null
  /** Whether it is needed now, or peers bring enough. */
  wanted(): boolean
  readonly budget: HttpBudget
  progressed(bytes: number): void
}

/** Bytes that all web seeds of a download may still be asked for. */
export interface HttpBudget {
  readonly left: number
  take(bytes: number): void
  giveBack(bytes: number): void
}

export function createHttpBudget(bytes = Number.POSITIVE_INFINITY): HttpBudget {
  let left = bytes
  return {
    get left() {
      return left
    },
    take(count) {
      left -= count
    },
    giveBack(count) {
      left += count
    },
  }
}

export function createWebSeed(init: WebSeedInit): DownloadPeer {
  const { url, signal, budget } = init
  const client = createRangeClient(init.allowPrivate)
  const name = shownUrl(url)
  const stop = new AbortController()
  const ended = Promise.withResolvers<void>()
  const runs = new Map<WebRun, Promise<void>>()
  const rate = createRate()
  let bytes = 0
  let failure: SeederFailure | null = null
  let over = false
  let waiting = true
  let pausedUntil = 0
  let attempts = 0

  const owner: Owner = {
    id: url,
    whole: false,
    has(piece) {
      const to = init.destination()
      return to !== null && !to.intake.needsRoots(pieceAt(to.store.metainfo, piece))
    },
    cancel(assignment) {
      for (const run of runs.keys()) run.cancel(assignment)
    },
  }

  /** What it is asked for next: a run of whole pieces, or a slice whose hashes a peer has brought. */
  function next(to: Destination): Assignment[] | null {
    const { plan, intake } = to
    const spare = runs.size === 0 ? 0 : MAX_SLOTS / 2
    const room = Math.min((intake.free - spare) * SLICE_BYTES, budget.left)
    if (room <= 0) return null
    const slice = plan.takeReturned(owner, room)
    if (slice !== null) return [slice]
    const age = plan.unassigned > 0 ? null : HEDGE_MILLISECONDS
    const piece = plan.takePiece(owner, Math.min(room, WEB_SEED_PIECE_BYTES), age)
    if (piece !== null) return extended(piece, to, room)
    const hedge = plan.hedge(owner, Math.min(room, SLICE_BYTES), HEDGE_MILLISECONDS)
    return hedge === null ? null : [hedge]
  }

  /** Small pieces are asked for together: a request for each would cost a round trip each. */
  function extended(run: Assignment[], { plan }: Destination, room: number): Assignment[] {
    const enough = Math.min(room, WEB_SEED_RUN_BYTES, Math.max(SLICE_BYTES, rate.value))
    let length = lengthOf(run)
    while (length < enough && run.length < MAX_SLOTS / 4) {
      const piece = plan.takePiece(owner, enough - length, null)
      if (piece === null) break
      run.push(...piece)
      length += lengthOf(piece)
    }
    return run
  }

  function pump(): void {
    const to = init.destination()
    waiting = to === null || !init.wanted() || performance.now() < pausedUntil
    if (to === null || waiting || over) return
    while (runs.size < WEB_SEED_REQUESTS && !over) {
      const assignments = next(to)
      if (assignments === null) break
      start(assignments, to)
    }
    const least = Math.min(to.store.metainfo.pieceLength, to.plan.left)
    if (!over && runs.size === 0 && budget.left < least) {
      leave(
        new WebSeedError(`${name} is not asked for more: the byte budget is used up.`, false, 'Raise --http-budget.'),
      )
    }
  }

  function start(assignments: Assignment[], to: Destination & { readonly store: ContentStore }): void {
    const length = lengthOf(assignments)
    budget.take(length)
    const run = createWebRun({
      ...{ assignments, to, client, name, limit: init.limit },
      urlOf: (file) => urlOf(url, to.store.metainfo, file),
      signal: AbortSignal.any([signal, stop.signal]),
      arrived: rate.note,
      verified(count) {
        bytes += count
        attempts = 0
        init.progressed(count)
      },
    })
    const done = run.done.then(
      () => undefined,
      (error: Error) => stumble(error),
    )
    runs.set(
      run,
      done.finally(() => {
        runs.delete(run)
        budget.giveBack(length - run.received)
        if (!over) pump()
        else if (runs.size === 0) finished()
      }),
    )
  }

  /** A fault of the moment is waited out; a lie, or what will not change, ends it. */
  function stumble(error: Error): void {
    if (over || stop.signal.aborted || signal.aborted) return
    const delay = RETRY_MILLISECONDS[attempts]
    if (error instanceof BadUnitError || (error instanceof BitCdnError && !error.retry) || delay === undefined) {
      leave(error)
      return
    }
    attempts += 1
    failure = failureOf(name, error)
    pausedUntil = performance.now() + delay
  }

  function leave(error: Error | null): void {
    if (over) return
    over = true
    if (error !== null) failure = failureOf(name, error)
    stop.abort(error ?? new BitCdnError('interrupted', 'The web seed is not needed any more.'))
    if (runs.size === 0) finished()
  }

  function finished(): void {
    client.close()
    ended.resolve()
  }

  signal.addEventListener('abort', () => leave(null))

  return {
    ...{ kind: 'web seed', name, paid: 0n, lacksLine: false, secondsOfLine: 0, done: ended.promise, pump },
    get state() {
      return over ? 'over' : waiting && runs.size === 0 ? 'waiting' : 'fetching'
    },
    get bytes() {
      return bytes
    },
    get rate() {
      return rate.value
    },
    get failure() {
      return failure
    },
    ...{ holds: { whole: true, has: () => true }, useful: true },
    yieldLine: () => undefined,
    tick() {
      if (runs.size === 0) rate.skip(performance.now())
      else rate.tick(performance.now())
      pump()
    },
    async finish() {
      leave(null)
      await until(runs.size === 0 ? 0 : 1_000, AbortSignal.any([signal, endedSignal()]))
    },
  }

  function endedSignal(): AbortSignal {
    const controller = new AbortController()
    void ended.promise.then(() => controller.abort())
    return controller.signal
  }
}

function lengthOf(assignments: readonly Assignment[]): number {
  return assignments.reduce((sum, { length }) => sum + length, 0)
}

/** BEP 19: the address of the file itself, or with a slash at its end of the folder that it is in; of a folder the one above. */
export function urlOf(url: string, metainfo: Metainfo, file: number): URL {
  const { path } = metainfo.files[file] as Metainfo['files'][number]
  const found = new URL(url)
  if (metainfo.single && !found.pathname.endsWith('/')) return found
  const parts = metainfo.single ? [metainfo.name] : [metainfo.name, ...path]
  found.pathname = `${found.pathname.replace(/\/$/, '')}/${parts.map(encodeURIComponent).join('/')}`
  return found
}

/** Without what may be a secret: user, password and query. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
