// What libp2p sends is a list: a header of twelve bytes, a message, a header, a megabyte. Written one by one, each becomes
// a record and a turn of the loop of its own; written together, Node copies the megabyte into fresh memory. Here what is short
// is joined, in front of the long part where its owner left room for that.
import type { MessageStream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { PartedWrite } from './parted-writes.ts'

/**
 * On an ArrayBuffer: where a message begins in it that is sent now. What stands before it is free, and may be written to.
 * Whoever sends from memory of its own sets it by this symbol, so that it need not know who sends.
 */
export const HEADROOM: unique symbol = Symbol.for('bitcdn.headroom') as never

/** Shorter parts are joined: copying them costs less than a write. */
const LONG_BYTES = 4096

/** Short messages wait for the socket only behind as much as this: a few long ones, which wait themselves. */
const WAITING_BYTES = 2 * 1024 * 1024

type Memory = ArrayBufferLike & { [HEADROOM]?: number }

interface SendSeam {
  sendData?(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean }
}

interface Outlet {
  /** Bytes that wait in it. */
  readonly writableLength: number
}

/**
 * Connections that do not send through `sendData` keep their way. What is taken is written in whole, so that a frame which
 * somebody else writes to the socket never comes between the parts of another. Answers how to write at once what waits to be
 * joined; null for those that keep their way.
 */
export function joinWrites(connection: MessageStream, socket: Outlet, write: PartedWrite): (() => void) | null {
  const seam = connection as MessageStream & SendSeam
  if (typeof seam.sendData !== 'function') return null
  const gather = gatherer(write)

  seam.sendData = (data) => {
    const sentBytes = data.byteLength
    let drained = true
    let long = false
    for (const part of joined(data)) {
      if (part.length < LONG_BYTES) gather.add(part)
      else {
        gather.end()
        drained = write(part)
        long = true
      }
    }
    // Whoever sent from memory of its own has to know when it has left. Nothing else needs to wait for others' long parts.
    return { sentBytes, canSendMore: long ? drained : socket.writableLength < WAITING_BYTES }
  }
  return gather.end
}

/** What is short and is sent in one turn travels as one record: at `end`, or when the turn ends. */
function gatherer(write: PartedWrite): { add(part: Uint8Array): void; end(): void } {
  let run: Uint8Array[] = []

  function end(): void {
    if (run.length === 0) return
    const whole = together(run)
    run = []
    write(whole)
  }

  return {
    add(part) {
      if (run.length === 0) process.nextTick(end)
      run.push(part)
    },
    end,
  }
}

/** The bytes of `data` in as few parts as can be had without copying long ones. */
export function* joined(data: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  let run: Uint8Array[] = []
  for (const part of data) {
    if (part.length < LONG_BYTES) {
      run.push(part)
      continue
    }
    const whole = inFront(run, part)
    if (whole === null) {
      if (run.length > 0) yield together(run)
      yield part
    } else yield whole
    run = []
  }
  if (run.length > 0) yield together(run)
}

function together(run: readonly Uint8Array[]): Uint8Array {
  return run.length === 1 ? (run[0] as Uint8Array) : Buffer.concat(run)
}

/** `run` written in front of `part`, where there is room. */
function inFront(run: readonly Uint8Array[], part: Uint8Array): Uint8Array | null {
  const memory = part.buffer as Memory
  const bytes = run.reduce((sum, { length }) => sum + length, 0)
  if (bytes === 0 || memory[HEADROOM] !== part.byteOffset || bytes > part.byteOffset) return null
  delete memory[HEADROOM]
  const whole = new Uint8Array(part.buffer, part.byteOffset - bytes, bytes + part.length)
  let at = 0
  for (const short of run) {
    whole.set(short, at)
    at += short.length
  }
  return whole
}
