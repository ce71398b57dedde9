// When money moves: choose what is worth settling, trade receipts for vouchers, pack, send, and believe the chain.
export { groupByTransaction, type PreparedBatch, packBatches } from './batches.ts'
export { createSettlementChain, type SettlementChainInit } from './chain.ts'
export { BATCH_GAS, DEFAULT_IDLE_SECONDS, TRANSACTION_GAS_CAP, VOUCHER_TIMEOUT } from './constants.ts'
export { type Candidate, type Choice, type ChosenTransaction, choose, costOf, type Prices } from './economics.ts'
export { amountOf, type Claim, rawClaims, voucherClaim } from './groups.ts'
export type { Note, PlanOptions } from './plan.ts'
export type {
  LaneFunds,
  SettlementCall,
  SettlementChain,
  SettlementEnd,
  SettlementLogger,
  SettlementOutcome,
  SkipReason,
  TakeOver,
  VoucherSource,
  WaitOptions,
} from './ports.ts'
export { reconcileLane, recoverSubmissions } from './reconcile.ts'
export {
  createSettler,
  type Preparation,
  type SettledTransaction,
  type SettleOptions,
  type SettleReport,
  type Settler,
  type SettlerComponents,
  type SettlerInit,
} from './settler.ts'
export type { LaneReport } from './survey.ts'
export { requestVoucher } from './vouchers.ts'
export { SKIP_WORDS } from './words.ts'
