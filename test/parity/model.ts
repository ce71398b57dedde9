// BandwidthSettlement.settle() in plain TypeScript, slow and readable: what the contract must decide for any batch.
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

const THAW = 7n * 24n * 3600n

export interface SettlementModel {
  deposit(sponsor: Address, amount: bigint): void
  reserve(lane: Lane, amount: bigint): void
  authorize(sponsor: Address, key: Address, allowance: bigint): void
  revoke(sponsor: Address, key: Address): void
  wait(seconds: bigint): void
  /** Throws when the batch cannot be parsed: the contract reverts. */
  settle(seeder: Address, batch: `0x${string}`): Outcome[]
  head(lane: Lane): Head
  reserved(lane: Lane): bigint
  pool(sponsor: Address): bigint
  credit(seeder: Address): bigint
}

export function createModel(domain: Domain, init: { time: bigint }): SettlementModel {
  let time = init.time
  const pools = new Map<Address, bigint>()
  const credits = new Map<Address, bigint>()
  const heads = new Map<string, Head>()
  const reserves = new Map<string, bigint>()
  const delegates = new Map<string, Delegate>()
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
    return delegate === undefined || (delegate.end !== null && time >= delegate.end) ? 'Revoked' : null
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
    if (time > group.expiry) return { to, asked, reason: 'Expired' }
    if (unsigned) return { to, asked, reason: 'Signature' }
    const reason = wrong(group, domain.sessionLog(lane, to, group.expiry))
    return { to, asked, reason: reason ?? (group.lines.length === 0 ? 'HeadUnmoved' : null) }
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

  return {
    deposit: (sponsor, amount) => void pools.set(sponsor, pool(sponsor) + amount),
    reserve(lane, amount) {
      if (pool(lane.sponsor) < amount) throw new Error(`${lane.sponsor} cannot reserve ${amount}`)
      pools.set(lane.sponsor, pool(lane.sponsor) - amount)
      reserves.set(laneKey(lane), reserved(lane) + amount)
    },
    authorize(sponsor, key, allowance) {
      const before = delegates.get(delegateName(sponsor, key))?.allowance ?? 0n
      delegates.set(delegateName(sponsor, key), { allowance: before + allowance, end: null })
    },
    revoke(sponsor, key) {
      const delegate = delegates.get(delegateName(sponsor, key))
      if (delegate !== undefined) delegate.end = time + THAW
    },
    wait(seconds) {
      time += seconds
    },
    settle: (seeder, batch) => decodeBatch(batch).map((group) => settleGroup(seeder, group)),
    head,
    reserved,
    pool,
    credit: (seeder) => credits.get(seeder) ?? 0n,
  }
}
