// What a gateway tells its operator: its figures for Prometheus, and whether it can work.
import type { Address } from 'viem'
import { blockTime, type Chain, readAccount, readCoin, readSigner } from '../chain/index.ts'
import type { SponsorLog } from '../receipts/index.ts'
import { type Family, whatIsSilent } from '../telemetry/index.ts'
import type { Gateway } from './gateway.ts'

export interface WatchedGateway {
  readonly gateway: Pick<Gateway, 'counts'>
  readonly chain: Chain
  readonly log: SponsorLog
  readonly sponsor: Address
  readonly signer: Address
  /** Whether purchases are relayed, at the signer's cost. */
  readonly relays: boolean
}

export function gatewayFamilies({ gateway, chain, sponsor, signer, relays }: WatchedGateway): Family[] {
  const { counts } = gateway
  const counter = (name: string, help: string, value: () => number | bigint): Family => {
    return { name, help, type: 'counter', samples: () => [{ value: value() }] }
  }
  /** Without a sample while the chain is silent: a figure that is not known is none. */
  const fromChain = (name: string, help: string, read: () => Promise<bigint>): Family => {
    return {
      name,
      help,
      type: 'gauge',
      samples: () =>
        read().then(
          (value) => [{ value }],
          () => [],
        ),
    }
  }
  return [
    {
      ...{ name: 'bitcdn_gateway_requests_total', help: 'Requests, by route and status.', type: 'counter' },
      labels: ['route', 'status'],
      samples: () =>
        [...counts.requests].map(([key, value]) => {
          const [route = '', status = ''] = key.split(' ')
          return { labels: { route, status }, value }
        }),
    },
    counter('bitcdn_gateway_sessions_total', 'Lines that were signed for downloads.', () => counts.sessions),
    counter(
      'bitcdn_gateway_sessions_refused_total',
      'Seeders that a download asked for and that could be given no line.',
      () => counts.sessionsRefused,
    ),
    counter('bitcdn_gateway_vouchers_total', 'Vouchers that were signed.', () => counts.vouchers),
    counter('bitcdn_gateway_vouchered_token_units_total', 'What these vouchers are worth.', () => counts.vouchered),
    counter('bitcdn_gateway_purchases_total', 'Purchases that were relayed.', () => counts.purchases),
    fromChain('bitcdn_gateway_pool_free_token_units', 'In the sponsor’s pool, thawing money left out.', async () => {
      return (await readAccount(chain, sponsor)).free
    }),
    ...(sponsor === signer
      ? []
      : [
          fromChain(
            'bitcdn_gateway_allowance_token_units',
            'What the gateway’s key may still spend of the pool.',
            async () => (await readSigner(chain, { sponsor, key: signer })).allowance,
          ),
        ]),
    ...(relays
      ? [fromChain('bitcdn_gateway_relayer_coin_wei', 'What the relayer has for gas.', () => readCoin(chain, signer))]
      : []),
  ]
}

/** What keeps a gateway from its work at this moment, in words. */
export function gatewayReady({ chain, log }: WatchedGateway): Promise<string[]> {
  return whatIsSilent({
    'The log of sessions': () => log.lanes(),
    'The chain': (signal) => blockTime(chain, signal),
  })
}
