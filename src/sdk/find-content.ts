import { type Address, isAddress } from 'viem'
import { type Chain, listContents, type PublishedContent } from '../chain/index.ts'
import { parseContentId } from '../content/index.ts'
import { BitCdnError } from '../errors.ts'

export type FoundContent = PublishedContent & { readonly title: string; readonly metainfoUri: string }

/**
 * Finds a publication on the chain by content id (hex, magnet or CID) or by its pass's address. Anybody may publish any
 * content id, so one that several published must be named together with its publisher (or the sponsor who pays for it).
 */
export async function findContent(
  chain: Chain,
  what: string,
  {
    publisher,
    sponsor,
    signal,
  }: { publisher?: Address | undefined; sponsor?: Address | undefined; signal?: AbortSignal | undefined } = {},
): Promise<FoundContent> {
  const byPass = isAddress(what, { strict: false })
  const about = byPass ? {} : { contentId: parseContentId(what) }
  const published = await listContents(chain, { ...about, publisher }, { signal })
  const meant = published.filter((content) => !byPass || content.pass.toLowerCase() === what.toLowerCase())
  const found = meant.filter(
    (content) => sponsor === undefined || content.sponsor.toLowerCase() === sponsor.toLowerCase(),
  )
  const [first] = found
  const [other] = meant
  if (first === undefined && other !== undefined) {
    throw new BitCdnError(
      'unknown-content',
      `The delivery of ${what} is not paid by ${sponsor}: it was published by ${meant.map((content) => content.sponsor).join(', ')}.`,
      { advice: `Say whose pool pays: --sponsor ${other.sponsor}` },
    )
  }
  if (first === undefined) {
    throw new BitCdnError(
      'unknown-content',
      `Nobody${publisher === undefined ? '' : ` at ${publisher}`} published ${what} on chain ${chain.id}.`,
      {
        advice: 'Check the content id, the chain and the registry.',
      },
    )
  }
  if (found.length > 1) {
    throw new BitCdnError(
      'usage',
      `${found.length} publishers sell ${what}: ${found.map((content) => content.publisher).join(', ')}.`,
      {
        advice: 'Name the one that you trust with --publisher.',
      },
    )
  }
  return first
}

/** All publications of one publisher, or of all. */
export async function findContents(
  chain: Chain,
  { publisher, signal }: { publisher?: Address | undefined; signal?: AbortSignal | undefined } = {},
): Promise<FoundContent[]> {
  return listContents(chain, { publisher }, { signal })
}
