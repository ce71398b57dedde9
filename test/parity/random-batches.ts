// A small world of sponsors, seeders, delegates and lanes in which anything may happen: each step is one transaction, with
// what the model says that it must do. Batches follow on what earlier ones settled, so they build on each other.
import secp256k1 from 'secp256k1'
import { type Address, concatHex, type Hex, keccak256, slice, stringToBytes } from 'viem'
import {
  amountFor,
  type BatchGroup,
  type BatchLine,
  createSessionKey,
  type Digest,
  type Domain,
  encodeBatch,
  firstHead,
  type Head,
  type Lane,
  nextHead,
  paidBytes,
  type SessionKey,
} from '../../src/receipts/index.ts'
import { createModel, ModelRevert, type Outcome, type SettlementModel } from './model.ts'
import { createRandom } from './random.ts'

export type Deed =
  | { do: 'deposit'; sponsor: Address; amount: bigint }
  | { do: 'reserve'; lane: Lane; amount: bigint }
  | { do: 'thawReserve'; lane: Lane; amount: bigint }
  | { do: 'releaseReserve'; lane: Lane }
  | { do: 'authorizeSigner'; sponsor: Address; key: Address; amount: bigint }
  | { do: 'revokeSigner'; sponsor: Address; key: Address }
  | { do: 'thaw'; sponsor: Address; amount: bigint }
  | { do: 'withdrawThawed'; sponsor: Address }
  | { do: 'settle'; by: Address; seeder: Address; batch: Hex }

export interface Step {
  deed: Deed
  /** Of the block, Unix seconds. */
  time: bigint
  /** What the contract reverts with, without its name in front; null where it does not. */
  reverts: string | null
  /** Of a settlement, one per group. */
  outcomes: readonly Outcome[]
  /** What the batch was made of, for whoever reads a difference. */
  made: readonly string[]
}

export interface World {
  model: SettlementModel
  sponsors: readonly Address[]
  seeders: readonly Address[]
  /** Settles for every seeder. */
  operator: Address
  lanes: readonly Lane[]
  delegates: readonly { sponsor: Address; key: Address }[]
  /** Some steps of sponsors, then one settlement. */
  next(): Step[]
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const MAX_UINT64 = 2n ** 64n - 1n
const PRICES = [10_000_000n, 10_000_000n, 25_000_000n, 1n, 0n, MAX_UINT64]
const WEEK = 7n * 24n * 3600n
const FOR_EVER = 2n ** 40n - 1n

/** The world of this number under this seed; its first transaction is at `time` or later. */
export function createWorld(domain: Domain, init: { seed: string; index: number; time: bigint }): World {
  const random = createRandom(`${init.seed} world`, init.index)
  const named = (name: string) => createSessionKey(keccak256(stringToBytes(`${init.seed} ${init.index} ${name}`)))
  const sponsorKeys = ['first', 'second', 'third'].map((name) => named(`${name} sponsor`))
  const sponsors = sponsorKeys.map(({ address }) => address)
  const seeders = [named('seeder').address, named('other seeder').address]
  const operator = named('operator').address
  const delegateKeys = ['delegate', 'other delegate', 'unknown delegate'].map(named)
  const delegates = sponsors.flatMap((sponsor) => delegateKeys.map(({ address }) => ({ sponsor, key: address })))
  const sessionKeys = Array.from({ length: 16 }, (_, i) => named(`session ${i}`))
  const lanes = sponsors.flatMap((sponsor) =>
    seeders.flatMap((seeder) =>
      [0, 1].map(() => ({
        sponsor,
        seeder,
        lane: random.pick([0n, 1n, MAX_UINT64, random.bigBelow(2n ** 64n)]),
        pricePerGiB: random.pick(PRICES),
      })),
    ),
  )
  const model = createModel(domain, { time: init.time })
  const settled: { seeder: Address; batch: Hex }[] = []
  let time = init.time
  /** The delegate whose revocation takes effect about now: its groups are then of interest. */
  let revoked: { sponsor: Address; key: Address } | null = null

  return { model, sponsors, seeders, operator, lanes, delegates, next }

  function next(): Step[] {
    const steps = Array.from({ length: random.pick([0, 1, 1, 2, 3]) }, () => play(sponsorDeed(), []))
    if (random.chance(0.15)) steps.push(...ending())
    const at = revoked === null ? tick() : time
    const { made, ...deed } = settlement(at)
    revoked = null
    return [...steps, play(deed, made, at)]
  }

  function tick(): bigint {
    time += random.chance(0.04) ? WEEK + BigInt(random.below(100)) : BigInt(1 + random.below(1000))
    return time
  }

  /** Goes to the second at which something ends, or to the one beside it, and takes what is to be had then. */
  function ending(): Step[] {
    const ends: { end: bigint; deed: Deed | null; revokes: typeof revoked }[] = []
    for (const sponsor of sponsors)
      ends.push({ end: model.thawing(sponsor).end, deed: { do: 'withdrawThawed', sponsor }, revokes: null })
    for (const lane of lanes)
      ends.push({ end: model.releasing(lane).end, deed: { do: 'releaseReserve', lane }, revokes: null })
    for (const one of delegates) ends.push({ end: model.delegate(one.sponsor, one.key).end, deed: null, revokes: one })
    const ahead = ends.filter(({ end }) => end > time + 1n)
    if (ahead.length === 0) return []
    const { end, deed, revokes } = random.pick(ahead)
    time = end + random.pick([-1n, 0n, 0n, 1n])
    revoked = revokes
    return deed === null ? [] : [play(deed, [], time)]
  }

  /** Lets the model do it too. */
  function play(deed: Deed, made: readonly string[], at = tick()): Step {
    model.at(at)
    try {
      return { deed, time: at, made, reverts: null, outcomes: inModel(deed) }
    } catch (cause) {
      if (!(cause instanceof ModelRevert)) throw cause
      return { deed, time: at, made, reverts: cause.message, outcomes: [] }
    }
  }

  function inModel(deed: Deed): readonly Outcome[] {
    if (deed.do === 'settle') {
      if (deed.by !== deed.seeder && deed.by !== operator) throw new ModelRevert('NotOperator')
      return model.settle(deed.seeder, deed.batch)
    }
    if (deed.do === 'deposit') model.deposit(deed.sponsor, deed.amount)
    else if (deed.do === 'reserve') model.reserve(deed.lane, deed.amount)
    else if (deed.do === 'thawReserve') model.thawReserve(deed.lane, deed.amount)
    else if (deed.do === 'releaseReserve') model.releaseReserve(deed.lane)
    else if (deed.do === 'authorizeSigner') model.authorize(deed.sponsor, deed.key, deed.amount)
    else if (deed.do === 'revokeSigner') model.revoke(deed.sponsor, deed.key)
    else if (deed.do === 'thaw') model.thaw(deed.sponsor, deed.amount)
    else model.withdrawThawed(deed.sponsor)
    return []
  }

  function sponsorDeed(): Deed {
    const lane = random.pick(lanes)
    const { sponsor } = lane
    const key = random.pick(delegateKeys.slice(0, 2)).address
    const pool = model.pool(sponsor)
    const kind = random.below(20)
    if (kind < 7) return { do: 'deposit', sponsor, amount: random.bigBelow(2n ** BigInt(8 + random.below(26))) }
    if (kind < 10) return { do: 'reserve', lane, amount: some(pool) }
    if (kind < 13) return { do: 'authorizeSigner', sponsor, key, amount: some(2n ** 30n) }
    if (kind < 14) return { do: 'revokeSigner', sponsor, key }
    if (kind < 16) return { do: 'thaw', sponsor, amount: some(pool) }
    if (kind < 17) return { do: 'withdrawThawed', sponsor }
    if (kind < 19) return { do: 'thawReserve', lane, amount: some(model.reserved(lane)) % 2n ** 64n }
    return { do: 'releaseReserve', lane }
  }

  /** Nothing, a part, all, or one too many. */
  function some(all: bigint): bigint {
    return random.pick([0n, random.bigBelow(all + 1n), random.bigBelow(all + 1n), all, all + 1n])
  }

  // --- batches --------------------------------------------------------------------------------------------------------

  function settlement(at: bigint): Extract<Deed, { do: 'settle' }> & { made: string[] } {
    const seeder = random.pick(seeders)
    const by = random.chance(0.02) ? random.pick(sponsors) : random.chance(0.3) ? operator : seeder
    const { batch, made } = spoiledBatch(seeder, at)
    settled.push({ seeder, batch })
    return { do: 'settle', by, seeder, batch, made }
  }

  function spoiledBatch(seeder: Address, at: bigint): { batch: Hex; made: string[] } {
    const before = settled.length === 0 ? null : random.pick(settled.slice(-12))
    const kind = random.below(100)
    if (kind < 2) return { batch: toHex(random.bytes(random.below(300))), made: ['random bytes'] }
    if (kind < 8 && before !== null) return { batch: before.batch, made: ['an earlier batch'] }
    const tips = new Map<Lane, Head>()
    const made = Array.from({ length: random.pick([0, 1, 1, 2, 2, 3, 4, 6]) }, () => randomGroup(seeder, at, tips))
    if (random.chance(0.06) && made.length > 0) made.push(random.pick(made))
    const batch = encodeBatch(made.map(({ group }) => group))
    const names = made.map(({ name }) => name)
    const size = (batch.length - 2) / 2
    if (kind < 18 && size > 0) return { batch: cut(batch, random.below(size)), made: [...names, 'cut off'] }
    if (kind < 21)
      return { batch: concatHex([batch, toHex(random.bytes(1 + random.below(80)))]), made: [...names, 'more'] }
    if (kind < 26 && size > 0) return { batch: flipped(batch), made: [...names, 'one bit flipped'] }
    if (kind < 29 && before !== null)
      return { batch: concatHex([batch, before.batch]), made: [...names, 'then an earlier batch'] }
    return { batch, made: names }
  }

  /** One group that moves a lane's head on from where it is, or, often, is spoiled in one way. */
  function randomGroup(seeder: Address, at: bigint, tips: Map<Lane, Head>): { group: BatchGroup; name: string } {
    const foreign = random.chance(0.03)
    const ending = random.chance(0.7) ? revoked?.sponsor : undefined
    const mine = lanes.filter((one) => foreign || one.seeder === seeder)
    const lane = random.pick(ending === undefined ? mine : mine.filter(({ sponsor }) => sponsor === ending))
    const spoil = random.chance(0.35) && ending === undefined ? random.pick(SPOILS) : 'good'
    const from = spoil === 'wrong head' ? wrongHead(lane) : (tips.get(lane) ?? model.head(lane))
    const delegated = ending !== undefined || random.chance(0.4)
    const signer = signerOf(lane.sponsor, delegated, spoil)
    const { lines, tip, bytes } = randomLines(from, spoil)
    const { sponsor, lane: number, pricePerGiB } = lane
    const amount = amountOf(lane, bytes, spoil)
    const about = {
      sponsor,
      lane: number,
      pricePerGiB,
      delegate: delegated ? signer.address : null,
      least: random.chance(0.3) ? leastOf(lane, amount) : null,
    }
    let group: BatchGroup
    if (random.chance(0.5)) {
      const expiry = spoil === 'expired' ? at - random.pick([1n, at]) : random.pick([at, at + 1n, FOR_EVER])
      const signature = signer.sign(domain.sessionLog(lane, tip, expiry))
      group = { kind: 'raw', ...about, expiry, signature, lines }
    } else {
      const to = spoil === 'head unmoved' ? random.pick([from, `0x${'00'.repeat(24)}` as Head]) : tip
      const signature = signer.sign(domain.voucher({ ...lane, from, to, amount }))
      group = { kind: 'voucher', ...about, to, amount, signature }
    }
    if (spoil === 'good') tips.set(lane, tip)
    return { group: altered(group, spoil), name: `${group.kind}, ${delegated ? 'by a delegate, ' : ''}${spoil}` }
  }

  function signerOf(sponsor: Address, delegated: boolean, spoil: Spoil): SessionKey {
    if (spoil === 'stranger') return random.pick(sessionKeys)
    const ending = delegateKeys.find(({ address }) => sponsor === revoked?.sponsor && address === revoked.key)
    if (delegated && ending !== undefined) return ending
    if (delegated) return random.chance(0.08) ? (delegateKeys[2] as SessionKey) : random.pick(delegateKeys.slice(0, 2))
    return sponsorKeys.find(({ address }) => address === sponsor) as SessionKey
  }

  function wrongHead(lane: Lane): Head {
    return random.pick([firstHead(lane), model.head(random.pick(lanes)), toHex(random.bytes(24)), model.head(lane)])
  }

  function randomLines(from: Head, spoil: Spoil): { lines: BatchLine[]; tip: Head; bytes: bigint[] } {
    const count = spoil === 'head unmoved' ? 0 : random.pick([1, 1, 1, 2, 2, 3, 5, 9])
    const bad = spoil === 'receipt' ? random.below(count) : -1
    const lines: BatchLine[] = []
    const bytes: bigint[] = []
    let tip = from
    for (let i = 0; i < count; i++) {
      const key = random.pick(sessionKeys)
      const maxBytes = byteCount()
      const bytesServed = random.chance(0.3) && i !== bad ? 0n : byteCount() || 1n
      const digest = domain.receipt({ session: tip, bytesServed })
      const signature = i === bad ? badSignature(key.sign(digest)) : key.sign(digest)
      if (bytesServed === 0n) lines.push({ maxBytes, sessionKey: key.address })
      else lines.push({ maxBytes, bytesServed, signature })
      bytes.push(paidBytes(bytesServed, maxBytes))
      const sessionKey = i === bad && random.chance(0.7) ? recoveredBy(digest, signature) : key.address
      tip = nextHead(tip, { sessionKey, maxBytes })
    }
    return { lines, tip, bytes }
  }

  function byteCount(): bigint {
    if (random.chance(0.03)) return random.pick([0n, 1n, 2n ** 48n - 1n])
    return random.bigBelow(2n ** BigInt(1 + random.below(36)))
  }

  function amountOf(lane: Lane, bytes: readonly bigint[], spoil: Spoil): bigint {
    const there = model.pool(lane.sponsor) + model.reserved(lane)
    if (spoil === 'amount') return random.pick([there, there + 1n, 2n ** 128n - 1n])
    return random.chance(0.5) ? amountFor(bytes, lane.pricePerGiB) % 2n ** 128n : random.bigBelow(there / 4n + 1n)
  }

  function leastOf(lane: Lane, amount: bigint): bigint {
    const there = model.pool(lane.sponsor) + model.reserved(lane)
    return random.pick([0n, 1n, there, there + 1n, amount, random.bigBelow(there + 1n), 2n ** 128n - 1n])
  }

  /** A field or the signature is another one than was signed. */
  function altered(group: BatchGroup, spoil: Spoil): BatchGroup {
    if (spoil === 'signature') return { ...group, signature: badSignature(group.signature) }
    if (spoil !== 'field') return group
    const field = random.below(7)
    if (field === 0) return { ...group, sponsor: random.pick(sponsors) }
    if (field === 1) return { ...group, lane: group.lane ^ 1n }
    if (field === 2) return { ...group, pricePerGiB: group.pricePerGiB ^ 1n }
    if (field === 3) return { ...group, delegate: group.delegate === null ? random.pick(delegateKeys).address : null }
    if (group.kind === 'voucher')
      return field < 6 ? { ...group, amount: group.amount ^ 1n } : { ...group, to: flipped(group.to) as Head }
    if (field === 4) return { ...group, expiry: group.expiry ^ (1n << 39n) }
    if (field === 5) return { ...group, lines: group.lines.slice(1) }
    return { ...group, lines: [...group.lines].reverse() }
  }

  function badSignature(signature: Hex): Hex {
    const r = slice(signature, 0, 32)
    const vs = BigInt(slice(signature, 32))
    const kind = random.below(6)
    if (kind === 0) return `0x${'00'.repeat(64)}`
    if (kind === 1) return concatHex([`0x${'00'.repeat(32)}`, word(vs)])
    if (kind === 2) return concatHex([r, word(vs ^ (1n << 255n))])
    if (kind === 3)
      return concatHex([r, word(((vs >> 255n) << 255n) | (ORDER / 2n + 1n + random.bigBelow(2n ** 100n)))])
    if (kind === 4) return concatHex([r, word(ORDER - (vs & (2n ** 255n - 1n)))])
    return flipped(signature)
  }

  function flipped(hex: Hex): Hex {
    const bytes = Buffer.from(hex.slice(2), 'hex')
    const at = random.below(bytes.length)
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
    return toHex(bytes)
  }
}

const SPOILS = ['wrong head', 'stranger', 'signature', 'receipt', 'expired', 'field', 'head unmoved', 'amount'] as const
type Spoil = (typeof SPOILS)[number] | 'good'

/** Whoever ECDSA names, in whatever form the signature is; zero where it names nobody: a sponsor could sign even that. */
function recoveredBy(digest: Digest, signature: Hex): Address {
  const bytes = Buffer.from(signature.slice(2), 'hex')
  const parity = (bytes[32] as number) >> 7
  bytes[32] = (bytes[32] as number) & 0x7f
  try {
    return toHex(keccak256(secp256k1.ecdsaRecover(bytes, parity, digest, false).subarray(1), 'bytes').subarray(12))
  } catch {
    return `0x${'00'.repeat(20)}`
  }
}

function cut(batch: Hex, bytes: number): Hex {
  return batch.slice(0, 2 + bytes * 2) as Hex
}

function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}

function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
}
