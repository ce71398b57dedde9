import { type Address, encodeFunctionData, type Hex, parseEventLogs, zeroAddress } from 'viem'
import { BitCdnError } from '../errors.ts'
import { contentRegistryAbi as abi } from './abi/index.ts'
import { accountOf, type Chain } from './chain.ts'
import { type LogRange, readLogs } from './logs.ts'
import { ask } from './rpc.ts'
import type { TierTerms } from './tiers.ts'
import type { ReadOptions } from './token.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

export interface Publication {
  /** 64 hex digits. */
  contentId: string
  title: string
  /** Token units per GiB that the sponsor means to pay seeders. */
  pricePerGiB: bigint
  /** Part of each pass payment that tops up the sponsor's pool, in 1/10,000; its ceiling for ever. */
  deliveryBps: number
  /** A magnet link or the URL of the metainfo file. */
  metainfoUri: string
  /** Whose pool pays for delivery; default the account itself. */
  sponsor?: Address | undefined
  /** Who holds the share token at the start; default: all for the publisher. */
  shares?: readonly { readonly holder: Address; readonly amount: bigint }[] | undefined
  tiers: readonly TierTerms[]
}

/** A content as the registry records it. */
export interface PublishedContent {
  readonly publisher: Address
  /** 64 hex digits. */
  readonly contentId: string
  /** The share token. */
  readonly token: Address
  readonly pass: Address
  readonly sponsor: Address
  /** Token units per GiB. */
  readonly pricePerGiB: bigint
}

/** Creates the share token and the pass of a content and records them, in one transaction. */
export async function publishContent(
  chain: Chain,
  publication: Publication,
  options: TransactOptions = {},
): Promise<Mined & PublishedContent> {
  const params = {
    contentId: contentIdBytes(publication.contentId),
    sponsor: publication.sponsor ?? zeroAddress,
    pricePerGiB: publication.pricePerGiB,
    deliveryBps: publication.deliveryBps,
    title: publication.title,
    metainfoURI: publication.metainfoUri,
    shares: publication.shares ?? [],
    tiers: publication.tiers,
  }
  const mined = await transact(
    chain,
    { to: chain.addresses.registry, data: encodeFunctionData({ abi, functionName: 'publish', args: [params] }) },
    options,
  )
  const [published] = parseEventLogs({ abi, logs: mined.receipt.logs, eventName: 'ContentPublished' })
  if (published === undefined)
    throw new BitCdnError('transaction-failed', `Transaction ${mined.hash} published nothing.`)
  const { token, pass, sponsor, pricePerGiB } = published.args
  return {
    ...mined,
    publisher: accountOf(chain).address,
    contentId: publication.contentId,
    token,
    pass,
    sponsor,
    pricePerGiB,
  }
}

/** What `publisher` published under this id, or null. */
export async function readContent(
  chain: Chain,
  { publisher, contentId }: { publisher: Address; contentId: string },
  options: ReadOptions = {},
): Promise<PublishedContent | null> {
  const args = [publisher, contentIdBytes(contentId)] as const
  const read = () =>
    chain.client.readContract({ address: chain.addresses.registry, abi, functionName: 'contents', args })
  const { token, pass, sponsor, pricePerGiB } = await ask(chain.rpcUrl, read, options.signal)
  return pass === zeroAddress ? null : { publisher, contentId, token, pass, sponsor, pricePerGiB }
}

/** What was published, with title and metainfo address: one publisher's, one content's, or everything. */
export async function listContents(
  chain: Chain,
  about: { publisher?: Address | undefined; contentId?: string | undefined } = {},
  range: LogRange = {},
): Promise<(PublishedContent & { title: string; metainfoUri: string; blockNumber: bigint })[]> {
  const logs = await readLogs(chain, range, (fromBlock, toBlock) =>
    chain.client.getContractEvents({
      address: chain.addresses.registry,
      abi,
      eventName: 'ContentPublished',
      args: {
        ...(about.publisher === undefined ? {} : { publisher: about.publisher }),
        ...(about.contentId === undefined ? {} : { contentId: contentIdBytes(about.contentId) }),
      },
      fromBlock,
      toBlock,
      strict: true,
    }),
  )
  return logs.map(({ args: { contentId, metainfoURI, ...rest }, blockNumber }) => ({
    ...rest,
    contentId: contentId.slice(2),
    metainfoUri: metainfoURI,
    blockNumber,
  }))
}

/** The content id as the contracts take it: 32 bytes. */
export function contentIdBytes(contentId: string): Hex {
  if (!/^[0-9a-f]{64}$/.test(contentId)) {
    throw new BitCdnError('usage', `'${contentId}' is no content id.`, {
      advice: 'Give 64 lower-case hex digits: the BitTorrent v2 infohash.',
    })
  }
  return `0x${contentId}`
}
