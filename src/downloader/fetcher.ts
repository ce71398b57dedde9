import type { Connection, PeerId } from '@libp2p/interface'
import { type Piece, UNIT_BYTES } from '../content/index.ts'
import { amountFor, createDomain, createSessionKey, signReceipt, verifyReceipt } from '../receipts/index.ts'
import {
  type Accepted,
  openTransfer,
  ProtocolError,
  type RefusedError,
  SIGN_DIVISOR,
  StreamEndedError,
  type Transfer,
  type Want,
} from '../transfer/index.ts'
import { GOODBYE_MILLISECONDS, HELD_MILLISECONDS, SIGN_MILLISECONDS, STALL_MILLISECONDS } from './constants.ts'
import { BadUnitError } from './errors.ts'
import type { Intake } from './intake.ts'
import type { Assignment, Plan } from './plan.ts'
import type { DownloadRecord, RecordedSession } from './ports.ts'
import type { Slot } from './slots.ts'

export interface FetcherInit {
  readonly connection: Connection
  readonly self: PeerId
  readonly record: DownloadRecord
  /** Verified bytes came, or a want came back: there may be something to do. */
  progressed(bytes: number): void
  /** Nothing comes any more; null after an orderly end. Called once. */
  ended(error: Error | null): void
  /** The seeder wants to stop, or may not serve on. */
  closing(refusal: RefusedError | null): void
}

/** What is fetched goes here; known once the metainfo is. */
export interface Destination {
  readonly plan: Plan
  readonly intake: Intake
}

/** One stream to one seeder, on one line or for free. It signs for what it verified, and for nothing else. */
export interface Fetcher {
  readonly transfer: Transfer
  /** Wants that have not come in whole. */
  readonly inFlight: number
  /** Nothing comes any more; what came is still being checked, then `ended` is told. */
  readonly ending: boolean
  /** Bytes that this line still pays for and that nobody asked for; infinite for free content. */
  readonly room: number
  readonly recorded: RecordedSession | null
  /** Token units that the receipts of this line amount to. */
  readonly paid: bigint
  has(piece: number): boolean
  /** Whether the seeder holds every piece. */
  readonly whole: boolean
  /** `to`: null for a stream that only brings a receipt. */
  begin(contentId: string, line: RecordedSession | null, to: Destination | null): Promise<void>
  request(assignment: Assignment): void
  cancel(assignment: Assignment): void
  /** Looks at the clock: signs what waits for a receipt, leaves a seeder that sends nothing. */
  tick(): void
  /** Signs the last receipt, closes and waits until the seeder holds it. Resolves to whether it does, and closed too. */
  finish(): Promise<boolean>
  /** Resolves when `ended` was told. */
  abort(error: Error): Promise<void>
}

interface Fetching {
  readonly assignment: Assignment
  readonly slot: Slot
  /** Verified from the front of the slice. */
  verified: number
  /** Parts that came and are being checked: until then the slot cannot be used for anything else. */
  checking: number
  arrived: boolean
  /** The rest does not come. */
  dropped: boolean
}

export async function openFetcher(init: FetcherInit, signal: AbortSignal): Promise<Fetcher> {
  const { record } = init
  const fetching = new Map<Want, Fetching>()
  let destination: Destination | null = null
  let line: RecordedSession | null = null
  let accepted: Accepted | null = null
  /** One bit a piece, as the seeder tells it. */
  let pieces: Uint8Array = new Uint8Array()
  let lacking = 0
  let sign: (bytesServed: number) => void = () => undefined
  let window = 0
  let signed = 0
  let verified = 0
  let held = 0
  let requested = 0
  let signedAt = performance.now()
  let heardAt = performance.now()
  let arriving = 0
  let checking = 0
  /** A unit was wrong: nothing that came after it counts. */
  let caught = false
  let over = false
  let failed = false
  let concluded = false
  let farewell = false
  let conclude: (() => void) | null = null
  let settled = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  let heldChanged = Promise.withResolvers<void>()

  const transfer = await openTransfer(
    init.connection,
    init.self,
    {
      hashes: takeHashes,
      data: takeData,
      dropped,
      held(bytesServed, next) {
        held = Math.max(held, Number(bytesServed))
        window = next
        heldChanged.resolve()
        heldChanged = Promise.withResolvers()
      },
      have: learn,
      closing: init.closing,
      ended,
    },
    signal,
  )

  /** A seeder that downloads itself holds more and more. */
  function learn(more: readonly number[]): void {
    for (const piece of more) {
      if (piece < pieces.length * 8) pieces[piece >> 3] = (pieces[piece >> 3] ?? 0) | (0x80 >> (piece & 7))
    }
    lacking = countLacking()
    init.progressed(0)
  }

  function countLacking(): number {
    const count = destination?.plan.pieceCount ?? 0
    let lacks = 0
    for (let piece = 0; piece < count; piece++) if (!has(piece)) lacks += 1
    return lacks
  }

  function has(piece: number): boolean {
    return ((pieces[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0
  }

  function takeHashes(index: number, roots: Uint8Array): void {
    if (destination === null) throw new ProtocolError('Hashes came before the hello.')
    const wanted = pieceOf(index)
    if (wanted === undefined) return
    destination.intake.takeRoots(transfer.peer, wanted, roots)
  }

  function pieceOf(index: number): Piece | undefined {
    for (const { assignment } of fetching.values()) if (assignment.piece.index === index) return assignment.piece
    return undefined
  }

  function takeData(want: Want, offset: number, length: number): void {
    const item = fetching.get(want)
    if (item === undefined || destination === null) return
    const { intake } = destination
    const begin = offset - want.offset
    heardAt = performance.now()
    const check = intake.check(want.piece, offset, item.slot, begin, length)
    item.checking += 1
    checking += 1
    if (begin + length === want.length) {
      item.arrived = true
      arriving -= 1
    }
    void check.then((right) => {
      item.checking -= 1
      checking -= 1
      takeRight(want, item, offset, right, length)
      if (checking === 0) conclude?.()
    })
  }

  /** The first `right` bytes of a part are; the others, if any, are not what the content has there. */
  function takeRight(want: Want, item: Fetching, offset: number, right: number, length: number): void {
    if (destination === null) return
    const counted = caught ? 0 : right
    destination.intake.noteRight(want.piece, offset, counted)
    item.verified += counted
    verified += counted
    if (!caught && right < length) {
      caught = true
      // What came before the wrong unit was right, and is owed.
      signNow()
      transfer.abort(new BadUnitError(transfer.peer, want.piece.index, (offset + right) / UNIT_BYTES))
    } else if (verified - signed >= window / SIGN_DIVISOR) signNow()
    if (item.verified === want.length) complete(want, item)
    else if (item.dropped && item.checking === 0) surrender(want, item)
    init.progressed(counted)
  }

  function complete(want: Want, item: Fetching): void {
    if (destination === null) return
    fetching.delete(want)
    destination.intake.write(want.piece, want.offset, item.slot, want.length)
    destination.plan.finish(item.assignment)
    if (fetching.size === 0) settled.resolve()
  }

  /** The want does not come (any further): what was verified of it is written, the rest goes back to the plan. */
  function surrender(want: Want, item: Fetching): void {
    fetching.delete(want)
    if (fetching.size === 0) settled.resolve()
    requested -= want.length - item.verified
    if (destination === null) return
    const { intake, plan } = destination
    if (item.verified > 0) intake.write(want.piece, want.offset, item.slot, item.verified)
    else intake.giveBack(item.slot)
    plan.giveBack(item.assignment)
  }

  function dropped(want: Want): void {
    const item = fetching.get(want)
    if (item !== undefined) {
      item.dropped = true
      if (!item.arrived) arriving -= 1
      if (item.checking === 0) surrender(want, item)
    }
    init.progressed(0)
  }

  function ended(error: Error | null): void {
    over = true
    failed = error !== null
    heldChanged.resolve()
    conclude = () => {
      conclude = null
      // It cannot be sent any more; the next stream of this session presents it.
      signNow()
      concluded = true
      for (const [want, item] of [...fetching]) surrender(want, item)
      settled.resolve()
      gone.resolve()
      init.ended(error)
    }
    if (checking === 0) conclude()
  }

  function signNow(): void {
    const bytes = Math.min(verified, line === null ? 0 : Number(line.session.line.maxBytes))
    if (line === null || bytes <= signed || farewell) return
    signed = bytes
    signedAt = performance.now()
    sign(bytes)
  }

  function prepareSigning(recorded: RecordedSession): void {
    const { session, settlement, chainId } = recorded
    const domain = createDomain({ chainId, settlement })
    const key = createSessionKey(recorded.privateKey)
    sign = (bytesServed) => {
      const receipt = signReceipt(domain, key, { session: session.session, bytesServed: BigInt(bytesServed) })
      // Before it is sent: what was signed is known here first, whatever happens to this process.
      record.sign(session.session, receipt)
      transfer.sendReceipt(receipt)
    }
    const own = recorded.receipt
    const theirs = accepted?.receipt ?? null
    if (theirs !== null && theirs.bytesServed > (own?.bytesServed ?? 0n)) {
      if (!verifyReceipt(domain, theirs, key.address)) {
        throw new ProtocolError(`${transfer.peer} presents a receipt that was never signed.`)
      }
      record.sign(session.session, theirs)
    }
    signed = Number(max(own?.bytesServed ?? 0n, theirs?.bytesServed ?? 0n))
    verified = signed
    requested = signed
    held = Number(theirs?.bytesServed ?? 0n)
  }

  async function awaitHeld(): Promise<void> {
    const until = performance.now() + HELD_MILLISECONDS
    while (!over && held < signed && performance.now() < until) await within(heldChanged.promise, until)
  }

  /** Wants that were cancelled may still be on their way: their memory is in use until the seeder says that it stopped. */
  async function awaitWants(): Promise<void> {
    const until = performance.now() + GOODBYE_MILLISECONDS
    for (const want of fetching.keys()) transfer.cancel(want)
    while (!over && fetching.size > 0 && performance.now() < until) {
      settled = Promise.withResolvers()
      await within(settled.promise, until)
    }
  }

  /** What arrived is signed for before the last word. */
  async function awaitChecks(): Promise<void> {
    const until = performance.now() + HELD_MILLISECONDS
    while (!over && checking > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  return {
    transfer,
    get inFlight() {
      return arriving
    },
    get ending() {
      return over && !concluded
    },
    get room() {
      if (over) return 0
      return line === null ? Number.POSITIVE_INFINITY : Number(line.session.line.maxBytes) - requested
    },
    get recorded() {
      return line
    },
    get paid() {
      return line === null ? 0n : amountFor([BigInt(signed)], line.session.lane.pricePerGiB)
    },
    has,
    get whole() {
      return lacking === 0
    },
    async begin(contentId, recorded, to) {
      destination = to
      accepted = await transfer.hello(
        {
          contentId,
          session: recorded?.session ?? null,
          key: recorded === null ? null : createSessionKey(recorded.privateKey),
          receipt: recorded?.receipt ?? null,
        },
        signal,
      )
      line = recorded
      pieces = Uint8Array.from(accepted.bitfield)
      lacking = countLacking()
      window = accepted.window
      heardAt = performance.now()
      if (recorded !== null) prepareSigning(recorded)
    },
    request(assignment) {
      if (destination === null) return
      const { piece, offset, length } = assignment
      const slot = destination.intake.borrow()
      const hashes = destination.intake.needsRoots(piece)
      const want: Want = { piece, offset, length, hashes, target: slot.bytes.subarray(0, length) }
      if (arriving === 0) heardAt = performance.now()
      fetching.set(want, { assignment, slot, verified: 0, checking: 0, arrived: false, dropped: false })
      arriving += 1
      requested += length
      transfer.want(want)
    },
    cancel(assignment) {
      for (const [want, item] of fetching) if (item.assignment === assignment) transfer.cancel(want)
    },
    tick() {
      const now = performance.now()
      if (verified > signed && now - signedAt >= SIGN_MILLISECONDS) signNow()
      if (arriving > 0 && now - heardAt >= STALL_MILLISECONDS) {
        transfer.abort(new StreamEndedError(`${transfer.peer} sent nothing for ${Math.round(now - heardAt)} ms.`))
      }
    },
    async finish() {
      if (over) return false
      await awaitWants()
      await awaitChecks()
      signNow()
      // Its seeder takes nothing more on this session: what is still on its way is not signed for.
      farewell = true
      transfer.close()
      await awaitHeld()
      const until = performance.now() + GOODBYE_MILLISECONDS
      while (!concluded && performance.now() < until) await within(gone.promise, until)
      if (!over) transfer.abort(new StreamEndedError(`${transfer.peer} did not close its side.`))
      await gone.promise
      return !failed && held >= signed
    },
    async abort(error) {
      signNow()
      transfer.abort(error)
      await gone.promise
    },
  }
}

/** Awaits `promise`, but not beyond `until`. */
async function within(promise: Promise<void>, until: number): Promise<void> {
  const clock = Promise.withResolvers<void>()
  const timer = setTimeout(clock.resolve, Math.max(0, until - performance.now()))
  await Promise.race([promise, clock.promise])
  clearTimeout(timer)
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
