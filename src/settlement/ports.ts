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

export interface SettlementCall {
  readonly seeder: Address
  readonly batch: Hex
}

/** What settling needs of a chain. {@link createSettlementChain} is it on a BandwidthSettlement contract. */
export interface SettlementChain {
  readonly domain: Domain
  /** Unix seconds of the newest block. */
  time(options?: WaitOptions): Promise<bigint>
  /** Wei that a unit of gas costs now. */
  gasPrice(options?: WaitOptions): Promise<bigint>
  laneHead(lane: Lane, options?: WaitOptions): Promise<Head>
  /** Whether what `signer` signs for `sponsor` is honoured now. */
  maySign(sponsor: Address, signer: Address, options?: WaitOptions): Promise<boolean>
  /** Settles in one transaction. `onSigned` is awaited before it leaves. */
  settle(
    calls: readonly SettlementCall[],
    options: WaitOptions & { onSigned: (hash: Hex) => Promise<void> },
  ): Promise<SettlementOutcome>
  /** What became of a transaction that was sent earlier. */
  outcome(hash: Hex, options?: WaitOptions): Promise<SettlementOutcome | 'pending' | 'reverted' | 'unknown'>
  /** Every move of this seeder's lanes that the chain has seen, oldest first. */
  history(seeder: Address, options?: WaitOptions): Promise<readonly { laneKey: Hex; amount: bigint; head: Head }[]>
}

/** Telemetry's logger, as far as it is used here. */
export interface SettlementLogger {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
}
