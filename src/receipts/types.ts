import type { Address, Hex } from 'viem'

/** A lane head or a session: 24 bytes, `0x` and 48 hex digits. */
export type Head = Hex

/** One log of a (sponsor, seeder) pair at one price. Bytes are paid in the settlement token's smallest unit per GiB. */
export interface Lane {
  readonly sponsor: Address
  readonly seeder: Address
  /** uint64 */
  readonly lane: bigint
  /** uint64, token units per 2^30 bytes */
  readonly pricePerGiB: bigint
}

/** One line of a session log: who may acknowledge bytes, and up to how many (uint48). */
export interface LogLine {
  readonly sessionKey: Address
  readonly maxBytes: bigint
}

/** A 64-byte EIP-2098 signature. */
export type CompactSignature = Hex

/** A head with the sponsor's (or its delegate's) EIP-712 signature `SessionLog` over it: authorises every line up to it. */
export interface SignedHead {
  readonly head: Head
  /** Unix seconds, uint40. */
  readonly expiry: bigint
  /** The sponsor itself or one of its delegates. */
  readonly signer: Address
  readonly signature: CompactSignature
}

/** "By now you have delivered `bytesServed` bytes of this session to me." Cumulative; `session` is the head before the line. */
export interface Receipt {
  readonly session: Head
  /** uint48 */
  readonly bytesServed: bigint
}

export interface SignedReceipt extends Receipt {
  readonly signature: CompactSignature
}

/** "For all lines between these two heads I owe `amount`." */
export interface Voucher extends Lane {
  readonly from: Head
  readonly to: Head
  /** uint128, token units. */
  readonly amount: bigint
}

export interface SignedVoucher extends Voucher {
  readonly signer: Address
  readonly signature: CompactSignature
}

/** Off-chain only: binds a session to a content and a buyer for the seeder's admission check. Signed as the head is. */
export interface SessionTicket {
  readonly session: Head
  /** 32 bytes. */
  readonly contentId: Hex
  readonly holder: Address
  /** Unix seconds, uint40. */
  readonly notAfter: bigint
}

export interface SignedTicket extends SessionTicket {
  readonly signer: Address
  readonly signature: CompactSignature
}

/** What a seeder asks for, bound to its libp2p peer id. Off-chain only. */
export interface SeederTerms {
  /** The payout address: `seeder` in every lane. */
  readonly seeder: Address
  /** The libp2p peer id, as its multihash bytes. */
  readonly peerId: Hex
  readonly chainId: bigint
  /** The BandwidthSettlement contract. */
  readonly settlement: Address
  /** Lanes that this peer serves; it refuses others. */
  readonly lanes: readonly bigint[]
  /** The least that it accepts, token units per GiB. */
  readonly pricePerGiB: bigint
  /** Grows with every new statement of the same seeder. */
  readonly sequence: bigint
  /** Unix seconds, uint40. */
  readonly expiry: bigint
}

export interface SignedTerms extends SeederTerms {
  /** The seeder itself or an operator that it approved on-chain. */
  readonly signer: Address
  readonly signature: CompactSignature
}

/** All that a downloader presents to a seeder for one session, as the sponsor (or the downloader itself) authorised it. */
export interface AuthorizedSession {
  readonly lane: Lane
  /** Place of the line in the log, from 0. */
  readonly index: number
  /** The head before the line. */
  readonly session: Head
  readonly line: LogLine
  /** The head that `lines` begin behind; the last of them reaches `signed.head`. */
  readonly from: Head
  readonly lines: readonly LogLine[]
  readonly signed: SignedHead
  /** Null where the downloader is its own sponsor. */
  readonly ticket: SignedTicket | null
}
