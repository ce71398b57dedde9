import { UNIT_BYTES } from '../content/index.ts'
import type { BitCdnError } from '../errors.ts'
import { amountFor, createSessionKey, type Head, type SessionKey, type SignedTerms } from '../receipts/index.ts'
import { RefusedError } from '../transfer/index.ts'
import {
  BATCH_MILLISECONDS,
  LINE_SLACK_PERCENT,
  MAX_LINE_BYTES,
  MIN_LINE_BYTES,
  OPEN_SLACK_BYTES,
} from './constants.ts'
import { UnsuitableTermsError } from './errors.ts'
import type { DownloadRecord, RecordedSession, SessionSource } from './ports.ts'
import { isOwed, isUsable } from './record.ts'

export interface LinesInit {
  readonly contentId: string
  readonly source: SessionSource
  readonly record: DownloadRecord
  readonly maxPrice: bigint | null
  /** Token units per GiB that are offered to seeders that ask for less; null: what they ask. */
  readonly bid: bigint | null
  /** Token units that all lines of the download may amount to, earlier runs included. */
  readonly maxSpend: bigint | null
  readonly signal: AbortSignal
  /** Bytes not verified yet. */
  left(): number
  /** Seeders that take part, those that are only being connected to included. */
  seeders(): number
  /** Seeders that may ask for a line in a moment. */
  connecting(): number
}

/** The lines of one download: how long they are, who holds one, and what may still be authorised. */
export interface Lines {
  /**
   * A line at this seeder: one that an earlier stream or process left, or a new one of `atMost` bytes. Null while the open lines already
   * cover what is left. Throws `refused` when the sponsor gives none to this seeder, and whatever the source throws.
   */
  obtain(terms: SignedTerms, atMost: number): Promise<RecordedSession | null>
  /**
   * The line is over: what it did not carry may be authorised again. Its seeder holds the last receipt, takes none any more
   * (it settled the session, or cannot serve it), or is still owed it.
   */
  close(session: Head, receipt: 'held' | 'refused' | 'owed'): void
  /** A stream on it ended without closing it: it may be gone on with. */
  release(session: Head): void
  /** Lines without a stream whose last receipt this seeder is not known to hold: left by a broken stream or a killed process. */
  owed(terms: SignedTerms): RecordedSession[]
}

interface Wish {
  readonly terms: SignedTerms
  readonly key: SessionKey
  readonly atMost: number
  readonly answer: PromiseWithResolvers<RecordedSession | null>
}

/** No longer than this is waited for seeders that still connect, so that a small content is not given to the first alone. */
const GATHER_MILLISECONDS = 250

export function createLines(init: LinesInit): Lines {
  const { record, source, signal } = init
  const inUse = new Set<Head>()
  let wishes: Wish[] = []
  let timer: NodeJS.Timeout | null = null
  let first = true

  /** What open lines may still be signed for. */
  function open(): number {
    let bytes = 0
    for (const { session, closed, receipt } of record.sessions()) {
      if (!closed) bytes += Number(session.line.maxBytes - (receipt?.bytesServed ?? 0n))
    }
    return bytes
  }

  /** What may be authorised now. The slack is what seeders hold that turn out slow, or silent, when little is left. */
  const allowance = (): number => (init.left() * LINE_SLACK_PERCENT) / 100 + OPEN_SLACK_BYTES - open()

  /** The most that a line at this seeder may cost. */
  const offered = ({ pricePerGiB }: SignedTerms): bigint =>
    init.bid !== null && init.bid > pricePerGiB ? init.bid : pricePerGiB

  function lineBytes(wish: Wish, count: number): number {
    const share = (init.left() * LINE_SLACK_PERCENT) / 100 / Math.max(1, init.seeders())
    const wanted = Math.min(MAX_LINE_BYTES, Math.max(MIN_LINE_BYTES, share), wish.atMost)
    return Math.floor(Math.min(wanted, allowance() / count) / UNIT_BYTES) * UNIT_BYTES
  }

  /** What lines may still be for at this price, as bytes: open ones count whole, those that are over as they were signed. */
  function affordable(pricePerGiB: bigint): number {
    if (init.maxSpend === null || pricePerGiB === 0n) return Number.POSITIVE_INFINITY
    let committed = 0n
    for (const { session, closed, receipt } of record.sessions()) {
      const bytes = closed ? (receipt?.bytesServed ?? 0n) : session.line.maxBytes
      committed += amountFor([bytes], session.lane.pricePerGiB) + 1n
    }
    const left = init.maxSpend - committed
    return left <= 0n ? 0 : Number((left << 30n) / pricePerGiB)
  }

  /** Nothing more can be afforded, and no line that is in use can give up a part of what it is for. */
  function isSpent(wish: Wish): boolean {
    const mayFree = ({ session, closed, receipt }: RecordedSession): boolean =>
      !closed && inUse.has(session.session) && session.line.maxBytes > (receipt?.bytesServed ?? 0n)
    return affordable(offered(wish.terms)) < UNIT_BYTES && !record.sessions().some(mayFree)
  }

  function gather(since: number): void {
    timer = setTimeout(() => {
      const waited = performance.now() - since
      if (first && init.connecting() > wishes.length && waited < GATHER_MILLISECONDS) return gather(since)
      timer = null
      first = false
      void flush()
    }, BATCH_MILLISECONDS)
  }

  /** Each gets a part of what may be authorised, and of what can be afforded; none whose part is less than a unit. */
  function sizesOf(batch: readonly Wish[]): ReadonlyMap<Wish, number> {
    const sizes = new Map<Wish, number>()
    for (const wish of batch) {
      const most = Math.floor(affordable(offered(wish.terms)) / batch.length / UNIT_BYTES) * UNIT_BYTES
      const bytes = Math.min(lineBytes(wish, batch.length), most)
      if (bytes >= UNIT_BYTES) sizes.set(wish, bytes)
    }
    return sizes
  }

  async function flush(): Promise<void> {
    const batch = wishes
    wishes = []
    // Too little for all of them may still be enough for one.
    const shared = sizesOf(batch)
    const sizes = shared.size > 0 ? shared : sizesOf(batch.slice(0, 1))
    for (const wish of batch) {
      if (sizes.has(wish)) continue
      if (init.maxSpend !== null && isSpent(wish)) wish.answer.reject(spent(init.maxSpend))
      else wish.answer.resolve(null)
    }
    if (sizes.size === 0) return
    try {
      await ask(sizes)
    } catch (error) {
      for (const wish of sizes.keys()) wish.answer.reject(error)
    }
  }

  async function ask(sizes: ReadonlyMap<Wish, number>): Promise<void> {
    const batch = [...sizes.keys()]
    const { sessions, refused } = await source.open(
      {
        contentId: init.contentId,
        download: record.download,
        remaining: BigInt(init.left()),
        requests: [...sizes].map(([{ terms, key }, bytes]) => {
          const bid = offered(terms)
          const request = { terms, sessionKey: key.address, maxBytes: BigInt(bytes) }
          return bid > terms.pricePerGiB ? { ...request, bid } : request
        }),
        open: BigInt(open()),
      },
      signal,
    )
    for (const { terms, key, answer } of batch) {
      const session = sessions.find(({ line }) => line.sessionKey.toLowerCase() === key.address.toLowerCase())
      if (session === undefined) {
        const refusal = refused.find(({ seeder }) => seeder.toLowerCase() === terms.seeder.toLowerCase())
        answer.reject(new RefusedError('needsPayment', refusal?.reason ?? 'The sponsor authorised no line for it.'))
      } else if (init.maxPrice !== null && session.lane.pricePerGiB > init.maxPrice) {
        answer.reject(tooExpensive(session.lane.pricePerGiB, init.maxPrice))
      } else if (session.lane.pricePerGiB > offered(terms)) {
        answer.reject(tooExpensive(session.lane.pricePerGiB, offered(terms)))
      } else {
        const { chainId, settlement } = terms
        const entry = {
          ...{ session, privateKey: key.privateKey, chainId, settlement },
          ...{ receipt: null, closed: false, held: false },
        }
        record.add(entry)
        inUse.add(session.session)
        answer.resolve(entry)
      }
    }
  }

  return {
    obtain(terms, atMost) {
      const kept = record.sessions().find((entry) => !inUse.has(entry.session.session) && isUsable(entry, terms))
      if (kept !== undefined) {
        inUse.add(kept.session.session)
        return Promise.resolve(kept)
      }
      const wish: Wish = { terms, key: createSessionKey(), atMost, answer: Promise.withResolvers() }
      wishes.push(wish)
      if (timer === null) gather(performance.now())
      return wish.answer.promise
    },
    close(session, receipt) {
      inUse.delete(session)
      record.markClosed(session)
      if (receipt === 'held') record.markHeld(session)
      else if (receipt === 'refused') record.markRefused(session)
    },
    release: (session) => void inUse.delete(session),
    owed: (terms) => record.sessions().filter((entry) => !inUse.has(entry.session.session) && isOwed(entry, terms)),
  }
}

function spent(maxSpend: bigint): BitCdnError {
  return new UnsuitableTermsError(
    'no-funds',
    `The ${maxSpend} token units that this download may cost at most are signed away.`,
    { advice: 'What was fetched is kept. Raise --max-spend, then start again.' },
  )
}

export function tooExpensive(price: bigint, maxPrice: bigint): BitCdnError {
  return new UnsuitableTermsError(
    'price-too-high',
    `It asks for ${price} token units per GiB; the maximum is ${maxPrice} token units.`,
    {
      advice: 'Raise --max-price, or wait for cheaper seeders.',
    },
  )
}
