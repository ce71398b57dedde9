import { BlockList } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Networks that are not the public Internet (IANA's special-purpose registries): nobody may make us dial into them. */
const PRIVATE = new BlockList()
for (const [network, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
  ] as const),
  ...([
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ] as const),
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4')
}

/** The part of IPv6 that is handed out to the Internet; everything else is local, mapped, translated or unassigned. */
const GLOBAL_IPV6 = new BlockList()
GLOBAL_IPV6.addSubnet('2000::', 3, 'ipv6')
const SPECIAL_IPV6 = new BlockList()
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  SPECIAL_IPV6.addSubnet(network, bits, 'ipv6')
}

/**
 * Whether an address leads anywhere but to a public IP address. A name (`dns`, `dns4`, `dns6`) counts as private: what it
 * resolves to is only known once the socket is open, and a peer may choose it. Circuit addresses are judged by the relay.
 */
export function isPrivateAddress(address: Multiaddr): boolean {
  const [, family, host = ''] = address.toString().split('/')
  if (family === 'ip4') return PRIVATE.check(host, 'ipv4')
  if (family === 'ip6') return !GLOBAL_IPV6.check(host, 'ipv6') || SPECIAL_IPV6.check(host, 'ipv6')
  return true
}
