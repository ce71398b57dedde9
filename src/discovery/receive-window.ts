// The receive window of a stream whose data is placed. @libp2p/yamux answers every data frame with a window update, which
// costs both sides a record, a turn and their events; half a window is soon enough.
import type { Stream } from '@libp2p/interface'

/** What streams of @libp2p/yamux have and their types do not say. */
interface WindowSeams {
  recvWindow: number
  recvWindowCapacity: number
  sendWindowUpdate(): void
}

/** The window that a sender assumes before it has heard of another, by the specification of yamux. */
const DEFAULT_WINDOW_BYTES = 256 * 1024

/** Bytes that such a sender is told of at once when they are free again: it has no more than four times as much. */
const DEFAULT_UPDATE_BYTES = DEFAULT_WINDOW_BYTES / 4

/** Null when the window of `stream` can be kept; else what is missing for that. */
export function missingWindowSeam(stream: Stream): string | null {
  const { recvWindow, recvWindowCapacity, sendWindowUpdate } = stream as unknown as Partial<WindowSeams>
  const shown = typeof recvWindow === 'number' && typeof recvWindowCapacity === 'number'
  return shown && typeof sendWindowUpdate === 'function' ? null : 'yamux shows no receive window'
}

/** Takes note of frames that came, by their length. Throws when one was longer than the window had room for. */
export function windowOf(stream: Stream): (length: number) => void {
  const seams = stream as unknown as WindowSeams
  /** The first update also says that the stream is accepted. */
  let threshold = 1

  return (length) => {
    if (seams.recvWindowCapacity < length) {
      throw new Error(`A frame of ${length} bytes came where ${seams.recvWindowCapacity} were allowed.`)
    }
    seams.recvWindowCapacity -= length
    // A frame longer than the default shows that the sender knows of the whole window.
    if (length > DEFAULT_WINDOW_BYTES) threshold = seams.recvWindow / 2
    if (seams.recvWindow - seams.recvWindowCapacity < threshold) return
    seams.sendWindowUpdate()
    threshold = Math.max(threshold, DEFAULT_UPDATE_BYTES)
  }
}
