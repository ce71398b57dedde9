// What @libp2p/webrtc leaves to others. The first packet of a connection, which anybody can send under any address, makes it
// build all that a connection needs, and its sender counts as the other end. So connections are bounded here before they are built,
// and the other end is whoever answered.
import type { ClearableSignal, MultiaddrConnection, Upgrader, UpgraderOptions } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_WEB_RTC_CONNECTIONS, PENDING_WEB_RTC_CONNECTIONS } from './constants.ts'

/** What its connections have and their type does not say. */
interface PairSeam {
  readonly peerConnection?: {
    readonly peerConnection?: {
      getSelectedCandidatePair?(): { remote: { address: string; port: number } } | null
    }
  }
}

export interface GuardInit {
  /** Connections that have not finished their handshake. */
  readonly pending?: number
  /** Connections in all. */
  readonly most?: number
}

/** The same upgrader, for the listeners of WebRTC. */
export function guardUpgrader(upgrader: Upgrader, init: GuardInit = {}): Upgrader {
  const { pending: mostPending = PENDING_WEB_RTC_CONNECTIONS, most = MAX_WEB_RTC_CONNECTIONS } = init
  let pending = 0
  let open = 0

  /** Asked for each connection before anything is made for it. */
  function createInboundAbortSignal(signal: AbortSignal): ClearableSignal {
    if (pending >= mostPending || open + pending >= most) {
      const full = AbortSignal.abort(new Error('Too many WebRTC connections are open.'))
      return Object.assign(full, { clear: () => undefined })
    }
    const inner = upgrader.createInboundAbortSignal(signal)
    const clear = inner.clear.bind(inner)
    pending += 1
    inner.clear = () => {
      pending -= 1
      inner.clear = clear
      clear()
    }
    return inner
  }

  async function upgradeInbound(connection: MultiaddrConnection, options: UpgraderOptions): Promise<void> {
    correctAddress(connection)
    await upgrader.upgradeInbound(connection, options)
    if (connection.status !== 'open') return
    open += 1
    const closed = (): void => {
      open -= 1
    }
    connection.addEventListener('close', closed, { once: true })
  }

  return new Proxy(upgrader, {
    get(target, name) {
      if (name === 'createInboundAbortSignal') return createInboundAbortSignal
      if (name === 'upgradeInbound') return upgradeInbound
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** The address that was proved by an answer, in the place of the one that the first packet named. */
function correctAddress(connection: MultiaddrConnection): void {
  const { peerConnection } = (connection as unknown as PairSeam).peerConnection ?? {}
  const remote = peerConnection?.getSelectedCandidatePair?.()?.remote
  if (remote === undefined) throw new Error('WebRTC does not say who is at the other end.')
  const family = remote.address.includes(':') ? 'ip6' : 'ip4'
  const [, , ...rest] = connection.remoteAddr.getComponents()
  const proved = multiaddr(`/${family}/${remote.address}/udp/${remote.port}`)
  connection.remoteAddr = multiaddr([...proved.getComponents(), ...rest])
}
