// The node of a long-running command, as its settings say.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PrivateKey } from '@libp2p/interface'
import { createNode, type NodeInit, type PeerNode } from '../discovery/index.ts'
import type { CommandIo } from './io.ts'
import type { SettingName, Settings } from './settings.ts'

export const NODE_SETTINGS = [
  'bootstrap',
  'listen',
  'announce',
  'relay',
  'upnp',
  'lan',
  'allowPrivate',
] as const satisfies readonly SettingName[]

/** Milliseconds. */
const RELAY_PATIENCE = 6_000

/** Loopback: nobody elsewhere can reach it, so no router is asked. */
const LOOPBACK = /^\/ip4\/127\.|^\/ip6\/(::1|0:0:0:0:0:0:0:1)\//

/** Undefined where none is wanted. */
function relaysOf(settings: Settings): string[] | undefined {
  const named = settings.list('relay')
  return named.length === 0 ? undefined : named.filter((relay) => relay !== 'auto')
}

/** Until a relay has given the node a place, if it is to have one; says so when that takes long. */
export async function relayed(node: PeerNode, settings: Settings, { err, signal }: CommandIo): Promise<void> {
  if (relaysOf(settings) === undefined) return
  const until = performance.now() + RELAY_PATIENCE
  const there = (): boolean => node.addresses().some((address) => address.includes('/p2p-circuit'))
  while (!there() && performance.now() < until) await sleep(50, undefined, { signal })
  if (!there())
    err(
      'Warning: no relay has given this node a place yet. It goes on asking; until then it has to be dialled directly.',
    )
}

/** @param more - `listens: false` for a node that only dials */
export function nodeOf(
  settings: Settings,
  privateKey: PrivateKey,
  {
    listens = true,
    dht = 'client',
    relaysOthers = false,
    webRtc = false,
  }: { listens?: boolean; dht?: NodeInit['dht'] & string; relaysOthers?: boolean; webRtc?: boolean } = {},
): Promise<PeerNode> {
  const listen = listens ? settings.list('listen') : []
  const allowPrivate = settings.flag('allowPrivate')
  return createNode({
    ...{ privateKey, listen, dht, allowPrivate },
    bootstrap: settings.list('bootstrap'),
    announce: listens ? settings.list('announce') : [],
    reach: {
      // private addresses are for devnets and local networks, where no router is in between
      upnp: settings.flag('upnp') && !allowPrivate && listen.some((address) => !LOOPBACK.test(address)),
      relays: listens ? relaysOf(settings) : undefined,
      lan: settings.flag('lan'),
      ...{ relaysOthers, webRtc },
    },
  })
}
