import type { ContentStore } from '../content/index.ts'
import type { PeerNode } from '../discovery/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { RefusedError, type ServeInit, serve, TRANSFER_PROTOCOL } from '../transfer/index.ts'
import { announce } from './announce.ts'
import { DRAIN_TIMEOUT } from './constants.ts'
import { freeAdmission } from './desk.ts'

export interface FreeSeeder {
  /** Ends streams in order. The node and the stores stay open. */
  stop(): Promise<void>
}

/** Gives contents away to whoever asks without a session: what a downloader does that pays nobody. No chain is needed. */
export async function seedFreely(
  { node, logger }: { readonly node: PeerNode; readonly logger: Logger },
  stores: readonly ContentStore[],
  { uplink, gate }: Pick<ServeInit, 'uplink' | 'gate'> = {},
): Promise<FreeSeeder> {
  const closing = new AbortController()
  const open = new Set<Promise<void>>()
  const handler = serve(
    {
      content: async (contentId) => stores.find(({ metainfo }) => metainfo.contentId === contentId) ?? null,
      terms: async () => null,
      async admit({ session }) {
        if (session !== null)
          throw new RefusedError('wrongLane', 'This peer gives away what it holds, and takes no pay.')
        const over = Promise.withResolvers<void>()
        open.add(over.promise)
        return {
          ...freeAdmission,
          async release() {
            open.delete(over.promise)
            over.resolve()
          },
        }
      },
    },
    {
      peerId: node.peerId,
      ...{ uplink, gate },
      signal: closing.signal,
      log: (level, message, fields) => logger[level](fields, message),
    },
  )
  await node.handle(TRANSFER_PROTOCOL, handler)
  for (const { metainfo } of stores) void announce(node, metainfo.contentId, logger, closing.signal)
  return {
    async stop() {
      closing.abort()
      await node.unhandle(TRANSFER_PROTOCOL)
      const late = new Promise((settle) => setTimeout(settle, DRAIN_TIMEOUT).unref())
      await Promise.race([late, Promise.all(open)])
    },
  }
}
