import { existsSync } from 'node:fs'
import type { Chain } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import type { Earnings, ReceiptLedger } from '../receipts/index.ts'
import { createSettlementChain, createSettler } from '../settlement/index.ts'
import { openLedger } from '../storage/sqlite/index.ts'
import type { Settings } from './settings.ts'

const QUIET = { info: () => {}, warn: () => {} }

/** Opens the ledger that the settings name, or makes it where `make` says so. `chain` binds it to one contract. */
export async function openLedgerOf(
  settings: Settings,
  { chain, make = false }: { chain?: Chain | undefined; make?: boolean } = {},
): Promise<ReceiptLedger> {
  if (!make && !hasLedger(settings)) {
    throw new BitCdnError('file-missing', `No seeder has run from ${settings.home}: there is no ledger.`, {
      advice: 'Start one with "bitcdn seed", or name its data folder with --home.',
    })
  }
  const domain = chain === undefined ? {} : { domain: { chainId: chain.id, settlement: chain.addresses.settlement } }
  return openLedger({ path: settings.path('ledger.sqlite'), ...domain })
}

/** Whether a seeder has run here. */
export function hasLedger(settings: Settings): boolean {
  return existsSync(settings.path('ledger.sqlite'))
}

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
  if (chain !== null) {
    const components = { ledger, chain: createSettlementChain(chain, ledger.journal), vouchers: null, logger: QUIET }
    await createSettler(components).reconcile({ signal })
  }
  const { served, receipted, vouchered, submitted, paid } = await ledger.earnings(filter)
  return { served, receipted, vouchered, submitted, paid }
}
