// Data frames of `/yamux/1.0.0` that go from their owner's memory to TLS in one write, past the queues of stream, muxer and
// connection: each of those takes lists apart, joins them again and tells events of them, for every frame.

import type { TLSSocket } from 'node:tls'
import type { MessageStream, Stream } from '@libp2p/interface'
import type { PartedWrite } from './parted-writes.ts'

/**
 * What a stream has here that can do it: writes the bytes of `memory` from `start` to `end` as one frame at once. The
 * {@link FRAME_ROOM} bytes before `start` are written over. Resolves when the memory may be used again, rejects when the
 * connection has broken; null when the frame has to be sent as all others are: because of the window, or of what waits.
 * Writers look for it by this symbol, so that they need not know where streams come from.
 */
export const WRITE_FRAME: unique symbol = Symbol.for('bitcdn.write-frame') as never

export type WriteFrame = (memory: Uint8Array, start: number, end: number) => Promise<void> | null

/** A frame's header. */
export const FRAME_ROOM = 12

/** Frames that nobody waits for any more may still be on their way: more of them do not follow then. */
const WAITING_BYTES = 1024 * 1024

/** What @libp2p/yamux and what lies above and below it have, and their types do not say. */
interface StreamSeams {
  readonly writeBuffer: { readonly byteLength: number }
  sendWindowCapacity: number
  getSendFlags(): number
}

type QueueSeam = Pick<StreamSeams, 'writeBuffer'>

/** Null when frames of `stream` can be written past its queues; else what is missing for that. */
export function missingWriteSeam(stream: Stream, connection: MessageStream): string | null {
  const seams = stream as unknown as Partial<StreamSeams>
  if (typeof seams.writeBuffer?.byteLength !== 'number') return 'the stream shows no queue'
  if (typeof seams.sendWindowCapacity !== 'number') return 'the stream shows no window'
  if (typeof seams.getSendFlags !== 'function') return 'the stream shows no flags'
  const queue = (connection as unknown as Partial<QueueSeam>).writeBuffer
  return typeof queue?.byteLength === 'number' ? null : 'the connection shows no queue'
}

/** The connection's end towards the wire. */
export interface FrameOutlet {
  readonly socket: TLSSocket
  readonly write: PartedWrite
  /** Writes the short messages of this connection that wait for others. */
  flush(): void
}

export function frameWriter(
  stream: Stream,
  streamId: number,
  connection: MessageStream,
  { socket, write, flush }: FrameOutlet,
): WriteFrame {
  const seams = stream as unknown as StreamSeams
  const below = connection as unknown as QueueSeam

  return (memory, start, end) => {
    const length = end - start
    if (stream.status !== 'open' || stream.writeStatus !== 'writable' || socket.destroyed) return null
    if (seams.writeBuffer.byteLength > 0 || below.writeBuffer.byteLength > 0) return null
    if (length > seams.sendWindowCapacity || start < FRAME_ROOM || socket.writableLength > WAITING_BYTES) return null
    const header = new DataView(memory.buffer, memory.byteOffset + start - FRAME_ROOM, FRAME_ROOM)
    header.setUint16(0, 0)
    header.setUint16(2, seams.getSendFlags())
    header.setUint32(4, streamId)
    header.setUint32(8, length)
    seams.sendWindowCapacity -= length
    flush()
    return new Promise((resolve, reject) => {
      write(memory.subarray(start - FRAME_ROOM, end), (error) => {
        if (error == null) resolve()
        else reject(error)
      })
    })
  }
}
