// yamux of @libp2p/yamux, whose connections put the data of chosen streams straight into the memory that their readers name,
// and send frames straight from the memory of their writers. Its own way passes every byte through lists of fresh buffers and
// every frame through events of three layers; on connections of direct TLS both are passed by here for bulk data, and for
// nothing else: windows, flags and all streams that nobody chose stay with it.
import type { MessageStream, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import type { Uint8ArrayList } from 'uint8arraylist'
import { type DirectSocket, directSocketOf } from './direct-tls.ts'
import { createFrameSplitter, type Frame, type StreamPlaces } from './frame-splitter.ts'
import { copyTo, missingReadSeam, type PlacedReads, placeReads } from './placed-reads.ts'
import { missingWindowSeam, windowOf } from './receive-window.ts'
import { frameWriter, missingWriteSeam, WRITE_FRAME } from './whole-frames.ts'

/**
 * What a stream has here that can do it: takes over everything that arrives for the stream, from what waits in it on, and
 * answers how to end that. Readers look for it by this symbol, so that they need not know where streams come from.
 */
export const READ_INTO: unique symbol = Symbol.for('bitcdn.read-into') as never

export type ReadInto = (places: StreamPlaces) => () => void

/** What @libp2p/yamux has and its types do not say. */
interface MuxerSeams {
  handleFrame(frame: Frame): void
  _newStream(streamId: number, ...rest: unknown[]): Stream
}

interface ReadSeams {
  readonly readBuffer: Uint8ArrayList
}

export interface PlacingYamuxInit extends YamuxMuxerInit {
  /** Told once for each reason why bytes are not placed on connections where they should be. Default: a warning. */
  readonly warn?: (reason: string) => void
}

const warnings = new Set<string>()

function warnOnce(reason: string): void {
  if (warnings.has(reason)) return
  warnings.add(reason)
  process.emitWarning(`Transfers are slower than they could be: ${reason}.`, { code: 'BITCDN_PLAIN_STREAMS' })
}

export function placingYamux({ warn = warnOnce, ...init }: PlacingYamuxInit): () => StreamMuxerFactory {
  return () => {
    const stock = yamux(init)() as StreamMuxerFactory
    const create = stock.createStreamMuxer.bind(stock)
    const maxFrameBytes = init.streamOptions?.maxStreamWindowSize ?? 16 * 1024 * 1024
    stock.createStreamMuxer = (connection) => {
      const direct = directSocketOf(connection)
      // While nobody listens: what waited belongs to the muxer, and to its decoder only if that stays in place.
      direct?.flushReads()
      const muxer = create(connection)
      if (direct === undefined) return muxer
      const lacking = missingSeam(connection, direct, muxer)
      if (lacking === null) passBy(connection, direct, muxer, maxFrameBytes, warn)
      else warn(lacking)
      return muxer
    }
    return stock
  }
}

/** Null when bytes of this connection can be placed; else what is missing for that. */
function missingSeam(connection: MessageStream, { socket }: DirectSocket, muxer: StreamMuxer): string | null {
  const { handleFrame, _newStream } = muxer as unknown as Partial<MuxerSeams>
  if (typeof handleFrame !== 'function' || typeof _newStream !== 'function') return 'yamux shows no frames'
  if (typeof bufferOf(connection)?.consume !== 'function') return 'the connection shows no read buffer'
  return missingReadSeam(socket)
}

const bufferOf = (stream: MessageStream): Uint8ArrayList => (stream as unknown as ReadSeams).readBuffer

/** All that waits in a stream, which is empty then. */
function takeBuffered(stream: MessageStream): Uint8Array | null {
  const buffer = bufferOf(stream)
  if (buffer.byteLength === 0) return null
  const bytes = buffer.slice()
  buffer.consume(bytes.length)
  return bytes
}

function passBy(
  connection: MessageStream,
  { socket, write, flushWrites }: DirectSocket,
  muxer: StreamMuxer,
  maxFrameBytes: number,
  warn: (reason: string) => void,
): void {
  const seams = muxer as unknown as MuxerSeams
  const splitter = createFrameSplitter({
    maxFrameBytes,
    handle: (frame) => seams.handleFrame(frame),
    failed(error) {
      muxer.abort(error)
      connection.abort(error)
    },
  })
  const waiting = takeBuffered(connection)
  let reads: PlacedReads | null = null
  socket.removeAllListeners('data')
  // Not before somebody can listen to the muxer; and nothing is read from a socket before microtasks are done.
  queueMicrotask(() => {
    if (waiting !== null) copyTo(splitter, waiting)
    reads = placeReads(socket, splitter)
  })

  const make = seams._newStream.bind(muxer)
  seams._newStream = (streamId, ...rest) => {
    const stream = make(streamId, ...rest)
    Object.defineProperty(stream, READ_INTO, { value: readInto(stream, streamId) })
    const lacking = flushWrites === null ? 'the connection shows no sending' : missingWriteSeam(stream, connection)
    if (flushWrites !== null && lacking === null) {
      const value = frameWriter(stream, streamId, connection, { socket, write, flush: flushWrites })
      Object.defineProperty(stream, WRITE_FRAME, { value })
    } else if (lacking !== null) warn(lacking)
    return stream
  }

  const readInto =
    (stream: Stream, streamId: number): ReadInto =>
    (places) => {
      let over = false
      const lacking = missingWindowSeam(stream)
      if (lacking !== null) warn(lacking)
      splitter.place(streamId, places, lacking === null ? windowOf(stream) : undefined)
      const first = takeBuffered(stream)
      if (first !== null) {
        queueMicrotask(() => {
          if (!over) copyTo(places, first)
        })
      }
      return () => {
        over = true
        if (splitter.release(streamId)) reads?.moveOn()
      }
    }
}
