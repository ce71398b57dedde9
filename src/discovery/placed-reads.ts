// Decrypted bytes of a TLS socket, put at once where they belong. Node hands its sockets' bytes over in fresh buffers, one for
// each TLS record, and their garbage costs more than their decryption. What it offers against that, `onread`, is not to be had
// for a TLSSocket over a socket that is there already; the parts that it is made of are. Each is looked for before it is used.
import net from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Names, again and again, where the next bytes belong: never an empty place. Neither call may throw. */
export interface Places {
  /** @param most - bytes that the place may have */
  next(most: number): Uint8Array
  /** So many bytes are in the place that was named last. */
  filled(count: number): void
}

export interface PlacedReads {
  /** The place that was named last is needed for something else: what comes next goes where `next` says now. */
  moveOn(): void
}

interface Seams {
  readonly buffer: symbol
  readonly callback: symbol
  readonly generator: symbol
}

type Slots = Record<symbol, unknown>

/** What `onread` leaves on a socket in this version of Node; null when it is not what it was. */
const seams: Seams | null = findSeams()

function findSeams(): Seams | null {
  const buffer = new Uint8Array(1)
  const probe = new net.Socket({ onread: { buffer: () => buffer, callback: () => true } })
  const symbols = Object.getOwnPropertySymbols(probe)
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name)
  const found = { buffer: named('kBuffer'), callback: named('kBufferCb'), generator: named('kBufferGen') }
  const slots = probe as unknown as Slots
  const usable =
    found.buffer !== undefined &&
    found.callback !== undefined &&
    found.generator !== undefined &&
    typeof slots[found.callback] === 'function' &&
    typeof slots[found.generator] === 'function'
  probe.destroy()
  return usable ? (found as Seams) : null
}

interface Handle {
  useUserBuffer?(buffer: Uint8Array): void
}

/** Null when bytes of `socket` can be placed; else what is missing for that. */
export function missingReadSeam(socket: TLSSocket): string | null {
  if (seams === null) return 'this version of Node does not show where its sockets read to'
  const handle = (socket as unknown as { _handle?: Handle | null })._handle
  // A closed one has lost its handle: nothing comes from it any more.
  if (!socket.destroyed && typeof handle?.useUserBuffer !== 'function')
    return 'the TLS socket takes no buffer to read to'
  return null
}

/**
 * From now on everything that `socket` decrypts goes to `places`, what waits in it first. Its 'data' event is not used any
 * more: should bytes come by it all the same, they are copied to their places.
 */
export function placeReads(socket: TLSSocket, places: Places): PlacedReads {
  if (seams === null) throw new Error('Bytes cannot be placed here.')
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) copyTo(places, chunk)
  socket.on('data', (chunk: Uint8Array) => copyTo(places, chunk))
  const slots = socket as unknown as Slots
  const { buffer, callback, generator } = seams
  let filling = false

  function point(): void {
    const handle = (socket as unknown as { _handle?: Handle | null })._handle
    if (socket.destroyed || handle == null) return
    const place = places.next(Number.POSITIVE_INFINITY)
    slots[buffer] = place
    handle.useUserBuffer?.(place)
  }

  slots[callback] = (count: number): boolean => {
    filling = true
    places.filled(count)
    return true
  }
  slots[generator] = (): Uint8Array => {
    filling = false
    return places.next(Number.POSITIVE_INFINITY)
  }
  point()
  return {
    moveOn() {
      // While bytes are being told of, the next place is asked for anyway, and only once.
      if (!filling) point()
    },
  }
}

/** Copies bytes that came in a buffer of their own. */
export function copyTo(places: Places, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    const place = places.next(bytes.length - done)
    const count = Math.min(place.length, bytes.length - done)
    place.set(bytes.subarray(done, done + count))
    done += count
    places.filled(count)
  }
}
