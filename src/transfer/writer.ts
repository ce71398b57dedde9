import type { Connection, Stream } from '@libp2p/interface'
import { MAX_DATA_FRAME_BYTES } from './constants.ts'
import { StreamEndedError } from './errors.ts'
import { encodeMessage } from './frames.ts'
import type { Message } from './generated/wire.js'

/** Sends messages and data on one stream. */
export interface Writer {
  /** A control message: small, so it never waits. Nothing happens when the stream is closed. */
  send(message: Partial<Message>): void
  /** A message that may be long. Resolves when its turn is over. */
  sendLong(message: Partial<Message>, signal: AbortSignal): Promise<void>
  /**
   * One data frame, behind the message that has to come before it. `fill` writes the bytes into the memory that it is given;
   * what it returns is resolved when they are there, and the frame takes its turn then. Reading for the next frame may begin
   * before this one is gone.
   */
  sendData(frame: DataFrame, fill: Fill, signal: AbortSignal): Promise<Sending>
}

export interface DataFrame {
  readonly piece: number
  readonly offset: number
  readonly length: number
  readonly before?: Partial<Message> | undefined
}

export type Fill = (target: Uint8Array) => Promise<void>

/** The frame is read and waits for its turn, or is on its way. `sent` resolves when the next may follow. */
export interface Sending {
  readonly sent: Promise<void>
}

/**
 * Room in front of the bytes of a data frame, so that everything travels in one write: for its header, the roots of a piece
 * of 16 MiB, and what the connection has to say before.
 */
const HEADER_BYTES = 8192

/** Tells the connection where a frame begins: before that, the memory is free for headers of its own. */
const HEADROOM = Symbol.for('bitcdn.headroom')

/**
 * What `discovery` gives its streams where it can: one write from memory, which is free again when it resolves; null when
 * the frame has to go the ordinary way.
 */
type WriteFrame = (memory: Uint8Array, start: number, end: number) => Promise<void> | null
const WRITE_FRAME = Symbol.for('bitcdn.write-frame')

/**
 * One for each connection: long writes take turns, from memory that is used again. libp2p tells nobody when bytes have
 * left; a drained stream proves only that the turn *before* the last is on the wire, hence three buffers and one turn
 * at a time. Two streams that wrote long parts side by side would overwrite what still waits in the connection. Where the
 * connection writes frames itself, it says when it has.
 */
interface Outlet {
  turn: Promise<void>
  /** Buffers that it has from the pool. */
  borrowed: number
  readonly waiting: ((buffer: Uint8Array) => void)[]
  last: Uint8Array | null
}

const BUFFERS = 3

/** Memory of frames that no connection needs at the moment: those that only wait have none. */
const pool: Uint8Array[] = []
const MOST_POOLED = 32

/**
 * Frames that all connections send at one time; beyond that each has two, one on its way and the one before it, so that nobody
 * waits for another's reader.
 */
const MOST_IN_USE = 128
const CROWDED_BUFFERS = 2
let inUse = 0

/** Whether so many frames wait for their readers that those who do not read should go. */
export const isCrowded = (): boolean => inUse >= MOST_IN_USE

/** After this long without a frame, the memory of the last one is given up. */
const IDLE_MILLISECONDS = 1_000
const outlets = new WeakMap<object, Outlet>()

function outletOf(connection: Connection): Outlet {
  let outlet = outlets.get(connection)
  if (outlet === undefined) {
    outlet = { turn: Promise.resolve(), borrowed: 0, waiting: [], last: null }
    outlets.set(connection, outlet)
  }
  return outlet
}

const newBuffer = (): Uint8Array => new Uint8Array(HEADER_BYTES + MAX_DATA_FRAME_BYTES)

export function createWriter(connection: Connection, stream: Stream): Writer {
  const outlet = outletOf(connection)
  const open = (): boolean => stream.status === 'open' && stream.writeStatus === 'writable'

  const writeFrame = (stream as unknown as Record<symbol, WriteFrame | undefined>)[WRITE_FRAME]

  /** @param write - resolves when the next may follow */
  function takeTurn(write: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const mine = outlet.turn.then(() => {
      signal.throwIfAborted()
      if (!open()) throw new StreamEndedError('The stream is closed for writing.')
      return write()
    })
    outlet.turn = mine.catch(() => undefined)
    return mine
  }

  function borrow(): Uint8Array | Promise<Uint8Array> {
    const most = inUse < MOST_IN_USE ? BUFFERS : CROWDED_BUFFERS
    if (outlet.borrowed >= most) return new Promise((resolve) => outlet.waiting.push(resolve))
    outlet.borrowed += 1
    inUse += 1
    return pool.pop() ?? newBuffer()
  }

  function release(buffer: Uint8Array): void {
    const next = outlet.waiting.shift()
    if (next === undefined) {
      outlet.borrowed -= 1
      inUse -= 1
      if (pool.length < MOST_POOLED) pool.push(buffer)
    } else next(buffer)
  }

  /** What still waits in the connection keeps its memory; this outlet has another for what comes next. */
  function forget(buffer: Uint8Array): void {
    if (outlet.last !== buffer) return
    outlet.last = null
    lose()
  }

  /** A buffer of which nobody knows when it is free. */
  function lose(): void {
    const next = outlet.waiting.shift()
    if (next === undefined) {
      outlet.borrowed -= 1
      inUse -= 1
    } else next(newBuffer())
  }

  /** Hands the frame to the stream, whose queues tell nobody when its bytes have left: the buffer before is free then. */
  async function sendQueued(buffer: Uint8Array, start: number, end: number, signal: AbortSignal): Promise<void> {
    Object.assign(buffer.buffer, { [HEADROOM]: start })
    stream.send(buffer.subarray(start, end))
    await drained(stream, signal)
    if (outlet.last !== null) release(outlet.last)
    outlet.last = buffer
    const timer: { unref?(): void } = setTimeout(forget, IDLE_MILLISECONDS, buffer)
    // a browser's is a number, and keeps nothing alive
    timer.unref?.()
  }

  async function sendBuffer(buffer: Uint8Array, start: number, end: number, signal: AbortSignal): Promise<void> {
    try {
      await takeTurn(async () => {
        const written = writeFrame?.(buffer, start, end) ?? null
        if (written === null) return sendQueued(buffer, start, end, signal)
        await unlessAborted(written, signal)
        release(buffer)
      }, signal)
    } catch (error) {
      // What happened to its bytes is unknown: they may still wait in the connection.
      lose()
      throw error
    }
  }

  async function sendMessage(message: Partial<Message>, signal: AbortSignal): Promise<void> {
    stream.send(encodeMessage(message))
    await drained(stream, signal)
  }

  return {
    send(message) {
      if (open()) stream.send(encodeMessage(message))
    },
    sendLong: (message, signal) => takeTurn(() => sendMessage(message, signal), signal),
    async sendData({ piece, offset, length, before }, fill, signal) {
      const buffer = await borrow()
      const head = headOf({ data: { piece, offset, length } }, before)
      const start = HEADER_BYTES - head.length
      try {
        buffer.set(head, start)
        await fill(buffer.subarray(HEADER_BYTES, HEADER_BYTES + length))
      } catch (error) {
        release(buffer)
        throw error
      }
      const sent = sendBuffer(buffer, start, HEADER_BYTES + length, signal)
      sent.catch(() => undefined)
      return { sent }
    },
  }
}

/** Everything in front of the data. What has to come before it is short: a receiver takes 64 KiB in a message, we send less. */
function headOf(header: Partial<Message>, before: Partial<Message> | undefined): Uint8Array {
  const own = encodeMessage(header)
  return before === undefined ? own : Buffer.concat([encodeMessage(before), own])
}

/** Awaits `promise`; throws as soon as `signal` aborts: a peer that reads nothing holds up a write for ever. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })
}

/**
 * Resolves when the stream has handed on all that was sent. Not `stream.onDrain()`: that one answers at once from its
 * second call on. Throws when the stream ends or `signal` aborts.
 */
async function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  while (stream.writableNeedsDrain || stream.writeBufferLength > 0) await nextDrain(stream, signal)
}

function nextDrain(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => () => {
      stream.removeEventListener('drain', drain)
      stream.removeEventListener('close', closed)
      signal.removeEventListener('abort', aborted)
      settle()
    }
    const drain = done(resolve)
    const closed = done(() => reject(new StreamEndedError('The stream closed before everything was sent.')))
    const aborted = done(() => reject(signal.reason))
    if (signal.aborted) return aborted()
    if (stream.status !== 'open') return closed()
    stream.addEventListener('drain', drain)
    stream.addEventListener('close', closed)
    signal.addEventListener('abort', aborted)
  })
}
