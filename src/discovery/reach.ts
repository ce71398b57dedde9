// How a node behind a router is reached: a port that the router opens (UPnP), relays that carry connections to it (circuit
// relay v2), and from a relayed connection to a direct one where either side can be dialled (DCUtR). Where nobody can dial
// directly the relay carries the content, so relays of BitCDN allow far more than libp2p's two minutes and 128 KiB.

import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { peerIdFromString } from '@libp2p/peer-id'
import { uPnPNAT } from '@libp2p/upnp-nat'
import type { Multiaddr } from '@multiformats/multiaddr'
import {
  DIAL_MILLISECONDS,
  DIRECT_PATIENCE,
  REDIAL_MILLISECONDS,
  RELAY_DATA_BYTES,
  RELAY_DURATION,
  RELAY_RESERVATION,
  RELAY_RESERVATIONS,
  RELAY_STREAMS,
} from './constants.ts'
import { isPrivateAddress } from './private-addresses.ts'

export interface Reach {
  /** Asks the router for a port. Only for nodes that listen on more than loopback. */
  readonly upnp?: boolean
  /**
   * Is reached through relays, too, and has an address (`/p2p-circuit`) at each that gives it a place: these, as multiaddrs with
   * `/p2p/…`, and any that it is connected to. An empty list: those that it meets; undefined: none.
   */
  readonly relays?: readonly string[] | undefined
  /** Carries connections of others. For nodes that can be reached. */
  readonly relaysOthers?: boolean
  /**
   * Takes WebRTC, too, on the UDP port of the same number as the first TCP port, where it is not told another. What keeps it from
   * that is a warning of the process.
   */
  readonly webRtc?: boolean
  /** Finds peers of the local network by multicast DNS. */
  readonly lan?: boolean
}

/** Milliseconds. */
const FOR_EVER = 100 * 365 * 86_400_000

/** What libp2p has and its type does not say. */
interface AddressSeam {
  readonly components?: {
    readonly addressManager?: {
      confirmObservedAddr?(address: Multiaddr, options?: { type?: string; ttl?: number }): void
    }
    readonly transportManager?: { getAddrs?(): Multiaddr[] }
  }
}

/**
 * Public addresses of this machine's own interfaces are announced. libp2p keeps them back until others have confirmed them by
 * AutoNAT, whose dials back and forth cost connections to relays; whoever cannot be dialled at such an address is still reached
 * through a relay. Answers whether libp2p lets itself be told.
 */
export function announceOwn(libp2p: Libp2p): boolean {
  const { addressManager, transportManager } = (libp2p as AddressSeam).components ?? {}
  if (typeof addressManager?.confirmObservedAddr !== 'function' || typeof transportManager?.getAddrs !== 'function')
    return false
  for (const address of transportManager.getAddrs()) {
    if (!isPrivateAddress(address) && !isRelayed({ remoteAddr: address })) {
      addressManager.confirmObservedAddr(address, { type: 'transport', ttl: FOR_EVER })
    }
  }
  return true
}

/** What a node listens on to be reached through a relay that it is connected to. */
export const ANY_RELAY = '/p2p-circuit'

/**
 * Dials these again whenever no connection to them is open: peers to start from and relays may be away for a while, also when
 * libp2p dials them first. Answers how to end that.
 */
export function keepDialled(libp2p: Libp2p, peers: readonly Multiaddr[], interval = REDIAL_MILLISECONDS): () => void {
  const over = new AbortController()
  const look = (): void => {
    for (const address of peers) {
      const id = address.getComponents().findLast(({ name }) => name === 'p2p')?.value
      if (id !== undefined && libp2p.getConnections(peerIdFromString(id)).length > 0) continue
      const signal = AbortSignal.any([over.signal, AbortSignal.timeout(DIAL_MILLISECONDS)])
      libp2p.dial(address, { signal }).catch(() => undefined)
    }
  }
  const timer = peers.length === 0 ? undefined : setInterval(look, interval)
  timer?.unref()
  return () => {
    clearInterval(timer)
    over.abort()
  }
}

/** Dials relayed addresses, and is dialled at them. */
export const relayTransport = () =>
  circuitRelayTransport({ maxInboundStopStreams: RELAY_STREAMS, maxOutboundStopStreams: RELAY_STREAMS })

/** What else libp2p runs for `reach`. */
export function reachServices(reach: Reach) {
  return {
    dcutr: dcutr(),
    ...(reach.upnp === true ? { upnp: uPnPNAT({ autoConfirmAddress: true }) } : {}),
    ...(reach.relaysOthers === true
      ? {
          relay: circuitRelayServer({
            maxInboundHopStreams: RELAY_STREAMS,
            maxOutboundHopStreams: RELAY_STREAMS,
            maxOutboundStopStreams: RELAY_STREAMS,
            reservations: {
              maxReservations: RELAY_RESERVATIONS,
              reservationTtl: RELAY_RESERVATION,
              defaultDurationLimit: RELAY_DURATION,
              defaultDataLimit: RELAY_DATA_BYTES,
            },
          }),
        }
      : {}),
  }
}

export const lanDiscovery = () => mdns({ serviceTag: 'bitcdn.local' })

/**
 * A relay carries `connection`: where this node can be dialled, the other end does that within some seconds, and the direct
 * connection is the answer; else `connection` itself. (Where the other end can be dialled, it has been.)
 */
export async function directOnceThere(
  libp2p: Libp2p,
  connection: Connection,
  signal: AbortSignal,
): Promise<Connection> {
  if (!isRelayed(connection)) return connection
  const dialable = libp2p
    .getMultiaddrs()
    .some((address) => !isPrivateAddress(address) && !isRelayed({ remoteAddr: address }))
  if (!dialable) return connection
  const { promise, resolve } = Promise.withResolvers<void>()
  const peer = connection.remotePeer
  const opened = ({ detail }: CustomEvent<Connection>): void => {
    if (detail.remotePeer.equals(peer) && !isRelayed(detail)) resolve()
  }
  libp2p.addEventListener('connection:open', opened)
  signal.addEventListener('abort', () => resolve(), { once: true })
  const timer = setTimeout(resolve, DIRECT_PATIENCE)
  try {
    if (directTo(libp2p, peer) === undefined) await promise
  } finally {
    clearTimeout(timer)
    libp2p.removeEventListener('connection:open', opened)
  }
  signal.throwIfAborted()
  return directTo(libp2p, peer) ?? connection
}

function directTo(libp2p: Libp2p, peer: PeerId): Connection | undefined {
  return libp2p.getConnections(peer).find((one) => one.status === 'open' && !isRelayed(one))
}

/** Whether a third node carries what this one sends. */
export function isRelayed({ remoteAddr }: Partial<Pick<Connection, 'remoteAddr'>>): boolean {
  return remoteAddr?.getComponents().some(({ name }) => name === 'p2p-circuit') === true
}

/** What browsers can dial, and what passes proxies that let nothing but HTTP through. */
export function isWebSocket({ remoteAddr }: Partial<Pick<Connection, 'remoteAddr'>>): boolean {
  return remoteAddr?.getComponents().some(({ name }) => name === 'ws' || name === 'wss') === true
}
