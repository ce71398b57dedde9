import type { ContentStore } from '../content/index.ts'
import { decodeContentId } from './codec.ts'
import { MAX_METADATA_REQUESTS } from './constants.ts'
import { ProtocolError } from './errors.ts'
import type { Writer } from './writer.ts'

/** What a seeder tells of a content before anybody is admitted: one answer behind the other, empty where it has none. */
export interface MetadataAnswers {
  /** The stream is about this content now. */
  use(store: ContentStore): void
  /** Throws a {@link ProtocolError} when too many requests wait, as the other does. */
  info(contentId: Uint8Array): void
  layers(piecesRoot: Uint8Array): void
}

export interface MetadataInit {
  readonly writer: Writer
  content(contentId: string): Promise<ContentStore | null>
  readonly signal: AbortSignal
  failed(error: Error): void
}

export function createMetadataAnswers({ writer, content, signal, failed }: MetadataInit): MetadataAnswers {
  let store: ContentStore | null = null
  let last = Promise.resolve()
  let waiting = 0

  function queue(answer: () => Promise<void>): void {
    waiting += 1
    if (waiting > MAX_METADATA_REQUESTS) throw new ProtocolError('Too many metadata requests wait at once.')
    last = last
      .then(answer)
      .catch(failed)
      .finally(() => {
        waiting -= 1
      })
  }

  return {
    use(next) {
      store = next
    },
    info(contentId) {
      queue(async () => {
        const asked = decodeContentId(contentId)
        store = (await content(asked)) ?? store
        const info = store?.metainfo.contentId === asked ? store.metainfo.info : new Uint8Array()
        await writer.sendLong({ info: { info: info as Uint8Array<ArrayBuffer> } }, signal)
      })
    },
    layers(piecesRoot) {
      queue(async () => {
        const key = Buffer.from(piecesRoot).toString('hex')
        const layer = (store?.metainfo.pieceLayers.get(key) ?? new Uint8Array()) as Uint8Array<ArrayBuffer>
        await writer.sendLong({ layers: { piecesRoot: Uint8Array.from(piecesRoot), layer } }, signal)
      })
    },
  }
}
