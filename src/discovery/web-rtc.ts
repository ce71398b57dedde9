// WebRTC Direct, which browsers can dial without anybody's name or certificate: `/ip4/…/udp/PORT/webrtc-direct`. @libp2p/webrtc
// has a native part, which is loaded by the first address that asks for it: a machine that lacks it runs all else.
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

    return {
      [transportSymbol]: true,
      [Symbol.toStringTag]: '@libp2p/webrtc-direct',
      listenFilter: (addresses) => addresses.filter(isWebRtc),
      dialFilter: (addresses) => addresses.filter((one) => isWebRtc(one) && parts(one).includes('certhash')),
      dial: async (address, options) => (await whenOpen()).dial(address, options),
      createListener: (options) => new LateListener(async () => (await whenOpen()).createListener(options)),
    }
  }
}

/** A listener that is made when it is told to listen. */
class LateListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #make: () => Promise<Listener>
  #made: Listener | null = null

  constructor(make: () => Promise<Listener>) {
    super()
    this.#make = make
  }

  async listen(address: Multiaddr): Promise<void> {
    const listener = await this.#make()
    listener.addEventListener('listening', () => this.safeDispatchEvent('listening'))
    listener.addEventListener('error', ({ detail }) => this.safeDispatchEvent('error', { detail }))
    listener.addEventListener('close', () => this.safeDispatchEvent('close'))
    this.#made = listener
    await listener.listen(address)
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

/** What libp2p has and its type does not say. */
interface ListenSeam {
  readonly components?: {
    readonly transportManager?: { getAddrs?(): Multiaddr[]; listen?(addresses: Multiaddr[]): Promise<void> }
  }
}

/**
 * Listens for browsers, too: on the UDP port of the same number, beside each TCP address of `listen`. Throws when that cannot
 * be done; the node goes on without.
 */
export async function listenBeside(libp2p: Libp2p, listen: readonly string[]): Promise<void> {
  const { transportManager } = (libp2p as ListenSeam).components ?? {}
  if (typeof transportManager?.getAddrs !== 'function' || typeof transportManager.listen !== 'function') {
    throw new BitCdnError('usage', 'libp2p shows no listeners.', {
      advice: 'Name an address that ends in /webrtc-direct.',
    })
  }
  const ports = transportManager.getAddrs().map(tcpOf)
  const beside = new Set<string>()
  for (const asked of listen.map((address) => tcpOf(multiaddr(address)))) {
    if (asked === null) continue
    const port = asked.port === '0' ? ports.find((one) => one?.family === asked.family)?.port : asked.port
    if (port !== undefined) beside.add(`/${asked.family}/${asked.host}/udp/${port}/webrtc-direct`)
  }
  await transportManager.listen([...beside].map((address) => multiaddr(address)))
}

/** Null for what is no bare TCP address. */
function tcpOf(address: Multiaddr): { family: string; host: string; port: string } | null {
  const [ip, tcp, ...more] = address.getComponents()
  if (ip === undefined || tcp?.name !== 'tcp' || more.some(({ name }) => name !== 'p2p')) return null
  return { family: ip.name, host: ip.value ?? '', port: tcp.value ?? '' }
}
