// Whoever downloads serves what it has verified, and is paid for it as any seeder is, unless told not to.
import type { ContentStore } from '../content/index.ts'
import type { PeerNode } from '../discovery/index.ts'
import { BitCdnError, hasCode } from '../errors.ts'
import type { GetRequest, Serving } from '../sdk/index.ts'
import { createSeeder, seedFreely } from '../seeder/index.ts'
import { createLogger } from '../telemetry/index.ts'
import type { ServingGate, Uplink } from '../transfer/index.ts'
import { denialHere, denialInWords } from './denying.ts'
import { gatewaysOf } from './gateways.ts'
import type { CommandIo } from './io.ts'
import { openLedgerOf } from './ledger.ts'
import type { Payments } from './payments.ts'
import { payoutOf } from './payout.ts'
import type { Settings } from './settings.ts'

export interface SeedingInit {
  readonly settings: Settings
  readonly payment: Payments
  readonly node: PeerNode
  /** The least that is served for, token units per GiB. */
  readonly pricePerGiB: bigint
  readonly io: CommandIo
  /** Whether anybody is served at all. */
  readonly gate: ServingGate
}

/**
 * How to serve a download: for pay where the chain is known, since who may download and who pays stands there; freely where
 * nobody is paid. Null where neither goes: only a gateway is known.
 */
export function seedingOf(init: SeedingInit): NonNullable<GetRequest['serve']> | null {
  const logger = createLogger({ name: 'seeder', level: 'silent' })
  const { node, payment, gate } = init
  if (payment.sessions === null) {
    return async (store, uplink) => {
      requireAllowed(init.settings, store)
      return nothingEarned(await seedFreely({ node, logger }, [store], { uplink, gate }))
    }
  }
  if (payment.wallet === null) return null
  return async (store, uplink) => {
    requireAllowed(init.settings, store)
    return seedForPay(init, store, uplink)
  }
}

/** What "bitcdn seed" would not serve is not served here either. */
function requireAllowed(settings: Settings, { metainfo }: ContentStore): void {
  const denial = denialHere(settings, metainfo)
  if (denial === null) return
  throw new BitCdnError('refused', `${metainfo.name} is not served: ${denialInWords(denial)}.`)
}

async function seedForPay(
  { settings, payment, node, pricePerGiB, io, gate }: SeedingInit,
  store: ContentStore,
  uplink: Uplink | undefined,
): Promise<Serving> {
  const logger = createLogger({ name: 'seeder', level: 'silent' })
  const chain = payment.wallet!
  const account = chain.account!
  const ledger = await openLedgerOf(settings, { chain, serve: true })
  const { contentId } = store.metainfo
  try {
    const before = await ledger.earnings({ contentId })
    const seeder = createSeeder(
      { node, chain, ledger, stores: [store], account, gateways: gatewaysOf(settings, account), settler: null, logger },
      { seeder: payoutOf(settings, chain), pricePerGiB, settles: false, uplink, gate },
    )
    await seeder.start({ signal: io.signal })
    return {
      async stop() {
        await seeder.stop()
        const after = await ledger.earnings({ contentId })
        await ledger.close()
        return { earned: after.receipted - before.receipted }
      },
    }
  } catch (error) {
    await ledger.close()
    // A seeder of this data folder runs already: it serves, with the same ledger and for the same wallet.
    if (hasCode(error, 'refused')) return nothingEarned({ stop: async () => undefined })
    throw error
  }
}

function nothingEarned({ stop }: { stop(): Promise<void> }): Serving {
  return {
    async stop() {
      await stop()
      return { earned: 0n }
    },
  }
}
