// Downloaders that never sign. Each has a line of its own by a sponsor of its own, lives behind an address prefix of its own,
// and comes back under new peer ids until it has had all that it can get. Started as a program; one JSON line for each.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { type TCPSocketOptions, tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { keccak256, toHex } from 'viem'
import { type Metainfo, parseMetainfo, pieceAt } from '../../src/content/index.ts'
import { READ_BUFFER_BYTES, STREAM_WINDOW_BYTES } from '../../src/discovery/constants.ts'
import { directTls } from '../../src/discovery/direct-tls.ts'
import { createPeerKey } from '../../src/discovery/index.ts'
import { placingYamux } from '../../src/discovery/placing-yamux.ts'
import { type AuthorizedSession, createSessionKey } from '../../src/receipts/index.ts'
import { readTorrentFile } from '../../src/storage/pieces/index.ts'
import { openTransfer } from '../../src/transfer/index.ts'
import { DOMAIN } from './desk.ts'
import { createSponsor } from './sponsor.ts'

export interface CheatsInit {
  /** An address on IPv4's loopback. */
  readonly address: string
  readonly torrent: string
  readonly from: number
  readonly count: number
  readonly reconnects: number
  readonly parallel: number
  /** An address of the loopback that all of them share; default: a prefix for each. */
  readonly behind?: string
}

/** What one cheat got in all its connections. */
export interface Cheated {
  readonly cheat: number
  readonly bytes: number
  readonly refused: number
  readonly connections: number
}

const SLICE = 1 << 20
const streamOptions = {
  ...{ initialStreamWindowSize: STREAM_WINDOW_BYTES, maxStreamWindowSize: STREAM_WINDOW_BYTES },
  maxReadBufferLength: READ_BUFFER_BYTES,
}
/** A cheat leaves when nothing came for one of these, milliseconds: some are patient. */
const PATIENCE = [200, 200, 200, 500, 1_000]

export async function cheat(init: CheatsInit, metainfo: Metainfo, index: number): Promise<Cheated> {
  const sponsor = createSponsor(DOMAIN, 0n, keccak256(toHex(`cheat ${index}`)))
  const key = createSessionKey()
  const patience = PATIENCE[index % PATIENCE.length]!
  let session: AuthorizedSession | null = null
  let bytes = 0
  let refused = 0
  for (let again = 0; again < init.reconnects; again++) {
    const node = await createStranger(init.behind ?? prefixOf(index))
    const signal = AbortSignal.timeout(20_000)
    try {
      let heard = performance.now()
      const connection = await node.dial(multiaddr(init.address), { signal })
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
      while (transfer.open && performance.now() - heard < patience) await pause(20)
      transfer.abort(new Error('nothing is signed here'))
    } catch {
      refused += 1
    } finally {
      await node.stop()
    }
  }
  return { cheat: index, bytes, refused, connections: init.reconnects }
}

/** An address in a /24 of the loopback for each. */
export const prefixOf = (index: number): string => `127.${1 + (index >> 8)}.${index & 255}.1`

/** A node with nothing but what a transfer needs: thousands of them are made. */
export async function createStranger(localAddress: string) {
  return createLibp2p({
    privateKey: await createPeerKey(),
    // handed to `net.connect` as it is; libp2p's type names a part of what that takes
    transports: [tcp({ dialOpts: { noDelay: true, localAddress } as TCPSocketOptions })],
    connectionEncrypters: [directTls()],
    streamMuxers: [placingYamux({ streamOptions })],
    connectionGater: { denyDialMultiaddr: () => false },
  })
}

/** Cheats as a process of their own; `cheated` is told of each that came to its end. */
export function spawnCheats(init: CheatsInit, cheated: (one: Cheated) => void): ChildProcess {
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(init)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  createInterface({ input: child.stdout! }).on('line', (line) => cheated(JSON.parse(line) as Cheated))
  return child
}

if (process.argv[1] === import.meta.filename) {
  const init = JSON.parse(process.argv[2] ?? '{}') as CheatsInit
  const metainfo = parseMetainfo(await readTorrentFile(init.torrent))
  let next = init.from
  process.stdin.on('close', () => process.exit(0)).resume()
  await Promise.all(
    Array.from({ length: init.parallel }, async () => {
      while (next < init.from + init.count) {
        process.stdout.write(`${JSON.stringify(await cheat(init, metainfo, next++))}\n`)
      }
    }),
  )
  process.exit(0)
}
