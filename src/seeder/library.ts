// Which fetched contents a quota of disk holds: those that pay most.
import type { ContentId } from '../content/index.ts'

export interface Held {
  readonly contentId: ContentId
  /** Bytes, as many as it has when it is whole: files are made at their full length. */
  readonly length: number
  /** Token units per GiB that its publisher pays; 0 for what is not wanted any more. */
  readonly pricePerGiB: bigint
  /** Whether all of it is there. */
  readonly whole: boolean
  /** Unix milliseconds at which it came. */
  readonly since: number
}

/**
 * What has to go so that `wanted` fits into `quota` bytes: of what pays less than it the one that pays least first, of those of
 * one price the unfinished, then the oldest. Null where that does not suffice: then nothing goes. `wanted` null: until what is held fits.
 */
export function roomFor(
  wanted: { readonly length: number; readonly pricePerGiB: bigint } | null,
  held: readonly Held[],
  quota: number,
): ContentId[] | null {
  const less = held.filter(({ pricePerGiB }) => wanted === null || pricePerGiB < wanted.pricePerGiB)
  const order = less.toSorted(
    (a, b) => Number(a.pricePerGiB - b.pricePerGiB) || Number(a.whole) - Number(b.whole) || a.since - b.since,
  )
  const going: ContentId[] = []
  let used = held.reduce((sum, { length }) => sum + length, wanted?.length ?? 0)
  for (const { contentId, length } of order) {
    if (used <= quota) break
    going.push(contentId)
    used -= length
  }
  return used <= quota ? going : null
}
