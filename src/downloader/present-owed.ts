import type { Connection } from '@libp2p/interface'
import type { SignedTerms } from '../receipts/index.ts'
import { RefusedError } from '../transfer/index.ts'
import { HELD_MILLISECONDS } from './constants.ts'
import { openFetcher } from './fetcher.ts'
import type { Lines } from './lines.ts'
import type { DownloadNode, DownloadRecord } from './ports.ts'
import { isForNow } from './retry.ts'

export interface OwedInit {
  readonly connection: Connection
  readonly node: DownloadNode
  readonly record: DownloadRecord
  readonly lines: Lines
  readonly terms: SignedTerms
  readonly contentId: string
  readonly signal: AbortSignal
}

/**
 * Brings a seeder the receipts that a broken stream or a killed process signed last and that may never have reached it: each
 * on a stream of its own, on which nothing is fetched. What cannot be brought now stays in the record.
 */
export async function presentOwed(init: OwedInit): Promise<void> {
  const { connection, node, record, lines, terms, contentId } = init
  const signal = AbortSignal.any([init.signal, AbortSignal.timeout(HELD_MILLISECONDS)])
  const nothing = (): void => undefined
  for (const line of lines.owed(terms)) {
    const { session } = line.session
    const events = { progressed: nothing, ended: nothing, closing: nothing }
    const fetcher = await openFetcher({ connection, self: node.peerId, record, ...events }, signal)
    try {
      await fetcher.begin(contentId, line, null)
      if (await fetcher.finish()) lines.close(session, 'held')
    } catch (error) {
      if (error instanceof RefusedError && !isForNow(error)) lines.close(session, 'refused')
      void fetcher.abort(error as Error)
    }
  }
}
