import type { Address } from 'viem'
import type { ContentId } from '../content/metainfo.ts'
import type { ContentStore } from '../content/store.ts'
import type { AuthorizedSession, CompactSignature, Head, SignedReceipt, SignedTerms } from '../receipts/types.ts'
import type { RefusedError } from './errors.ts'
import type { Bid } from './uplink.ts'

/** Why a seeder refuses: the number travels, the words are for people. */
export const REFUSAL = {
  unknownContent: 1,
  priceTooLow: 2,
  logDoesNotExtend: 3,
  reserveTooSmall: 4,
  sessionExpired: 5,
  sessionOpenElsewhere: 6,
  busy: 7,
  badSignature: 8,
  noAccess: 9,
  wrongLane: 10,
  needsPayment: 11,
  resting: 12,
} as const

export type Refusal = keyof typeof REFUSAL

export interface HelloRequest {
  readonly contentId: ContentId
  /** The downloader's libp2p peer id as a string. */
  readonly remotePeer: string
  /** Null when it asks for free content. The session key's proof over both peer ids and the nonce is already checked. */
  readonly session: AuthorizedSession | null
  /** The highest receipt that the downloader says it signed; its signature is already checked. */
  readonly receipt: SignedReceipt | null
}

/** A downloader that may be served. The calls reach the ledger; `transfer` keeps the window. */
export interface Admission {
  /** Null for free content. */
  readonly session: { readonly id: Head; readonly key: Address; readonly maxBytes: bigint } | null
  /** The highest receipt held, from an earlier stream or from the hello. */
  readonly receipt: SignedReceipt | null
  /** Bytes sent in earlier streams, as far as is known. */
  readonly served: bigint
  /** Resolves to the highest bytesServed that is stored durably. */
  acceptReceipt(bytesServed: bigint, signature: CompactSignature): Promise<bigint>
  noteServed(bytesServed: bigint): void
  /** Its share of a busy uplink. Default: that of free content. */
  readonly bid?: Bid
  /** Aborts, with a `RefusedError` as its reason, when the downloader may be served no longer. */
  readonly over?: AbortSignal
  release(final: boolean): Promise<void>
}

/** Whether anybody is served at all at the moment. */
export interface ServingGate {
  /** Why nobody is; null while all are. */
  refusal(): RefusedError | null
  /** Bytes that are about to be sent. Throws a `RefusedError` where they may not be. */
  take(bytes: number): void
}

/** What `transfer` asks of the seeder that it serves for: what is held, at what terms, and who may have it. */
export interface ServingDesk {
  content(contentId: ContentId): Promise<ContentStore | null>
  terms(): Promise<SignedTerms | null>
  /** Throws a `RefusedError` (transfer/errors.ts) when the downloader may not be served. */
  admit(hello: HelloRequest): Promise<Admission>
}
