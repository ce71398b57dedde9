// The contracts as TypeScript: one connection, one action per thing that people do. Actions take the connection first,
// what they are about second, and how to wait third.
export {
  accessPassAbi,
  bandwidthSettlementAbi,
  contentRegistryAbi,
  revenueShareTokenAbi,
  testUsdAbi,
} from './abi/index.ts'
export { approveOperator, isOperator } from './approve-operator.ts'
export { authorizeSigner, revokeSigner } from './authorize-signer.ts'
export { buyPass, buyPassWithPermit, type PassBought, type PassPurchase } from './buy-pass.ts'
export { type Carried, carry, type IntentOptions } from './carry.ts'
export {
  type Addresses,
  accountOf,
  blockTime,
  type Chain,
  type ConnectChainInit,
  connectChain,
  type Finality,
  type LocalAccount,
  withJournal,
} from './chain.ts'
export { type Deposit, deposit, depositWithPermit } from './deposit.ts'
export type { Call } from './estimate.ts'
export { type Fees, feesNow } from './fees.ts'
export type { LogRange } from './logs.ts'
export {
  estimatePassAuthorization,
  type PassAuthorization,
  passAuthorizationNonce,
  signPassAuthorization,
  submitPassAuthorization,
} from './pass-authorization.ts'
export { type Purchase, readPurchases } from './pass-events.ts'
export { type Access, hasAccess, listPasses, type Pass } from './passes.ts'
export {
  contentIdBytes,
  listContents,
  type Publication,
  type PublishedContent,
  publishContent,
  readContent,
} from './publish-content.ts'
export { type AccountState, readAccount, readCredit } from './read-account.ts'
export { type LaneState, readLane, type StateOptions } from './read-lane.ts'
export { readSigner, type SignerState } from './read-signer.ts'
export { connectRemoteAccount, type RemoteAccountInit } from './remote-account.ts'
export { type Reservation, releaseReserve, reserve, reserveMany, thawReserve } from './reserve.ts'
export { readReservedLanes } from './reserve-events.ts'
export { decodeRevert, type Revert, readRevert } from './revert.ts'
export { ask } from './rpc.ts'
export { type IntentStanding, type JournaledChain, tendIntents } from './sender.ts'
export { type Settlement, type SettlementMined, settle, settleMany, withdraw } from './settle.ts'
export {
  type LaneSettled,
  type LaneSkipped,
  readSettlements,
  SKIP_REASONS,
  type SkipReason,
  settlementsIn,
} from './settlement-events.ts'
export { claimable, claimShares, readShareBooks, type ShareBooks, transferShares } from './shares.ts'
export { everywhere, finalBlock, receiptOrNull, type Standing, standingOf } from './standing.ts'
export { thaw, withdrawThawed } from './thaw.ts'
export { addTier, readTier, readTiers, type Tier, type TierTerms } from './tiers.ts'
export {
  approveToken,
  mintTestUsd,
  type ReadOptions,
  readBalance,
  readCoin,
  readToken,
  transferToken,
} from './token.ts'
export { type Mined, type TransactOptions, transact, waitUntilMined } from './transact.ts'
