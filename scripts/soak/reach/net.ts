// An Internet of network namespaces: hosts with public addresses on one switch, and routers that translate addresses for the
// hosts behind them. Nothing in it reaches the machine's own network. Needs root, iproute2 and nftables.
import { spawnSync } from 'node:child_process'

/** What stands between a host and the others. */
export type Kind = 'open' | 'cone NAT' | 'symmetric NAT' | 'v6 only' | 'UDP blocked'

export interface Host {
  /** The namespace that its programs run in. */
  readonly name: string
  /** What a node listens on here. */
  readonly listen: string
}

export interface Net {
  /** A host at a public address of its own, v4 and v6. */
  readonly hub: Host & { readonly v4: string; readonly v6: string }
  host(kind: Kind): Host
  remove(): void
}

const V4 = '5.5.5'
const V6 = '2a00:5:5:'

export function createNet(): Net {
  const id = process.pid.toString(36)
  const made: string[] = []
  let hosts = 0

  const run = (...words: string[]): void => {
    const [program = '', ...args] = words
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${words.join(' ')}: ${error?.message ?? stderr.trim()}`)
  }
  const space = (name: string): string => {
    const whole = `bc${id}${name}`
    run('ip', 'netns', 'add', whole)
    made.push(whole)
    within(whole, 'ip', 'link', 'set', 'lo', 'up')
    return whole
  }
  const within = (name: string, ...words: string[]): void => run('ip', 'netns', 'exec', name, ...words)
  /** A cable between two namespaces; its ends are named `to` and `from`. */
  const cable = (one: string, end: string, other: string, otherEnd: string): void => {
    run('ip', 'link', 'add', end, 'netns', one, 'type', 'veth', 'peer', 'name', otherEnd, 'netns', other)
    within(one, 'ip', 'link', 'set', end, 'up')
    within(other, 'ip', 'link', 'set', otherEnd, 'up')
  }
  const nft = (name: string, rule: string): void => within(name, 'nft', rule)

  try {
    const core = space('core')
    within(core, 'ip', 'link', 'add', 'switch', 'type', 'bridge')
    within(core, 'ip', 'link', 'set', 'switch', 'up')
    const plug = (name: string, at: number, v4: boolean, v6: boolean): void => {
      cable(core, `p${at}`, name, 'wan')
      within(core, 'ip', 'link', 'set', `p${at}`, 'master', 'switch')
      if (v4) within(name, 'ip', 'addr', 'add', `${V4}.${at}/24`, 'dev', 'wan')
      if (v6) within(name, 'ip', '-6', 'addr', 'add', `${V6}:${at}/64`, 'dev', 'wan', 'nodad')
    }
    /** A router at `at`, and a host behind it. `how`: in which way it translates. */
    const behind = (at: number, how: string): string => {
      const router = space(`r${at}`)
      plug(router, at, true, false)
      const name = space(`h${at}`)
      cable(router, 'lan', name, 'wan')
      within(router, 'ip', 'addr', 'add', `192.168.${at}.1/24`, 'dev', 'lan')
      within(name, 'ip', 'addr', 'add', `192.168.${at}.2/24`, 'dev', 'wan')
      within(name, 'ip', 'route', 'add', 'default', 'via', `192.168.${at}.1`)
      within(router, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
      nft(router, 'add table ip nat')
      nft(router, 'add chain ip nat post { type nat hook postrouting priority 100 ; }')
      nft(router, `add rule ip nat post oifname "wan" ${how}`)
      // what nobody inside asked for does not come in
      nft(router, 'add table ip filter')
      nft(router, 'add chain ip filter passing { type filter hook forward priority 0 ; policy drop ; }')
      nft(router, 'add rule ip filter passing iifname "lan" accept')
      nft(router, 'add rule ip filter passing ct state established,related accept')
      return name
    }
    const hub = space('hub')
    plug(hub, 2, true, true)

    return {
      hub: { name: hub, listen: '/ip4/0.0.0.0/tcp/4001', v4: `${V4}.2`, v6: `${V6}:2` },
      host(kind) {
        const at = 10 + hosts++
        if (kind === 'cone NAT') return { name: behind(at, 'masquerade'), listen: '/ip4/0.0.0.0/tcp/0' }
        if (kind === 'symmetric NAT') return { name: behind(at, 'masquerade random'), listen: '/ip4/0.0.0.0/tcp/0' }
        const name = space(`h${at}`)
        plug(name, at, kind !== 'v6 only', kind === 'v6 only')
        if (kind === 'UDP blocked') {
          nft(name, 'add table ip filter')
          for (const way of ['input', 'output']) {
            nft(name, `add chain ip filter ${way} { type filter hook ${way} priority 0 ; }`)
            nft(name, `add rule ip filter ${way} meta l4proto udp drop`)
          }
        }
        return { name, listen: kind === 'v6 only' ? '/ip6/::/tcp/0' : '/ip4/0.0.0.0/tcp/0' }
      },
      remove,
    }
  } catch (error) {
    remove()
    throw error
  }

  function remove(): void {
    for (const name of made.splice(0).reverse()) spawnSync('ip', ['netns', 'del', name])
  }
}
