import type { Address } from 'viem'
import type { TransactionJournal } from './journal.ts'
import type { CompactSignature, Head, Lane, LogLine, SignedHead, SignedReceipt, SignedVoucher } from './types.ts'

/** A session as the seeder's ledger holds it: one line of a log with what was served and signed on it. */
export interface LedgerSession extends LogLine {
  readonly lane: Lane
  /** Place of the line in the log, from 0. */
  readonly index: number
  /** The head before the line: the session's name. */
  readonly session: Head
  /** The head after the line. */
  readonly next: Head
  readonly state: 'unused' | 'open' | 'closed' | 'settled'
  readonly contentId: string | null
  readonly holder: Address | null
  /** Bytes sent, acknowledged or not. */
  readonly served: bigint
  /** The highest receipt that is stored durably, or null. */
  readonly receipt: SignedReceipt | null
}

/** Lines that are read at once where nothing else is asked for: a log of a million is read in bounded memory. */
export const LINES_AT_ONCE = 4_096

/** What a seeder knows of one log without its lines: it costs the same however many there are. */
export interface LaneState {
  readonly lane: Lane
  /** The newest head that the log reaches. */
  readonly tip: Head
  /** The head on the chain as last seen: everything before it is settled. */
  readonly settled: Head
  /** Lines behind `settled`. */
  readonly unsettled: number
  /** Bytes acknowledged on them. */
  readonly bytes: bigint
}

/** One log with its newest lines. */
export interface LaneLog extends LaneState {
  /** The last lines behind `settled`, in order. Any line is found by {@link ReceiptLedger.session}. */
  readonly sessions: readonly LedgerSession[]
  /** The signed heads kept before, between and behind these lines, oldest first. */
  readonly heads: readonly SignedHead[]
}

/** Money by where it stands, in token units. Each byte's pay is in one state at a time. Sums are exact per settlement group. */
export interface Earnings {
  /** Sent and not yet acknowledged by a receipt. */
  readonly served: bigint
  /** Acknowledged by receipts that are stored here. */
  readonly receipted: bigint
  /** Covered by a sponsor's voucher. */
  readonly vouchered: bigint
  /** In a transaction that is not final. */
  readonly submitted: bigint
  /** Credited on the chain. */
  readonly paid: bigint
}

/** What a statement is about. Days are counted from 1970-01-01 UTC. */
export interface StatementQuery {
  readonly by: 'day' | 'content' | 'payer'
  /** The first day and the last one. Default: all, also what has no known day. */
  readonly from?: number
  readonly to?: number
  readonly contentId?: string
  readonly sponsor?: Address
}

export interface Statement {
  /**
   * In the order of their keys: a date such as 2026-11-27, a content id, a sponsor's address; last, under null, what is of no
   * known day or content. Money that was paid is of the day on which the ledger learned of it, other money of the day on
   * which its line last changed. Without a range all lines together are {@link ReceiptLedger.earnings}, to the unit.
   */
  readonly lines: readonly { readonly key: string | null; readonly earnings: Earnings }[]
  /** What a range of days leaves out because its day is not known. */
  readonly undated: Earnings
}

/** Closed lines at the front of a log: what can be settled without closing anything live. */
export interface SettleableRange {
  readonly lane: Lane
  readonly from: Head
  /** The end of the run of closed lines, or of a part of it that a signed head can end. */
  readonly to: Head
  /** Whether closed lines follow behind `to`: the range was cut at {@link LINES_AT_ONCE}. */
  readonly more: boolean
  /** The furthest of `heads`: as far as raw receipts can be settled. Null when none is held. */
  readonly head: SignedHead | null
  /** One signed head for each place after `from`, up to `to`, where one is held; in the order of the log. */
  readonly heads: readonly SignedHead[]
  /** Every line from `from` to `to`. */
  readonly sessions: readonly LedgerSession[]
  /** floor(sum of min(bytesServed, maxBytes) × price / 2^30) */
  readonly amount: bigint
  /** The furthest voucher held that begins at `from`. It may end before `to`. */
  readonly voucher: SignedVoucher | null
}

/** One move of one lane's head that a transaction makes. */
export interface LaneMove {
  readonly lane: Lane
  readonly from: Head
  readonly to: Head
  readonly amount: bigint
}

export interface Submission {
  readonly id: string
  /** Milliseconds. */
  readonly age: number
  readonly moves: readonly LaneMove[]
}

/** Bytes that were never signed for, held against whoever may be behind a downloader. */
export interface KeptDebt {
  readonly subject: string
  /** As of `at`. */
  readonly bytes: number
  /** Unix milliseconds. */
  readonly at: number
}

export interface RecalledDebt extends KeptDebt {
  /** Whether this process kept it; else another one that serves from the same ledger, which goes on keeping it. */
  readonly own: boolean
}

/**
 * The seeder's memory of what it is owed. Every method that changes something resolves only when the change would
 * survive a power cut; writers are committed in groups. Declared here, implemented in `storage`.
 */
export interface ReceiptLedger {
  /** What the wallet signed, in the same database. */
  readonly journal: TransactionJournal
  /** Null when nothing is known of this lane. */
  laneState(lane: Lane): Promise<LaneState | null>
  /** With its last `most` unsettled lines, by default {@link LINES_AT_ONCE}. Null when nothing is known of this lane. */
  laneLog(lane: Lane, options?: { most?: number }): Promise<LaneLog | null>
  session(session: Head): Promise<LedgerSession | null>
  /** Those of them that are known, in any order. */
  sessions(names: readonly Head[]): Promise<readonly LedgerSession[]>
  /** How many unsettled lines before `session`, or of all, bear a receipt, and how many were never opened. */
  lineCounts(lane: Lane, before?: Head): Promise<{ paid: number; unused: number }>
  /**
   * Appends `lines` behind `from` and keeps `signed`, which must be the head that the lines reach. `from` is a head that
   * the log contains, the lane's first head, or, when nothing unsettled is held, a head that the caller has just read
   * from the chain. Lines that the log already has are accepted again. Throws `refused` when it does not extend.
   */
  extendLog(lane: Lane, from: Head, lines: readonly LogLine[], signed: SignedHead): Promise<void>
  /** Marks a session as open for one stream. Throws `refused` when it is open elsewhere, closed or settled. */
  openSession(session: Head, use: { contentId: string; holder: Address | null }): Promise<LedgerSession>
  /**
   * Stores a receipt whose signature was checked: only upward, never above maxBytes. Resolves to the highest one held.
   * Closed sessions still take one, until they are sealed; then it throws `refused`.
   */
  acceptReceipt(session: Head, bytesServed: bigint, signature: CompactSignature): Promise<bigint>
  /** Bytes sent of this session by now: only upward. May be lost in a crash (at most one window), so it returns at once. */
  noteServed(session: Head, served: bigint): void
  /** The stream is gone. `final` closes the session for good; otherwise the same session may be opened again. */
  releaseSession(session: Head, final: boolean): Promise<void>
  /**
   * After a start: sessions that a crash left with a stream may be opened, or settled, again. The caller becomes the
   * one process that opens sessions, until it closes the ledger or dies. Throws `refused` while another process is:
   * so a claim beside a running seeder never takes its live sessions for dead ones.
   */
  releaseAll(): Promise<void>
  lanes(): Promise<readonly Lane[]>
  /**
   * The closed lines from `from` on: by default the head on the chain, or the end of what is submitted; not more than
   * {@link LINES_AT_ONCE}, but to the first signed head. Null when there is none. Sessions without a stream, used or not, count as closed after `idleSeconds`; never when it is not given.
   */
  settleable(lane: Lane, options?: { idleSeconds?: number; from?: Head }): Promise<SettleableRange | null>
  /**
   * Runs `round` as the one process that settles from this ledger: rounds of several processes follow one another.
   * Throws `refused` while another process settles, and `lease-lost` out of any write once this one was silent for so
   * long that another took over. What belongs to settling and is called outside of a round is refused during another's.
   */
  settling<T>(round: () => Promise<T>): Promise<T>
  /**
   * Before a voucher is asked for or a transaction sent: closes all lines up to `to` for good, so that nobody serves on
   * them meanwhile. Throws `refused` when one of them has a stream.
   */
  seal(lane: Lane, to: Head): Promise<void>
  /** Keeps a voucher whose signature and amount were checked. Throws `refused` when it does not fit the log. */
  saveVoucher(voucher: SignedVoucher): Promise<void>
  /**
   * A transaction that makes these moves is about to be signed; `id` is its intent's in the journal, or the hash of one
   * that an operator sent. Throws `refused`, and then it must not be, when another one over some of these lines is on its
   * way: two processes may have prepared the same range.
   */
  markSubmitted(id: string, moves: readonly LaneMove[]): Promise<void>
  /** Transactions under way: of which nothing final is known. */
  submissions(): Promise<readonly Submission[]>
  /** The transaction failed or is gone: its ranges are settleable again. */
  markFailed(id: string): Promise<void>
  /**
   * The chain says that this lane's head is now `head`, and paid `amount` for the move (null when read without an
   * event: what was owed counts as paid). The same head again changes nothing. A head that the log does not contain
   * lies behind all of its lines: the node was restored from an older copy.
   */
  markSettled(lane: Lane, head: Head, amount: bigint | null): Promise<void>
  /**
   * Makes room: forgets settled lines that nothing has changed since `before` (Unix milliseconds), never one that is not
   * settled; what was paid stays. Resolves to how many.
   */
  prune(before: number): Promise<number>
  /** By one content, one sponsor, or all. */
  earnings(filter?: { contentId?: string; sponsor?: Address }): Promise<Earnings>
  statement(query: StatementQuery): Promise<Statement>
  /** Debts of all processes that served from here, largest first: `keepDebts` replaces those of this one. */
  debts(): Promise<readonly RecalledDebt[]>
  keepDebts(debts: readonly KeptDebt[]): Promise<void>
  close(): Promise<void>
}
