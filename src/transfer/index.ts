// How bytes move: `/bitcdn/transfer/1.0.0` over a libp2p stream. One side serves within credit windows, the other
// fetches and signs. Neither knows a chain, a disk or a pass: the desk answers for them.
export {
  DEBT_HALF_LIFE_MILLISECONDS,
  FIRST_WINDOW_BYTES,
  LAST_RECEIPT_MILLISECONDS,
  MAX_DATA_BYTES,
  MAX_WANTS,
  MAX_WINDOW_BYTES,
  SIGN_DIVISOR,
  SPACING_DIVISOR,
  SPACING_MILLISECONDS,
  TRANSFER_PROTOCOL,
} from './constants.ts'
export { createCreditBook } from './credit.ts'
export type { CreditBook, CreditInit, Debt, Owed, Tab } from './credit-types.ts'
export { ProtocolError, RefusedError, StreamEndedError } from './errors.ts'
export {
  type Admission,
  type HelloRequest,
  REFUSAL,
  type Refusal,
  type ServingDesk,
  type ServingGate,
} from './ports.ts'
export { createRateLimit, type RateLimit } from './rate-limit.ts'
export { type ServeInit, serve, type TransferLog } from './serve.ts'
export {
  type Accepted,
  createTransfer,
  type Hello,
  openTransfer,
  type Transfer,
  type TransferEvents,
  type Want,
} from './transfer.ts'
export { type Bid, createUplink, FREE_SHARE, type Uplink, type UplinkInit } from './uplink.ts'
