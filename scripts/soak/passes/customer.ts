// Somebody who wants a content all the time and signs for what comes: whenever its gateway gives a line, it is served.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Metainfo, pieceAt } from '../../../src/content/index.ts'
import type { PeerNode } from '../../../src/discovery/index.ts'
import { hasCode } from '../../../src/errors.ts'
import type { GatewayClient } from '../../../src/gateway-client/index.ts'
import { createDomain, createSessionKey, signReceipt } from '../../../src/receipts/index.ts'
import { openTransfer } from '../../../src/transfer/index.ts'

const LINE_BYTES = 64n << 20n
/** Asked for again and again: what is in it does not matter here. */
const SLICE = 1 << 18
const AHEAD = 2
const RETRY_MILLISECONDS = 500

export interface CustomerInit {
  readonly node: PeerNode
  readonly address: string
  readonly client: GatewayClient
  readonly metainfo: Metainfo
  readonly signal: AbortSignal
}

export interface Customer {
  /** When bytes came last, and since when without a longer pause than `silence`, by `performance.now()`. */
  readonly lastAt: number
  readonly sessions: number
  /** When the first byte came at or after `from`, or null. */
  firstAfter(from: number): number | null
  readonly done: Promise<void>
}

export function createCustomer({ node, address, client, metainfo, signal }: CustomerInit): Customer {
  const arrivals: number[] = []
  let sessions = 0

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await oneSession()
      } catch (error) {
        if (signal.aborted) return
        if (hasCode(error, 'usage') || error instanceof TypeError) throw error // a fault of this script
      }
      await pause(RETRY_MILLISECONDS, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Until the seeder stops it. Throws when there is no line to be had. */
  async function oneSession(): Promise<void> {
    const over = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => over.resolve())
    const key = createSessionKey()
    let bytes = 0
    let signed = 0
    let asked = 0
    const connection = await node.connect(address, { signal })
    const transfer = await openTransfer(
      connection,
      node.peerId,
      {
        data(_want, _offset, length) {
          bytes += length
          arrivals.push(performance.now())
          sign()
          ask()
        },
        closing() {
          sign()
          transfer.close()
        },
        ended: () => over.resolve(),
      },
      signal,
    )
    try {
      const terms = await transfer.terms(signal)
      if (terms === null) throw new Error('The seeder has no terms.')
      const { contentId } = metainfo
      const { sessions: lines, refused } = await client.openSessions(
        {
          ...{ contentId, download: randomBytes(8).toString('hex'), remaining: LINE_BYTES, held: [] },
          requests: [{ terms, sessionKey: key.address, maxBytes: LINE_BYTES }],
        },
        { signal },
      )
      const session = lines[0]
      if (session === undefined) throw new Error(refused[0]?.reason)
      const domain = createDomain(terms)
      sign = () => {
        if (bytes <= signed) return
        signed = bytes
        transfer.sendReceipt(signReceipt(domain, key, { session: session.session, bytesServed: BigInt(bytes) }))
      }
      await transfer.hello({ contentId, session, key, receipt: null }, signal)
      sessions += 1
      ask()
      await over.promise
    } finally {
      transfer.abort(new Error('over'))
    }

    function ask(): void {
      for (; transfer.open && asked - bytes < AHEAD * SLICE; asked += SLICE) {
        const piece = pieceAt(metainfo, 0)
        const offset = asked % piece.length
        transfer.want({ piece, offset, length: SLICE, target: new Uint8Array(SLICE), hashes: false })
      }
    }
  }
  let sign: () => void = () => undefined

  return {
    get lastAt() {
      return arrivals.at(-1) ?? Number.NEGATIVE_INFINITY
    },
    get sessions() {
      return sessions
    },
    firstAfter: (from) => arrivals.find((at) => at >= from) ?? null,
    done: run(),
  }
}
