// The HTTP client of a publisher's gateway, and the JSON of its API, which the gateway itself uses too.
export type * from './api.ts'
export {
  type CallOptions,
  createGatewayClient,
  type GatewayClient,
  type GatewayClientInit,
} from './client.ts'
export {
  answerFromJson,
  answerToJson,
  infoFromJson,
  logFromJson,
  logToJson,
  type PurchaseQuestion,
  purchaseFromJson,
  purchaseToJson,
  questionFromJson,
  questionToJson,
  type SessionQuestion,
  type SessionsAnswer,
  type SessionsQuestion,
  type SignedLog,
  termsFromJson,
  termsToJson,
  type VoucherQuestion,
  voucherFromJson,
  voucherQuestionFromJson,
  voucherQuestionToJson,
  voucherToJson,
} from './codec.ts'
export { LIMITS } from './constants.ts'
export { type ClosedRange, createGateways, type Gateways, type SignalOption } from './gateways.ts'
export { GatewayRefusal } from './http.ts'
export { readAddress, readContentId, readHex, readHexUpTo, readObject, readText, readUint } from './parse.ts'
export { addressesFromJson, type DialedAddress, type ReachAnswer } from './reach-codec.ts'
export { createSessionSource, type GatewaySessionSource } from './session-source.ts'
export {
  debtsFromJson,
  type PresentedLog,
  presentFromJson,
  type SessionDebt,
  type WatchAnswer,
  watchFromJson,
} from './watch-codec.ts'
