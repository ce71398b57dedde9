// The address that is paid may be another than the key that works: money then never lies behind a hot key.
import type { Address } from 'viem'
import { type Chain, isOperator } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import type { ReceiptLedger } from '../receipts/index.ts'
import type { Settings } from './settings.ts'
import { parseAddress } from './wallet.ts'

/** The payout address that the settings name, or the account itself. */
export function payoutOf(settings: Settings, chain: Chain): Address {
  const named = settings.text('payout')
  return named === undefined ? chain.account!.address : parseAddress(named, '--payout')
}

/** Throws `refused` when the account is neither the payout address nor an operator that it approved. */
export async function requireOperator(chain: Chain, payout: Address, signal: AbortSignal): Promise<void> {
  const key = chain.account!.address
  if (payout === key || (await isOperator(chain, payout, key, { signal }))) return
  throw new BitCdnError('refused', `${key} is no operator of the payout address ${payout}: it may not work for it.`, {
    advice: `Approve it once with the key of ${payout}, wherever that is kept: bitcdn claim --approve ${key}`,
  })
}

/** Whose money a ledger holds: the named payout address, the account itself, or the one address that was served for. */
export async function payoutIn(ledger: ReceiptLedger, settings: Settings, chain: Chain): Promise<Address> {
  const key = chain.account!.address
  if (settings.text('payout') !== undefined) return payoutOf(settings, chain)
  const seeders = new Set((await ledger.lanes()).map(({ seeder }) => seeder))
  const [only] = seeders
  if (only === undefined || seeders.has(key)) return key
  if (seeders.size === 1) return only
  throw new BitCdnError('usage', `This ledger holds money of ${seeders.size} addresses, and none of them is ${key}.`, {
    advice: `Name one with --payout: ${[...seeders].join(', ')}.`,
  })
}
