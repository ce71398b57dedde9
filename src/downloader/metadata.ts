import { type Metainfo, metainfoFromInfo, missingLayers, withPieceLayers } from '../content/index.ts'
import { ProtocolError, RefusedError, type Transfer } from '../transfer/index.ts'

/**
 * The metainfo of a content of which only the id is known, from one peer; everything is checked against the id. Throws
 * `unknown-content` when the peer does not hold it, a {@link ProtocolError} when it lies.
 */
export async function fetchMetainfo(transfer: Transfer, contentId: string, signal: AbortSignal): Promise<Metainfo> {
  const info = await transfer.info(contentId, signal)
  if (info === null) throw new RefusedError('unknownContent', `${transfer.peer} does not hold ${contentId}.`)
  const metainfo = checked(transfer, 'info dictionary', () => metainfoFromInfo(info, contentId))
  const layers = new Map<string, Uint8Array>()
  for (const key of missingLayers(metainfo)) {
    const layer = await transfer.layer(Buffer.from(key, 'hex'), signal)
    if (layer === null) throw new ProtocolError(`${transfer.peer} holds the content, but not the piece layer ${key}.`)
    layers.set(key, layer)
  }
  return layers.size === 0 ? metainfo : checked(transfer, 'piece layers', () => withPieceLayers(metainfo, layers))
}

function checked<T>(transfer: Transfer, what: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    throw new ProtocolError(`${transfer.peer} sent ${what} that do not belong to the content.`, cause)
  }
}
