import type { Address, Hex } from 'viem'
import type { Head, Lane, LogLine, SignedHead, SignedVoucher } from './types.ts'

/** What a line was granted for. */
export interface LineGrant {
  /** 32 bytes. */
  readonly contentId: Hex
  readonly holder: Address
  /** Names one download of one holder; its open lines are capped together. */
  readonly download: string
  /** Unix seconds. */
  readonly createdAt: number
}

/** One line as the sponsor's log holds it. */
export interface SponsorLine extends LogLine, LineGrant {
  readonly lane: Lane
  /** Place of the line in the log, from 0. */
  readonly index: number
  /** The head before the line: the session's name. */
  readonly session: Head
  /** The head after the line. */
  readonly next: Head
  /** What vouchers acknowledged of it: null until a voucher covered the line, 0 when it was never used. */
  readonly acknowledged: bigint | null
}

/** One log as its sponsor knows it. */
export interface SponsorLaneLog {
  readonly lane: Lane
  /** The head on the chain as last seen. */
  readonly settled: Head
  /** The newest head of the log. */
  readonly tip: Head
  /** The lines behind `settled`. */
  readonly lines: readonly SponsorLine[]
  /** The newest signed head kept, or null. */
  readonly signed: SignedHead | null
}

/** Bytes that may stand authorised once a new line counts too. A missing limit does not limit. */
export interface SponsorLimits {
  /** Open lines of the same download, of all seeders together. */
  readonly openPerDownload?: bigint
  /** Lines of the same holder and content granted since `grant.createdAt` − 24 h. */
  readonly perHolderContentDay?: bigint
  /** Lines of the same seeder granted since `grant.createdAt` − 1 h. */
  readonly perSeederHour?: bigint
  /** Open lines of one seeder, all its lanes together: a count, the new one included. */
  readonly openLinesPerSeeder?: number
}

/** The sums behind the limits, in bytes where not said otherwise. */
export interface SponsorSums {
  readonly openOfDownload: bigint
  readonly holderContentDay: bigint
  readonly seederHour: bigint
  /** Open lines of the seeder: a count. */
  readonly openLinesOfSeeder: number
  /** Lines of the seeder that a voucher covered and that acknowledged nothing: a count. */
  readonly unusedLinesOfSeeder: number
  /** Lines of the seeder that a voucher covered and that acknowledged bytes: a count. */
  readonly usedLinesOfSeeder: number
}

/** A stretch of a log with the newest head that was signed of it, as somebody else kept it. */
export interface FoundLog {
  readonly from: Head
  /** They lead from `from` to `signed.head`. */
  readonly lines: readonly LogLine[]
  readonly signed: SignedHead
}

/** The download of lines that were taken over: what they were granted for was lost. */
export const ADOPTED_DOWNLOAD = 'adopted'

/**
 * A sponsor's memory of what it authorised. A line is open until the head on the chain is past it. Every method that
 * changes something resolves only when the change would survive a power cut. Declared here, implemented in `storage`.
 */
export interface SponsorLog {
  lanes(): Promise<readonly Lane[]>
  /** Null when nothing is known of this lane. `most`: only the last lines, so many; default all that are open. */
  laneLog(lane: Lane, options?: { most?: number }): Promise<SponsorLaneLog | null>
  line(session: Head): Promise<SponsorLine | null>
  /** The open lines of a lane up to this session's own, oldest first: the last `most` of them. Empty where it is not known or not open. */
  linesUpTo(session: Head, most: number): Promise<readonly SponsorLine[]>
  /**
   * Appends one line at the tip (a new lane begins at its first head). Limits are checked and the line is stored in
   * one step, so parallel requests cannot pass a cap together. Throws `refused` and names the limit that it would pass.
   */
  append(lane: Lane, line: LogLine, grant: LineGrant, limits?: SponsorLimits): Promise<SponsorLine>
  sums(about: { seeder: Address; holder: Address; contentId: Hex; download: string; now: number }): Promise<SponsorSums>
  /** Keeps a signed head; throws `refused` when the log does not contain it. */
  saveHead(lane: Lane, signed: SignedHead): Promise<void>
  /** The lines between two heads in order, or null when the log does not lead from one to the other. */
  range(lane: Lane, from: Head, to: Head): Promise<readonly SponsorLine[] | null>
  voucher(lane: Lane, from: Head, to: Head): Promise<SignedVoucher | null>
  /**
   * Keeps a voucher with what it acknowledges of each line of its range, in order. The first one for (lane, from, to)
   * stands: it is what a second call resolves to. Send only what this resolves to. Throws `refused` when the log does
   * not lead from `from` to `to`.
   */
  saveVoucher(voucher: SignedVoucher, acknowledged: readonly bigint[]): Promise<SignedVoucher>
  /** The chain says that this lane's head is `head`: lines before it are open no more. An unknown head is ignored. */
  markSettled(lane: Lane, head: Head): Promise<void>
  /**
   * Takes over lines that this sponsor signed and this log lacks, since it was lost or restored from an older copy (check
   * the signature first). Behind a head that the log contains, lines that it has are accepted again; any others are
   * `refused`. Where it does not contain `from` it goes on there, and all lines that it had are over: pass no `from` but
   * the lane's first head or one that the chain has reached. Nobody knows any more what the lines were granted for.
   */
  adopt(lane: Lane, found: FoundLog, createdAt: number): Promise<void>
  close(): Promise<void>
}
