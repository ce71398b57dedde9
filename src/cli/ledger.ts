import { existsSync } from 'node:fs'
import type { Chain } from '../chain/index.ts'
import { BitCdnError, hasCode } from '../errors.ts'
import type { Earnings, ReceiptLedger, SponsorLog } from '../receipts/index.ts'
import { createSettlementChain, createSettler } from '../settlement/index.ts'
import * as sqlite from '../storage/sqlite/index.ts'
import type { Settings } from './settings.ts'

const QUIET = { info: () => {}, warn: () => {} }

/**
 * Opens the ledger that the settings name, or makes it where `serve` says so: for a seeder, whose sending never waits for
 * its disk. `chain` binds it to one contract; `node` names the process among those that serve from one database.
 */
export async function openLedgerOf(
  settings: Settings,
  { chain, serve = false, node }: { chain?: Chain | undefined; serve?: boolean; node?: string } = {},
): Promise<ReceiptLedger> {
  const domain = chain === undefined ? {} : { domain: { chainId: chain.id, settlement: chain.addresses.settlement } }
  const url = databaseOf(settings)
  if (url !== null) return (await postgres()).openLedger({ url, node, ...domain })
  if (!serve && !hasLedger(settings)) {
    throw new BitCdnError('file-missing', `No seeder has run from ${settings.home}: there is no ledger.`, {
      advice: 'Start one with "bitcdn seed", or name its data folder with --home.',
    })
  }
  const init = { path: settings.path('ledger.sqlite'), ...domain }
  return serve ? sqlite.openThreadedLedger(init) : sqlite.openLedger(init)
}

/** Whether a seeder has run here. */
export function hasLedger(settings: Settings): boolean {
  return settings.text('ledger') !== undefined || existsSync(settings.path('ledger.sqlite'))
}

/** What a gateway authorised, in the data folder or in the database that the settings name. */
export async function openSponsorLogOf(settings: Settings): Promise<SponsorLog> {
  const url = databaseOf(settings)
  if (url !== null) return (await postgres()).openSponsorLog({ url })
  return sqlite.openSponsorLog({ path: settings.path('sponsor-log.sqlite') })
}

/** Null where the ledger is kept in the data folder. Never repeats the address: it may carry a password. */
function databaseOf(settings: Settings): string | null {
  const url = settings.text('ledger')
  if (url === undefined) return null
  if (/^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? '')) return url
  throw new BitCdnError('usage', '--ledger must be an address such as postgresql://user@host:5432/database.', {
    advice: 'Leave it out, and the ledger is kept in the data folder. Passwords belong into ~/.pgpass or PGPASSFILE.',
  })
}

/** Loaded only where it is used: most seeders have no server. */
const postgres = () => import('../storage/postgres/index.ts')

export interface EarningsFilter {
  readonly contentId?: string
  readonly sponsor?: `0x${string}`
}

/**
 * What was earned, by where it stands: the one question behind every number that is shown. Where a chain is given, what
 * it says about lanes and transactions is taken over first.
 */
export async function readEarnings(
  ledger: ReceiptLedger,
  chain: Chain | null,
  { filter, signal }: { filter?: EarningsFilter; signal: AbortSignal },
): Promise<Earnings> {
  if (chain !== null) await catchUp(ledger, chain, signal)
  const { served, receipted, vouchered, submitted, paid } = await ledger.earnings(filter)
  return { served, receipted, vouchered, submitted, paid }
}

/** Takes over what the chain says about lanes and transactions. */
export async function catchUp(ledger: ReceiptLedger, chain: Chain, signal: AbortSignal): Promise<void> {
  const components = { ledger, chain: createSettlementChain(chain, ledger.journal), vouchers: null, logger: QUIET }
  try {
    await createSettler(components).reconcile({ signal })
  } catch (error) {
    if (!hasCode(error, 'refused')) throw error // who settles at this moment has just looked at the chain
  }
}
