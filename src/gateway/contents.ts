import type { Address } from 'viem'
import type { ContentId } from '../content/metainfo.ts'
import { BitCdnError } from '../errors.ts'

/** A content whose delivery this gateway's sponsor pays for. */
export interface GatewayContent {
  readonly contentId: ContentId
  readonly name: string
  /** Bytes of all files. */
  readonly length: number
  /** The AccessPass contract. */
  readonly pass: Address
  /** The RevenueShareToken contract. */
  readonly token: Address
  /** The most that seeders are paid, token units per GiB. */
  readonly pricePerGiB: bigint
  /** The metainfo file, bencoded. */
  readonly metainfo: Uint8Array
}

/** Throws `unknown-content` when the gateway does not sell it. */
export function requireContent(contents: readonly GatewayContent[], contentId: ContentId): GatewayContent {
  const content = contents.find((one) => one.contentId === contentId)
  if (content === undefined) {
    throw new BitCdnError('unknown-content', `This gateway does not sell ${contentId}.`, {
      advice: 'GET /v1/info lists what it sells.',
    })
  }
  return content
}
