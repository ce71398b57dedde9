// Asking the sponsor for one signature instead of many receipts, and believing nothing that it answers unchecked.
import { BitCdnError } from '../errors.ts'
import { type SettleableRange, type SignedVoucher, verifyVoucher } from '../receipts/index.ts'
import { VOUCHER_TIMEOUT } from './constants.ts'
import type { SettlementChain, VoucherSource } from './ports.ts'

export interface VoucherComponents {
  readonly chain: Pick<SettlementChain, 'domain' | 'maySign'>
  readonly vouchers: VoucherSource
}

/**
 * A voucher over exactly `range`, for at least what its receipts are worth, by a key that the chain honours. Rejects
 * with whatever the source says, or `refused` when its answer does not hold.
 */
export async function requestVoucher(
  { chain, vouchers }: VoucherComponents,
  range: SettleableRange,
  options: { signal?: AbortSignal | undefined; timeout?: number | undefined } = {},
): Promise<SignedVoucher> {
  const deadline = AbortSignal.timeout(options.timeout ?? VOUCHER_TIMEOUT)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline])
  const voucher = await orAborted(vouchers.request(range, { signal }), signal)
  const wrong = await whatIsWrong(chain, range, voucher, signal)
  if (wrong === null) return voucher
  throw new BitCdnError('refused', `The sponsor ${range.lane.sponsor} answered with a voucher that ${wrong}.`, {
    advice: 'The raw receipts are settled instead.',
  })
}

async function whatIsWrong(
  chain: VoucherComponents['chain'],
  range: SettleableRange,
  voucher: SignedVoucher,
  signal: AbortSignal,
): Promise<string | null> {
  const { lane, from, to, amount } = range
  if (voucher.sponsor.toLowerCase() !== lane.sponsor.toLowerCase()) return 'names another sponsor'
  if (voucher.seeder.toLowerCase() !== lane.seeder.toLowerCase()) return 'names another seeder'
  if (voucher.lane !== lane.lane || voucher.pricePerGiB !== lane.pricePerGiB) return 'is for another lane'
  if (voucher.from !== from || voucher.to !== to) return `leads from ${voucher.from} to ${voucher.to}`
  if (voucher.amount < amount) return `pays ${voucher.amount} where ${amount} are owed`
  if (!verifyVoucher(chain.domain, voucher)) return `${voucher.signer} did not sign`
  if (!(await chain.maySign(lane.sponsor, voucher.signer, { signal }))) return `${voucher.signer} may not sign`
  return null
}

/** A source that forgets its signal must not hold up the settlement. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
