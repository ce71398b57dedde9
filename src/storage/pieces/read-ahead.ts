import { READ_BYTES } from './constants.ts'
import type { DiskFile } from './disk-file.ts'

/**
 * The first `length` bytes of a file in chunks, the next one being read while the caller works on this one. Two buffers take
 * turns: a chunk is good until the next is asked for. A file that ends earlier ends the chunks earlier.
 */
export async function* readAhead(
  handle: DiskFile,
  length: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const size = Math.min(READ_BYTES, length)
  const buffers: Uint8Array[] = []
  const readAt = async (position: number, turn: number): Promise<Uint8Array> => {
    buffers[turn % 2] ??= new Uint8Array(size)
    const buffer = buffers[turn % 2] as Uint8Array
    const target = buffer.subarray(0, Math.min(size, length - position))
    // what is read in one go is nobody's work meanwhile
    const count = await (length === size ? handle.read(target, position) : handle.readBehind(target, position))
    return buffer.subarray(0, count)
  }
  let position = 0
  let next = readAt(0, 0)
  try {
    for (let turn = 1; position < length; turn += 1) {
      const chunk = await next
      if (chunk.length === 0) return
      signal?.throwIfAborted()
      position += chunk.length
      if (position < length) {
        next = readAt(position, turn)
        next.catch(() => {}) // awaited in the next round; until then a failure must not count as unhandled
      }
      yield chunk
    }
  } finally {
    await next.catch(() => {}) // the caller closes the handle next: no read may be under way
  }
}
