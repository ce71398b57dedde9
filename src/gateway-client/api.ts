import type { Address, Hex } from 'viem'

/*
 * The JSON of a publisher's gateway, version 1. Integers that may pass 2^53 are decimal strings.
 *
 * GET  /v1/info                      GatewayInfo
 * GET  /v1/contents/:contentId.torrent   the metainfo file
 * POST /v1/auth/nonce                { nonce, issuedAt, expirationTime }   (ISO 8601, the gateway's clock)
 * POST /v1/auth/verify               { message, signature } -> { token, expiresAt }      (EIP-4361)
 * POST /v1/sessions                  SessionsRequest -> SessionsResponse                 (Authorization: Bearer token)
 * GET  /v1/lanes/:seeder/:lane/:price    LaneLogJson: the lines since the head on the chain
 * POST /v1/lanes                     PresentRequest -> PresentJson                      (the token of the seeder or its operator)
 * POST /v1/watch                     WatchRequest -> WatchJson: which of these sessions are over
 * POST /v1/reach                     ReachRequest -> ReachJson: whether who asks can be dialled
 * POST /v1/debts                     DebtsRequest -> {}                                  (the token of the seeder or its operator)
 * POST /v1/vouchers                  VoucherRequest -> VoucherJson                       (the token of the seeder or its operator)
 * POST /v1/purchases                 PurchaseRequest -> { hash }: submits a buyer's EIP-3009 authorisation and pays the gas
 *
 * Every failure answers { error: { code, message, advice } } with a fitting status.
 */

export interface GatewayInfo {
  chainId: number
  settlement: Address
  registry: Address
  sponsor: Address
  /** The key that signs heads, tickets and vouchers: the sponsor or its delegate. */
  signer: Address
  relayer: Address | null
  contents: { contentId: string; pass: Address; token: Address; pricePerGiB: string; length: number; name: string }[]
}

export interface TermsJson {
  seeder: Address
  peerId: Hex
  chainId: string
  settlement: Address
  lanes: string[]
  pricePerGiB: string
  sequence: string
  expiry: string
  signer: Address
  signature: Hex
}

export interface SessionsRequest {
  contentId: string
  /** Any string that names this download; its open lines are capped together. */
  download: string
  /** Bytes still missing. */
  remaining: string
  requests: { terms: TermsJson; sessionKey: Address; maxBytes: string; bid?: string }[]
  /** Bytes that lines of this download in use may still be signed for: all else may be authorised elsewhere. */
  open?: string
}

export interface LineJson {
  sessionKey: Address
  maxBytes: string
}

export interface SessionJson {
  sponsor: Address
  seeder: Address
  lane: string
  pricePerGiB: string
  index: number
  session: Hex
  sessionKey: Address
  maxBytes: string
  from: Hex
  lines: LineJson[]
  head: Hex
  expiry: string
  signer: Address
  signature: Hex
  ticket: { contentId: Hex; holder: Address; notAfter: string; signer: Address; signature: Hex }
}

export interface SessionsResponse {
  sessions: SessionJson[]
  refused: { seeder: Address; reason: string }[]
}

export interface LaneLogJson {
  from: Hex
  lines: LineJson[]
  head: Hex
  expiry: string
  signer: Address
  signature: Hex
}

/** A seeder's own copy of a log, from the settled head that it knows; null when it holds none. */
export interface PresentRequest {
  seeder: Address
  lane: string
  pricePerGiB: string
  log: LaneLogJson | null
}

export interface PresentJson {
  /**
   * `same`: both logs end alike; `ahead`: the gateway has lines that the seeder was not shown yet; `adopted`: the gateway
   * took over what it lacked; `forked`: two logs were signed for this lane, so the gateway signs nothing more on it.
   */
  state: PresentState
}

export type PresentState = 'same' | 'ahead' | 'adopted' | 'forked'

export interface WatchRequest {
  /** Sessions that are being served. */
  sessions: Hex[]
}

export interface WatchJson {
  /** Another one after each start of the gateway: logs are to be presented again. */
  epoch: string
  /** Sessions that may not go on, and why. */
  ended: { session: Hex; reason: string }[]
}

export interface ReachRequest {
  /** Multiaddrs of who asks. */
  addresses: string[]
}

/**
 * What came of a dial. `another-program`: something answers that is no libp2p node; `another-address`: not where the request came
 * from, so it was not dialled; `not-tcp`: not plain TCP on a numeric address, neither.
 */
export type DialFate = 'reached' | 'refused' | 'no-answer' | 'another-program' | 'another-address' | 'not-tcp'

export interface ReachJson {
  /** The IP address that the request came from. */
  from: string
  addresses: { address: string; fate: DialFate }[]
}

/** Bytes that were delivered and never signed for. */
export interface DebtsRequest {
  seeder: Address
  debts: { session: Hex; bytes: string }[]
}

export interface VoucherRequest {
  seeder: Address
  lane: string
  pricePerGiB: string
  from: Hex
  to: Hex
  /** In the order of the log; a line without a receipt has none here. */
  receipts: { session: Hex; bytesServed: string; signature: Hex }[]
}

export interface VoucherJson {
  amount: string
  signer: Address
  signature: Hex
}

export interface PurchaseRequest {
  pass: Address
  tier: number
  to: Address
  maxPrice: string
  deadline: string
  salt: Hex
  from: Address
  /** 65-byte signature of the stablecoin's ReceiveWithAuthorization. */
  signature: Hex
}
