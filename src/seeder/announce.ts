// Telling the DHT what is held. A node that has just started knows nobody, so the first try may wait or fail.
import type { ContentId } from '../content/index.ts'
import type { PeerNode } from '../discovery/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { ADDRESS_INTERVAL, PROVIDE_RETRY, PROVIDE_TIMEOUT } from './constants.ts'

/**
 * Announces a content until it is stored (libp2p repeats it from there on), and again when this node's addresses have changed,
 * until `signal` aborts. Never rejects.
 */
export async function announce(
  node: PeerNode,
  contentId: ContentId,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const addresses = String(node.addresses())
      await node.provide(contentId, { signal: AbortSignal.any([signal, AbortSignal.timeout(PROVIDE_TIMEOUT)]) })
      logger.info({ content: contentId }, 'announced')
      while (!signal.aborted && String(node.addresses()) === addresses) await later(ADDRESS_INTERVAL, signal)
      continue
    } catch (error) {
      if (signal.aborted) return
      logger.debug({ content: contentId, reason: (error as Error).message }, 'could not announce yet')
    }
    await later(PROVIDE_RETRY, signal)
  }
}

function later(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
