// Scenarios of settle() for any domain: each has sponsors and a seeder of its own, so they share one contract without
// touching each other. What must come out is asked of the model. Deterministic: the same domain gives the same bytes.
import { type Address, type Hex, keccak256, stringToBytes } from 'viem'
import {
  amountFor,
  type BatchGroup,
  type BatchLine,
  createSessionKey,
  type Domain,
  encodeBatch,
  firstHead,
  type Head,
  type Lane,
  type LogLine,
  nextHead,
  paidBytes,
  type RawGroup,
  type SessionKey,
  signHead,
  signVoucher,
  type VoucherGroup,
} from '../../src/receipts/index.ts'
import { createModel, type Outcome } from './model.ts'
import { numbersOf } from './random.ts'

/** Amounts and integers are decimal strings where they become JSON (see generate.ts). */
export type Step =
  | { do: 'deposit'; sponsor: Address; amount: bigint }
  | { do: 'reserve'; sponsor: Address; seeder: Address; lane: bigint; pricePerGiB: bigint; amount: bigint }
  | { do: 'authorize'; sponsor: Address; key: Address; allowance: bigint }
  | { do: 'revoke'; sponsor: Address; key: Address }
  | { do: 'wait'; seconds: bigint }
  | {
      do: 'settle'
      batch: Hex
      /** One per group, in order; none where the call reverts. */
      outcomes: Outcome[]
      reverts: boolean
      /** The seeder's credit after the call. */
      credit: bigint
    }

export interface Scenario {
  name: string
  seeder: Address
  steps: Step[]
  after: {
    pools: { sponsor: Address; pool: bigint }[]
    lanes: { lane: Lane; head: Head; reserved: bigint }[]
  }
}

const MIB = 1n << 20n
/** The year 2100. */
export const LATER = 4_102_444_800n
const PRICE = 10_000_000n
const EIGHT_DAYS = 8n * 24n * 3600n

/** The key that a name stands for. */
export function keyOf(name: string): SessionKey {
  return createSessionKey(keccak256(stringToBytes(`bitcdn parity ${name}`)))
}

/** A log under construction: knows its session keys, so it can sign receipts on its lines. */
interface Log {
  lane: Lane
  lines: { key: SessionKey; line: LogLine; session: Head; bytesServed: bigint }[]
  tip: Head
}

function logOf(sponsor: Address, seeder: Address, init: { lane?: bigint; pricePerGiB?: bigint } = {}): Log {
  const lane: Lane = { sponsor, seeder, lane: init.lane ?? 1n, pricePerGiB: init.pricePerGiB ?? PRICE }
  return { lane, lines: [], tip: firstHead(lane) }
}

function grow(log: Log, name: string, served: readonly bigint[], maxBytes = 64n * MIB): Log {
  for (const bytesServed of served) {
    const key = keyOf(`${name} session ${log.lines.length} of lane ${log.lane.lane}`)
    const line = { sessionKey: key.address, maxBytes }
    log.lines.push({ key, line, session: log.tip, bytesServed })
    log.tip = nextHead(log.tip, line)
  }
  return log
}

interface Who {
  signer: SessionKey
  delegate?: boolean
  least?: bigint
}

function about(log: Log, who: Who) {
  const { sponsor, lane, pricePerGiB } = log.lane
  const delegate = who.delegate === true ? who.signer.address : null
  return { sponsor, lane, pricePerGiB, delegate, least: who.least ?? null }
}

/** Lines `first` to the tip as raw receipts; a line of which no byte was served goes without one. */
async function raw(
  domain: Domain,
  log: Log,
  who: Who,
  init: { first?: number; expiry?: bigint } = {},
): Promise<RawGroup> {
  const expiry = init.expiry ?? LATER
  const { signature } = await signHead(domain, who.signer, log.lane, { head: log.tip, expiry })
  const lines = log.lines.slice(init.first ?? 0).map(({ key, line, session, bytesServed }): BatchLine => {
    const { maxBytes, sessionKey } = line
    if (bytesServed === 0n) return { maxBytes, sessionKey }
    return { maxBytes, bytesServed, signature: key.sign(domain.receipt({ session, bytesServed })) }
  })
  return { kind: 'raw', ...about(log, who), expiry, signature, lines }
}

async function voucher(
  domain: Domain,
  log: Log,
  who: Who,
  init: { first?: number; to?: Head; amount?: bigint } = {},
): Promise<VoucherGroup> {
  const covered = log.lines.slice(init.first ?? 0)
  const from = covered[0]?.session ?? log.tip
  const to = init.to ?? log.tip
  const bytes = covered.map(({ bytesServed, line }) => paidBytes(bytesServed, line.maxBytes))
  const amount = init.amount ?? amountFor(bytes, log.lane.pricePerGiB)
  const { signature } = await signVoucher(domain, who.signer, { ...log.lane, from, to, amount })
  return { kind: 'voucher', ...about(log, who), to, amount, signature }
}

/** Writes one scenario down while it runs in the model. */
function record(domain: Domain, name: string) {
  const model = createModel(domain, { time: 1_800_000_000n })
  const sponsor = keyOf(`${name}: sponsor`)
  const seeder = keyOf(`${name}: seeder`).address
  const steps: Step[] = []
  const lanes: Lane[] = []
  const sponsors = new Set<Address>()
  const run = {
    name,
    sponsor,
    seeder,
    log(init: { lane?: bigint; pricePerGiB?: bigint; sponsor?: SessionKey } = {}): Log {
      const log = logOf((init.sponsor ?? sponsor).address, seeder, init)
      lanes.push(log.lane)
      return log
    },
    deposit(amount: bigint, from: SessionKey = sponsor) {
      sponsors.add(from.address)
      model.deposit(from.address, amount)
      steps.push({ do: 'deposit', sponsor: from.address, amount })
    },
    reserve(log: Log, amount: bigint) {
      model.reserve(log.lane, amount)
      steps.push({ do: 'reserve', ...log.lane, amount })
    },
    authorize(key: SessionKey, allowance: bigint) {
      model.authorize(sponsor.address, key.address, allowance)
      steps.push({ do: 'authorize', sponsor: sponsor.address, key: key.address, allowance })
    },
    revoke(key: SessionKey) {
      model.revoke(sponsor.address, key.address)
      steps.push({ do: 'revoke', sponsor: sponsor.address, key: key.address })
    },
    wait(seconds: bigint) {
      model.wait(seconds)
      steps.push({ do: 'wait', seconds })
    },
    settle(groups: readonly BatchGroup[] | Hex): Outcome[] {
      const batch = typeof groups === 'string' ? groups : encodeBatch(groups)
      let outcomes: Outcome[] | null = null
      try {
        outcomes = model.settle(seeder, batch)
      } catch {
        // cannot be parsed: the contract reverts
      }
      const reverts = outcomes === null
      steps.push({ do: 'settle', batch, outcomes: outcomes ?? [], reverts, credit: model.credit(seeder) })
      return outcomes ?? []
    },
    done(): Scenario {
      const after = {
        pools: [...sponsors].map((address) => ({ sponsor: address, pool: model.pool(address) })),
        lanes: lanes.map((lane) => ({ lane, head: model.head(lane), reserved: model.reserved(lane) })),
      }
      return { name, seeder, steps, after }
    },
  }
  return run
}

type Run = ReturnType<typeof record>

/** Every scenario, signed for `domain`: settle each on one fresh contract there, in order. */
export async function makeBatches(domain: Domain): Promise<Scenario[]> {
  const scenarios: Scenario[] = []
  for (const [name, play] of Object.entries(PLAYS)) {
    const run = record(domain, name)
    await play(run, domain)
    scenarios.push(run.done())
  }
  return scenarios
}

const PLAYS: Record<string, (run: Run, domain: Domain) => Promise<void>> = {
  async 'one raw receipt'(run, domain) {
    run.deposit(1_000_000n)
    run.settle([await raw(domain, grow(run.log(), run.name, [MIB]), { signer: run.sponsor })])
  },
  async 'raw receipts with unused lines, one above its maxBytes, odd byte counts, rounded down once'(run, domain) {
    run.deposit(10_000_000n)
    const served = [1n, 0n, 12_345_678n, 70n * MIB, 0n, 999_999n, 2n ** 48n - 1n]
    run.settle([await raw(domain, grow(run.log(), run.name, served), { signer: run.sponsor })])
  },
  async 'only unused lines: the head moves, nothing is paid'(run, domain) {
    run.deposit(5n)
    run.settle([await raw(domain, grow(run.log(), run.name, [0n, 0n]), { signer: run.sponsor })])
  },
  async 'a voucher, then the rest raw'(run, domain) {
    run.deposit(10_000_000n)
    const log = grow(run.log(), run.name, [MIB, 2n * MIB, 3n * MIB])
    run.settle([await voucher(domain, log, { signer: run.sponsor })])
    grow(log, run.name, [5n * MIB, 0n])
    run.settle([await raw(domain, log, { signer: run.sponsor }, { first: 3 })])
  },
  async 'raw after a voucher over the same lines, and the voucher again'(run, domain) {
    run.deposit(10_000_000n)
    const log = grow(run.log(), run.name, [MIB, 2n * MIB])
    const paid = await voucher(domain, log, { signer: run.sponsor })
    run.settle([paid])
    run.settle([await raw(domain, log, { signer: run.sponsor }), paid])
  },
  async 'a voucher after raw over the same lines, in one transaction'(run, domain) {
    run.deposit(10_000_000n)
    const log = grow(run.log(), run.name, [MIB, 2n * MIB])
    run.settle([
      await raw(domain, log, { signer: run.sponsor }),
      await voucher(domain, log, { signer: run.sponsor }),
      await raw(domain, log, { signer: run.sponsor }),
    ])
  },
  async 'lanes, prices and sponsors side by side'(run, domain) {
    const other = keyOf(`${run.name}: other sponsor`)
    run.deposit(10_000_000n)
    run.deposit(20_000_000n, other)
    const a = grow(run.log({ lane: 0n }), run.name, [MIB, 7n])
    const b = grow(run.log({ lane: 2n ** 64n - 1n, pricePerGiB: 1n }), run.name, [60n * MIB])
    const c = grow(run.log({ lane: 0n, pricePerGiB: 2n ** 24n, sponsor: other }), `${run.name} c`, [MIB, 0n, MIB])
    run.settle([
      await raw(domain, a, { signer: run.sponsor }),
      await voucher(domain, b, { signer: run.sponsor }),
      await raw(domain, c, { signer: other }),
    ])
  },
  async 'a reserve pays first, the pool the rest'(run, domain) {
    run.deposit(1_000_000n)
    const log = run.log()
    run.reserve(log, 15_000n)
    grow(log, run.name, [MIB])
    run.settle([await raw(domain, log, { signer: run.sponsor })])
    grow(log, run.name, [2n * MIB])
    run.settle([await voucher(domain, log, { signer: run.sponsor }, { first: 1 })])
  },
  async 'a sponsor that cannot pay, then a top-up'(run, domain) {
    run.deposit(9_000n)
    const group = await raw(domain, grow(run.log(), run.name, [MIB]), { signer: run.sponsor })
    run.settle([group])
    run.deposit(1_000n)
    run.settle([group])
  },
  async 'taking a part with least'(run, domain) {
    run.deposit(9_000n)
    const log = run.log()
    run.reserve(log, 4_000n)
    grow(log, run.name, [MIB])
    run.settle([await raw(domain, log, { signer: run.sponsor, least: 9_001n })])
    run.settle([await raw(domain, log, { signer: run.sponsor, least: 9_000n })])
    grow(log, run.name, [MIB])
    run.settle([await voucher(domain, log, { signer: run.sponsor, least: 1n }, { first: 1 })])
    run.settle([await voucher(domain, log, { signer: run.sponsor, least: 0n }, { first: 1 })])
  },
  async 'a delegate signs a log and a voucher within its allowance'(run, domain) {
    const delegate = keyOf(`${run.name}: delegate`)
    run.deposit(10_000_000n)
    run.authorize(delegate, 40_000n)
    const log = grow(run.log(), run.name, [MIB, 0n, 12_345n])
    run.settle([await raw(domain, log, { signer: delegate, delegate: true })])
    grow(log, run.name, [2n * MIB])
    run.settle([await voucher(domain, log, { signer: delegate, delegate: true }, { first: 3 })])
    grow(log, run.name, [2n * MIB])
    run.settle([await voucher(domain, log, { signer: delegate, delegate: true }, { first: 4 })])
  },
  async 'a reserve does not count against a delegate’s allowance'(run, domain) {
    const delegate = keyOf(`${run.name}: delegate`)
    run.deposit(100_000n)
    run.authorize(delegate, 1n)
    const log = run.log()
    run.reserve(log, 50_000n)
    grow(log, run.name, [2n * MIB])
    run.settle([await voucher(domain, log, { signer: delegate, delegate: true })])
  },
  async 'a delegate that nobody authorised, and one that was revoked'(run, domain) {
    const stranger = keyOf(`${run.name}: stranger`)
    const revoked = keyOf(`${run.name}: revoked`)
    run.deposit(1_000_000n)
    run.authorize(revoked, 1_000_000n)
    const log = grow(run.log(), run.name, [MIB])
    run.settle([await raw(domain, log, { signer: stranger, delegate: true })])
    run.revoke(revoked)
    run.settle([await raw(domain, log, { signer: revoked, delegate: true })])
    grow(log, run.name, [MIB])
    run.wait(EIGHT_DAYS)
    run.settle([await voucher(domain, log, { signer: revoked, delegate: true }, { first: 1 })])
  },
  async 'a log that has expired'(run, domain) {
    run.deposit(1_000_000n)
    const log = grow(run.log(), run.name, [MIB])
    run.settle([await raw(domain, log, { signer: run.sponsor }, { expiry: 1_000_000n })])
  },
  async 'signatures and fields that were tampered with'(run, domain) {
    run.deposit(10_000_000n)
    const log = grow(run.log(), run.name, [MIB, 2n * MIB])
    const good = await raw(domain, log, { signer: run.sponsor })
    const [first, second] = good.lines as [RawGroup['lines'][number], RawGroup['lines'][number]]
    const zero: Hex = `0x${'00'.repeat(64)}`
    const stranger = keyOf(`${run.name}: stranger`)
    run.settle([
      { ...good, lines: [{ ...first, bytesServed: 3n * MIB } as BatchLine, second] },
      { ...good, lines: [{ ...first, maxBytes: 65n * MIB } as BatchLine, second] },
      { ...good, lines: [second, first] },
      { ...good, lines: [first] },
      { ...good, lines: [{ ...first, signature: zero } as BatchLine, second] },
      { ...good, pricePerGiB: PRICE + 1n },
      { ...good, lane: 2n },
      { ...good, expiry: LATER + 1n },
      { ...good, signature: zero },
      { ...good, sponsor: stranger.address },
      await raw(domain, log, { signer: stranger }),
      { ...(await voucher(domain, log, { signer: run.sponsor })), amount: 1n },
      await voucher(domain, log, { signer: stranger }),
      good,
    ])
  },
  async 'another seeder’s lane'(run, domain) {
    run.deposit(10_000_000n)
    const victim = keyOf(`${run.name}: victim`).address
    const log = grow(logOf(run.sponsor.address, victim), run.name, [MIB])
    run.settle([await raw(domain, log, { signer: run.sponsor }), await voucher(domain, log, { signer: run.sponsor })])
  },
  async 'groups that would not move the head'(run, domain) {
    run.deposit(10_000_000n)
    const log = run.log()
    run.settle([
      await raw(domain, log, { signer: run.sponsor }),
      await voucher(domain, log, { signer: run.sponsor }, { amount: 5n }),
    ])
    grow(log, run.name, [MIB])
    run.settle([await voucher(domain, log, { signer: run.sponsor }, { to: `0x${'00'.repeat(24)}` })])
    run.settle([await raw(domain, log, { signer: run.sponsor })])
  },
  async 'one bad group among good ones'(run, domain) {
    run.deposit(10_000_000n)
    const groups: BatchGroup[] = []
    for (let lane = 0n; lane < 9n; lane++) {
      const log = grow(run.log({ lane }), run.name, [MIB * (lane + 1n)])
      const signer = lane === 4n ? keyOf('nobody') : run.sponsor
      groups.push(lane % 2n === 0n ? await raw(domain, log, { signer }) : await voucher(domain, log, { signer }))
    }
    run.settle(groups)
  },
  async 'batches that cannot be parsed'(run, domain) {
    run.deposit(10_000_000n)
    const log = grow(run.log(), run.name, [MIB, 0n])
    const batch = encodeBatch([await raw(domain, log, { signer: run.sponsor })])
    run.settle(batch.slice(0, -2) as Hex)
    run.settle(batch.slice(0, -64) as Hex)
    run.settle(`0x05${batch.slice(4)}`)
    run.settle(`${batch}07`)
    run.settle('0x00')
    run.settle(batch)
    run.settle('0x')
  },
  async 'fifty random lanes'(run, domain) {
    run.deposit(1_000_000_000_000n)
    const next = numbersOf(run.name)
    const groups: BatchGroup[] = []
    for (let lane = 0n; lane < 50n; lane++) {
      const served = Array.from({ length: 1 + Number(next() % 5n) }, () =>
        next() % 4n === 0n ? 0n : next() % (80n * MIB),
      )
      const log = grow(run.log({ lane, pricePerGiB: next() % 100_000_000n }), run.name, served)
      const who = { signer: next() % 10n === 0n ? keyOf('nobody') : run.sponsor }
      groups.push(next() % 2n === 0n ? await raw(domain, log, who) : await voucher(domain, log, who))
    }
    for (let i = 0; i < groups.length; i += 10) run.settle(groups.slice(i, i + 10))
  },
}
