import type { ContentStore } from '../content/index.ts'
import { UNIT_BYTES } from '../content/index.ts'
import { FRAME_DIVISOR, MAX_DATA_FRAME_BYTES } from './constants.ts'
import type { Tab } from './credit-types.ts'
import type { Message } from './generated/wire.js'
import type { Admission } from './ports.ts'
import type { QueuedWant, WantQueue } from './wants.ts'
import type { Writer } from './writer.ts'

/** The roots of a piece of 16 MiB; longer ones travel by themselves. */
const MAX_JOINED_BYTES = 4096

export interface SendLoopInit {
  readonly content: ContentStore
  readonly wants: WantQueue
  readonly writer: Writer
  /** Null for free content: nothing is signed, so nothing is bounded. */
  readonly tab: Tab | null
  readonly admission: Admission
  readonly signal: AbortSignal
  activity(): void
  failed(error: Error): void
}

/** Sends what is wanted, as far as the window allows, one frame behind the other. */
export interface SendLoop {
  run(): Promise<void>
  /** Something changed: a want, a cancel, room in the window. */
  wake(): void
  /** Resolves when the frame on its way is gone; none follows. */
  stop(): Promise<void>
}

export function createSendLoop(init: SendLoopInit): SendLoop {
  const { content, wants, writer, tab, admission, signal } = init
  const limit = Number(admission.session?.maxBytes ?? 0n)
  const finished = Promise.withResolvers<void>()
  let waker = Promise.withResolvers<void>()
  let sending: Promise<void> = Promise.resolve()
  let running = false
  let stopped = false

  signal.addEventListener('abort', wake)

  function wake(): void {
    waker.resolve()
  }

  async function sleep(): Promise<void> {
    await waker.promise
    waker = Promise.withResolvers()
  }

  /** Bytes of the next frame: whole units, or the short unit at the end; 0 while the window has no room for one. */
  function frameLength(want: QueuedWant): number {
    const longest = tab === null ? MAX_DATA_FRAME_BYTES : Math.max(2 * UNIT_BYTES, tab.window / FRAME_DIVISOR)
    const left = Math.min(want.end - want.next, longest, MAX_DATA_FRAME_BYTES)
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
    const length = frameLength(want)
    if (length === 0) return false
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

  async function sendFrame(want: QueuedWant, length: number, before?: Partial<Message>): Promise<void> {
    const offset = want.next
    // first asked, then counted: bytes that may not be sent are nobody's debt
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
    sending = frame.sent
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
    async stop() {
      stopped = true
      wake()
      if (running) await finished.promise
    },
  }
}
