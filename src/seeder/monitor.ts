// What a seeder tells its operator: its figures for Prometheus, and whether it can work.
import { blockTime, type Chain } from '../chain/index.ts'
import type { PeerNode } from '../discovery/index.ts'
import type { Earnings, ReceiptLedger } from '../receipts/index.ts'
import { type Family, type Sample, whatIsSilent } from '../telemetry/index.ts'
import type { Counts } from './meter.ts'
import type { Seeder } from './seeder.ts'

export interface Watched {
  readonly seeder: Seeder
  readonly ledger: ReceiptLedger
  readonly node: PeerNode
  readonly chain: Chain
}

/** The states of money in the order in which it moves. */
export const STATES = ['served', 'receipted', 'vouchered', 'submitted', 'paid'] as const satisfies (keyof Earnings)[]

export function seederFamilies({ seeder, ledger, node, chain }: Watched): Family[] {
  const gauge = (name: string, help: string, value: () => number): Family => {
    return { name, help, type: 'gauge', samples: () => [{ value: value() }] }
  }
  const counter = (
    name: string,
    help: string,
    count: keyof { [K in keyof Counts as Counts[K] extends number ? K : never]: K },
  ): Family => {
    return { name, help, type: 'counter', samples: () => [{ value: seeder.counts[count] }] }
  }
  /** Without a sample while the ledger is silent: a figure that is not known is none. */
  const fromLedger = (read: () => Promise<readonly Sample[]>) => () => read().catch(() => [])
  return [
    {
      ...{ name: 'bitcdn_earnings_token_units', help: 'Money by where it stands, from the query of bitcdn earnings.' },
      ...{ type: 'gauge', labels: ['state'] },
      samples: fromLedger(async () => {
        const earnings = await ledger.earnings()
        return STATES.map((state) => ({ labels: { state }, value: earnings[state] }))
      }),
    },
    {
      ...{ name: 'bitcdn_reserve_free_token_units', help: 'Reserved for a lane in use, and not settled yet.' },
      ...{ type: 'gauge', labels: ['sponsor', 'lane'] },
      samples: () => seeder.standing.map(({ lane, free }) => laneSample(lane, free)),
    },
    {
      ...{ name: 'bitcdn_reserve_owed_token_units', help: 'Owed by a lane in use, bytes on their way included.' },
      ...{ type: 'gauge', labels: ['sponsor', 'lane'] },
      samples: () => seeder.standing.map(({ lane, owed }) => laneSample(lane, owed)),
    },
    gauge('bitcdn_sessions_open', 'Sessions that are being served.', () => seeder.open),
    gauge('bitcdn_unsigned_bytes', 'Bytes sent that nobody has signed for yet.', () => seeder.unsigned),
    gauge('bitcdn_peer_connections', 'Open libp2p connections.', () => node.libp2p.getConnections().length),
    counter('bitcdn_served_bytes_total', 'Bytes sent on sessions; what is given away is not counted.', 'servedBytes'),
    counter('bitcdn_acknowledged_bytes_total', 'Bytes that receipts acknowledged.', 'acknowledgedBytes'),
    counter('bitcdn_receipts_total', 'Receipts that were stored.', 'receipts'),
    counter('bitcdn_debts_total', 'Downloaders that left without signing for what they had.', 'debts'),
    counter('bitcdn_debt_bytes_total', 'Bytes that were not signed for in time.', 'debtBytes'),
    counter('bitcdn_sessions_admitted_total', 'Streams that were admitted.', 'admitted'),
    {
      ...{ name: 'bitcdn_sessions_refused_total', help: 'Streams that were refused, by reason.' },
      ...{ type: 'counter', labels: ['reason'] },
      samples: () => [...seeder.counts.refused].map(([reason, value]) => ({ labels: { reason }, value })),
    },
    {
      ...{ name: 'bitcdn_denied_total', help: 'Asked for, or being served, and on a denylist or takedown list.' },
      ...{ type: 'counter', labels: ['list'] },
      samples: () => [...seeder.counts.denied].map(([list, value]) => ({ labels: { list }, value })),
    },
    {
      ...{ name: 'bitcdn_transactions_open', help: 'Transactions that are not final.', type: 'gauge' },
      samples: fromLedger(async () => [{ value: (await ledger.journal.open({ chainId: chain.id })).length }]),
    },
    {
      name: 'bitcdn_transaction_oldest_seconds',
      help: 'How long the oldest transaction that is not final has been on its way; 0 without one.',
      type: 'gauge',
      samples: fromLedger(async () => {
        const ages = (await ledger.journal.open({ chainId: chain.id })).map(({ signed }) => signed[0]?.age ?? 0)
        return [{ value: Math.max(0, ...ages) / 1_000 }]
      }),
    },
  ]
}

/** What a seeder has done since it started and how it stands, as `/v1/status` tells it: amounts as decimal strings. */
export interface SeederStatus {
  readonly seeder: string
  /** Unix milliseconds at which the process began. */
  readonly startedAt: number
  /** Why nobody is served now; null while it serves. */
  readonly resting: string | null
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly open: number
  readonly connections: number
  readonly unsignedBytes: number
  readonly counts: Omit<Counts, 'refused' | 'denied'> & {
    readonly refused: Readonly<Record<string, number>>
    readonly denied: Readonly<Record<string, number>>
  }
  readonly standing: readonly {
    readonly sponsor: string
    readonly lane: string
    readonly free: string
    readonly owed: string
  }[]
}

export function seederStatus({ seeder, node }: Watched): SeederStatus {
  return {
    seeder: seeder.address,
    startedAt: Math.round(performance.timeOrigin),
    resting: seeder.resting,
    peerId: node.peerId.toString(),
    addresses: node.addresses(),
    open: seeder.open,
    connections: node.libp2p.getConnections().length,
    unsignedBytes: seeder.unsigned,
    counts: {
      ...seeder.counts,
      refused: Object.fromEntries(seeder.counts.refused),
      denied: Object.fromEntries(seeder.counts.denied),
    },
    standing: seeder.standing.map(({ lane, free, owed }) => {
      return { sponsor: lane.sponsor, lane: String(lane.lane), free: String(free), owed: String(owed) }
    }),
  }
}

/** What keeps a seeder from earning at this moment, in words. */
export function seederReady({ ledger, chain }: Watched): Promise<string[]> {
  return whatIsSilent({
    'The ledger': () => ledger.lanes(),
    'The chain': (signal) => blockTime(chain, signal),
  })
}

function laneSample({ sponsor, lane }: { sponsor: string; lane: bigint }, value: bigint): Sample {
  return { labels: { sponsor, lane: String(lane) }, value }
}
