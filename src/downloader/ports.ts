import type { Connection, PeerId } from '@libp2p/interface'
import type { Address } from 'viem'
import type { AuthorizedSession, Head, SignedReceipt, SignedTerms } from '../receipts/index.ts'

/** One line that a downloader would like to have at one seeder. */
export interface SessionRequest {
  readonly terms: SignedTerms
  readonly sessionKey: Address
  readonly maxBytes: bigint
  /** Token units per GiB that are offered; above those of the terms. Default: what the terms ask. */
  readonly bid?: bigint
}

/**
 * Who authorises lines: a publisher's gateway, or the downloader itself as its own sponsor. Sessions come back in any
 * order; they are told apart by their session keys. Throws when nothing can be authorised at all (`no-pass`,
 * `pass-expired`, `gateway-unreachable`, `no-funds`).
 */
export interface SessionSource {
  open(
    request: {
      readonly contentId: string
      /** Names this download: its open lines are capped together. */
      readonly download: string
      /** Bytes still missing. */
      readonly remaining: bigint
      readonly requests: readonly SessionRequest[]
      /** Bytes that lines in use may still be signed for: all else is free again, also a line whose answer was lost. */
      readonly open?: bigint
    },
    signal: AbortSignal,
  ): Promise<SessionGrant>
  /** Does ahead what the first question needs, such as a sign-in. What fails here is told by that question. */
  prepare?(signal: AbortSignal): Promise<void>
}

export interface SessionGrant {
  readonly sessions: readonly AuthorizedSession[]
  readonly refused: readonly { readonly seeder: Address; readonly reason: string }[]
}

/** What is left of a node when one only downloads: see `PeerNode` in `discovery`. */
export interface DownloadNode {
  readonly peerId: PeerId
  findSeeders(contentId: string, options: { signal: AbortSignal }): AsyncIterable<FoundPeer>
  connect(target: string | FoundPeer, options: { signal: AbortSignal }): Promise<Connection>
}

export interface FoundPeer {
  readonly id: string
  readonly addresses: readonly string[]
}

/** A line that was granted to this download, with the key that signs for it. */
export interface RecordedSession {
  readonly session: AuthorizedSession
  readonly privateKey: `0x${string}`
  /** Of the seeder's terms: what the receipts are signed for. */
  readonly chainId: bigint
  readonly settlement: Address
  /** The highest receipt ever signed on it. */
  readonly receipt: SignedReceipt | null
  /** Over: nothing more will be signed. */
  readonly closed: boolean
  /** The seeder said that it holds the receipt. */
  readonly held: boolean
  /** It will never take it: the session was settled without it, or cannot be served. */
  readonly refused?: boolean
}

/**
 * The downloader's own memory of what it signed. A receipt is in it before it is sent, so that a download which goes on
 * after a crash of the process neither signs less than before nor opens a line twice.
 */
export interface DownloadRecord {
  /** Names this download at the sponsor. */
  readonly download: string
  sessions(): readonly RecordedSession[]
  add(session: RecordedSession): void
  sign(session: Head, receipt: SignedReceipt): void
  markClosed(session: Head): void
  markHeld(session: Head): void
  markRefused(session: Head): void
  close(): void
}
