// What is owed: session logs, receipts and vouchers as EIP-712 data, their signatures, and the ports of whoever
// remembers them. Pure: no disk, no socket, no clock.
export { checksumAddress } from './address.ts'
export { amountFor, GIB, paidBytes, shareAmount } from './amount.ts'
export {
  type BatchGroup,
  type BatchLine,
  decodeBatch,
  encodeBatch,
  groupLength,
  type RawGroup,
  type VoucherGroup,
} from './batch.ts'
export { createDomain, type Digest, type Domain, type DomainInit, type SessionProof } from './domain.ts'
export type { Intent, JournalEntry, SignedTransaction, TransactionJournal } from './journal.ts'
export {
  type Earnings,
  type KeptDebt,
  type LaneLog,
  type LaneMove,
  type LaneState,
  type LedgerSession,
  LINES_AT_ONCE,
  type RecalledDebt,
  type ReceiptLedger,
  type SettleableRange,
  type Statement,
  type StatementQuery,
  type Submission,
} from './ledger.ts'
export { firstHead, headsAfter, laneKey, leadsTo, nextHead, normalLane, tipAfter } from './log.ts'
export { signHead, signProof, signReceipt, signTerms, signTicket, signVoucher } from './sign.ts'
export { checkSignatureForm, compactFromWallet, isSignedBy, recoverSigner } from './signature.ts'
export { createSessionKey, type SessionKey, type Signer, signerFromAccount } from './signer.ts'
export {
  ADOPTED_DOWNLOAD,
  type FoundLog,
  type LineGrant,
  type SponsorLaneLog,
  type SponsorLimits,
  type SponsorLine,
  type SponsorLog,
  type SponsorSums,
} from './sponsor-log.ts'
export { DOMAIN_NAME, DOMAIN_VERSION, encodeType, type SignedType, TYPES } from './typed-data.ts'
export type * from './types.ts'
export {
  receiptSigner,
  verifyHead,
  verifyProof,
  verifyReceipt,
  verifyTerms,
  verifyTicket,
  verifyVoucher,
} from './verify.ts'
