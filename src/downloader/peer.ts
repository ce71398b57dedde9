import type { Connection } from '@libp2p/interface'
import { UNIT_BYTES } from '../content/index.ts'
import type { SignedTerms } from '../receipts/index.ts'
import { type RateLimit, RefusedError, StreamEndedError } from '../transfer/index.ts'
import { createBrokenLines } from './broken-lines.ts'
import {
  CONNECT_MILLISECONDS,
  HEDGE_MILLISECONDS,
  LATE_HEDGE_MILLISECONDS,
  LINE_MILLISECONDS,
  MAX_LINE_BYTES,
  RENEW_SHARE,
  RETRY_MILLISECONDS,
  SLICE_BYTES,
} from './constants.ts'
import type { SeederFailure } from './errors.ts'
import { type Destination, type Fetcher, openFetcher } from './fetcher.ts'
import type { Lines } from './lines.ts'
import type { Assignment, Owner } from './plan.ts'
import type { DownloadNode, DownloadRecord, FoundPeer, RecordedSession } from './ports.ts'
import { presentOwed } from './present-owed.ts'
import { createRate, longestLine, sliceBytes, wantsAllowed } from './rate.ts'
import { failureOf, isForNow, mayRetry } from './retry.ts'
import type { DownloadPeer } from './source.ts'
import { until } from './until.ts'

export interface PeerInit {
  readonly target: string | FoundPeer
  readonly node: DownloadNode
  readonly contentId: string
  readonly record: DownloadRecord
  /** Null when the content is asked for without paying. */
  readonly lines: Lines | null
  readonly signal: AbortSignal
  /** Bytes a second that it brought earlier; 0 when it is new. */
  readonly expected: number
  /** Of all that the download asks for. */
  readonly limit: RateLimit | null
  /** The same seeder earlier in this download, which left; what it brought goes on being counted. */
  readonly before: Pick<DownloadPeer, 'bytes' | 'paid'> | null
  /** Throws when this seeder's terms do not suit. */
  check(terms: SignedTerms | null): void
  /** The plan and the store; fetches the metainfo from this seeder when nobody has yet. */
  destination(fetcher: Fetcher): Promise<Destination>
  /** Verified bytes came from this seeder. */
  progressed(bytes: number): void
}

export function createPeer(init: PeerInit): DownloadPeer {
  const { node, contentId, lines, signal, limit } = init
  const streams = new Set<Fetcher>()
  const broken = createBrokenLines(lines)
  /** Streams that were closed from here. */
  const retired = new WeakMap<Fetcher, Promise<void>>()
  let name = typeof init.target === 'string' ? (init.target.split('/p2p/').at(-1) ?? init.target) : init.target.id
  let state: DownloadPeer['state'] = 'connecting'
  let destination: Destination | null = null
  let connection: Connection | null = null
  let seederTerms: SignedTerms | null = null
  let active: Fetcher | null = null
  /** Tells what the seeder holds while no line is open. */
  let lastActive: Fetcher | null = null
  /** Takes over when the active one's line is used up. */
  let spare: Fetcher | null = null
  let renewing = false
  let renewAt = 0
  /** There will be no other line: the active one is over when it is used up. */
  let noneToFollow = false
  let finishing = false
  let bytes = init.before?.bytes ?? 0
  let paidBefore = init.before?.paid ?? 0n
  let lacksLine = false
  let failure: SeederFailure | null = null
  let visitOver = Promise.withResolvers<Error | null>()
  /** Aborted when the seeder is left: a stream that is being opened then comes too late. */
  let leaving = new AbortController()
  const rate = createRate(init.expected)

  const owner: Owner = {
    get id() {
      return name
    },
    get whole() {
      return (active ?? lastActive)?.whole ?? true
    },
    has: (piece) => (active ?? lastActive)?.has(piece) ?? false,
    cancel(assignment: Assignment) {
      for (const stream of streams) stream.cancel(assignment)
    },
  }

  async function run(): Promise<void> {
    for (let attempt = 0; ; ) {
      const before = bytes
      const error = await visit().then(
        () => visitOver.promise,
        (reason: Error) => reason,
      )
      await leave(error)
      if (signal.aborted || finishing || destination?.plan.complete === true) break
      if (bytes > before) attempt = 0
      failure = failureOf(name, error)
      const delay = RETRY_MILLISECONDS[attempt++]
      if (failure.banned || !mayRetry(error) || delay === undefined) break
      state = 'waiting'
      await until(delay, signal)
    }
    if (!signal.aborted && !finishing) broken.end()
    state = 'over'
  }

  async function visit(): Promise<void> {
    visitOver = Promise.withResolvers()
    leaving = new AbortController()
    state = 'connecting'
    const clock = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MILLISECONDS)])
    connection = await node.connect(init.target, { signal: clock })
    name = connection.remotePeer.toString()
    if (!(await openStream(connection, true))) visitOver.resolve(null)
  }

  /**
   * A stream with a line of its own becomes the active one. False when there is no line to be had, because the open lines of
   * all seeders cover what is left.
   */
  async function openStream(through: Connection, patient: boolean): Promise<boolean> {
    const left = AbortSignal.any([signal, leaving.signal])
    let fetcher: Fetcher | null = null
    fetcher = await openFetcher(
      {
        connection: through,
        self: node.peerId,
        record: init.record,
        progressed(count) {
          bytes += count
          rate.note(count)
          init.progressed(count)
          pump()
        },
        ended: (error) => fetcher !== null && streamEnded(fetcher, error),
        closing: (refusal) => fetcher !== null && stopped(fetcher, refusal),
      },
      left,
    )
    try {
      const terms = await fetcher.transfer.terms(left)
      init.check(terms)
      seederTerms = terms
      const to = await init.destination(fetcher)
      const line = lines === null || terms === null ? null : await obtainLine(lines, terms, to, patient)
      if (left.aborted && line !== null) broken.add(line.session.session)
      if (left.aborted || isOver(to) || (lines !== null && terms !== null && line === null)) {
        void fetcher.abort(new StreamEndedError('There is nothing to fetch.'))
        return false
      }
      await begin(fetcher, line, to, left)
      if (line !== null) broken.remove(line.session.session)
      destination = to
      streams.add(fetcher)
      lastActive = fetcher
      if (active === null) active = fetcher
      else spare = fetcher
      state = 'fetching'
      pump()
      return true
    } catch (error) {
      void fetcher.abort(error as Error)
      throw error
    }
  }

  async function begin(
    fetcher: Fetcher,
    line: RecordedSession | null,
    to: Destination,
    left: AbortSignal,
  ): Promise<void> {
    try {
      await fetcher.begin(contentId, line, to)
      left.throwIfAborted()
    } catch (error) {
      if (line !== null) {
        // A session that a seeder will not have is of no use; one that is only not free yet may be gone on with.
        if (error instanceof RefusedError && !isForNow(error)) lines?.close(line.session.session, 'refused')
        else broken.add(line.session.session)
      }
      throw error
    }
  }

  const isOver = (to: Destination | null): boolean => finishing || signal.aborted || to?.plan.complete === true

  async function obtainLine(
    from: Lines,
    terms: SignedTerms,
    to: Destination,
    patient: boolean,
  ): ReturnType<Lines['obtain']> {
    for (;;) {
      const line = isOver(to) ? null : await from.obtain(terms, bytes === 0 ? MAX_LINE_BYTES : longestLine(rate))
      lacksLine = line === null
      if (line !== null || !patient || isOver(to)) return line
      state = 'waiting'
      await until(LINE_MILLISECONDS, signal)
    }
  }

  function streamEnded(fetcher: Fetcher, error: Error | null): void {
    if (!streams.delete(fetcher)) return
    paidBefore += fetcher.paid
    const session = fetcher.recorded?.session.session
    if (session !== undefined) broken.add(session)
    detach(fetcher)
    // A stream that we closed ourselves makes room for the next; any other end is the seeder's.
    if (!retired.has(fetcher)) visitOver.resolve(error)
  }

  function detach(fetcher: Fetcher): void {
    if (spare === fetcher) spare = null
    if (active !== fetcher) return
    active = spare
    spare = null
  }

  /** The seeder stops: what is verified is signed, the rest goes to others. What it serves on another stream goes on until it ends that too. */
  function stopped(fetcher: Fetcher, refusal: RefusedError | null): void {
    if (retired.has(fetcher)) return
    void retire(fetcher).then(() => {
      if ([...streams].every((stream) => retired.has(stream))) visitOver.resolve(refusal)
    })
  }

  /** The last receipt, then the line is over. */
  function retire(fetcher: Fetcher): Promise<void> {
    const retiring = retired.get(fetcher) ?? closeInOrder(fetcher)
    retired.set(fetcher, retiring)
    return retiring
  }

  async function closeInOrder(fetcher: Fetcher): Promise<void> {
    detach(fetcher)
    const session = fetcher.recorded?.session.session
    const inOrder = await fetcher.finish()
    if (session !== undefined) {
      // A seeder that did not answer may have been cut off: its session can be gone on with later.
      if (inOrder) {
        broken.remove(session)
        lines?.close(session, 'held')
      } else broken.add(session)
    }
    pump()
  }

  /** The next slice that this stream's line has room for. */
  function nextFor({ room }: Fetcher): Assignment | null {
    if (destination === null || room <= 0) return null
    const { plan } = destination
    const most = Math.min(room, SLICE_BYTES)
    const fresh = Math.min(most, sliceBytes(rate, limit))
    return (
      plan.take(owner, fresh) ??
      plan.hedge(owner, fresh, HEDGE_MILLISECONDS) ??
      plan.hedge(owner, most, LATE_HEDGE_MILLISECONDS)
    )
  }

  function pump(): void {
    if (destination === null || finishing || active?.ending === true) return
    const { intake } = destination
    while (active !== null && inFlight() < wantsAllowed(rate, limit) && intake.free > 0) {
      let next = nextFor(active)
      // What does not fit into the rest of a line may fit into the line behind it.
      if (next === null && spare !== null) {
        next = nextFor(spare)
        if (next !== null || active.room < UNIT_BYTES) detach(active)
      }
      if (next === null || active === null) break
      limit?.take(next.length)
      active.request(next)
    }
    for (const stream of streams) {
      const usedUp =
        (stream !== active && stream !== spare) || (stream.room < UNIT_BYTES && (lacksLine || noneToFollow))
      if (usedUp && stream.inFlight === 0) void retire(stream)
    }
    renew()
  }

  /** A line that is nearly used up is followed by another, on a stream of its own. */
  function renew(): void {
    if (lines === null || destination === null || connection === null || renewing || isOver(destination)) return
    const { signal: left } = leaving
    if (left.aborted || performance.now() < renewAt) return
    if (!destination.plan.hasWork(owner, HEDGE_MILLISECONDS)) {
      lacksLine = false
      return
    }
    if (spare !== null) return
    const whole = Number(active?.recorded?.session.line.maxBytes ?? 0)
    const soon = Math.max(wantsAllowed(rate) * SLICE_BYTES, whole * RENEW_SHARE)
    const { unassigned } = destination.plan
    const ahead = unassigned > 0 ? Math.min(soon, unassigned) : SLICE_BYTES
    if (active !== null && active.room >= ahead) return
    renewing = true
    openStream(connection, false)
      .catch((error: Error) => {
        if (left.aborted) return
        renewAt = performance.now() + LINE_MILLISECONDS
        if (!mayRetry(error)) noneToFollow = true
        // While another line is alive, that one may still go on.
        if (streams.size === 0) visitOver.resolve(error)
      })
      .finally(() => {
        renewing = false
        if (lacksLine) renewAt = performance.now() + LINE_MILLISECONDS
      })
  }

  function inFlight(): number {
    let count = 0
    for (const stream of streams) count += stream.inFlight
    return count
  }

  async function leave(error: Error | null): Promise<void> {
    const reason = error ?? new StreamEndedError('The seeder left.')
    leaving.abort(reason)
    await Promise.all([...streams].map((stream) => stream.abort(reason)))
    streams.clear()
    active = null
    spare = null
  }

  const done = run()

  return {
    kind: 'seeder',
    get name() {
      return name
    },
    get state() {
      return state
    },
    get bytes() {
      return bytes
    },
    get rate() {
      return rate.value
    },
    get paid() {
      let sum = paidBefore
      for (const stream of streams) sum += stream.paid
      return sum
    },
    get failure() {
      return failure
    },
    holds: owner,
    get useful() {
      return (
        destination === null || owner.whole || inFlight() > 0 || destination.plan.hasWork(owner, HEDGE_MILLISECONDS)
      )
    },
    get lacksLine() {
      return lacksLine && state !== 'over'
    },
    get secondsOfLine() {
      if (active === null) return broken.size > 0 && state === 'waiting' ? Number.POSITIVE_INFINITY : 0
      return lines === null ? 0 : active.room / Math.max(rate.value, 1)
    },
    yieldLine() {
      if (active === null) broken.giveUp()
      else void retire(active).then(broken.giveUp)
    },
    done,
    pump,
    tick() {
      const now = performance.now()
      // Who is asked for nothing has not become slow.
      if (inFlight() === 0) rate.skip(now)
      else rate.tick(now)
      for (const stream of [...streams]) stream.tick()
      pump()
    },
    async finish() {
      finishing = true
      await Promise.all([...streams].map((stream) => retire(stream)))
      if (lines !== null && seederTerms !== null && connection?.status === 'open') {
        const { record } = init
        await presentOwed({ connection, node, record, lines, terms: seederTerms, contentId, signal }).catch(
          () => undefined,
        )
      }
      visitOver.resolve(null)
    },
  }
}
