import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * The part of an address that one household or rented machine has to itself: /24 of IPv4, /48 of IPv6. Debt is held
 * against it, since peer ids cost nothing. `unknown` for relayed and other addresses.
 */
export function addressPrefix(address: Multiaddr): string {
  const [, family, host = ''] = address.toString().split('/')
  if (family === 'ip4') return `${host.split('.').slice(0, 3).join('.')}.0/24`
  if (family !== 'ip6') return 'unknown'
  const [head = '', tail = ''] = host.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === '' ? [] : tail.split(':')
  const middle = host.includes('::') ? Array.from({ length: 8 - front.length - back.length }, () => '0') : []
  const groups = [...front, ...middle, ...back].slice(0, 3)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/48`
}
