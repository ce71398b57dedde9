// Who pays for a download.
import type { Chain } from '../chain/index.ts'
import type { SessionSource } from '../downloader/index.ts'
import { BitCdnError } from '../errors.ts'
import { createGatewayClient, createSessionSource } from '../gateway-client/index.ts'
import { selfPaidSessions } from '../sdk/index.ts'
import { openSponsorLog } from '../storage/sqlite/index.ts'
import type { CommandIo } from './io.ts'
import { readReserved } from './reserves.ts'
import type { Options, Settings } from './settings.ts'
import { openAccount, openWallet } from './wallet.ts'

/** How amounts are written when no chain was asked. */
const USUAL_DECIMALS = 6

export interface Payments {
  readonly sessions: SessionSource | null
  readonly chain?: { readonly chainId: number; readonly settlement: `0x${string}` }
  readonly decimals: number
  /** The chain with the wallet's key, where it is known. */
  readonly wallet: Chain | null
  /** One pays oneself and has set nothing aside: every seeder will refuse, however long one waits. */
  readonly hopeless?: boolean
  close(): Promise<void>
}

/** Who authorises the sessions, by `--pay`; with a gateway named, the gateway. */
export async function payments(settings: Settings, options: Options, io: CommandIo): Promise<Payments> {
  const { signal } = io
  const url = settings.text('gateway')
  const who = options.pay === undefined ? (url === undefined ? 'none' : 'gateway') : String(options.pay)
  const close = async (): Promise<void> => {}
  if (who === 'none') return { sessions: null, decimals: USUAL_DECIMALS, wallet: null, close }
  if (who === 'self') {
    const { chain, decimals } = await openWallet(settings, io)
    const log = await openSponsorLog({ path: settings.path('sponsor-log.sqlite') })
    const where = { chainId: chain.id, settlement: chain.addresses.settlement }
    const { reserved } = await readReserved(chain, chain.account!.address, signal)
    const hopeless = reserved === 0n
    const sessions = hopeless ? endedByRefusal(selfPaidSessions(chain, log)) : selfPaidSessions(chain, log)
    return { sessions, chain: where, decimals, wallet: chain, hopeless, close: () => log.close() }
  }
  if (who !== 'gateway') throw new BitCdnError('usage', `--pay must be gateway, self or none, not "${who}".`)
  const at = settings.required('gateway')
  if (settings.text('rpc') === undefined || settings.text('registry') === undefined) {
    const gateway = createGatewayClient({ url: at, account: await openAccount(settings, io) })
    const { chainId, settlement } = await gateway.info({ signal })
    const sessions: SessionSource = createSessionSource(gateway)
    return { sessions, chain: { chainId, settlement }, decimals: USUAL_DECIMALS, wallet: null, close }
  }
  const { chain, decimals } = await openWallet(settings, io)
  const sessions: SessionSource = createSessionSource(createGatewayClient({ url: at, account: chain.account! }))
  const where = { chainId: chain.id, settlement: chain.addresses.settlement }
  return { sessions, chain: where, decimals, wallet: chain, close }
}

/** `no-funds` ends a download at once; a refusal would be waited out, for another seeder may come. */
function endedByRefusal(source: SessionSource): SessionSource {
  return {
    ...source,
    async open(request, signal) {
      const grant = await source.open(request, signal)
      if (grant.sessions.length > 0) return grant
      const reasons = grant.refused.map(({ reason }) => reason).join('; ')
      throw new BitCdnError('no-funds', `${reasons}.`)
    },
  }
}
