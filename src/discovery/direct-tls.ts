// `/tls/1.0.0` with Node's TLSSocket laid directly on the TCP socket. @libp2p/tls, which does the same over a duplex
// stream of JavaScript, costs twice the processor time a byte. Certificates are checked by its own functions.
// Where the seams that this needs are missing, stock @libp2p/tls takes the connection, and a warning says so.
import net from 'node:net'
import {
  type ConnectionOptions,
  createSecureContext,
  type SecureContext,
  TLSSocket,
  type TLSSocketOptions,
  connect as tlsConnect,
} from 'node:tls'
import type {
  Connection,
  ConnectionEncrypter,
  MessageStream,
  PrivateKey,
  SecureConnectionOptions,
  SecuredConnection,
  StreamMuxerFactory,
  Upgrader,
} from '@libp2p/interface'
import { type TLSComponents, tls } from '@libp2p/tls'
import { toMessageStream, verifyPeerCertificate } from '@libp2p/tls/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { makeCertificate } from './certificate.ts'
import { joinWrites } from './joined-writes.ts'
import { type PartedWrite, writeInParts } from './parted-writes.ts'
import { isRelayed, isWebSocket } from './reach.ts'

/** Offered beside the muxers by those who agree on one later. */
const NO_EARLY_MUXER = 'libp2p'

/** What is decrypted in one turn of the event loop goes up at once, or sooner when it is as much as this. */
const GATHER_BYTES = 512 * 1024

export interface DirectTlsInit {
  /** Told once for each reason why stock TLS is used. Default: a warning of the process. */
  readonly warn?: (reason: string) => void
}

/** What libp2p's TCP connections have and their type does not say. */
interface TcpSeams {
  readonly socket: net.Socket
  readonly readBuffer: Uint8ArrayList
}

/** What encrypts and decrypts for a connection that was made here. */
export interface DirectSocket {
  readonly socket: TLSSocket
  readonly write: PartedWrite
  /** Hands on what was decrypted and waits for more. */
  flushReads(): void
  /** Writes short messages that wait for others; null when whole frames cannot be written beside them. */
  readonly flushWrites: (() => void) | null
}

const sockets = new WeakMap<MessageStream, DirectSocket>()

/** Undefined for connections that stock TLS or another encrypter made safe. */
export function directSocketOf(connection: MessageStream): DirectSocket | undefined {
  return sockets.get(connection)
}

const warnings = new Set<string>()

function warnOnce(reason: string): void {
  if (warnings.has(reason)) return
  warnings.add(reason)
  process.emitWarning(`Connections are slower than they could be: ${reason}.`, { code: 'BITCDN_STOCK_TLS' })
}

/** A connection encrypter for libp2p, the same on the wire as `tls()` of @libp2p/tls. */
export function directTls(init: DirectTlsInit = {}): (components: TLSComponents) => ConnectionEncrypter {
  const warn = init.warn ?? warnOnce
  return (components) => {
    const stock = tls()(components)
    const context = keepContext(components.privateKey)

    async function secure(
      connection: MessageStream,
      isServer: boolean,
      options?: SecureConnectionOptions,
    ): Promise<SecuredConnection> {
      const lacking = missingSeam(connection)
      const pick = isServer ? stock.secureInbound : stock.secureOutbound
      // a relay's stream and a WebSocket are no sockets of ours: the cases where slower is no fault
      const way = connection as Partial<Pick<Connection, 'remoteAddr'>>
      if (isRelayed(way) || isWebSocket(way)) return pick.call(stock, connection, options)
      if (lacking === null) return handshake(connection, isServer, await context(), components.upgrader, options)
      warn(lacking)
      return pick.call(stock, connection, options)
    }

    return {
      protocol: stock.protocol,
      secureInbound: (connection, options) => secure(connection, true, options),
      secureOutbound: (connection, options) => secure(connection, false, options),
    }
  }
}

/**
 * One certificate for all connections of a process, as the specification allows, and one context: making either takes
 * milliseconds, and each context keeps some tens of KiB.
 */
function keepContext(privateKey: PrivateKey): () => Promise<SecureContext> {
  let made: Promise<SecureContext> | null = null
  return () => {
    made ??= makeCertificate(privateKey)
      .then((certificate) => createSecureContext({ ...certificate, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }))
      .catch((error: unknown) => {
        made = null
        throw error
      })
    return made
  }
}

/** Null when TLS can be laid on the socket of `connection`; else what is missing for that. */
export function missingSeam(connection: MessageStream): string | null {
  const { socket, readBuffer } = connection as Partial<TcpSeams> & MessageStream
  if (!(socket instanceof net.Socket) || socket instanceof TLSSocket) return 'the connection shows no TCP socket'
  if (typeof readBuffer?.consume !== 'function' || typeof readBuffer.subarray !== 'function')
    return 'the connection shows no read buffer'
  // A closed one has lost its handle: that is no missing seam, and stock TLS says what it always says.
  if (!socket.destroyed && (socket as { _handle?: unknown })._handle == null) return 'the TCP socket shows no handle'
  return null
}

/** Everything up to the first byte for TLS happens in one turn: nothing that arrives is read by two. */
function takeSocket(connection: MessageStream): net.Socket {
  const { socket, readBuffer } = connection as unknown as TcpSeams
  socket.pause()
  socket.removeAllListeners('data')
  if (readBuffer.byteLength > 0) {
    const early = Uint8Array.from(readBuffer.subarray())
    readBuffer.consume(early.length)
    socket.unshift(early)
  }
  return socket
}

async function handshake(
  connection: MessageStream,
  isServer: boolean,
  secureContext: SecureContext,
  upgrader: Upgrader,
  options?: SecureConnectionOptions,
): Promise<SecuredConnection> {
  const muxers = options?.skipStreamMuxerNegotiation === true ? null : upgrader.getStreamMuxers()
  const raw = takeSocket(connection)
  if (raw.destroyed) throw new Error('The connection closed before the TLS handshake.')
  const init: TLSSocketOptions = {
    secureContext,
    isServer,
    // Certificates are signed by themselves; the key that they carry is checked below.
    rejectUnauthorized: false,
    ALPNProtocols: [...(muxers?.keys() ?? []), NO_EARLY_MUXER],
    ALPNCallback: ({ protocols }) =>
      protocols.find((protocol) => protocol === NO_EARLY_MUXER || muxers?.has(protocol) === true),
  }
  const socket = isServer
    ? new TLSSocket(raw, { ...init, requestCert: true })
    : tlsConnect({ socket: raw, ...init } as ConnectionOptions)
  const { promise, resolve, reject } = Promise.withResolvers<SecuredConnection>()

  function fail(error: Error): void {
    socket.destroy()
    connection.abort(error)
    reject(error)
  }

  async function verify(): Promise<SecuredConnection> {
    const { raw: presented } = socket.getPeerCertificate()
    if (presented === undefined) throw new Error('The peer presented no certificate.')
    const remotePeer = await verifyPeerCertificate(presented, options?.remotePeer)
    const streamMuxer = earlyMuxer(socket, muxers)
    // Only now anything that was decrypted can be read.
    const secured = toMessageStream(connection, socket)
    resetBelow(secured, raw)
    const write = writeInParts(socket)
    const flushWrites = joinWrites(secured, socket, write)
    sockets.set(secured, { socket, write, flushReads: gatherReads(socket), flushWrites })
    return { remotePeer, connection: secured, ...(streamMuxer === undefined ? {} : { streamMuxer }) }
  }

  const onAbort = (): void => fail(options?.signal?.reason ?? new Error('The TLS handshake was aborted.'))
  const onClose = (): void => fail(new Error('The connection closed during the TLS handshake.'))
  socket.on('error', fail)
  socket.once('close', onClose)
  socket.once('secure', () => void verify().then(resolve, fail))
  options?.signal?.addEventListener('abort', onAbort)
  if (options?.signal?.aborted === true) onAbort()
  return promise.finally(() => {
    socket.removeListener('close', onClose)
    options?.signal?.removeEventListener('abort', onAbort)
  })
}

/** The muxer that both agreed on by ALPN. */
function earlyMuxer(
  { alpnProtocol }: TLSSocket,
  muxers: ReadonlyMap<string, StreamMuxerFactory> | null,
): StreamMuxerFactory | undefined {
  if (muxers === null || typeof alpnProtocol !== 'string' || alpnProtocol === NO_EARLY_MUXER) return undefined
  const muxer = muxers.get(alpnProtocol)
  if (muxer === undefined) throw new Error(`The peer chose ${alpnProtocol}, which was not offered.`)
  return muxer
}

/** Destroying a TLSSocket ends the connection below in order; an abort has to reach the other side as a reset. */
function resetBelow(secured: MessageStream, raw: net.Socket): void {
  const seam = secured as MessageStream & { sendReset?: (error: Error) => void }
  const inherited = seam.sendReset
  if (typeof inherited !== 'function') return
  seam.sendReset = (error) => {
    if (!raw.destroyed && !raw.writableEnded) raw.resetAndDestroy()
    inherited.call(secured, error)
  }
}

/**
 * TLS hands over records of 16 KiB, and every message that libp2p dispatches passes through several events and lists: with
 * many records a message that costs a fraction.
 */
function gatherReads(socket: TLSSocket): () => void {
  const [deliver] = socket.listeners('data') as ((bytes: Uint8ArrayList) => void)[]
  let gathered = new Uint8ArrayList()
  let scheduled = false

  function flush(): void {
    if (gathered.byteLength === 0) return
    const bytes = gathered
    gathered = new Uint8ArrayList()
    deliver?.(bytes)
  }

  if (deliver !== undefined) socket.removeListener('data', deliver)
  socket.on('data', (chunk: Uint8Array) => {
    gathered.append(chunk)
    if (gathered.byteLength >= GATHER_BYTES) flush()
    else if (!scheduled) {
      scheduled = true
      setImmediate(() => {
        scheduled = false
        flush()
      })
    }
  })
  for (const event of ['end', 'close']) socket.prependListener(event, flush)
  return flush
}
