// Whether others can reach the seeder: it is dialled as by a peer that it has never met, and a gateway dials it from outside.
import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import { createNode, createPeerKey, isPrivateAddress } from '../../discovery/index.ts'
import { BitCdnError } from '../../errors.ts'
import { createGatewayClient, type DialFate, type ReachAnswer } from '../../gateway-client/index.ts'
import { TRANSFER_PROTOCOL } from '../../transfer/index.ts'
import type { SeedRecord } from './record.ts'
import type { Report } from './report.ts'

/** Milliseconds in which a seeder on this machine, or a gateway that dials it, answers. */
const ANSWER_MILLISECONDS = 10_000

/** How others come to the seeder, as far as it can be told from here. */
export interface Reached {
  readonly way: 'direct' | 'relay' | 'none'
  /** Where a gateway reached it: multiaddrs. */
  readonly confirmed: readonly string[]
  /** The IP address at which a gateway sees this machine; null where none was asked or none answered. */
  readonly seenAs: string | null
}

export interface Reachable extends Pick<SeedRecord, 'addresses' | 'allowPrivate'> {
  /** The gateways to ask, in turn until one answers. */
  readonly gateways: readonly string[]
}

/** Reports what keeps others away from the addresses that the seeder announces. */
export async function checkReach(
  { addresses, allowPrivate, gateways }: Reachable,
  report: Report,
  signal: AbortSignal,
): Promise<Reached> {
  const direct = addresses.filter((address) => !address.includes('/p2p-circuit'))
  const relays = addresses.length - direct.length
  const open = direct.filter((address) => allowPrivate || !isPrivateAddress(multiaddr(address)))
  if (open.length === 0) return withoutAddress(direct, relays, report)

  const dialled = await dialAll(direct, signal)
  const view = await lookFromOutside(gateways, open, signal)
  const fateOf = (address: string): DialFate | undefined => view?.addresses.find((one) => one.address === address)?.fate
  const here = dialled.filter(({ address }) => isHere(address))
  const confirmed = open.filter((address) => fateOf(address) === 'reached')
  const blocked = open.filter((address) => {
    return isUnreached(fateOf(address)) && !here.some((one) => one.address === address)
  })
  const elsewhere = view !== null && isElsewhere(view, open)
  const dead = [...here.map(({ address }) => address), ...blocked, ...(elsewhere ? open : [])]
  // a UDP port lets in browsers alone, and no gateway dials it: it says nothing about those who come by TCP
  const byTcp = open.filter((address) => address.split('/')[3] === 'tcp')
  const counted = byTcp.length > 0 ? byTcp : open
  const way = counted.some((address) => !dead.includes(address)) ? 'direct' : relays > 0 ? 'relay' : 'none'
  const severity = way === 'none' ? 'error' : 'warning'

  if (here.length > 0) {
    report.add('seeder-unreachable', severity, {
      what: `The seeder does not answer at ${here.map(({ words }) => words).join(', ')}.`,
      costs: UNREACHED,
      advice: 'Look at its log, and start it again if it hangs. If it answers at others, a firewall may be in the way.',
    })
  }
  if (view !== null && blocked.length > 0) {
    const words = blocked.map((address) => `${address} (${FATES[fateOf(address) ?? 'not-tcp']})`)
    report.add('unreachable-outside', severity, {
      what: `The gateway ${view.gateway} sees this machine at ${view.from}, and cannot dial the seeder at ${words.join(', ')}.${carrierWords()}`,
      costs: UNREACHED,
      advice: `${OPEN_A_PORT} If your router itself shows another outside address than ${view.from}, you are behind a carrier’s NAT: use a relay, --relay auto.`,
    })
  }
  if (view !== null && elsewhere) {
    report.add('seen-elsewhere', 'warning', {
      what: `The gateway ${view.gateway} sees this machine at ${view.from}, and the seeder announces only ${open.join(', ')}.${carrierWords()}`,
      costs: 'Unless these addresses lead here, too, nobody can download from you directly.',
      advice: `Where ${view.from} is yours: --announce /ip4/${view.from}/tcp/4001. Behind a VPN or a carrier’s NAT, use a relay: --relay auto.`,
    })
  }
  const unknown = dialled.filter(({ address }) => !isHere(address) && [undefined, 'not-tcp'].includes(fateOf(address)))
  if (unknown.length > 0) {
    report.notSeen(
      `Whether others reach it at ${unknown.map(({ words }) => words).join(', ')}: not every router leads its outside address back in; name a gateway with --gateway, or try from another network.`,
    )
  }
  return { way, confirmed, seenAs: view?.from ?? null }
}

/** For people, one line: what `way` is and what it costs. */
export function reachInWords({ way, confirmed, seenAs }: Reached): string {
  const seen = seenAs === null ? 'no gateway was asked from outside' : `seen from outside as ${seenAs}`
  if (way === 'relay')
    return `Relay only: ${seen}. Who cannot open a direct connection by way of the relay goes elsewhere.`
  if (way === 'none') return `Not reachable: ${seen}. Nobody can download from here.`
  if (confirmed.length === 0) return `Reachable directly, as far as can be told from this machine: ${seen}.`
  return `Reachable directly at ${confirmed.join(', ')}: ${seen}. It costs nothing.`
}

const UNREACHED = 'Who finds one of these addresses cannot download from you.'

const OPEN_A_PORT =
  'Open its TCP port in your router, keep the port with --listen /ip4/0.0.0.0/tcp/4001, and name the outside address with --announce /ip4/YOUR_ADDRESS/tcp/4001.'

const FATES: Readonly<Record<DialFate, string>> = {
  reached: 'it answers',
  refused: 'refused',
  'no-answer': 'no answer',
  'another-program': 'another program answers',
  'another-address': 'not where it comes from',
  'not-tcp': 'not dialled',
}

const isUnreached = (fate: DialFate | undefined): boolean =>
  fate === 'refused' || fate === 'no-answer' || fate === 'another-program'

function withoutAddress(direct: readonly string[], relays: number, report: Report): Reached {
  if (relays === 0) {
    report.add('private-addresses', 'error', {
      what: `The seeder is only at private addresses: ${direct.join(', ') || 'none at all'}.${carrierWords()}`,
      costs: 'Nobody outside of your network can reach it, so nobody asks.',
      advice: `${OPEN_A_PORT} Behind a carrier’s NAT, use a relay: --relay auto. On a network of your own, say --allow-private.`,
    })
    return { way: 'none', confirmed: [], seenAs: null }
  }
  report.add('relay-only', 'warning', {
    what: `Nobody can dial the seeder directly, only through ${relays === 1 ? 'a relay' : `${relays} relay addresses`}.${carrierWords()}`,
    costs: 'Who cannot open a direct connection by way of the relay goes to another seeder.',
    advice:
      'Open its TCP port in your router and name the outside address with --announce, or ask your carrier for an address of your own.',
  })
  return { way: 'relay', confirmed: [], seenAs: null }
}

interface OutsideView extends ReachAnswer {
  /** Host and port of the gateway that looked. */
  readonly gateway: string
}

/** What the first gateway that answers sees; null where none does. */
async function lookFromOutside(
  gateways: readonly string[],
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<OutsideView | null> {
  for (const url of gateways) {
    try {
      const answer = await createGatewayClient({ url, timeout: ANSWER_MILLISECONDS }).reach(addresses, { signal })
      return { ...answer, gateway: new URL(url).host }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof BitCdnError)) throw error
    }
  }
  return null
}

/** Whether all addresses of the family in which a gateway sees this machine are others than that one. */
function isElsewhere({ from, addresses }: OutsideView, open: readonly string[]): boolean {
  const family = from.includes(':') && !from.startsWith('::ffff:') ? '/ip6/' : '/ip4/'
  const same = addresses.filter(({ address, fate }) => address.startsWith(family) && fate !== 'not-tcp')
  const others = open.some((address) => !address.startsWith(family))
  return !others && same.length > 0 && same.every(({ fate }) => fate === 'another-address')
}

/** Whether an own address is one that carriers share out (RFC 6598), as a sentence. */
function carrierWords(): string {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const shared = own.find(({ address }) => /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(address))
  return shared === undefined ? '' : ` Its own address ${shared.address} is behind a carrier’s NAT.`
}

interface Undialled {
  readonly address: string
  /** With the reason. */
  readonly words: string
}

/** Those that did not answer. */
async function dialAll(addresses: readonly string[], signal: AbortSignal): Promise<Undialled[]> {
  const failed: Undialled[] = []
  const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
  try {
    for (const address of addresses) {
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MILLISECONDS)])
      try {
        const connection = await node.connect(address, { signal: timeout })
        const stream = await connection.newStream(TRANSFER_PROTOCOL, { signal: timeout })
        stream.abort(new Error('only looking'))
        await connection.close()
      } catch (error) {
        signal.throwIfAborted()
        const why = timeout.aborted ? 'no answer' : (error as Error).message.replace(/\.$/, '')
        failed.push({ address, words: `${address} (${why})` })
      }
    }
  } finally {
    await node.stop()
  }
  return failed
}

/** Whether an address is one of this machine: one that fails then says something about the seeder. */
function isHere(address: string): boolean {
  const host = address.split('/')[2]
  return Object.values(networkInterfaces()).some((each) => each?.some((one) => one.address === host))
}
