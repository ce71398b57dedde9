// Whether a seeder can be reached from outside: who asks is dialled back at its own address, and at no other.
import { connect, isIPv6 } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { isPrivateAddress } from '../discovery/index.ts'
import type { DialedAddress, DialFate } from '../gateway-client/index.ts'
import { GatewayError } from './errors.ts'

/** Milliseconds for one dial, the greeting included. */
const DIAL_MILLISECONDS = 4_000

/** How a libp2p node answers on TCP (multistream-select 1.0), with its length in front. */
const GREETING = Buffer.from('\x13/multistream/1.0.0\n')

/**
 * Dials those addresses (multiaddrs) that lead to `ip`, where the request came from: nobody has others dialled. An address is
 * `reached` when a libp2p node answers there. Throws `refused` where `ip` is private, unless `allowPrivate`: it is then a proxy's,
 * and what listens beside that is nobody's business.
 */
export async function dialBack(
  ip: string,
  addresses: readonly string[],
  { allowPrivate }: { readonly allowPrivate: boolean },
): Promise<DialedAddress[]> {
  const own = plain(ip)
  if (!allowPrivate && isPrivateAddress(multiaddr(`/${isIPv6(own) ? 'ip6' : 'ip4'}/${own}`))) {
    throw new GatewayError(
      409,
      'refused',
      'This gateway does not see from where it is asked.',
      'Ask one that is reached without a proxy, or look from another network. In a network of your own, start it with --allow-private.',
    )
  }
  return Promise.all(
    addresses.map(async (address) => {
      const target = tcpTarget(address)
      const fate = target === null ? 'not-tcp' : target.host === own ? await dial(target) : 'another-address'
      return { address, fate }
    }),
  )
}

interface Target {
  readonly host: string
  readonly port: number
}

/** Null for what is not plain TCP on a numeric address: names may lead anywhere. */
function tcpTarget(address: string): Target | null {
  const [, family, host = '', transport, port = '', next] = address.split('/')
  if ((family !== 'ip4' && family !== 'ip6') || transport !== 'tcp' || !/^\d{1,5}$/.test(port)) return null
  if (next !== undefined && next !== 'p2p') return null
  const number = Number(port)
  return number >= 1 && number <= 65_535 ? { host: plain(host), port: number } : null
}

/** An IPv4 address that a socket for both families writes as IPv6. */
function plain(ip: string): string {
  return ip.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
}

function dial({ host, port }: Target): Promise<DialFate> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const timer = setTimeout(() => end('no-answer'), DIAL_MILLISECONDS)
    let heard = Buffer.alloc(0)
    let connected = false
    function end(fate: DialFate): void {
      clearTimeout(timer)
      socket.destroy()
      resolve(fate)
    }
    socket.on('connect', () => {
      connected = true
      socket.write(GREETING)
    })
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk])
      if (heard.length >= GREETING.length)
        end(heard.subarray(0, GREETING.length).equals(GREETING) ? 'reached' : 'another-program')
    })
    socket.on('end', () => end('another-program'))
    socket.on('error', () => end(connected ? 'another-program' : 'refused'))
  })
}
