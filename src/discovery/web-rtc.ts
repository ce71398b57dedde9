// WebRTC Direct, which browsers can dial without anybody's name or certificate: `/ip4/…/udp/PORT/webrtc-direct`. @libp2p/webrtc
// has a native part, which is loaded by the first address that asks for it: a machine that lacks it runs all else.
import { createSocket } from 'node:dgram'
import {
  type Libp2p,
  type Listener,
  type ListenerEvents,
  type Startable,
  type Transport,
  TypedEventEmitter,
  transportSymbol,
} from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { BitCdnError } from '../errors.ts'
import { WEB_RTC_BUFFER_BYTES } from './constants.ts'
import { listenError } from './errors.ts'
import type { WebRTCDirectTransportComponents } from './libp2p-webrtc.ts'
import { guardUpgrader } from './web-rtc-guard.ts'

const parts = (address: Multiaddr): string[] => address.getComponents().map(({ name }) => name)

/** Whether an address is one of WebRTC Direct, to listen on or to dial. */
export function isWebRtc(address: Multiaddr): boolean {
  const names = parts(address)
  return names.includes('webrtc-direct') && !names.includes('p2p-circuit')
}

/** Loads the native part. Throws `usage` where there is none for this machine. */
export async function loadWebRtc(): Promise<typeof import('./libp2p-webrtc.ts')> {
  try {
    return await import('./libp2p-webrtc.ts')
  } catch (cause) {
    throw new BitCdnError(
      'usage',
      `WebRTC is not to be had here: ${String((cause as Error).message).split('\n')[0]}.`,
      {
        advice: 'Install node-datachannel, which has it for most systems, or take addresses without /webrtc-direct.',
        cause,
      },
    )
  }
}

/** A transport for libp2p. What it needs is loaded by the first address that is listened on or dialled. */
export function webRtc(): (components: WebRTCDirectTransportComponents) => Transport {
  return (components) => {
    let opened: Promise<Transport> | null = null

    async function open(): Promise<Transport> {
      const { webRTCDirect } = await loadWebRtc()
      const { makeWebRtcCertificate } = await import('./web-rtc-certificate.ts')
      const upgrader = guardUpgrader(components.upgrader)
      const guarded = new Proxy(components, {
        get: (target, name) => (name === 'upgrader' ? upgrader : Reflect.get(target, name)),
      })
      const init = {
        certificate: await makeWebRtcCertificate(components.privateKey),
        // nobody is asked for the own address: it is in the multiaddr
        rtcConfiguration: { iceServers: [] },
        dataChannel: { maxBufferedAmount: WEB_RTC_BUFFER_BYTES },
      }
      const transport = webRTCDirect(init)(guarded) as Transport & Startable
      await transport.start()
      const createListener = transport.createListener.bind(transport)
      transport.createListener = (options) => createListener({ ...options, upgrader })
      return transport
    }

    const whenOpen = (): Promise<Transport> => {
      opened ??= open().catch((error: unknown) => {
        opened = null
        throw error
      })
      return opened
    }

    const sockets: Sockets = { ports: new Set(), turn: Promise.resolve() }

    return {
      [transportSymbol]: true,
      [Symbol.toStringTag]: '@libp2p/webrtc-direct',
      // a socket of `::` is one for both families; the other way round it would be deaf for IPv6
      listenFilter: (addresses) => addresses.filter(isWebRtc).sort((one, other) => familyOf(other) - familyOf(one)),
      dialFilter: (addresses) => addresses.filter((one) => isWebRtc(one) && parts(one).includes('certhash')),
      dial: async (address, options) => (await whenOpen()).dial(address, options),
      createListener: (options) => new LateListener(async () => (await whenOpen()).createListener(options), sockets),
    }
  }
}

const familyOf = (address: Multiaddr): number => (parts(address)[0] === 'ip6' ? 6 : 4)

const hostOf = (address: Multiaddr): string => address.getComponents()[0]?.value ?? ''
const portOf = (address: Multiaddr): string => address.getComponents()[1]?.value ?? ''

const EVERYWHERE = ['0.0.0.0', '::']

/**
 * The native part answers from one socket, whichever was asked: one address, or one port of all addresses of both families. Throws
 * `usage` for others, which would be announced and not answer.
 */
export function refuseSeveral(addresses: readonly Multiaddr[]): void {
  const asked = addresses.filter(isWebRtc)
  const ports = new Set(asked.map(portOf))
  const both = asked.length === 2 && ports.size === 1 && EVERYWHERE.every((host) => asked.map(hostOf).includes(host))
  if (asked.length < 2 || (both && !ports.has('0'))) return
  throw new BitCdnError('usage', `WebRTC listens on one UDP port, not on all of ${asked.join(', ')}.`, {
    advice: 'Name one address, or the same port of /ip4/0.0.0.0 and /ip6/::.',
  })
}

/** Of one node. */
interface Sockets {
  readonly ports: Set<string>
  /** They are opened one after the other. */
  turn: Promise<void>
}

/** A listener that is made when it is told to listen. */
class LateListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #make: () => Promise<Listener>
  readonly #sockets: Sockets
  #made: Listener | null = null

  constructor(make: () => Promise<Listener>, sockets: Sockets) {
    super()
    this.#make = make
    this.#sockets = sockets
  }

  listen(address: Multiaddr): Promise<void> {
    const mine = this.#sockets.turn.then(() => this.#open(address))
    this.#sockets.turn = mine.catch(() => undefined)
    return mine
  }

  async #open(address: Multiaddr): Promise<void> {
    const { ports } = this.#sockets
    const asked = portOf(address)
    // a port that is taken would be remembered by @libp2p/webrtc as one that it listens on, for ever
    const port = ports.has(asked) ? asked : await findFree(familyOf(address), hostOf(address), asked)
    const listener = await this.#make()
    listener.addEventListener('listening', () => this.safeDispatchEvent('listening'))
    listener.addEventListener('error', ({ detail }) => this.safeDispatchEvent('error', { detail }))
    listener.addEventListener('close', () => {
      ports.delete(port)
      this.safeDispatchEvent('close')
    })
    await listener.listen(multiaddr(address.toString().replace('/udp/0/', `/udp/${port}/`)))
    ports.add(port)
    this.#made = listener
  }

  getAddrs(): Multiaddr[] {
    return this.#made?.getAddrs() ?? []
  }

  updateAnnounceAddrs(addresses: Multiaddr[]): void {
    this.#made?.updateAnnounceAddrs(addresses)
  }

  async close(): Promise<void> {
    await this.#made?.close()
  }
}

/** This UDP port, or any for 0. Throws as the platform does (EADDRINUSE) when another program has it. */
async function findFree(family: number, host: string, port: string): Promise<string> {
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4' })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ port: Number(port), address: host, exclusive: true }, resolve)
    })
    return String(socket.address().port)
  } finally {
    await new Promise<void>((resolve) => socket.close(resolve))
  }
}

/** What libp2p has and its type does not say. */
interface ListenSeam {
  readonly components?: {
    readonly transportManager?: { getAddrs?(): Multiaddr[]; listen?(addresses: Multiaddr[]): Promise<void> }
  }
}

/**
 * Listens for browsers, too: on the UDP port of the same number as the first TCP address of `listen`, or in both families where
 * it listens everywhere. Throws when that cannot be done; the node goes on without.
 */
export async function listenBeside(libp2p: Libp2p, listen: readonly string[]): Promise<void> {
  const { transportManager } = (libp2p as ListenSeam).components ?? {}
  if (typeof transportManager?.getAddrs !== 'function' || typeof transportManager.listen !== 'function') {
    throw new BitCdnError('usage', 'libp2p shows no listeners.', {
      advice: 'Name an address that ends in /webrtc-direct.',
    })
  }
  await loadWebRtc()
  const asked = listen.flatMap((address) => tcpOf(multiaddr(address)) ?? [])
  const [first] = asked
  if (first === undefined) return
  const bound = transportManager.getAddrs().flatMap((address) => tcpOf(address) ?? [])
  const all = asked.filter(({ host }) => EVERYWHERE.includes(host))
  const chosen = new Set(all.map(({ family }) => family)).size === 2 ? all : [first]
  let { port } = first
  if (port === '0') {
    // nobody chose that number: where it is taken, any other will do
    const { host } = chosen.find(({ family }) => family === 'ip6') ?? first
    const find = (wanted: string): Promise<string> => findFree(host.includes(':') ? 6 : 4, host, wanted)
    port = await find(bound.find(({ family }) => family === first.family)?.port ?? '0').catch(() => find('0'))
  }
  const beside = new Set(chosen.map(({ family, host }) => `/${family}/${host}/udp/${port}/webrtc-direct`))
  await transportManager.listen([...beside].map((address) => multiaddr(address))).catch((error: unknown) => {
    throw listenError(error, [...beside])
  })
}

/** Null for what is no bare TCP address. */
function tcpOf(address: Multiaddr): { family: string; host: string; port: string } | null {
  const [ip, tcp, ...more] = address.getComponents()
  if (ip === undefined || tcp?.name !== 'tcp' || more.some(({ name }) => name !== 'p2p')) return null
  return { family: ip.name, host: ip.value ?? '', port: tcp.value ?? '' }
}
