import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { bytesToHex, type Hex } from 'viem'
import type { Piece } from '../content/index.ts'
import { UNIT_BYTES } from '../content/index.ts'
import {
  type AuthorizedSession,
  createDomain,
  type SessionKey,
  type SignedReceipt,
  type SignedTerms,
  signProof,
  verifyTerms,
} from '../receipts/index.ts'
import { bytesOf, decodeReceipt, decodeTerms, encodeReceipt, encodeSession } from './codec.ts'
import {
  ANSWER_MILLISECONDS,
  LAST_RECEIPT_MILLISECONDS,
  MAX_MESSAGE_BYTES,
  MAX_METADATA_BYTES,
  MAX_OPENING_BYTES,
  TRANSFER_PROTOCOL,
} from './constants.ts'
import { ProtocolError, RefusedError, refusalOf, StreamEndedError } from './errors.ts'
import { createFrameParser } from './frames.ts'
import type { Accept, Data, Message } from './generated/wire.js'
import { readStream } from './reader.ts'
import { createWriter } from './writer.ts'

/** Of what a seeder says, no more than this many characters are repeated. */
const MAX_WORDS = 500

export interface Hello {
  readonly contentId: string
  /** Null asks for free content. */
  readonly session: AuthorizedSession | null
  /** Signs the proof: the key of the session's line. */
  readonly key: SessionKey | null
  /** The highest receipt that was signed for this session, if any. */
  readonly receipt: SignedReceipt | null
}

export interface Accepted {
  /** Bytes that may come beyond the last receipt; 0 for free content. */
  readonly window: number
  /** One bit a piece, most significant first. */
  readonly bitfield: Uint8Array
  /** The highest receipt that the seeder holds for this session. */
  readonly receipt: SignedReceipt | null
}

/** What arrives unasked, or as the answer to wants. All are called synchronously, in the order of arrival. */
export interface TransferEvents {
  /** Unit roots of a piece, unverified. */
  hashes?(piece: number, roots: Uint8Array): void
  /** A part of a want is in its target. Unverified. */
  data?(want: Want, offset: number, length: number): void
  /** The seeder sends no more for this want. */
  dropped?(want: Want): void
  held?(bytesServed: bigint, window: number): void
  have?(pieces: readonly number[]): void
  /** The seeder wants to stop: sign what is verified and close. With a reason where it may not serve on. */
  closing?(refusal: RefusedError | null): void
  /** Nothing comes any more; called once. Null after an orderly close. */
  ended?(error: Error | null): void
}

/** A range of one piece, asked for once on this stream. */
export interface Want {
  readonly piece: Piece
  /** A multiple of 128 KiB. */
  readonly offset: number
  /** Bytes, at most 1 MiB; whole units, or up to the piece's end. */
  readonly length: number
  /** Where the bytes go: `length` bytes. */
  readonly target: Uint8Array
  /** Whether the unit roots of the piece should come first. */
  readonly hashes: boolean
}

/** The downloader's side of one stream. */
export interface Transfer {
  readonly peer: string
  /** The remote peer id's multihash. */
  readonly peerId: Hex
  /** Null from a seeder of free content. Throws `protocol` when they are not signed for this peer. */
  terms(signal: AbortSignal): Promise<SignedTerms | null>
  /** The info dictionary, unverified; null when the peer does not hold it. */
  info(contentId: string, signal: AbortSignal): Promise<Uint8Array | null>
  /** A file's piece layer, unverified; null when the peer does not hold it. Ask for the info on this stream before. */
  layer(piecesRoot: Uint8Array, signal: AbortSignal): Promise<Uint8Array | null>
  /** Throws a {@link RefusedError} when the seeder refuses. */
  hello(hello: Hello, signal: AbortSignal): Promise<Accepted>
  want(want: Want): void
  cancel(want: Want): void
  sendReceipt(receipt: SignedReceipt): void
  /** No more wants: the seeder stores the last receipt, answers `held` and ends the stream, which `ended` tells. */
  close(): void
  abort(error: Error): void
  readonly open: boolean
}

interface Announcement {
  readonly terms: SignedTerms | null
  readonly nonce: Hex
}

interface PendingWant {
  readonly want: Want
  next: number
}

/** Opens a stream to a peer that serves `/bitcdn/transfer/1.0.0`. */
export async function openTransfer(
  connection: Connection,
  self: PeerId,
  events: TransferEvents,
  signal: AbortSignal,
): Promise<Transfer> {
  const stream = await connection.newStream(TRANSFER_PROTOCOL, { signal, runOnLimitedConnection: true })
  return createTransfer(connection, stream, self, events)
}

export function createTransfer(connection: Connection, stream: Stream, self: PeerId, events: TransferEvents): Transfer {
  const peer = connection.remotePeer
  const peerId = bytesToHex(peer.toMultihash().bytes)
  const writer = createWriter(connection, stream)
  const wants = new Map<string, PendingWant>()
  const said = Promise.withResolvers<Announcement>()
  const over = Promise.withResolvers<never>()
  let infoAnswer: PromiseWithResolvers<Uint8Array> | null = null
  let layerAnswer: PromiseWithResolvers<Uint8Array> | null = null
  let helloAnswer: PromiseWithResolvers<Accept> | null = null
  let open = true
  /** Either side said that it closes: only then is the end of the stream no failure. */
  let goodbye = false
  /** Why it closes, where it said. */
  let refusal: RefusedError | null = null
  let filling: PendingWant | null = null

  // Whoever awaits one of these hears of its rejection; when nobody does, it is no news.
  for (const { promise } of [said, over]) promise.catch(() => undefined)

  const key = (piece: number, offset: number): string => `${piece}:${offset}`

  function take(message: Message): void {
    if (message.held !== undefined) events.held?.(message.held.bytesServed, Number(message.held.window))
    else if (message.hashes !== undefined) events.hashes?.(message.hashes.piece, message.hashes.roots)
    else if (message.cancel !== undefined) drop(message.cancel.piece, message.cancel.offset)
    else if (message.have !== undefined) events.have?.(message.have.pieces)
    else if (message.close !== undefined) {
      goodbye = true
      const { reason, words } = message.close
      if (reason !== 0) refusal = new RefusedError(refusalOf(reason), words.slice(0, MAX_WORDS))
      events.closing?.(refusal)
    } else takeAnswer(message)
  }

  function takeAnswer(message: Message): void {
    if (message.terms !== undefined) {
      said.resolve({ terms: decodeTerms(message.terms, peerId), nonce: bytesToHex(message.terms.nonce) })
    } else if (message.accept !== undefined) answer(helloAnswer).resolve(message.accept)
    else if (message.refuse !== undefined) {
      answer(helloAnswer).reject(
        new RefusedError(refusalOf(message.refuse.reason), message.refuse.words.slice(0, MAX_WORDS)),
      )
    } else if (message.info !== undefined) answer(infoAnswer).resolve(message.info.info)
    else if (message.layers !== undefined) answer(layerAnswer).resolve(message.layers.layer)
    else throw new ProtocolError('A message came that only a downloader sends.')
  }

  function answer<T>(waiting: PromiseWithResolvers<T> | null): PromiseWithResolvers<T> {
    if (waiting === null) throw new ProtocolError('An answer came that nobody asked for.')
    return waiting
  }

  function drop(piece: number, offset: number): void {
    const name = key(piece, offset)
    const pending = wants.get(name)
    wants.delete(name)
    if (pending !== undefined) events.dropped?.(pending.want)
  }

  /** The place of a data frame: the next bytes of the want that it belongs to. */
  function place(header: Data): Uint8Array {
    for (const pending of wants.values()) {
      const { want, next } = pending
      if (want.piece.index !== header.piece || next !== header.offset) continue
      const begin = header.offset - want.offset
      const end = begin + header.length
      if (end > want.length || (header.length % UNIT_BYTES !== 0 && end !== want.length)) break
      filling = pending
      return want.target.subarray(begin, end)
    }
    throw new ProtocolError(`Data for piece ${header.piece} at ${header.offset} came that nobody wants.`)
  }

  function filled(header: Data): void {
    const pending = filling
    if (pending === null) return
    const { want } = pending
    pending.next += header.length
    if (pending.next === want.offset + want.length) wants.delete(key(want.piece.index, want.offset))
    filling = null
    events.data?.(want, header.offset, header.length)
  }

  function finish(failure: Error | null): void {
    if (!open) return
    open = false
    const lost = failure === null && !goodbye
    const error = lost ? new StreamEndedError(`${peer} left without a word.`) : failure
    const reason = error ?? refusal ?? new StreamEndedError('The seeder ended the stream.')
    over.reject(reason)
    if (error === null)
      void stream.close({ signal: AbortSignal.timeout(LAST_RECEIPT_MILLISECONDS) }).catch(() => undefined)
    else stream.abort(error)
    wants.clear()
    events.ended?.(error)
  }

  const parser = createFrameParser({
    maxMessageBytes() {
      if (infoAnswer !== null || layerAnswer !== null) return MAX_METADATA_BYTES
      return helloAnswer === null ? MAX_MESSAGE_BYTES : MAX_OPENING_BYTES
    },
    message: take,
    place,
    data: filled,
  })
  readStream(stream, parser, { activity: () => undefined, ended: finish })

  /** Awaits an answer for as long as the stream is open, `signal` not aborted and the seeder not too slow. */
  async function awaitAnswer<T>(promise: Promise<T>, what: string, signal: AbortSignal): Promise<T> {
    const clock = new AbortController()
    const timer = setTimeout(() => {
      clock.abort(new StreamEndedError(`${peer} did not answer ${what} within ${ANSWER_MILLISECONDS} ms.`))
    }, ANSWER_MILLISECONDS)
    const stopped = Promise.withResolvers<never>()
    const stop = AbortSignal.any([signal, clock.signal])
    const onAbort = (): void => stopped.reject(stop.reason)
    stop.addEventListener('abort', onAbort)
    try {
      stop.throwIfAborted()
      return await Promise.race([promise, over.promise, stopped.promise])
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', onAbort)
    }
  }

  return {
    peer: peer.toString(),
    peerId,
    get open() {
      return open
    },
    async terms(signal) {
      const { terms } = await awaitAnswer(said.promise, 'with its terms', signal)
      if (terms !== null && !verifyTerms(createDomain(terms), terms)) {
        throw new ProtocolError(`The terms of ${peer} are not signed by ${terms.signer} for this peer.`)
      }
      return terms
    },
    async info(contentId, signal) {
      infoAnswer = Promise.withResolvers()
      try {
        writer.send({ infoRequest: { contentId: bytesOf(contentId) } })
        const info = await awaitAnswer(infoAnswer.promise, 'a request for the info dictionary', signal)
        return info.length === 0 ? null : info
      } finally {
        infoAnswer = null
      }
    },
    async layer(piecesRoot, signal) {
      layerAnswer = Promise.withResolvers()
      try {
        writer.send({ layersRequest: { piecesRoot: Uint8Array.from(piecesRoot) } })
        const layer = await awaitAnswer(layerAnswer.promise, 'a request for a piece layer', signal)
        return layer.length === 0 ? null : layer
      } finally {
        layerAnswer = null
      }
    },
    async hello(hello, signal) {
      const presented = present(hello, await awaitAnswer(said.promise, 'with its terms', signal))
      helloAnswer = Promise.withResolvers()
      try {
        await writer.sendLong({ hello: { contentId: bytesOf(hello.contentId), ...presented } }, signal)
        const accept = await awaitAnswer(helloAnswer.promise, 'the hello', signal)
        const receipt = accept.receipt
        return {
          window: Number(accept.window),
          bitfield: accept.bitfield,
          receipt:
            receipt === undefined || hello.session === null ? null : decodeReceipt(receipt, hello.session.session),
        }
      } finally {
        helloAnswer = null
      }
    },
    want(want) {
      wants.set(key(want.piece.index, want.offset), { want, next: want.offset })
      const { piece, offset, length, hashes } = want
      writer.send({ want: { piece: piece.index, offset, length, hashes } })
    },
    cancel(want) {
      writer.send({ cancel: { piece: want.piece.index, offset: want.offset } })
    },
    sendReceipt(receipt) {
      writer.send({ receipt: encodeReceipt(receipt) })
    },
    close() {
      goodbye = true
      writer.send({ close: { reason: 0, words: '' } })
    },
    abort: finish,
  }

  /** The session with the key's proof that it is this downloader who talks to this seeder now. */
  function present(hello: Hello, { terms, nonce }: Announcement): { session?: ReturnType<typeof encodeSession> } {
    const { session, key: sessionKey, receipt } = hello
    if (session === null || sessionKey === null) return {}
    if (terms === null) throw new RefusedError('wrongLane', `${peer} has no terms: it serves free content only.`)
    const downloader = bytesToHex(self.toMultihash().bytes)
    const statement = { session: session.session, downloader, seeder: peerId, nonce }
    const proof = signProof(createDomain(terms), sessionKey, statement)
    return { session: encodeSession({ session, receipt, proof }) }
  }
}
