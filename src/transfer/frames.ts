import { UNIT_BYTES } from '../content/piece.ts'
import { MAX_DATA_BYTES } from './constants.ts'
import { ProtocolError } from './errors.ts'
import { type Data, Message } from './generated/wire.js'

/** What the parser reports to, in the order of arrival. Whatever it throws ends the stream. */
export interface FrameSink {
  /** Bytes of the longest message that may come now. */
  maxMessageBytes(): number
  message(message: Message): void
  /** Where the `length` bytes behind this header belong. Throws when nobody asked for them. */
  place(header: Data): Uint8Array
  data(header: Data): void
}

/**
 * Cuts the bytes of a stream into control messages and data. It never receives buffers: it names the place where the
 * next bytes belong (`next`) and is told how many came (`filled`), so data goes straight to where it is verified.
 */
export interface FrameParser {
  /** @param most - bytes that the place may have */
  next(most?: number): Uint8Array
  filled(count: number): void
  /** Whether the stream may end here: between two frames. */
  readonly atBoundary: boolean
}

/** Four bytes of varint reach 2^28; no frame is longer. */
const MAX_VARINT_BYTES = 4

/** Twice a data header. */
const SHORT_BYTES = 64

/** First byte of a data header (field 13, length-delimited): the one frequent message, and it holds numbers alone. */
const DATA_TAG = 0x6a

/** A control message behind its length as an unsigned varint. */
export function encodeMessage(message: Partial<Message>): Uint8Array {
  const body = Message.encode(message)
  const prefix: number[] = []
  let rest = body.byteLength
  for (; rest > 0x7f; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80)
  prefix.push(rest)
  const frame = new Uint8Array(prefix.length + body.byteLength)
  frame.set(prefix)
  frame.set(body, prefix.length)
  return frame
}

export function createFrameParser(sink: FrameSink): FrameParser {
  const prefix = new Uint8Array(1)
  /** A data header, which is only looked at. What is longer has memory of its own: sessions that wait keep next to none. */
  const short = new Uint8Array(SHORT_BYTES)
  let memory = short
  let state: 'length' | 'message' | 'data' = 'length'
  let target: Uint8Array = prefix
  let count = 0
  let length = 0
  let shift = 0
  let header: Data = { piece: 0, offset: 0, length: 0 }

  function expectLength(): void {
    state = 'length'
    memory = short
    target = prefix
    count = 0
    length = 0
    shift = 0
  }

  function lengthByte(byte: number): void {
    length |= (byte & 0x7f) << (7 * shift++)
    if (byte > 0x7f) {
      if (shift === MAX_VARINT_BYTES) throw new ProtocolError('A frame announces a length of more than 2^28 bytes.')
      count = 0
      return
    }
    const limit = sink.maxMessageBytes()
    if (length === 0 || length > limit) {
      throw new ProtocolError(`A message of ${length} bytes came where 1 to ${limit} are allowed.`)
    }
    memory = length > SHORT_BYTES ? new Uint8Array(length) : short
    state = 'message'
    target = memory.subarray(0, length)
    count = 0
  }

  function messageBytes(): void {
    const message = decodeMessage(ownBytes())
    if (message.data === undefined) {
      expectLength()
      sink.message(message)
      return
    }
    header = message.data
    if (header.length === 0 || header.length > MAX_DATA_BYTES || header.offset % UNIT_BYTES !== 0) {
      throw new ProtocolError(`A data frame of ${header.length} bytes at offset ${header.offset} is not made of units.`)
    }
    state = 'data'
    target = sink.place(header)
    count = 0
  }

  /** The decoder's fields are views: whatever holds more than numbers gets memory that is not written again. */
  function ownBytes(): Uint8Array {
    if (memory !== short) return memory
    return short[0] === DATA_TAG ? target : short.slice(0, length)
  }

  return {
    next: (most = target.length) => target.subarray(count, count + most),
    filled(arrived) {
      count += arrived
      if (count < target.length) return
      if (state === 'length') lengthByte(prefix[0] ?? 0)
      else if (state === 'message') messageBytes()
      else {
        expectLength()
        sink.data(header)
      }
    },
    get atBoundary() {
      return state === 'length' && shift === 0
    },
  }
}

/** Decodes one message; anything that is not exactly one known message is a {@link ProtocolError}. */
export function decodeMessage(bytes: Uint8Array): Message {
  let message: Message
  try {
    message = Message.decode(bytes)
  } catch (cause) {
    throw new ProtocolError(`A message of ${bytes.length} bytes cannot be decoded.`, cause)
  }
  for (const body of Object.values(message)) if (body !== undefined) return message
  throw new ProtocolError(`A message of ${bytes.length} bytes says nothing that this version knows.`)
}
