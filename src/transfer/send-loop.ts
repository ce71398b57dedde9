import type { ContentStore } from '../content/index.ts'
import { UNIT_BYTES } from '../content/index.ts'
import { FRAME_DIVISOR, MAX_DATA_FRAME_BYTES } from './constants.ts'
import type { Tab } from './credit-types.ts'
import type { Message } from './generated/wire.js'
import type { Admission, ServingGate } from './ports.ts'
import type { Bid, Uplink, UplinkFlow } from './uplink.ts'
import type { QueuedWant, WantQueue } from './wants.ts'
import type { Writer } from './writer.ts'

/** The roots of a piece of 16 MiB; longer ones travel by themselves. */
const MAX_JOINED_BYTES = 4096

const FREE_BID: Bid = { pricePerGiB: 0n, weight: 1 }

export interface SendLoopInit {
  readonly content: ContentStore
  readonly wants: WantQueue
  readonly writer: Writer
  /** Null for free content: nothing is signed, so nothing is bounded. */
  readonly tab: Tab | null
  readonly admission: Admission
  /** Null where nothing limits what is sent. */
  readonly uplink: Uplink | null
  /** Null where all that is wanted may be sent. */
  readonly gate: ServingGate | null
  readonly signal: AbortSignal
  activity(): void
  failed(error: Error): void
}

/** Sends what is wanted, as far as the window allows, one frame behind the other. */
export interface SendLoop {
  run(): Promise<void>
  /** Something changed: a want, a cancel, room in the window. */
  wake(): void
  /** Whether it is not its turn at the uplink yet. */
  readonly waiting: boolean
  /** Since when, in milliseconds of `performance.now()`, the same frame is on its way; null when none is. */
  readonly blockedSince: number | null
  /** Resolves when the frame on its way is gone; none follows. */
  stop(): Promise<void>
}

export function createSendLoop(init: SendLoopInit): SendLoop {
  const { content, wants, writer, tab, admission, uplink, gate, signal } = init
  const flow = uplink?.join(admission.bid ?? FREE_BID) ?? null
  const longestFrame = Math.min(uplink?.longest ?? MAX_DATA_FRAME_BYTES, MAX_DATA_FRAME_BYTES)
  const limit = Number(admission.session?.maxBytes ?? 0n)
  const finished = Promise.withResolvers<void>()
  let waker = Promise.withResolvers<void>()
  let sending: Promise<void> = Promise.resolve()
  let sent = 0
  let blockedSince: number | null = null
  let running = false
  let stopped = false

  signal.addEventListener('abort', () => {
    flow?.leave()
    wake()
  })

  function wake(): void {
    waker.resolve()
  }

  async function sleep(): Promise<void> {
    await waker.promise
    waker = Promise.withResolvers()
  }

  /** Bytes of the next frame: whole units, or the short unit at the end; 0 while the window has no room for one. */
  function frameLength(want: QueuedWant): number {
    // Who has read little, and pays nothing, may read nothing: a long frame would wait for it in memory.
    const longest = Math.max(2 * UNIT_BYTES, (tab?.window ?? sent) / FRAME_DIVISOR)
    const left = Math.min(want.end - want.next, Math.floor(longest / UNIT_BYTES) * UNIT_BYTES, longestFrame)
    if (tab === null) return left
    const room = Math.min(tab.room(), limit - tab.served)
    return room >= left ? left : Math.floor(room / UNIT_BYTES) * UNIT_BYTES
  }

  async function sendNext(want: QueuedWant): Promise<boolean> {
    if (want.cancelled || !content.hasPiece(want.piece)) {
      await sending
      wants.removeFirst()
      writer.send({ cancel: { piece: want.piece, offset: want.offset } })
      return true
    }
    const wished = frameLength(want)
    if (wished === 0) return false
    const length = flow === null ? wished : await takeTurn(flow, want, wished)
    if (length === 0) return want.cancelled
    let before: Partial<Message> | undefined
    if (want.hashes) {
      want.hashes = false
      const roots = await content.unitRoots(want.piece)
      const hashes: Partial<Message> = { hashes: { piece: want.piece, roots: Uint8Array.from(roots) } }
      if (roots.length <= MAX_JOINED_BYTES) before = hashes
      else writer.send(hashes)
    }
    await sendFrame(want, length, before)
    return true
  }

  /** Bytes of its turn: others may have taken the window's room meanwhile, and a want may have been cancelled. */
  async function takeTurn(flow: UplinkFlow, want: QueuedWant, wished: number): Promise<number> {
    if (!(await flow.turn(wished))) return 0
    const length = want.cancelled || stopped ? 0 : Math.min(wished, frameLength(want))
    if (length < wished) flow.giveBack(wished - length)
    return length
  }

  async function sendFrame(want: QueuedWant, length: number, before?: Partial<Message>): Promise<void> {
    const offset = want.next
    // first asked, then counted: bytes that may not be sent are nobody's debt
    gate?.take(length)
    if (tab !== null) admission.noteServed(BigInt(tab.served + length))
    tab?.serve(length)
    want.next += length
    if (want.next === want.end) wants.removeFirst()
    const frame = await writer.sendData(
      { piece: want.piece, offset, length, before },
      (target) => content.read(want.piece, offset, target),
      signal,
    )
    // The frame before has to be gone; this one may be on its way while the next is read.
    await sending
    blockedSince = performance.now()
    sending = frame.sent.then(() => {
      sent += length
      blockedSince = null
    })
    sending.catch(() => undefined)
    init.activity()
  }

  return {
    async run() {
      running = true
      try {
        while (!stopped && !signal.aborted) {
          const want = wants.first()
          tab?.want(want !== null)
          if (want === null || !(await sendNext(want))) await sleep()
        }
        await sending
      } catch (error) {
        if (!signal.aborted) init.failed(error as Error)
      } finally {
        finished.resolve()
      }
    },
    wake,
    get waiting() {
      return flow?.waiting ?? false
    },
    get blockedSince() {
      return blockedSince
    },
    async stop() {
      stopped = true
      flow?.leave()
      wake()
      if (running) await finished.promise
    },
  }
}
