// What is never served, whoever asks and pays: contents and publishers that the operator's lists name, its own and the signed
// ones of those whom it trusts.
import { type Address, getAddress, isAddress } from 'viem'
import { type ContentId, parseContentId, parseMagnet } from '../content/index.ts'
import { BitCdnError, hasCode } from '../errors.ts'

/** What one list names. */
export interface DenyList {
  /** How logs and metrics call it: the file's name, or the signer's address. */
  readonly name: string
  readonly contents: ReadonlySet<ContentId>
  /** BitTorrent v1 infohashes, 40 hex digits. */
  readonly infohashes: ReadonlySet<string>
  /** Whose contents are not served, and who is not served for. */
  readonly publishers: ReadonlySet<Address>
}

/** What is known of a content that somebody asks for. */
export interface Asked {
  readonly contentId: ContentId
  readonly infohashV1?: string | null
  /** All who published it, by the registry. */
  readonly publishers?: readonly Address[]
  /** Whose pool would pay; null where nobody does. */
  readonly payer?: Address | null
}

export interface Denial {
  /** The list's name. */
  readonly list: string
  /** What it names: `content`, `infohash`, `publisher` or `payer`. */
  readonly by: 'content' | 'infohash' | 'publisher' | 'payer'
}

/**
 * Reads one entry a line: a content id (64 hex digits, magnet link, CID), a v1 infohash (40 hex digits) or a publisher's
 * address (0x and 40 hex digits). What follows a `#` is a comment. Throws `file-invalid` with the number of the line.
 */
export function parseDenyList(text: string, { name, where }: { name: string; where: string }): DenyList {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  return denyList(
    lines.map((line) => line.replace(/(^|\s)#.*$/, '').trim()),
    { name, where: (at) => `${where}, line ${at + 1}` },
  )
}

/** Empty entries are passed over. Throws `file-invalid` and says `where`. */
export function denyList(
  entries: readonly string[],
  { name, where }: { name: string; where: (index: number) => string },
): DenyList {
  const contents = new Set<ContentId>()
  const infohashes = new Set<string>()
  const publishers = new Set<Address>()
  for (const [index, entry] of entries.entries()) {
    if (entry === '') continue
    try {
      take(entry)
    } catch (cause) {
      if (!hasCode(cause, 'usage')) throw cause
      throw new BitCdnError('file-invalid', `${where(index)}: ${cause.message}`, {
        advice:
          "Give one a line: a content id, a magnet link, a v1 infohash of 40 hex digits, or a publisher's address with 0x.",
        cause,
      })
    }
  }
  return { name, contents, infohashes, publishers }

  function take(entry: string): void {
    if (/^[0-9a-f]{40}$/i.test(entry)) infohashes.add(entry.toLowerCase())
    else if (/^0x[0-9a-f]{40}$/i.test(entry)) publishers.add(publisherOf(entry))
    else if (/^magnet:/i.test(entry)) {
      const { contentId, infohashV1 } = parseMagnet(entry)
      if (contentId !== null) contents.add(contentId)
      if (infohashV1 !== null) infohashes.add(infohashV1)
    } else contents.add(parseContentId(entry))
  }
}

function publisherOf(text: string): Address {
  const digits = text.slice(2)
  const unchecked = digits === digits.toLowerCase() || digits === digits.toUpperCase()
  if (unchecked || isAddress(text)) return getAddress(text.toLowerCase())
  throw new BitCdnError('usage', `"${text}" has a wrong checksum: a letter is mistyped.`)
}

/**
 * Which list names it, or null. A content counts as a publisher's when nobody else published it: else whoever is denied could
 * have any content denied by publishing it too.
 */
export function denialOf(lists: readonly DenyList[], asked: Asked): Denial | null {
  const { contentId, infohashV1 = null, publishers = [], payer = null } = asked
  for (const list of lists) {
    const { name } = list
    if (list.contents.has(contentId)) return { list: name, by: 'content' }
    if (infohashV1 !== null && list.infohashes.has(infohashV1)) return { list: name, by: 'infohash' }
    if (publishers.length > 0 && publishers.every((each) => list.publishers.has(getAddress(each))))
      return { list: name, by: 'publisher' }
    if (payer !== null && list.publishers.has(getAddress(payer))) return { list: name, by: 'payer' }
  }
  return null
}

/** How many entries it has. */
export const entriesOf = ({ contents, infohashes, publishers }: DenyList): number =>
  contents.size + infohashes.size + publishers.size
