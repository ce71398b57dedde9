// A downloader that never stops: takes lines of one seeder, checks what comes, signs for it, and remembers every `held`.
import { readFileSync } from 'node:fs'
import { pieceAt, UNIT_BYTES } from '../../../src/content/index.ts'
import type { PeerNode } from '../../../src/discovery/index.ts'
import {
  type AuthorizedSession,
  createSessionKey,
  type SessionKey,
  type SignedReceipt,
  signReceipt,
} from '../../../src/receipts/index.ts'
import { openTransfer, RefusedError, type Transfer } from '../../../src/transfer/index.ts'
import type { TestContent } from '../../../test/swarm/content.ts'
import { DOMAIN } from '../../../test/swarm/desk.ts'
import type { TestSponsor } from '../../../test/swarm/sponsor.ts'

/** A line with what its downloader knows of it. */
export interface PaidLine {
  readonly session: AuthorizedSession
  readonly key: SessionKey
  /** The highest count that the seeder said it holds. */
  held: bigint
  /** The highest count that was signed. */
  signed: bigint
  receipt: SignedReceipt | null
  /** The seeder died with all of its first window, and serves no second one before it has a receipt. */
  presents: boolean
  over: boolean
}

export interface CustomerInit {
  readonly node: PeerNode
  readonly sponsor: TestSponsor
  readonly content: TestContent
  onHeld(line: PaidLine): void
}

export interface Customer {
  readonly lines: PaidLine[]
  /**
   * Goes on with the newest line, or with a new one, at the seeder that listens there, until it is gone. Throws when the
   * seeder holds less than it said it held.
   */
  visit(address: string, signal: AbortSignal): Promise<void>
}

const LINE_BYTES = 24n * 1024n * 1024n
/** Units asked for ahead. */
const PIPELINE = 8

export function createCustomer({ node, sponsor, content, onHeld }: CustomerInit): Customer {
  const lines: PaidLine[] = []
  const { metainfo } = content
  const wanted = readFileSync(content.path)

  async function visit(address: string, signal: AbortSignal): Promise<void> {
    const connection = await node.connect(address, { signal })
    for (let going = true; going && !signal.aborted; ) going = await stream(connection, signal)
  }

  /** One stream on one line. Resolves to whether the seeder is still there. */
  async function stream(connection: Awaited<ReturnType<PeerNode['connect']>>, signal: AbortSignal): Promise<boolean> {
    const ended = Promise.withResolvers<Error | null>()
    let line: PaidLine | undefined
    let arrived = 0n
    let base = 0n
    /** On this stream: a seeder that lost what was on its way is told again. */
    let sent = 0n
    let asked = 0
    let closing = false
    let window = 0
    const transfer: Transfer = await openTransfer(
      connection,
      node.peerId,
      {
        data(want, offset, length) {
          const at = want.piece.offset + offset
          const begin = offset - want.offset
          if (Buffer.compare(want.target.subarray(begin, begin + length), wanted.subarray(at, at + length)) !== 0) {
            ended.resolve(new Error(`Wrong bytes came at ${at}.`))
            return
          }
          arrived += BigInt(length)
          sign()
          ask()
        },
        held(bytes, next) {
          window = next
          if (line === undefined || bytes <= line.held) return
          line.held = bytes
          onHeld(line)
        },
        ended: ended.resolve,
      },
      signal,
    )
    const terms = await transfer.terms(signal)
    line = lines.findLast(({ over }) => !over) ?? (await open(terms!, signal))
    const { session, key } = line
    // the receipt is not presented where that can be helped: the seeder has to have it
    const receipt = line.presents ? line.receipt : null
    const hello = transfer.hello({ contentId: metainfo.contentId, session, key, receipt }, signal)
    const accepted = await hello.catch((error: unknown) => {
      if (!(error instanceof RefusedError) || error.refusal !== 'needsPayment' || receipt !== null) throw error
      if (line!.held > 0n)
        throw new Error(`Session ${session.session}: ${line!.held} bytes were held, and are forgotten.`)
      return null
    })
    if (accepted === null) {
      if (line.receipt === null) line.over = true
      line.presents = true
      return true
    }
    window = accepted.window
    base = accepted.receipt?.bytesServed ?? 0n
    sent = base
    if (base < line.held) {
      throw new Error(`Session ${session.session}: the seeder said that it held ${line.held} bytes and holds ${base}.`)
    }
    if (base > line.signed) throw new Error(`The seeder holds ${base} bytes, only ${line.signed} were signed.`)
    for (let i = 0; i < PIPELINE; i++) ask()
    return (await ended.promise) === null

    function sign(): void {
      const count = base + arrived
      if (count - sent < BigInt(Math.max(UNIT_BYTES, window / 8)) && !closing) return
      sent = count
      const signed = signReceipt(DOMAIN, key, { session: session.session, bytesServed: count })
      if (count > line!.signed) Object.assign(line!, { signed: count, receipt: signed })
      transfer.sendReceipt(signed)
    }

    function end(): void {
      closing = true
      line!.over = true
      sign()
      transfer.close()
    }

    function ask(): void {
      const units = metainfo.length / UNIT_BYTES
      if (base + BigInt(asked + 1) * BigInt(UNIT_BYTES) > LINE_BYTES) {
        if (arrived === BigInt(asked * UNIT_BYTES) && !closing) end()
        return
      }
      const place = asked++ % units
      const piece = pieceAt(metainfo, Math.floor((place * UNIT_BYTES) / metainfo.pieceLength))
      const offset = (place * UNIT_BYTES) % metainfo.pieceLength
      const target = Buffer.alloc(UNIT_BYTES)
      transfer.want({ piece, offset, length: UNIT_BYTES, target, hashes: false })
    }
  }

  async function open(terms: Parameters<TestSponsor['open']>[0]['requests'][0]['terms'], signal: AbortSignal) {
    const key = createSessionKey()
    const { sessions } = await sponsor.open(
      {
        ...{ contentId: metainfo.contentId, download: 'soak', remaining: LINE_BYTES },
        requests: [{ terms, sessionKey: key.address, maxBytes: LINE_BYTES }],
      },
      signal,
    )
    const line: PaidLine = {
      session: sessions[0]!,
      key,
      held: 0n,
      signed: 0n,
      receipt: null,
      presents: false,
      over: false,
    }
    lines.push(line)
    return line
  }

  return { lines, visit }
}
