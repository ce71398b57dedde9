// Those who idle, in a process of their own: opens so many sessions one after the other, prints a line, and holds them.
//   crowd.ts {"kind":"bitcdn","address":"…","count":1000,"torrent":"…"}
import { once } from 'node:events'
import { connect } from 'node:tls'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { generatePrivateKey } from 'viem/accounts'
import { parseMetainfo, pieceAt } from '../../../src/content/index.ts'
import { createNode, createPeerKey } from '../../../src/discovery/index.ts'
import { createSessionKey, signReceipt } from '../../../src/receipts/index.ts'
import { readTorrentFile } from '../../../src/storage/pieces/index.ts'
import { openTransfer } from '../../../src/transfer/index.ts'
import { DOMAIN } from '../../../test/swarm/desk.ts'
import { createSponsor } from '../../../test/swarm/sponsor.ts'
import { selfSigned } from './certificate.ts'

interface Init {
  readonly kind: 'bitcdn' | 'libp2p' | 'tls'
  readonly address: string
  readonly count: number
  readonly torrent: string
}

const init = JSON.parse(process.argv[2] ?? '{}') as Init
const PARALLEL = 8
/** Dials a second that a seeder takes of one host: half of what it refuses. */
const PACE_MILLISECONDS = 32

const openers: Record<Init['kind'], () => Promise<() => Promise<void>>> = { bitcdn, libp2p: stock, tls: bare }
const open = await openers[init.kind]()
let next = 0
let due = performance.now()
await Promise.all(
  Array.from({ length: PARALLEL }, async () => {
    while (next < init.count) {
      next += 1
      due = Math.max(due, performance.now()) + PACE_MILLISECONDS
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()))
      await open()
    }
  }),
)
process.stdout.write('idle\n')
process.stdin.on('close', () => process.exit(0)).resume()

/** A session as a paying downloader leaves it behind when it waits: accepted, one unit fetched and signed for. */
async function bitcdn() {
  const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
  const { contentId, ...metainfo } = parseMetainfo(await readTorrentFile(init.torrent))
  const piece = pieceAt({ contentId, ...metainfo }, 0)
  const sponsor = createSponsor(DOMAIN, 0n, generatePrivateKey())
  const target = new Uint8Array(piece.length)
  return async () => {
    const signal = AbortSignal.timeout(60_000)
    const connection = await node.libp2p.dial(multiaddr(init.address), { signal, force: true })
    const key = createSessionKey()
    const came = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const events = { data: () => came.resolve(), held: () => held.resolve() }
    const transfer = await openTransfer(connection, node.peerId, events, signal)
    const terms = await transfer.terms(signal)
    const remaining = BigInt(piece.length)
    const requests = [{ terms: terms!, sessionKey: key.address, maxBytes: remaining }]
    const { sessions } = await sponsor.open({ contentId, download: 'idle', remaining, requests }, signal)
    const session = sessions[0]!
    await transfer.hello({ contentId, session, key, receipt: null }, signal)
    transfer.want({ piece, offset: 0, length: piece.length, target, hashes: false })
    await came.promise
    transfer.sendReceipt(signReceipt(DOMAIN, key, { session: session.session, bytesServed: remaining }))
    await held.promise
  }
}

async function stock() {
  const node = await createLibp2p({
    ...{ transports: [tcp()], connectionEncrypters: [tls()], streamMuxers: [yamux()] },
    connectionManager: { maxConnections: 4_096 },
  })
  return async () => {
    const signal = AbortSignal.timeout(60_000)
    const connection = await node.dial(multiaddr(init.address), { signal, force: true })
    const stream = await connection.newStream('/idle/1.0.0', { signal })
    stream.send(new Uint8Array(128 * 1024))
  }
}

async function bare() {
  const own = selfSigned()
  return async () => {
    const socket = connect({ ...own, port: Number(init.address), host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    socket.write(new Uint8Array(128 * 1024))
  }
}
