import type { LocalAccount } from '../chain/index.ts'
import { createGatewayClient, createGateways, type Gateways } from '../gateway-client/index.ts'
import type { Logger } from '../telemetry/index.ts'
import type { Settings } from './settings.ts'

/** The gateways that the settings name, several separated by commas; null for none. */
export function gatewaysOf(settings: Settings, account: LocalAccount, logger?: Pick<Logger, 'warn'>): Gateways | null {
  const urls = settings.list('gateway')
  if (urls.length === 0) return null
  return createGateways(
    urls.map((url) => createGatewayClient({ url, account })),
    {
      onSilent: (client, error) =>
        logger?.warn({ gateway: client.url, reason: error.message }, 'a gateway does not answer'),
    },
  )
}
