// The only place where bytes of a libp2p stream are read. A stream whose connection can do it puts them straight where the
// parser says; from any other they are copied there.
import type { Stream } from '@libp2p/interface'
import { StreamEndedError } from './errors.ts'
import type { FrameParser } from './frames.ts'

export interface ReaderEvents {
  /** Something came; called once a chunk. */
  activity(): void
  /** Nothing comes any more. Without an error the other side closed its end between two frames. */
  ended(error: Error | null): void
}

/** What `discovery` gives its streams where it can; the answer ends it. */
type ReadInto = (places: { next(most: number): Uint8Array; filled(count: number): void }) => () => void
const READ_INTO = Symbol.for('bitcdn.read-into')

/** Whether bytes of this stream go straight to their places. */
export function isPlacing(stream: Stream): boolean {
  return typeof (stream as unknown as Record<symbol, unknown>)[READ_INTO] === 'function'
}

/** Feeds `parser` with everything that arrives on `stream`, until it ends or the parser throws. */
export function readStream(stream: Stream, parser: FrameParser, events: ReaderEvents): void {
  let over = false
  let release: (() => void) | null = null

  function end(error: Error | null): void {
    if (over) return
    over = true
    stream.removeEventListener('message', onMessage)
    // Before anyone hears of it: the parser's places may be used for something else then.
    release?.()
    events.ended(error)
  }

  function take(chunk: Uint8Array): void {
    let taken = 0
    while (taken < chunk.length && !over) {
      const place = parser.next()
      const count = Math.min(place.length, chunk.length - taken)
      place.set(taken === 0 && count === chunk.length ? chunk : chunk.subarray(taken, taken + count))
      taken += count
      parser.filled(count)
    }
  }

  function onMessage(event: { data: Uint8Array | Iterable<Uint8Array> }): void {
    events.activity()
    try {
      if (event.data instanceof Uint8Array) take(event.data)
      else for (const chunk of event.data) take(chunk)
    } catch (error) {
      end(error as Error)
    }
  }

  function filled(count: number): void {
    events.activity()
    try {
      parser.filled(count)
    } catch (error) {
      end(error as Error)
    }
  }

  function onEnd(): void {
    end(parser.atBoundary ? null : new StreamEndedError('The stream ended in the middle of a frame.'))
  }

  stream.addEventListener('remoteCloseWrite', onEnd)
  stream.addEventListener('close', (event) => {
    const { error } = event as { error?: Error }
    if (error === undefined) onEnd()
    else end(new StreamEndedError(`The stream broke: ${error.message}.`, error))
  })
  if (isPlacing(stream)) {
    const readInto = (stream as unknown as Record<symbol, ReadInto>)[READ_INTO]
    release = readInto?.({ next: parser.next, filled }) ?? null
  } else stream.addEventListener('message', onMessage)
}
