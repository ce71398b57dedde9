import type { Address } from 'viem'
import {
  accountOf,
  type Chain,
  type Mined,
  type PublishedContent,
  publishContent,
  type TierTerms,
} from '../chain/index.ts'
import { type Metainfo, magnetLink } from '../content/index.ts'
import { BitCdnError } from '../errors.ts'
import { createTorrent } from '../storage/pieces/index.ts'
import { SHARE_SUPPLY } from './constants.ts'

/** What a creator decides about a publication. Amounts in token units. */
export interface PublishTerms {
  /** At most 64 bytes; default: the name of the file or folder. */
  readonly title?: string | undefined
  /** Token units per GiB that the sponsor means to pay seeders. */
  readonly pricePerGiB: bigint
  /** Part of each payment for delivery, in 1/10,000; its ceiling for ever. */
  readonly deliveryBps: number
  readonly tiers: readonly TierTerms[]
  /** Other holders of the revenue share and their part in 1/10,000; the rest is the publisher's. */
  readonly shares?: readonly { readonly holder: Address; readonly bps: number }[] | undefined
  /** Whose pool pays for delivery; default the publisher. */
  readonly sponsor?: Address | undefined
}

export interface Packaged {
  readonly metainfo: Metainfo
  /** The `.torrent` file. */
  readonly torrent: Uint8Array
  readonly magnet: string
  /** Empty folders, which BitTorrent cannot carry. */
  readonly emptyFolders: readonly string[]
}

/** Packages a file or folder: `package` is the part of publishing that needs no chain. */
export async function packageContent(
  path: string,
  options: {
    pieceLength?: number
    trackers?: readonly string[]
    webSeeds?: readonly string[]
    signal?: AbortSignal
  } = {},
): Promise<Packaged> {
  const { metainfo, torrent, emptyFolders } = await createTorrent(path, options)
  return { metainfo, torrent, emptyFolders, magnet: magnetLink(metainfo) }
}

/**
 * Registers packaged content: one transaction creates its revenue share and its pass. Throws `usage` for shares above
 * 100 %, `transaction-failed` when this wallet published it before.
 */
export async function publish(
  chain: Chain,
  { metainfo, magnet }: Pick<Packaged, 'metainfo' | 'magnet'>,
  terms: PublishTerms,
  options: { signal?: AbortSignal } = {},
): Promise<Mined & PublishedContent> {
  return publishContent(
    chain,
    {
      contentId: metainfo.contentId,
      title: terms.title ?? shortTitle(metainfo.name),
      pricePerGiB: terms.pricePerGiB,
      deliveryBps: terms.deliveryBps,
      metainfoUri: magnet,
      tiers: terms.tiers,
      shares: divide(accountOf(chain).address, terms.shares ?? []),
      ...(terms.sponsor === undefined ? {} : { sponsor: terms.sponsor }),
    },
    options,
  )
}

function divide(
  publisher: Address,
  others: readonly { holder: Address; bps: number }[],
): { holder: Address; amount: bigint }[] {
  const given = others.reduce((sum, { bps }) => sum + bps, 0)
  if (given > 10_000) {
    throw new BitCdnError('usage', `The shares add up to ${given / 100} %, more than the whole.`, {
      advice: 'Give parts that add up to 100 % at most; what is left stays with the publisher.',
    })
  }
  const parts = [...(given < 10_000 ? [{ holder: publisher, bps: 10_000 - given }] : []), ...others]
  return parts.map(({ holder, bps }) => ({ holder, amount: (SHARE_SUPPLY * BigInt(bps)) / 10_000n }))
}

/** A title holds 64 bytes; a longer file name is cut at a character. */
function shortTitle(name: string): string {
  let title = name
  while (Buffer.byteLength(title) > 64) title = [...title].slice(0, -1).join('')
  return title
}
