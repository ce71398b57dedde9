// A sponsor that really signs: logs, receipts and vouchers for tests of whatever remembers them.
import { getAddress } from 'viem'
import {
  amountFor,
  createDomain,
  createSessionKey,
  type Domain,
  firstHead,
  type Head,
  type Lane,
  type LogLine,
  nextHead,
  paidBytes,
  type SessionKey,
  type SignedHead,
  type SignedReceipt,
  type SignedVoucher,
  signHead,
  signReceipt,
  signVoucher,
} from '../../src/receipts/index.ts'

export const MIB = 1n << 20n
export const TEST_DOMAIN = createDomain({ chainId: 31337, settlement: getAddress(`0x${'b1'.repeat(20)}`) })

export interface TestLine {
  readonly key: SessionKey
  readonly line: LogLine
  readonly session: Head
  readonly next: Head
}

/** One lane of a sponsor with its log. */
export interface TestLog {
  readonly lane: Lane
  readonly sponsor: SessionKey
  readonly lines: TestLine[]
  /** Lines in the shape that the ledger takes. */
  plain(from?: number, to?: number): LogLine[]
  head(place: number): Head
  grow(count: number, maxBytes?: bigint): TestLine[]
  signed(place?: number, expiry?: bigint): Promise<SignedHead>
  receipt(place: number, bytesServed: bigint): SignedReceipt
  /** What the sponsor owes for these bytes served on the lines from `from` to `to`. */
  voucher(from: number, to: number, served: readonly bigint[]): Promise<SignedVoucher>
}

export function createTestLog(
  init: {
    seeder?: SessionKey
    sponsor?: SessionKey
    lane?: bigint
    pricePerGiB?: bigint
    lines?: number
    domain?: Domain
  } = {},
): TestLog {
  const domain = init.domain ?? TEST_DOMAIN
  const sponsor = init.sponsor ?? createSessionKey()
  const lane: Lane = {
    sponsor: sponsor.address,
    seeder: (init.seeder ?? createSessionKey()).address,
    lane: init.lane ?? 1n,
    pricePerGiB: init.pricePerGiB ?? 10_000_000n,
  }
  const lines: TestLine[] = []
  const log: TestLog = {
    lane,
    sponsor,
    lines,
    plain: (from = 0, to = lines.length) => lines.slice(from, to).map(({ line }) => line),
    head: (place) => lines[place - 1]?.next ?? firstHead(lane),
    grow(count, maxBytes = 64n * MIB) {
      const before = lines.length
      for (let i = 0; i < count; i++) {
        const key = createSessionKey()
        const line = { sessionKey: key.address, maxBytes }
        const session = log.head(lines.length)
        lines.push({ key, line, session, next: nextHead(session, line) })
      }
      return lines.slice(before)
    },
    signed: (place = lines.length, expiry = 4_102_444_800n) =>
      signHead(domain, sponsor, lane, { head: log.head(place), expiry }),
    receipt(place, bytesServed) {
      const { key, session } = lines[place]!
      return signReceipt(domain, key, { session, bytesServed })
    },
    voucher(from, to, served) {
      const bytes = served.map((count, i) => paidBytes(count, lines[from + i]!.line.maxBytes))
      const amount = amountFor(bytes, lane.pricePerGiB)
      return signVoucher(domain, sponsor, { ...lane, from: log.head(from), to: log.head(to), amount })
    },
  }
  log.grow(init.lines ?? 0)
  return log
}
