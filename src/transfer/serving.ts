import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { ContentStore } from '../content/index.ts'
import { hasCode } from '../errors.ts'
import { createDomain, type Domain, type SignedTerms } from '../receipts/index.ts'
import { addressPrefix } from './address-prefix.ts'
import { checkSession } from './check-session.ts'
import { decodeContentId, decodeReceipt, encodeReceipt, encodeTerms, type PresentedSession } from './codec.ts'
import {
  HELLO_MILLISECONDS,
  IDLE_MILLISECONDS,
  LAST_RECEIPT_MILLISECONDS,
  MAX_MESSAGE_BYTES,
  MAX_OPENING_BYTES,
} from './constants.ts'
import type { CreditBook, Tab } from './credit-types.ts'
import { ProtocolError, RefusedError, StreamEndedError } from './errors.ts'
import { createFrameParser } from './frames.ts'
import type { Hello, Message } from './generated/wire.js'
import { createHaves, type Haves } from './haves.ts'
import { createMetadataAnswers } from './metadata-answers.ts'
import { type Admission, REFUSAL, type Refusal, type ServingDesk, type ServingGate } from './ports.ts'
import { readStream } from './reader.ts'
import { createReceiptIntake, type ReceiptIntake } from './receipt-intake.ts'
import { createSendLoop, type SendLoop } from './send-loop.ts'
import type { TransferLog } from './serve.ts'
import type { Uplink } from './uplink.ts'
import { createWantQueue, type WantQueue } from './wants.ts'
import { createWriter } from './writer.ts'

export interface ServingInit {
  readonly stream: Stream
  readonly connection: Connection
  readonly desk: ServingDesk
  readonly credit: CreditBook
  /** Our own. */
  readonly peerId: PeerId
  readonly freeCapacity: number
  readonly uplink: Uplink | undefined
  readonly gate: ServingGate | undefined
  /** Ends a stream that is served for nothing, in favour of one that pays. False when there is none. */
  displace(): boolean
  readonly log: TransferLog
}

/** One downloader on one stream, from its first byte to its last. */
export interface Serving {
  /** Settles when the stream is over and the session released. */
  readonly done: Promise<void>
  /** Looks at the clock. */
  tick(): void
  /** Ends the stream in order: what is on its way goes out, and the last receipt is awaited. */
  stop(): void
  /** There is no place for it: free content is refused with `busy`, and so is all else where `displace` finds nobody. */
  wait(): void
  /** Whether it has been served for nothing so far. */
  readonly free: boolean
  /**
   * Milliseconds that it has done nothing for which it needs its place: its reader reads nothing, it never said what it wants,
   * or wants nothing and pays nothing. Infinite when it is over.
   */
  stalled(): number
  /** Ends the stream, and the connection of one that reads nothing, which holds what was sent to it. */
  drop(): void
}

/** What an admitted downloader has here. */
interface Service {
  readonly admission: Admission
  readonly tab: Tab | null
  readonly wants: WantQueue
  readonly intake: ReceiptIntake | null
  readonly loop: SendLoop
  readonly haves: Haves
}

export function createServing(init: ServingInit): Serving {
  const { stream, connection, desk, credit, log } = init
  const ended = new AbortController()
  const done = Promise.withResolvers<void>()
  const writer = createWriter(connection, stream)
  const nonce = crypto.getRandomValues(new Uint8Array(32))
  let touched = performance.now()
  let greeted = false
  let full = false
  let closing = false
  let service: Service | null = null

  /** Who is not served at all hears of it before it asks anybody for a line. */
  async function announce(): Promise<SignedTerms | null> {
    const shut = init.gate?.refusal() ?? null
    if (shut !== null) {
      closing = true
      writer.send({ close: encodeClose(shut) })
      await finish(false)
      return null
    }
    const found = await desk.terms()
    writer.send({ terms: encodeTerms(found, nonce, init.freeCapacity) })
    return found
  }

  function take(message: Message): void {
    if (message.hello !== undefined) greet(message.hello)
    else if (message.infoRequest !== undefined) metadata.info(message.infoRequest.contentId)
    else if (message.layersRequest !== undefined) metadata.layers(message.layersRequest.piecesRoot)
    else if (message.close !== undefined) void close({ final: true })
    else if (message.have !== undefined) return
    else if (service === null || closing) takeLate(message)
    else if (message.want !== undefined) {
      service.wants.add(message.want)
      service.loop.wake()
    } else if (message.cancel !== undefined) {
      service.wants.cancel(message.cancel.piece, message.cancel.offset)
      service.loop.wake()
    } else takeReceipt(message)
  }

  /** Before `accept` and after `close` only a receipt has a meaning; wants and cancels may have crossed our close. */
  function takeLate(message: Message): void {
    if (service === null && !closing) throw new ProtocolError('The downloader asked for bytes before it was accepted.')
    if (message.receipt !== undefined) {
      takeReceipt(message)
      service?.intake?.readDeferred(true)
    }
  }

  function takeReceipt(message: Message): void {
    const { receipt } = message
    if (receipt === undefined) throw new ProtocolError('A message came that only a seeder sends.')
    const { intake, admission } = service ?? {}
    if (intake == null || admission?.session == null) throw new ProtocolError('A receipt came without a session.')
    intake.take(decodeReceipt(receipt, admission.session.id))
  }

  function greet(hello: Hello): void {
    if (greeted) throw new ProtocolError('A second hello came on one stream.')
    greeted = true
    void admit(hello).catch((error: unknown) => {
      if (error instanceof RefusedError) void refuse(error.refusal, error.message)
      else if (hasCode(error, 'refused')) void refuse('logDoesNotExtend', error.message)
      else fail(error as Error)
    })
  }

  async function admit(hello: Hello): Promise<void> {
    const shut = init.gate?.refusal() ?? null
    if (shut !== null) throw shut
    if (full && hello.session === undefined) throw noPlace()
    const contentId = decodeContentId(hello.contentId)
    const content = await desk.content(contentId)
    if (content === null) throw new RefusedError('unknownContent', `This seeder does not hold ${contentId}.`)
    const known = await terms
    const domain = known === null ? null : createDomain(known)
    const self = { nonce, downloader: connection.remotePeer, seeder: init.peerId }
    const presented = hello.session === undefined ? null : checkSession(hello.session, known, self)
    const admission = await desk.admit({
      contentId,
      remotePeer: connection.remotePeer.toString(),
      session: presented?.session ?? null,
      receipt: presented?.receipt ?? null,
    })
    if (ended.signal.aborted) return admission.release(false)
    if (full && !init.displace()) {
      await admission.release(false)
      throw noPlace()
    }
    try {
      await accept(content, admission, presented, domain)
    } catch (error) {
      if (service === null) await admission.release(false)
      throw error
    }
  }

  async function accept(
    content: ContentStore,
    admission: Admission,
    presented: PresentedSession | null,
    domain: Domain | null,
  ): Promise<void> {
    const { session, receipt } = admission
    const signed = Number(receipt?.bytesServed ?? 0n)
    const peer = connection.remotePeer.toString()
    const served = Number(admission.served)
    const tab = session === null ? null : credit.open(session.id, signed, subjectsOf(presented), { peer, served })
    const wants = createWantQueue(content.metainfo)
    const { uplink = null, gate = null } = init
    const loop = createSendLoop({
      ...{ content, wants, writer, tab, admission, uplink, gate, failed: stopServing },
      signal: ended.signal,
      activity: touch,
    })
    const over = (): void => stopServing(admission.over?.reason)
    admission.over?.addEventListener('abort', over, { signal: ended.signal })
    const intake =
      session === null || tab === null || domain === null
        ? null
        : createReceiptIntake({
            ...{ domain, key: session.key, maxBytes: session.maxBytes, tab, admission, failed: fail },
            held(bytesServed, window) {
              writer.send({ held: { bytesServed, window: BigInt(window) } })
              loop.wake()
            },
          })
    metadata.use(content)
    const bitfield = new Uint8Array(content.bitfield())
    service = { admission, tab, wants, intake, loop, haves: createHaves(content, bitfield) }
    const message = {
      window: BigInt(tab?.window ?? 0),
      bitfield,
      ...(receipt === null ? {} : { receipt: encodeReceipt(receipt) }),
    }
    await writer.sendLong({ accept: message }, ended.signal)
    const stopListening = credit.onRoom(() => loop.wake())
    ended.signal.addEventListener('abort', stopListening)
    log('debug', 'downloader accepted', { peer, session: session?.id ?? null, signed })
    if (admission.over?.aborted === true) over()
    void loop.run()
  }

  /** Where a payer is trusted no longer the downloader hears why, and may still sign for what it has. */
  function stopServing(error: Error): void {
    if (error instanceof RefusedError) void close({ final: false, refusal: error })
    else fail(error)
  }

  /** Sponsor, pass holder and address: whoever may be behind a downloader that does not sign. */
  function subjectsOf(presented: PresentedSession | null): string[] {
    const subjects = [`address ${addressPrefix(connection.remoteAddr)}`]
    if (presented !== null) subjects.push(`sponsor ${presented.session.lane.sponsor}`)
    if (presented?.session.ticket != null) subjects.push(`holder ${presented.session.ticket.holder}`)
    return subjects
  }

  async function refuse(refusal: Refusal, words: string): Promise<void> {
    log('debug', 'downloader refused', { peer: connection.remotePeer.toString(), refusal, words })
    writer.send({ refuse: { reason: REFUSAL[refusal], words } })
    await finish(false)
  }

  /** `final`: the downloader itself closes, so nothing more will be signed on this session. */
  async function close({ final, refusal }: { final: boolean; refusal?: RefusedError }): Promise<void> {
    if (closing) return
    closing = true
    try {
      if (service !== null) {
        service.wants.clear()
        await service.loop.stop()
        if (!final) writer.send({ close: encodeClose(refusal) })
        service.intake?.readDeferred(true)
        await lastReceipt(service)
      }
      if (final) writer.send({ close: encodeClose() })
      await finish(final)
    } catch (error) {
      fail(error as Error)
    }
  }

  async function lastReceipt({ tab, intake }: Service): Promise<void> {
    if (tab === null || intake === null) return
    const until = performance.now() + LAST_RECEIPT_MILLISECONDS
    const clock = AbortSignal.any([ended.signal, AbortSignal.timeout(LAST_RECEIPT_MILLISECONDS)])
    await intake.settled()
    while (tab.signed < tab.served && performance.now() < until && !ended.signal.aborted) {
      await nextRoom(clock)
      await intake.settled()
    }
  }

  function nextRoom(clock: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (clock.aborted) return resolve()
      const stopListening = credit.onRoom(settle)
      clock.addEventListener('abort', settle)
      function settle(): void {
        stopListening()
        clock.removeEventListener('abort', settle)
        resolve()
      }
    })
  }

  let finished = false
  async function finish(final: boolean, error: Error | null = null): Promise<void> {
    if (finished) return
    finished = true
    const reason = error ?? new StreamEndedError('The stream is closed.')
    if (error === null)
      await stream.close({ signal: AbortSignal.timeout(LAST_RECEIPT_MILLISECONDS) }).catch(stream.abort.bind(stream))
    ended.abort(reason)
    if (error !== null) stream.abort(error)
    try {
      await service?.intake?.settled()
      service?.tab?.close()
      await service?.admission.release(final)
      if (error === null) done.resolve()
      else done.reject(error)
    } catch (failure) {
      done.reject(failure)
    }
  }

  function fail(error: Error): void {
    void finish(false, error)
  }

  /** Milliseconds that the same frame has been on its way for; 0 when none is. */
  function blockedFor(): number {
    const since = service?.loop.blockedSince ?? null
    return since === null ? 0 : performance.now() - since
  }

  function drop(): void {
    const unread = blockedFor() > 0
    const error = new StreamEndedError('It did nothing with its place for too long.')
    fail(error)
    if (unread) connection.abort(error)
  }

  function touch(): void {
    touched = performance.now()
  }

  const metadata = createMetadataAnswers({
    ...{ writer, content: desk.content, signal: ended.signal, failed: fail },
  })
  const terms = announce()
  const parser = createFrameParser({
    maxMessageBytes: () => (greeted ? MAX_MESSAGE_BYTES : MAX_OPENING_BYTES),
    message: take,
    place: () => {
      throw new ProtocolError('A downloader sent data.')
    },
    data: () => undefined,
  })
  readStream(stream, parser, {
    activity: touch,
    ended(error) {
      if (error !== null) fail(error)
      else if (!closing) void finish(false)
    },
  })
  terms.catch(fail)

  return {
    done: done.promise,
    tick() {
      const idle = performance.now() - touched
      service?.intake?.readDeferred()
      service?.loop.wake()
      if (service?.loop.waiting === true) touch()
      const shut = service === null || closing ? null : (init.gate?.refusal() ?? null)
      if (shut !== null) stopServing(shut)
      if (!closing) for (const pieces of service?.haves.next() ?? []) writer.send({ have: { pieces } })
      if (service?.tab?.overdue() === true) fail(new ProtocolError('The downloader did not sign in time.'))
      else if (blockedFor() >= IDLE_MILLISECONDS) drop()
      else if (idle >= (greeted ? IDLE_MILLISECONDS : HELLO_MILLISECONDS)) {
        fail(new StreamEndedError(`Nothing came for ${Math.round(idle)} ms.`))
      }
    },
    stop: () => void close({ final: false }),
    wait() {
      full = true
    },
    get free() {
      return !finished && service !== null && service.tab === null
    },
    stalled() {
      if (finished) return Number.POSITIVE_INFINITY
      const blocked = blockedFor()
      if (blocked > 0) return blocked
      const needed = service !== null && (service.tab !== null || service.loop.waiting)
      return needed ? 0 : performance.now() - touched
    },
    drop,
  }
}

function noPlace(): RefusedError {
  return new RefusedError('busy', 'This seeder serves as many streams as it can.')
}

function encodeClose(refusal?: RefusedError): { reason: number; words: string } {
  return { reason: refusal === undefined ? 0 : REFUSAL[refusal.refusal], words: refusal?.message ?? '' }
}
