// Asks a seeder for all of a free content, says so, and goes on reading: whoever started it stops or kills it.
import { pieceAt } from '../../src/content/index.ts'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { fetchMetainfo } from '../../src/downloader/metadata.ts'
import { MAX_DATA_BYTES, openTransfer } from '../../src/transfer/index.ts'

const [, , address = '', contentId = ''] = process.argv
const signal = AbortSignal.timeout(30_000)
const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
const connection = await node.connect(address, { signal })
const transfer = await openTransfer(connection, node.peerId, {}, signal)
const metainfo = await fetchMetainfo(transfer, contentId, signal)
await transfer.hello({ contentId, session: null, key: null, receipt: null }, signal)
process.stdout.write('asking\n')
// from here on nothing waits: this process may be stopped in the same moment
const memory = new Uint8Array(MAX_DATA_BYTES)
for (let index = 0; index < metainfo.pieceCount; index += 1) {
  const piece = pieceAt(metainfo, index)
  for (let offset = 0; offset < piece.length; offset += MAX_DATA_BYTES) {
    const length = Math.min(MAX_DATA_BYTES, piece.length - offset)
    transfer.want({ piece, offset, length, target: memory.subarray(0, length), hashes: false })
  }
}
process.stdout.write('asked\n')
