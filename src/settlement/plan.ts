// What one lane has to claim, and how: what settleOnce and an operator's prepare share.
import { BitCdnError } from '../errors.ts'
import type { Head, Lane, ReceiptLedger, SettleableRange, SignedHead, SignedVoucher } from '../receipts/index.ts'
import { DEFAULT_IDLE_SECONDS, EXPIRY_MARGIN } from './constants.ts'
import { type Claim, cutRange, rawClaims, restOfRange, voucherClaim } from './groups.ts'
import type { SettlementChain, VoucherSource } from './ports.ts'
import { requestVoucher } from './vouchers.ts'

export interface PlanComponents {
  readonly ledger: ReceiptLedger
  readonly chain: SettlementChain
  /** Null where no sponsor's gateway is known: raw receipts only. */
  readonly vouchers: VoucherSource | null
}

export interface PlanOptions {
  /** The least that a lane's claim must be worth, token units. Default 1. */
  min?: bigint | undefined
  /** Sessions without a stream for longer count as over. Default {@link DEFAULT_IDLE_SECONDS}. */
  idleSeconds?: number | undefined
  /** Sessions without a stream count as over at once. */
  all?: boolean | undefined
  /** Only look: nothing is sealed and nobody is asked for a voucher. */
  dryRun?: boolean | undefined
  /** Milliseconds that a gateway may take for one voucher. */
  voucherTimeout?: number | undefined
  signal?: AbortSignal | undefined
}

/** Something that an operator should know about one lane, as a sentence. */
export interface Note {
  readonly lane: Lane
  readonly words: string
}

/** The closed lines of one lane that are worth something: the first part of a very long range. */
export async function rangeOf(
  { ledger }: Pick<PlanComponents, 'ledger'>,
  lane: Lane,
  options: PlanOptions,
  from?: Head,
): Promise<SettleableRange | null> {
  const idleSeconds = options.all === true ? 0 : (options.idleSeconds ?? DEFAULT_IDLE_SECONDS)
  const found = await ledger.settleable(lane, from === undefined ? { idleSeconds } : { idleSeconds, from })
  return found === null || found.amount === 0n ? null : found
}

/** A range of any length in its parts, one after the other. */
export async function* rangesOf(
  components: Pick<PlanComponents, 'ledger'>,
  lane: Lane,
  options: PlanOptions,
): AsyncGenerator<SettleableRange> {
  let range = await rangeOf(components, lane, options)
  while (range !== null) {
    yield range
    range = range.more ? await rangeOf(components, lane, options, range.to) : null
  }
}

/** The claims of one range, in order, and what stood in the way of others. Nothing live is ever closed. */
export async function planRange(
  components: PlanComponents,
  found: SettleableRange,
  options: PlanOptions,
): Promise<{ claims: Claim[]; notes: Note[] }> {
  const notes: Note[] = []
  const note = (words: string) => void notes.push({ lane: found.lane, words })
  const range = options.dryRun === true ? found : await sealed(components.ledger, found, note)
  if (range === null) return { claims: [], notes }
  return { claims: await claimsOf(components, range, options, note), notes }
}

/** Why a range is left alone for what it is worth; null when it is not. */
export function tooLittle({ amount }: SettleableRange, { min = 1n }: PlanOptions): string | null {
  return amount >= min
    ? null
    : `${amount} token units are less than the ${min} token units that a claim should be worth`
}

/** Closed for good, then read again: a receipt may have come in between. Null when a stream was opened meanwhile. */
async function sealed(
  ledger: ReceiptLedger,
  range: SettleableRange,
  note: (words: string) => void,
): Promise<SettleableRange | null> {
  try {
    await ledger.seal(range.lane, range.to)
  } catch (error) {
    if (!(error instanceof BitCdnError) || error.code !== 'refused') throw error
    note(error.message)
    return null
  }
  const again = await ledger.settleable(range.lane, { from: range.from })
  return again === null ? null : cutRange(again, range.to)
}

async function claimsOf(
  components: PlanComponents,
  range: SettleableRange,
  options: PlanOptions,
  note: (words: string) => void,
): Promise<Claim[]> {
  const { chain } = components
  const voucher = await bestVoucher(components, range, options, note)
  if (voucher !== null && voucher.to === range.to) return [voucherClaim(range, voucher)]
  const first = voucher === null ? [] : [voucherClaim(range, voucher)]
  const rest = voucher === null ? range : restOfRange(range, voucher.to)
  if (rest === null || rest.amount === 0n) return first
  const heads = await usableHeads(chain, rest, options.signal)
  const { claims, left } = rawClaims(rest, heads)
  if (left > 0n) {
    note(
      heads.length === 0
        ? `${left} token units wait: no signed head is held that the chain would honour now; a voucher is needed`
        : `${left} token units wait: the next signed head lies behind a session that is still open`,
    )
  }
  return [...first, ...claims]
}

/** One for the whole range if the sponsor signs it, else the furthest that is held. */
async function bestVoucher(
  components: PlanComponents,
  range: SettleableRange,
  options: PlanOptions,
  note: (words: string) => void,
): Promise<SignedVoucher | null> {
  const { ledger, chain, vouchers } = components
  const held = await heldVoucher(chain, range, options.signal)
  if (held?.to === range.to || vouchers === null || options.dryRun === true) return held
  try {
    const { signal, voucherTimeout: timeout } = options
    const voucher = await requestVoucher({ chain, vouchers }, range, { signal, timeout })
    await ledger.saveVoucher(voucher)
    return voucher
  } catch (error) {
    options.signal?.throwIfAborted()
    note(`no voucher from ${range.lane.sponsor}: ${error instanceof Error ? error.message : String(error)}`)
    return held
  }
}

/** A voucher that ends where our lines do, pays at least what they are worth, and is still honoured. */
async function heldVoucher(
  chain: SettlementChain,
  range: SettleableRange,
  signal: AbortSignal | undefined,
): Promise<SignedVoucher | null> {
  const { voucher, lane } = range
  if (voucher === null) return null
  const covered = cutRange(range, voucher.to)
  if (covered === null || voucher.amount < covered.amount) return null
  return (await chain.maySign(lane.sponsor, voucher.signer, { signal })) ? voucher : null
}

async function usableHeads(
  chain: SettlementChain,
  range: SettleableRange,
  signal: AbortSignal | undefined,
): Promise<SignedHead[]> {
  const until = (await chain.time({ signal })) + EXPIRY_MARGIN
  const honoured = new Map<string, boolean>()
  const usable: SignedHead[] = []
  for (const head of range.heads) {
    if (head.expiry < until) continue
    const known = honoured.get(head.signer) ?? (await chain.maySign(range.lane.sponsor, head.signer, { signal }))
    honoured.set(head.signer, known)
    if (known) usable.push(head)
  }
  return usable
}
