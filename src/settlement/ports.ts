import type { Address, Hex } from 'viem'
import type { Domain, Head, Lane, SettleableRange, SignedVoucher } from '../receipts/index.ts'

export interface WaitOptions {
  signal?: AbortSignal | undefined
}

/** Who may sign one voucher for many receipts: the sponsor's gateway. */
export interface VoucherSource {
  /** Rejects when the sponsor cannot be reached or will not sign. What it answers is checked by the caller. */
  request(range: SettleableRange, options?: WaitOptions): Promise<SignedVoucher>
}

/** Why the contract passed over a group. */
export type SkipReason = 'none' | 'unpaid' | 'signature' | 'expired' | 'revoked' | 'head-unmoved'

export interface SettlementOutcome {
  readonly hash: Hex
  readonly gasUsed: bigint
  readonly settled: readonly { laneKey: Hex; amount: bigint; head: Head }[]
  readonly skipped: readonly { laneKey: Hex; amount: bigint; reason: SkipReason }[]
}

/** What is final: what a transaction did, that it was reverted, or that it will never be on the chain. */
export type SettlementEnd = SettlementOutcome | 'reverted' | 'dropped'

export interface SettlementCall {
  readonly seeder: Address
  readonly batch: Hex
}

/** What a lane can be paid from, and until when: token units, unix seconds; an end of 0 is none. */
export interface LaneFunds {
  /** Ring-fenced for the lane, `releasing` included. */
  readonly reserved: bigint
  readonly releasing: bigint
  readonly releaseEnd: bigint
  /** The sponsor's pool, which pays others too, `thawing` included. */
  readonly pool: bigint
  readonly thawing: bigint
  readonly thawEnd: bigint
}

/** Awaited before what has ended is forgotten; after a crash it may come again for the same id. */
export type TakeOver = (id: string, end: SettlementEnd) => Promise<void>

export interface SendOptions extends WaitOptions {
  /** Wei per gas that no bid passes. */
  maxFeePerGas?: bigint | null | undefined
  /** Awaited before anything is signed: nothing leaves when it throws. */
  onBegin: () => Promise<void>
  onEnd: TakeOver
}

/** What settling needs of a chain. {@link createSettlementChain} is it on a BandwidthSettlement contract. */
export interface SettlementChain {
  readonly domain: Domain
  /** Unix seconds of the newest block. */
  time(options?: WaitOptions): Promise<bigint>
  /** Wei that a unit of gas costs now. */
  gasPrice(options?: WaitOptions): Promise<bigint>
  /** The lane's head now, or where it cannot be undone. */
  laneHead(lane: Lane, options?: WaitOptions & { final?: boolean | undefined }): Promise<Head>
  /** Whether what `signer` signs for `sponsor` is honoured now. */
  maySign(sponsor: Address, signer: Address, options?: WaitOptions): Promise<boolean>
  funds(lane: Lane, options?: WaitOptions): Promise<LaneFunds>
  /** What a sponsor's delegate may still spend of the pool, and when its revocation takes effect; null for the sponsor itself. */
  delegate(
    sponsor: Address,
    key: Address,
    options?: WaitOptions,
  ): Promise<{ readonly allowance: bigint; readonly end: bigint } | null>
  /**
   * Settles in one transaction, at most once for an id, whatever happens to this process. Resolves when it is in a block;
   * `final` says whether that block can go away. `'pending'`: it is on its way, and tending brings it forward.
   */
  settle(
    id: string,
    calls: readonly SettlementCall[],
    options: SendOptions,
  ): Promise<(SettlementOutcome & { final: boolean }) | 'pending'>
  /** Looks after everything that {@link settle} sent and that is not final. Resolves to the ids that still are not. */
  tend(options: WaitOptions & { onEnd: TakeOver }): Promise<readonly string[]>
  /** What became of a transaction that somebody else sent. `'pending'` also while its block can go away. */
  outcome(hash: Hex, options?: WaitOptions): Promise<SettlementOutcome | 'pending' | 'reverted' | 'unknown'>
  /** Every final move of this seeder's lanes, oldest first. */
  history(seeder: Address, options?: WaitOptions): Promise<readonly { laneKey: Hex; amount: bigint; head: Head }[]>
}

/** Telemetry's logger, as far as it is used here. */
export interface SettlementLogger {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
}
