// One range of closed lines as groups of a batch: the voucher where there is one, raw receipts up to signed heads else.
import {
  amountFor,
  type BatchLine,
  firstHead,
  type LaneMove,
  type LedgerSession,
  paidBytes,
  type RawGroup,
  type SettleableRange,
  type SignedHead,
  type SignedVoucher,
  type VoucherGroup,
} from '../receipts/index.ts'
import {
  BATCH_GAS,
  GAS_FIRST_MOVE,
  GAS_PER_BATCH,
  GAS_PER_DELEGATE,
  GAS_PER_GROUP,
  GAS_PER_RECEIPT,
  GAS_PER_UNUSED_LINE,
} from './constants.ts'

/** A group with what it moves and costs. */
export interface Claim {
  readonly group: RawGroup | VoucherGroup
  readonly move: LaneMove
  /** Receipts that it stands for. */
  readonly receipts: number
  /** An estimate, in gas, without the transaction around it. */
  readonly gas: bigint
}

/** What these sessions earn, by the contract's rule. */
export function amountOf(sessions: readonly LedgerSession[], pricePerGiB: bigint): bigint {
  return amountFor(sessions.map(paidBySession), pricePerGiB)
}

/** The range up to `to`, one of its heads after the first; null when it is none. */
export function cutRange(range: SettleableRange, to: SettleableRange['to']): SettleableRange | null {
  const last = range.sessions.findIndex(({ next }) => next === to)
  if (last < 0) return null
  const sessions = range.sessions.slice(0, last + 1)
  const reached = new Set(sessions.map(({ next }) => next))
  const heads = range.heads.filter(({ head }) => reached.has(head))
  const amount = amountOf(sessions, range.lane.pricePerGiB)
  return { ...range, to, sessions, heads, head: heads.at(-1) ?? null, amount }
}

/** The range behind `from`, one of its heads before the last; null when nothing is left of it. */
export function restOfRange(range: SettleableRange, from: SettleableRange['from']): SettleableRange | null {
  const first = range.sessions.findIndex(({ session }) => session === from)
  if (first < 0) return null
  const sessions = range.sessions.slice(first)
  const reached = new Set(sessions.map(({ next }) => next))
  const heads = range.heads.filter(({ head }) => reached.has(head))
  const amount = amountOf(sessions, range.lane.pricePerGiB)
  return { ...range, from, sessions, heads, head: heads.at(-1) ?? null, amount, voucher: null }
}

export function voucherClaim(range: SettleableRange, voucher: SignedVoucher): Claim {
  const { lane, from } = range
  const { to, amount, signature } = voucher
  const delegate = delegateOf(lane.sponsor, voucher.signer)
  const covered = cutRange(range, to)?.sessions ?? []
  return {
    group: { kind: 'voucher', ...about(range), delegate, least: null, to, amount, signature },
    move: { lane, from, to, amount },
    receipts: covered.filter(({ receipt }) => receipt !== null).length,
    gas: groupGas(range, delegate !== null),
  }
}

/**
 * Raw receipts reach exactly to a signed head, with every line before it. One group to the nearest head that pays all
 * there is; several, from head to head, where one would not fit into a transaction. `left` is what no head reaches.
 */
export function rawClaims(
  range: SettleableRange,
  heads: readonly SignedHead[] = range.heads,
  budget: bigint = BATCH_GAS - GAS_PER_BATCH,
): { claims: Claim[]; left: bigint } {
  const claims: Claim[] = []
  let rest: SettleableRange | null = range
  while (rest !== null && rest.amount > 0n) {
    const claim: Claim | null = furthestThatFits(rest, heads, budget)
    if (claim === null) break
    claims.push(claim)
    rest = restOfRange(rest, claim.move.to)
  }
  return { claims, left: rest?.amount ?? 0n }
}

function furthestThatFits(range: SettleableRange, heads: readonly SignedHead[], budget: bigint): Claim | null {
  const signed = new Map(heads.map((head) => [head.head, head]))
  const { sponsor, pricePerGiB } = range.lane
  let lines = 0n
  let bytes = 0n
  let best: SignedHead | null = null
  let most = 0n
  for (const session of range.sessions) {
    lines += session.receipt === null ? GAS_PER_UNUSED_LINE : GAS_PER_RECEIPT
    bytes += paidBySession(session)
    const head = signed.get(session.next)
    if (head === undefined) continue
    if (lines + groupGas(range, delegateOf(sponsor, head.signer) !== null) > budget) break
    const amount = amountFor([bytes], pricePerGiB)
    if (amount > most) {
      best = head
      most = amount
    }
  }
  const covered = best === null ? null : cutRange(range, best.head)
  return best === null || covered === null ? null : rawClaim(covered, best)
}

function rawClaim(range: SettleableRange, head: SignedHead): Claim {
  const { lane, from, to, sessions, amount } = range
  const delegate = delegateOf(lane.sponsor, head.signer)
  const { expiry, signature } = head
  const lines = sessions.map(lineOf)
  const receipts = lines.filter((line) => 'signature' in line).length
  return {
    group: { kind: 'raw', ...about(range), delegate, least: null, expiry, signature, lines },
    move: { lane, from, to, amount },
    receipts,
    gas:
      groupGas(range, delegate !== null) +
      GAS_PER_RECEIPT * BigInt(receipts) +
      GAS_PER_UNUSED_LINE * BigInt(lines.length - receipts),
  }
}

function lineOf({ receipt, maxBytes, sessionKey }: LedgerSession): BatchLine {
  if (receipt === null) return { maxBytes, sessionKey }
  return { maxBytes, bytesServed: receipt.bytesServed, signature: receipt.signature }
}

function about({ lane }: SettleableRange) {
  return { sponsor: lane.sponsor, lane: lane.lane, pricePerGiB: lane.pricePerGiB }
}

function groupGas({ from, lane }: SettleableRange, delegated: boolean): bigint {
  return GAS_PER_GROUP + (from === firstHead(lane) ? GAS_FIRST_MOVE : 0n) + (delegated ? GAS_PER_DELEGATE : 0n)
}

function delegateOf(sponsor: string, signer: SignedHead['signer']): SignedHead['signer'] | null {
  return signer.toLowerCase() === sponsor.toLowerCase() ? null : signer
}

function paidBySession({ receipt, maxBytes }: LedgerSession): bigint {
  return paidBytes(receipt?.bytesServed ?? 0n, maxBytes)
}
