// A process that downloads what it is told to, to be killed. Its sponsor lives in the process that started it.
import { parseMetainfo } from '../../../src/content/index.ts'
import { createNode, createPeerKey } from '../../../src/discovery/index.ts'
import type { SessionGrant, SessionSource } from '../../../src/downloader/index.ts'
import { getContent } from '../../../src/sdk/index.ts'
import { readTorrentFile } from '../../../src/storage/pieces/index.ts'

export interface GetterInit {
  readonly torrent: string
  readonly folder: string
  readonly state: string
  readonly sources: readonly string[]
}

export type SessionQuestion = Parameters<SessionSource['open']>[0]

export type FromGetter =
  | { readonly question: number; readonly request: SessionQuestion }
  | { readonly verified: number }
  | { readonly paid: bigint }

export interface ToGetter {
  readonly question: number
  readonly grant: SessionGrant
}

if (process.argv[1] === import.meta.filename) {
  const waiting = new Map<number, (grant: SessionGrant) => void>()
  const send = (message: FromGetter): void => void process.send?.(message)
  process.on('message', ({ question, grant }: ToGetter) => waiting.get(question)?.(grant))
  process.on('disconnect', () => process.exit(0))
  await get(JSON.parse(process.argv[2] ?? '{}') as GetterInit, send, (request) => {
    const question = waiting.size
    send({ question, request })
    return new Promise((settle) => waiting.set(question, settle))
  })
  process.disconnect()
}

async function get(
  { torrent, folder, state, sources }: GetterInit,
  send: (message: FromGetter) => void,
  open: (request: SessionQuestion) => Promise<SessionGrant>,
): Promise<void> {
  const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
  const { paid } = await getContent({
    ...{ folder, state, sources, node, sessions: { open }, signal: new AbortController().signal },
    content: parseMetainfo(await readTorrentFile(torrent)),
    onProgress: ({ verifiedBytes }) => send({ verified: verifiedBytes }),
  })
  send({ paid })
  await node.stop()
}
