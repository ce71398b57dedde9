import { bootstrap } from '@libp2p/bootstrap'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PeerId, PrivateKey, StreamHandler } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { isMultiaddr, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { contentCid } from '../content/index.ts'
import { BitCdnError } from '../errors.ts'
import {
  DIAL_MILLISECONDS,
  INBOUND_CONNECTIONS_PER_SECOND,
  KAD_PROTOCOL,
  MAX_CONNECTIONS,
  PENDING_CONNECTIONS,
  PING_MILLISECONDS,
  PONG_MILLISECONDS,
  READ_BUFFER_BYTES,
  SELF_QUERY_MILLISECONDS,
  STREAM_WINDOW_BYTES,
} from './constants.ts'
import { directTls } from './direct-tls.ts'
import { dialError, listenError } from './errors.ts'
import { createPeerMemory } from './peer-memory.ts'
import { placingYamux } from './placing-yamux.ts'
import { isPrivateAddress } from './private-addresses.ts'
import {
  ANY_RELAY,
  announceOwn,
  directOnceThere,
  keepDialled,
  lanDiscovery,
  type Reach,
  reachServices,
  relayTransport,
} from './reach.ts'
import { isWebRtc, listenBeside, loadWebRtc, refuseSeveral, webRtc } from './web-rtc.ts'

export interface NodeInit {
  readonly privateKey: PrivateKey
  /** Multiaddrs; none for a node that only dials. */
  readonly listen?: readonly string[]
  /** Multiaddrs at which others reach it too, such as the outside of a router that leads its port in. */
  readonly announce?: readonly string[]
  /** Multiaddrs with `/p2p/…` of nodes that are there when this one starts. */
  readonly bootstrap?: readonly string[]
  /** Whether private and loopback addresses are dialled and kept in the DHT: devnets and local networks. */
  readonly allowPrivate?: boolean
  /** How connections are made safe, in order of preference. Default: TLS directly on the socket, then Noise. */
  readonly encrypters?: readonly Encrypter[]
  /** Whether data goes straight from TLS to its place where that can be done, or always as libp2p does it. Default `placed`. */
  readonly reads?: 'placed' | 'plain'
  /** `server` answers others' queries and keeps records; for nodes that can be reached. Default `client`. */
  readonly dht?: 'server' | 'client'
  readonly reach?: Reach
  /** How often bootstrap peers and relays that went away are dialled again, milliseconds. Default {@link REDIAL_MILLISECONDS}. */
  readonly redial?: number
}

/** As libp2p's configuration takes them. */
export type Encrypter = NonNullable<NonNullable<Parameters<typeof createLibp2p>[0]>['connectionEncrypters']>[number]

/** A peer that says it holds a content. */
export interface FoundSeeder {
  readonly id: string
  /** Multiaddrs; empty when they have to be looked up. */
  readonly addresses: readonly string[]
}

/** A libp2p node: TCP and WebSockets, TLS 1.3 before Noise, yamux, identify, ping and the DHT. */
export interface PeerNode {
  readonly peerId: PeerId
  /** Where it listens, each with `/p2p/<id>`. */
  addresses(): string[]
  /** Serves a protocol. */
  handle(protocol: string, handler: StreamHandler): Promise<void>
  unhandle(protocol: string): Promise<void>
  /**
   * Tells the DHT that this node holds a content; libp2p repeats it before it expires. Resolves when the record is stored by
   * the nodes nearest to it: a node that knows nobody waits for the first. Throws `no-sources` when nobody has taken it.
   */
  provide(contentId: string, options?: { signal?: AbortSignal }): Promise<void>
  /** Does not repeat it any more; what others have stored of it expires there. */
  unprovide(contentId: string): Promise<void>
  /** Asks the DHT once who holds a content; each peer is given once. */
  findSeeders(contentId: string, options: { signal: AbortSignal }): AsyncIterable<FoundSeeder>
  /**
   * A connection to a peer, by its id or a multiaddr with `/p2p/…`; an open one is used again. Throws `no-sources` when it
   * cannot be reached or is private and those are not allowed, `usage` when `target` is neither.
   */
  connect(target: string | FoundSeeder, options: { signal: AbortSignal }): Promise<Connection>
  stop(): Promise<void>
  readonly libp2p: Libp2p
}

/** Starts a node. Throws `port-in-use` when another program listens there. */
export async function createNode(init: NodeInit): Promise<PeerNode> {
  const listen = init.listen ?? []
  const known = [...(init.bootstrap ?? []), ...(init.reach?.relays ?? [])].map(parseAddress)
  /** Their native code runs on what they send: only what an operator or a caller names is dialled by WebRTC. */
  const named = new Set(known.map(String))
  const own = listen.map(parseAddress)
  refuseSeveral(own)
  if ([...own, ...known].some(isWebRtc)) await loadWebRtc()
  const libp2p = await start(init, listen, known, named)
  if (init.reach?.webRtc === true && !own.some(isWebRtc)) {
    await listenBeside(libp2p, listen).catch((error: Error) => {
      process.emitWarning(`Browsers cannot reach this node: ${error.message}`, {
        code: 'BITCDN_NO_WEB_RTC',
      })
    })
  }
  if (!announceOwn(libp2p)) {
    process.emitWarning('Public addresses are not announced: libp2p shows no addresses. Give them with --announce.', {
      code: 'BITCDN_NO_ADDRESSES',
    })
  }
  const endDialling = keepDialled(libp2p, known, init.redial)
  return {
    libp2p,
    peerId: libp2p.peerId,
    addresses: () => libp2p.getMultiaddrs().map(String),
    handle: (protocol, handler) =>
      libp2p.handle(protocol, handler, {
        ...{ maxInboundStreams: 64, maxOutboundStreams: 64, force: true },
        // a relay's limits are its own; a transfer that meets them goes on over another connection
        runOnLimitedConnection: true,
      }),
    unhandle: (protocol) => libp2p.unhandle(protocol),
    async provide(contentId, options) {
      let taken = 0
      for await (const event of dhtOf(libp2p).provide(contentCid(contentId), options)) {
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') taken += 1
      }
      options?.signal?.throwIfAborted()
      if (taken > 0) return
      throw new BitCdnError('no-sources', `No peer of the DHT has taken the record of ${contentId}.`, { retry: true })
    },
    unprovide: (contentId) => dhtOf(libp2p).cancelReprovide(contentCid(contentId)),
    findSeeders: (contentId, options) => findSeeders(libp2p, contentId, options.signal),
    async connect(target, { signal }) {
      const dialled = await dialTarget(libp2p, target)
      if (typeof target === 'string' && isMultiaddr(dialled) && isWebRtc(dialled)) {
        await loadWebRtc()
        named.add(dialled.toString())
      }
      try {
        return await directOnceThere(libp2p, await libp2p.dial(dialled, { signal }), signal)
      } catch (error) {
        signal.throwIfAborted()
        throw dialError(error, String(typeof target === 'string' ? target : target.id))
      }
    },
    async stop() {
      endDialling()
      await libp2p.stop()
    },
  }
}

async function start(
  init: NodeInit,
  listen: readonly string[],
  known: readonly Multiaddr[],
  named: ReadonlySet<string>,
): Promise<Libp2p> {
  const allowPrivate = init.allowPrivate ?? false
  const reach = init.reach ?? {}
  // The operator's own word for where to begin may be a name; what peers tell may not.
  const trusted = new Set(known.map(String).filter((address) => address.startsWith('/dns')))
  const streamOptions = {
    initialStreamWindowSize: STREAM_WINDOW_BYTES,
    maxStreamWindowSize: STREAM_WINDOW_BYTES,
    maxReadBufferLength: READ_BUFFER_BYTES,
  }
  try {
    return await createLibp2p({
      privateKey: init.privateKey,
      datastore: createPeerMemory({ self: peerIdFromPrivateKey(init.privateKey) }),
      addresses: {
        listen: [
          ...listen.map((address) => parseAddress(address).toString()),
          ...(reach.relays === undefined ? [] : [ANY_RELAY]),
        ],
        appendAnnounce: (init.announce ?? []).map((address) => parseAddress(address).toString()),
      },
      transports: [
        tcp({ dialOpts: { noDelay: true }, listenOpts: { noDelay: true } }),
        webSockets(),
        webRtc(),
        relayTransport(),
      ],
      connectionEncrypters: [...(init.encrypters ?? [directTls(), noise()])],
      streamMuxers: [init.reads === 'plain' ? yamux({ streamOptions }) : placingYamux({ streamOptions })],
      connectionGater: {
        denyDialMultiaddr: (address) =>
          (!allowPrivate && isPrivateAddress(address) && !trusted.has(address.toString())) ||
          (isWebRtc(address) && !named.has(address.toString())),
      },
      connectionManager: {
        maxConnections: MAX_CONNECTIONS,
        inboundConnectionThreshold: INBOUND_CONNECTIONS_PER_SECOND,
        maxIncomingPendingConnections: PENDING_CONNECTIONS,
        dialTimeout: DIAL_MILLISECONDS,
      },
      connectionMonitor: { pingInterval: PING_MILLISECONDS, pingTimeout: { minTimeout: PONG_MILLISECONDS } },
      peerDiscovery: [
        // libp2p keeps connections to peers with this kind of tag when it has too many.
        ...(known.length === 0
          ? []
          : [bootstrap({ list: known.map(String), timeout: 1, tagName: 'keep-alive-bootstrap' })]),
        ...(reach.lan === true ? [lanDiscovery()] : []),
      ],
      services: {
        identify: identify(),
        ping: ping(),
        dht: kadDHT({
          protocol: KAD_PROTOCOL,
          clientMode: init.dht !== 'server',
          peerInfoMapper: allowPrivate ? passthroughMapper : removePrivateAddressesMapper,
          initialQuerySelfInterval: SELF_QUERY_MILLISECONDS,
        }),
        ...reachServices(reach),
      },
    })
  } catch (error) {
    if (error instanceof BitCdnError) throw error
    throw listenError(error, listen)
  }
}

const dhtOf = (libp2p: Libp2p): KadDHT => (libp2p.services as unknown as { dht: KadDHT }).dht

async function* findSeeders(libp2p: Libp2p, contentId: string, signal: AbortSignal): AsyncGenerator<FoundSeeder> {
  const seen = new Set<string>([libp2p.peerId.toString()])
  for await (const found of libp2p.contentRouting.findProviders(contentCid(contentId), { signal })) {
    const id = found.id.toString()
    if (seen.has(id)) continue
    seen.add(id)
    const suffix = `/p2p/${id}`
    const addresses = found.multiaddrs.map(String).map((text) => (text.endsWith(suffix) ? text : text + suffix))
    yield { id, addresses: [...new Set(addresses)] }
  }
}

async function dialTarget(libp2p: Libp2p, target: string | FoundSeeder): Promise<PeerId | Multiaddr | Multiaddr[]> {
  if (typeof target === 'string') return target.startsWith('/') ? parseAddress(target) : parsePeer(target)
  const id = parsePeer(target.id)
  if (libp2p.getConnections(id).length > 0 || target.addresses.length === 0) return id
  return target.addresses.map(parseAddress)
}

function parsePeer(text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new BitCdnError('usage', `${JSON.stringify(text)} is neither a multiaddr nor a peer id.`, {
      advice: 'Give an address like /ip4/203.0.113.7/tcp/4001/p2p/12D3Koo…',
      cause,
    })
  }
}

function parseAddress(text: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    throw new BitCdnError('usage', `${JSON.stringify(text)} is no multiaddr.`, {
      advice: 'Give an address like /ip4/0.0.0.0/tcp/4001, for a peer with /p2p/12D3Koo… behind it.',
      cause,
    })
  }
}

/** Whether a node can dial this: a peer id, or a multiaddr that ends in one. */
export function isPeerAddress(text: string): boolean {
  try {
    if (!text.startsWith('/')) peerIdFromString(text)
    return (
      !text.startsWith('/') ||
      multiaddr(text)
        .getComponents()
        .some(({ name }) => name === 'p2p')
    )
  } catch {
    return false
  }
}
