import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { StreamEndedError } from './errors.ts'
import { encodeMessage } from './frames.ts'
import type { Message } from './generated/wire.js'

/** Sends messages and data on one stream, in the order of the calls. */
export interface Writer {
  /** A control message: small, so it never waits. Nothing happens when the stream is closed. */
  send(message: Partial<Message>): void
  /** Parts that are long or whose memory is used again: after `drained` they may be overwritten. */
  sendParts(parts: readonly Uint8Array[]): void
  /**
   * Resolves when everything that was sent has left this process's memory. Not `stream.onDrain()`: that one answers at
   * once from its second call on. Throws when the stream ends or `signal` aborts.
   */
  drained(signal: AbortSignal): Promise<void>
}

/** Below this many bytes a socket says that it can take more while it still holds on to them. */
const SOCKET_BUFFER_BYTES = 64 * 1024

export function createWriter(stream: Stream): Writer {
  const open = (): boolean => stream.status === 'open' && stream.writeStatus === 'writable'

  return {
    send(message) {
      if (open()) stream.send(encodeMessage(message))
    },
    sendParts(parts) {
      if (!open()) throw new StreamEndedError('The stream is closed for writing.')
      const list = new Uint8ArrayList()
      let length = 0
      for (const part of parts) length += part.length
      // A short list would be kept by the socket without any sign of when it let go: give it memory of its own.
      for (const part of parts) list.append(length < SOCKET_BUFFER_BYTES ? part.slice() : part)
      stream.send(list)
    },
    async drained(signal) {
      signal.throwIfAborted()
      while (stream.writableNeedsDrain || stream.writeBufferLength > 0) await nextDrain(stream, signal)
    },
  }
}

function nextDrain(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => () => {
      stream.removeEventListener('drain', drained)
      stream.removeEventListener('close', closed)
      signal.removeEventListener('abort', aborted)
      settle()
    }
    const drained = done(resolve)
    const closed = done(() => reject(new StreamEndedError('The stream closed before everything was sent.')))
    const aborted = done(() => reject(signal.reason))
    if (stream.status !== 'open') return closed()
    stream.addEventListener('drain', drained)
    stream.addEventListener('close', closed)
    signal.addEventListener('abort', aborted)
  })
}
