// BandwidthSettlement in plain TypeScript, slow and readable: what the contract must decide for any batch, whatever the
// sponsor does with its pool, its reserves and its delegates in between.
import { type Address, getAddress } from 'viem'
import {
  amountFor,
  type BatchGroup,
  type Domain,
  decodeBatch,
  firstHead,
  type Head,
  type Lane,
  laneKey,
  nextHead,
  paidBytes,
  type RawGroup,
  receiptSigner,
  recoverSigner,
  type VoucherGroup,
} from '../../src/receipts/index.ts'

/** `SkipReason` of the contract, by its number. */
export const REASONS = ['None', 'Unpaid', 'Signature', 'Expired', 'Revoked', 'HeadUnmoved'] as const
export type Reason = (typeof REASONS)[number]

export interface Outcome {
  sponsor: Address
  laneKey: `0x${string}`
  /** What the group asked for, or, where it was paid in part (`least`), what it got. */
  amount: bigint
  reason: Reason
  /** The lane's head after the group. */
  head: Head
}

interface Delegate {
  allowance: bigint
  /** Unix seconds at which a revocation takes effect; null while it stands. */
  end: bigint | null
}

interface Parting {
  amount: bigint
  /** Unix seconds from which it may be taken. */
  end: bigint
}

const THAW = 7n * 24n * 3600n
const NOTHING: Parting = { amount: 0n, end: 0n }

/** What the contract reverts with, without the name of the contract in front. */
export class ModelRevert extends Error {}

export interface SettlementModel {
  deposit(sponsor: Address, amount: bigint): void
  reserve(lane: Lane, amount: bigint): void
  authorize(sponsor: Address, key: Address, allowance: bigint): void
  revoke(sponsor: Address, key: Address): void
  thaw(sponsor: Address, amount: bigint): void
  withdrawThawed(sponsor: Address): void
  thawReserve(lane: Lane, amount: bigint): void
  releaseReserve(lane: Lane): void
  wait(seconds: bigint): void
  /** Sets the clock, Unix seconds. */
  at(time: bigint): void
  /** Throws a {@link ModelRevert} when the batch cannot be parsed. */
  settle(seeder: Address, batch: `0x${string}`): Outcome[]
  head(lane: Lane): Head
  reserved(lane: Lane): bigint
  releasing(lane: Lane): Parting
  pool(sponsor: Address): bigint
  thawing(sponsor: Address): Parting
  /** Zeros for a key that was never authorised; an end of zero is none. */
  delegate(sponsor: Address, key: Address): { allowance: bigint; end: bigint }
  credit(seeder: Address): bigint
}

export function createModel(domain: Domain, init: { time: bigint }): SettlementModel {
  let time = init.time
  const pools = new Map<Address, bigint>()
  const credits = new Map<Address, bigint>()
  const heads = new Map<string, Head>()
  const reserves = new Map<string, bigint>()
  const delegates = new Map<string, Delegate>()
  const thaws = new Map<Address, Parting>()
  const releases = new Map<string, Parting>()
  const pool = (sponsor: Address) => pools.get(sponsor) ?? 0n
  const reserved = (lane: Lane) => reserves.get(laneKey(lane)) ?? 0n
  const head = (lane: Lane) => heads.get(laneKey(lane)) ?? firstHead(lane)
  const delegateName = (sponsor: Address, key: Address) => `${sponsor}/${key}`

  /** Null when the signature holds. */
  function wrong(group: BatchGroup, digest: Uint8Array): Reason | null {
    const signer = recoverSigner(digest, group.signature)
    if (signer === null || signer !== (group.delegate ?? group.sponsor)) return 'Signature'
    if (group.delegate === null) return null
    const delegate = delegates.get(delegateName(group.sponsor, group.delegate))
    return isActive(delegate) ? null : 'Revoked'
  }

  function isActive(delegate: Delegate | undefined): delegate is Delegate {
    return delegate !== undefined && (delegate.end === null || time < delegate.end)
  }

  function raw(lane: Lane, group: RawGroup): { to: Head; asked: bigint; reason: Reason | null } {
    let to = head(lane)
    const bytes: bigint[] = []
    let unsigned = false
    for (const line of group.lines) {
      let sessionKey: Address
      if ('signature' in line) {
        const { bytesServed, signature } = line
        const signer = receiptSigner(domain, { session: to, bytesServed, signature })
        unsigned ||= signer === null
        sessionKey = signer ?? getAddress(`0x${'00'.repeat(20)}`)
        bytes.push(paidBytes(bytesServed, line.maxBytes))
      } else {
        sessionKey = line.sessionKey
      }
      to = nextHead(to, { sessionKey, maxBytes: line.maxBytes })
    }
    const asked = amountFor(bytes, lane.pricePerGiB)
    if (group.lines.length === 0) return { to, asked, reason: 'HeadUnmoved' }
    if (time > group.expiry) return { to, asked, reason: 'Expired' }
    if (unsigned) return { to, asked, reason: 'Signature' }
    return { to, asked, reason: wrong(group, domain.sessionLog(lane, to, group.expiry)) }
  }

  function voucher(lane: Lane, group: VoucherGroup): { to: Head; asked: bigint; reason: Reason | null } {
    const from = head(lane)
    const { to, amount } = group
    if (to === from || BigInt(to) === 0n) return { to, asked: amount, reason: 'HeadUnmoved' }
    return { to, asked: amount, reason: wrong(group, domain.voucher({ ...lane, from, to, amount })) }
  }

  /** The reserve first, then the pool within the delegate's allowance. Null when it cannot be paid. */
  function pay(lane: Lane, group: BatchGroup, asked: bigint): bigint | null {
    const own = reserved(lane)
    if (asked <= own) {
      reserves.set(laneKey(lane), own - asked)
      return asked
    }
    const delegate = group.delegate && delegates.get(delegateName(group.sponsor, group.delegate))
    let usable = pool(group.sponsor)
    if (delegate && delegate.allowance < usable) usable = delegate.allowance
    let rest = asked - own
    if (rest > usable) {
      if (group.least === null || own + usable < group.least) return null
      rest = usable
    }
    reserves.set(laneKey(lane), 0n)
    pools.set(group.sponsor, pool(group.sponsor) - rest)
    if (delegate) delegate.allowance -= rest
    return own + rest
  }

  function settleGroup(seeder: Address, group: BatchGroup): Outcome {
    const lane: Lane = { sponsor: group.sponsor, seeder, lane: group.lane, pricePerGiB: group.pricePerGiB }
    const { to, asked, reason } = group.kind === 'raw' ? raw(lane, group) : voucher(lane, group)
    const about = { sponsor: group.sponsor, laneKey: laneKey(lane) }
    if (reason !== null) return { ...about, amount: asked, reason, head: head(lane) }
    const paid = pay(lane, group, asked)
    if (paid === null) return { ...about, amount: asked, reason: 'Unpaid', head: head(lane) }
    heads.set(laneKey(lane), to)
    credits.set(seeder, (credits.get(seeder) ?? 0n) + paid)
    return { ...about, amount: paid, reason: 'None', head: to }
  }

  /** What may be taken now of what was asked back. */
  function matured({ amount, end }: Parting, there: bigint): bigint {
    if (end === 0n) throw new ModelRevert('NothingThawing')
    if (time < end) throw new ModelRevert('StillThawing')
    return amount < there ? amount : there
  }

  return {
    deposit: (sponsor, amount) => void pools.set(sponsor, pool(sponsor) + amount),
    reserve(lane, amount) {
      if (pool(lane.sponsor) < amount) throw new ModelRevert('InsufficientBalance')
      pools.set(lane.sponsor, pool(lane.sponsor) - amount)
      reserves.set(laneKey(lane), reserved(lane) + amount)
    },
    authorize(sponsor, key, allowance) {
      const known = delegates.get(delegateName(sponsor, key))
      const left = isActive(known) ? known.allowance : 0n
      delegates.set(delegateName(sponsor, key), { allowance: left + allowance, end: null })
    },
    revoke(sponsor, key) {
      const delegate = delegates.get(delegateName(sponsor, key))
      if (delegate === undefined || delegate.end !== null) throw new ModelRevert('UnknownSigner')
      delegate.end = time + THAW
    },
    thaw(sponsor, amount) {
      if (amount > pool(sponsor)) throw new ModelRevert('InsufficientBalance')
      thaws.set(sponsor, { amount, end: amount === 0n ? 0n : time + THAW })
    },
    withdrawThawed(sponsor) {
      const amount = matured(thaws.get(sponsor) ?? NOTHING, pool(sponsor))
      pools.set(sponsor, pool(sponsor) - amount)
      thaws.delete(sponsor)
    },
    thawReserve: (lane, amount) => void releases.set(laneKey(lane), { amount, end: amount === 0n ? 0n : time + THAW }),
    releaseReserve(lane) {
      const amount = matured(releases.get(laneKey(lane)) ?? NOTHING, reserved(lane))
      reserves.set(laneKey(lane), reserved(lane) - amount)
      pools.set(lane.sponsor, pool(lane.sponsor) + amount)
      releases.delete(laneKey(lane))
    },
    wait(seconds) {
      time += seconds
    },
    at(now) {
      time = now
    },
    settle: (seeder, batch) => parse(batch).map((group) => settleGroup(seeder, group)),
    head,
    reserved,
    releasing: (lane) => releases.get(laneKey(lane)) ?? NOTHING,
    pool,
    thawing: (sponsor) => thaws.get(sponsor) ?? NOTHING,
    delegate(sponsor, key) {
      const { allowance, end } = delegates.get(delegateName(sponsor, key)) ?? { allowance: 0n, end: null }
      return { allowance, end: end ?? 0n }
    },
    credit: (seeder) => credits.get(seeder) ?? 0n,
  }
}

/** All groups before any is acted on: a batch that breaks off settles nothing. */
function parse(batch: `0x${string}`): BatchGroup[] {
  try {
    return decodeBatch(batch)
  } catch (cause) {
    const kind = cause instanceof Error && cause.message.startsWith('The kind of a group')
    throw new ModelRevert(kind ? 'UnknownKind' : 'BatchLength', { cause })
  }
}
