// Downloaders that never sign. Each has a line of its own, by a sponsor of its own, and comes back under new peer ids
// until it has had all that it can get. Started as a program; prints one JSON line for each.
import { setTimeout as pause } from 'node:timers/promises'
import { keccak256, toHex } from 'viem'
import { parseMetainfo, pieceAt } from '../../src/content/index.ts'
import { createNode, createPeerKey } from '../../src/discovery/index.ts'
import { type AuthorizedSession, createSessionKey } from '../../src/receipts/index.ts'
import { readTorrentFile } from '../../src/storage/pieces/index.ts'
import { openTransfer } from '../../src/transfer/index.ts'
import { DOMAIN } from './desk.ts'
import { createSponsor } from './sponsor.ts'

export interface CheatsInit {
  readonly address: string
  readonly torrent: string
  readonly from: number
  readonly count: number
  readonly reconnects: number
  readonly parallel: number
}

/** What one cheat got in all its connections. */
export interface Cheated {
  readonly cheat: number
  readonly bytes: number
  readonly refused: number
  readonly connections: number
}

const SLICE = 1 << 20
const QUIET = 400
/** Milliseconds between two connections. */
const PACE = 200

export async function cheat(init: CheatsInit, index: number): Promise<Cheated> {
  const metainfo = parseMetainfo(await readTorrentFile(init.torrent))
  const sponsor = createSponsor(DOMAIN, 0n, keccak256(toHex(`cheat ${index}`)))
  const key = createSessionKey()
  let session: AuthorizedSession | null = null
  let bytes = 0
  let refused = 0
  for (let again = 0; again < init.reconnects; again++) {
    await pause(PACE * init.parallel)
    const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
    const signal = AbortSignal.timeout(20_000)
    try {
      let heard = performance.now()
      const connection = await node.connect(init.address, { signal })
      const data = (_want: unknown, _offset: number, length: number): void => {
        bytes += length
        heard = performance.now()
      }
      const transfer = await openTransfer(connection, node.peerId, { data }, signal)
      const terms = await transfer.terms(signal)
      if (terms === null) throw new Error('no terms')
      session ??= (
        await sponsor.open(
          {
            ...{ contentId: metainfo.contentId, download: `cheat ${index}`, remaining: BigInt(metainfo.length) },
            requests: [{ terms, sessionKey: key.address, maxBytes: 1n << 26n }],
          },
          signal,
        )
      ).sessions[0]!
      await transfer.hello({ contentId: metainfo.contentId, session, key, receipt: null }, signal)
      heard = performance.now()
      for (let piece = 0, left = 8; left > 0 && piece < metainfo.pieceCount; piece++) {
        const at = pieceAt(metainfo, piece)
        for (let offset = 0; offset < at.length && left > 0; offset += SLICE, left--) {
          const length = Math.min(SLICE, at.length - offset)
          transfer.want({ piece: at, offset, length, target: new Uint8Array(length), hashes: false })
        }
      }
      while (transfer.open && performance.now() - heard < QUIET) await pause(20)
      transfer.abort(new Error('nothing is signed here'))
    } catch {
      refused += 1
    } finally {
      await node.stop()
    }
  }
  return { cheat: index, bytes, refused, connections: init.reconnects }
}

if (process.argv[1] === import.meta.filename) {
  const init = JSON.parse(process.argv[2] ?? '{}') as CheatsInit
  let next = init.from
  process.stdin.on('close', () => process.exit(0)).resume()
  await Promise.all(
    Array.from({ length: init.parallel }, async () => {
      while (next < init.from + init.count) process.stdout.write(`${JSON.stringify(await cheat(init, next++))}\n`)
    }),
  )
  process.exit(0)
}
