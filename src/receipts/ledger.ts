import type { Address } from 'viem'
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

/** All that a seeder knows of one log. */
export interface LaneLog {
  readonly lane: Lane
  /** The newest head that `lines` reach. */
  readonly tip: Head
  /** The head on the chain as last seen: everything before it is settled. */
  readonly settled: Head
  readonly sessions: readonly LedgerSession[]
  /** Every signed head that was kept, oldest first. */
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

/** Closed lines at the front of a log: what can be settled without closing anything live. */
export interface SettleableRange {
  readonly lane: Lane
  readonly from: Head
  readonly to: Head
  /** A signed head at `to` or the nearest one kept behind it that closes no open session; null when none is held. */
  readonly head: SignedHead | null
  readonly sessions: readonly LedgerSession[]
  /** floor(sum of min(bytesServed, maxBytes) × price / 2^30) */
  readonly amount: bigint
  readonly voucher: SignedVoucher | null
}

/**
 * The seeder's memory of what it is owed. Every method that changes something resolves only when the change would
 * survive a power cut; writers are committed in groups. Declared here, implemented in `storage`.
 */
export interface ReceiptLedger {
  /** Null when nothing is known of this lane. */
  laneLog(lane: Lane): Promise<LaneLog | null>
  session(session: Head): Promise<LedgerSession | null>
  /**
   * Appends `lines` behind `from` (a head that the log contains, or the lane's first head, or a head newly read from the chain) and keeps `signed`, which must be the
   * head that the lines reach. Lines that the log already has are accepted again. Throws `refused` when it does not extend.
   */
  extendLog(lane: Lane, from: Head, lines: readonly LogLine[], signed: SignedHead): Promise<void>
  /** Marks a session as open for one stream. Throws `refused` when it is open elsewhere, closed or settled. */
  openSession(session: Head, use: { contentId: string; holder: Address | null }): Promise<LedgerSession>
  /** Stores a receipt whose signature was checked: only upward, never above maxBytes. Resolves to the highest one held. */
  acceptReceipt(session: Head, bytesServed: bigint, signature: CompactSignature): Promise<bigint>
  /** Adds up bytes sent. May be lost in a crash (at most one window), so it resolves at once. */
  noteServed(session: Head, served: bigint): void
  /** The stream is gone. `final` closes the session for good; otherwise the same session may be opened again. */
  releaseSession(session: Head, final: boolean): Promise<void>
  /** After a start: sessions that a crash left open become releasable again. */
  releaseAll(): Promise<void>
  lanes(): Promise<readonly Lane[]>
  /** Null when nothing at the front of the log is closed. Sessions idle for longer than `idleSeconds` count as closed. */
  settleable(lane: Lane, options?: { idleSeconds?: number }): Promise<SettleableRange | null>
  saveVoucher(voucher: SignedVoucher): Promise<void>
  /** A transaction that moves these lanes to these heads was sent. */
  markSubmitted(hash: string, moves: readonly { lane: Lane; from: Head; to: Head; amount: bigint }[]): Promise<void>
  /** The transaction failed or is gone: its ranges are settleable again. */
  markFailed(hash: string): Promise<void>
  /** The chain says that this lane's head is now `head`, and paid `amount` for the move (null when read without an event). */
  markSettled(lane: Lane, head: Head, amount: bigint | null): Promise<void>
  /** By one content, one sponsor, or all. */
  earnings(filter?: { contentId?: string; sponsor?: Address }): Promise<Earnings>
  close(): Promise<void>
}
