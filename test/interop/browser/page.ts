// What a page of a browser runs: libp2p as browsers have it, and BitCDN's own protocol over it.
import type { Connection, PeerId } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Address } from 'viem'
import { type Metainfo, type Piece, pieceAt, sha256, verifyUnit, verifyUnitRoots } from '../../../src/content/index.ts'
import { UNIT_BYTES } from '../../../src/content/piece.ts'
import { fetchMetainfo } from '../../../src/downloader/metadata.ts'
import {
  type AuthorizedSession,
  createDomain,
  createSessionKey,
  type SessionKey,
  type SignedTerms,
  signReceipt,
} from '../../../src/receipts/index.ts'
import { MAX_DATA_BYTES, SIGN_DIVISOR } from '../../../src/transfer/constants.ts'
import { openTransfer, type Transfer, type Want } from '../../../src/transfer/transfer.ts'

/** Milliseconds for one fetch. */
const PATIENCE = 60_000

/** A session for these terms and this key: what a sponsor answers. */
export type Authorise = (terms: SignedTerms, sessionKey: Address, bytes: bigint) => Promise<AuthorizedSession>

export interface PageRequest {
  /** Multiaddr with `/p2p/…`. */
  readonly address: string
  readonly contentId: string
  readonly pays: boolean
}

export interface PageAnswer {
  /** Of the connection. */
  readonly over: string
  /** SHA-256 of all verified bytes of the content, hex. */
  readonly hash: string
  readonly verified: number
  /** Units that are not the content's, each as its offset in the content, bytes. */
  readonly wrong: number[]
  readonly signed: number
  /** What the seeder said that it holds a receipt for. */
  readonly held: number
}

async function fetchContent(request: PageRequest, authorise: Authorise): Promise<PageAnswer> {
  const node = await createLibp2p({
    transports: [webRTCDirect({ rtcConfiguration: { iceServers: [] } }), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
  })
  try {
    const signal = AbortSignal.timeout(PATIENCE)
    const connection = await node.dial(multiaddr(request.address), { signal })
    return await overConnection(connection, node.peerId, request, authorise, signal)
  } finally {
    await node.stop()
  }
}

async function overConnection(
  connection: Connection,
  self: PeerId,
  { contentId, pays }: PageRequest,
  authorise: Authorise,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const roots = new Map<number, Uint8Array>()
  const wrong: number[] = []
  const finished = Promise.withResolvers<void>()
  const goodbye = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => finished.reject(signal.reason))
  let metainfo: Metainfo | null = null
  let missing = 0
  let verified = 0
  let signed = 0
  let held = 0
  let window = 0
  let sign: (bytes: number) => void = () => undefined

  function judge({ piece, target, offset: from }: Want, offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += UNIT_BYTES) {
      const bytes = target.subarray(at - from, Math.min(at + UNIT_BYTES, offset + length) - from)
      if (verifyUnit(piece, at / UNIT_BYTES, bytes, roots.get(piece.index) ?? new Uint8Array()))
        verified += bytes.length
      else wrong.push(piece.offset + at)
    }
    missing -= length
    if (wrong.length === 0 && (verified - signed >= window / SIGN_DIVISOR || missing === 0)) sign(verified)
    // whoever lies is left at once
    if (missing === 0 || wrong.length > 0) finished.resolve()
  }

  const transfer: Transfer = await openTransfer(
    connection,
    self,
    {
      hashes(index, units) {
        if (metainfo === null || !verifyUnitRoots(pieceAt(metainfo, index), units)) finished.reject(new Error('Roots.'))
        roots.set(index, Uint8Array.from(units))
      },
      data: judge,
      held(bytes, width) {
        held = Number(bytes)
        window = width
      },
      ended(error) {
        if (error !== null) finished.reject(error)
        goodbye.resolve()
      },
    },
    signal,
  )
  const terms = await transfer.terms(signal)
  metainfo = await fetchMetainfo(transfer, contentId, signal)
  const bytes = new Uint8Array(metainfo.files.reduce((sum, { length }) => sum + length, 0))
  const key = createSessionKey()
  const session = pays && terms !== null ? await authorise(terms, key.address, BigInt(bytes.length)) : null
  ;({ window } = await transfer.hello({ contentId, session, key, receipt: null }, signal))
  if (session !== null && terms !== null) {
    sign = (total) => {
      signed = total
      transfer.sendReceipt(receiptFor(terms, key, session, total))
    }
  }
  missing = bytes.length
  for (const want of wantsOf(metainfo, bytes)) transfer.want(want)
  await finished.promise
  if (wrong.length > 0) transfer.abort(new Error('What came is not the content.'))
  else transfer.close()
  await goodbye.promise
  const hash = Array.from(sha256(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return { over: connection.remoteAddr.toString(), hash, verified, wrong, signed, held }
}

function receiptFor(terms: SignedTerms, key: SessionKey, { session }: AuthorizedSession, bytes: number) {
  return signReceipt(createDomain(terms), key, { session, bytesServed: BigInt(bytes) })
}

function* wantsOf(metainfo: Metainfo, memory: Uint8Array): Generator<Want> {
  for (let index = 0; index < metainfo.pieceCount; index += 1) {
    const piece: Piece = pieceAt(metainfo, index)
    for (let offset = 0; offset < piece.length; offset += MAX_DATA_BYTES) {
      const length = Math.min(MAX_DATA_BYTES, piece.length - offset)
      const target = memory.subarray(piece.offset + offset, piece.offset + offset + length)
      yield { piece, offset, length, target, hashes: offset === 0 }
    }
  }
}

Object.assign(globalThis, { fetchContent })
