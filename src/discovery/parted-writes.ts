// Node's TLS keeps, with each connection and for as long as it is open, memory for the longest write that it was given at once:
// after a frame of a megabyte that is a megabyte, in sessions that only wait too. So long writes go to TLS in parts.
import type { Writable } from 'node:stream'

/**
 * What a connection writes first goes in parts that fit, as a record, into the 16 KiB that TLS takes anyway: many connections
 * bring one answer, and wait.
 */
const FIRST_BYTES = 4 * 1024 * 1024
const FIRST_PART = 16_000

/** Longer ones cost no less processor time: what they are encrypted to does not stay in its caches. */
const PART = 128 * 1024

/** @returns whether more may be written before the socket has drained */
export type PartedWrite = (bytes: Uint8Array, done?: (error?: Error | null) => void) => boolean

/**
 * Writes to `socket` in parts, none of which is joined with another: Node copies what it joins to fresh memory. All parts are in
 * the socket's queue when it returns, so nothing comes between them; `done` is called when the last one has left.
 */
export function writeInParts(socket: Pick<Writable, 'write' | '_writev'>): PartedWrite {
  // A stream without it writes what waits one by one.
  Object.assign(socket, { _writev: null })
  let written = 0

  return (bytes, done) => {
    let at = 0
    for (;;) {
      const part = written < FIRST_BYTES ? FIRST_PART : PART
      const end = Math.min(at + part, bytes.length)
      written += end - at
      if (end === bytes.length) return socket.write(bytes.subarray(at), done)
      socket.write(bytes.subarray(at, end))
      at = end
    }
  }
}
