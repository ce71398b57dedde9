// When money moves: vouchers before raw receipts, few transactions, and the chain asked before and after.
import { randomUUID } from 'node:crypto'
import type { Address, Hex } from 'viem'
import { BitCdnError, hasCode } from '../errors.ts'
import { type Lane, type LaneMove, laneKey } from '../receipts/index.ts'
import { groupByTransaction, type PreparedBatch, packBatches } from './batches.ts'
import type { Claim } from './groups.ts'
import { type Note, type PlanComponents, type PlanOptions, planLane } from './plan.ts'
import type { SettlementLogger, SettlementOutcome, WaitOptions } from './ports.ts'
import { reconcileLane, recoverSubmissions, takeOver } from './reconcile.ts'
import { SKIP_WORDS } from './words.ts'

export interface SettlerComponents extends PlanComponents {
  readonly logger: SettlementLogger
}

export interface SettlerInit {
  /** Defaults for every call. */
  readonly min?: bigint
  readonly idleSeconds?: number
  readonly voucherTimeout?: number
  /** Milliseconds until a sent transaction that no node knows is given up. Default {@link SUBMISSION_GRACE}. */
  readonly submissionGrace?: number
}

export interface SettleOptions extends PlanOptions {
  /** Wei per gas above which nothing is sent. */
  maxGasPrice?: bigint | undefined
  /** Only this seeder's lanes. */
  seeder?: Address | undefined
}

export interface Preparation {
  readonly batches: readonly PreparedBatch[]
  readonly notes: readonly Note[]
}

export interface SettleReport {
  readonly transactions: readonly { hash: Hex; gasUsed: bigint; amount: bigint }[]
  /** Credited on the chain, token units. */
  readonly settled: bigint
  /** What was (or, in a dry run, would be) asked for, token units. */
  readonly asked: bigint
  readonly vouchers: number
  readonly receipts: number
  /** What waits and why, as sentences for the operator. */
  readonly notes: readonly Note[]
}

export interface Settler {
  /** Compares the ledger with the chain, settles what is worth it, and writes down what came of it. */
  settleOnce(options?: SettleOptions): Promise<SettleReport>
  /** Batches for an operator to send. The lines in them are sealed; nothing is marked as sent. */
  prepare(options?: SettleOptions): Promise<Preparation>
  /** An operator sent `moves` with this transaction: they are not prepared again until it is known what came of it. */
  submitted(hash: Hex, moves: readonly LaneMove[]): Promise<void>
  /** Takes over what the chain says about sent transactions and lane heads. Resolves to the hashes still pending. */
  reconcile(options?: WaitOptions): Promise<readonly string[]>
}

/** `components.chain` sends as the seeder of the ledger's lanes or its operator. */
export function createSettler(components: SettlerComponents, init: SettlerInit = {}): Settler {
  const { ledger, chain, logger } = components

  async function lanesOf(seeder: Address | undefined): Promise<readonly Lane[]> {
    const lanes = await ledger.lanes()
    return seeder === undefined ? lanes : lanes.filter((lane) => lane.seeder.toLowerCase() === seeder.toLowerCase())
  }

  async function reconcile(options: WaitOptions = {}): Promise<string[]> {
    const pending = await recoverSubmissions(components, { ...options, grace: init.submissionGrace })
    for (const lane of await ledger.lanes()) await reconcileLane(components, lane, options)
    return pending
  }

  async function prepare(options: SettleOptions = {}): Promise<Preparation> {
    const claims = new Map<Address, Claim[]>()
    const notes: Note[] = []
    for (const lane of await lanesOf(options.seeder)) {
      options.signal?.throwIfAborted()
      const plan = await planLane(components, lane, { ...init, ...definedIn(options) })
      claims.set(lane.seeder, [...(claims.get(lane.seeder) ?? []), ...plan.claims])
      notes.push(...plan.notes)
    }
    const batches = [...claims].flatMap(([seeder, ofSeeder]) => packBatches(seeder, ofSeeder))
    return { batches, notes }
  }

  /** One transaction; whatever becomes of it, the ledger knows of it before it leaves. */
  async function send(
    batches: readonly PreparedBatch[],
    signal: AbortSignal | undefined,
  ): Promise<(SettlementOutcome & { final: boolean }) | 'pending'> {
    const id = randomUUID()
    const moves = batches.flatMap((batch) => batch.moves)
    return chain.settle(id, batches, {
      signal,
      onBegin: () => ledger.markSubmitted(id, moves),
      onEnd: takeOver(components),
    })
  }

  /** Null when another process is settling some of these lines: the ledger refused, and nothing was sent. */
  async function sendUnlessTaken(
    batches: readonly PreparedBatch[],
    notes: Note[],
    signal: AbortSignal | undefined,
  ): Promise<(SettlementOutcome & { final: boolean }) | 'pending' | null> {
    try {
      return await send(batches, signal)
    } catch (error) {
      if (!hasCode(error, 'refused')) throw error
      for (const lane of lanesIn(batches)) notes.push({ lane, words: error.message })
      return null
    }
  }

  function skippedNotes(outcome: SettlementOutcome, lanes: readonly Lane[]): Note[] {
    return outcome.skipped.flatMap(({ laneKey: key, amount, reason }) => {
      const lane = lanes.find((each) => laneKey(each) === key)
      return lane === undefined ? [] : [{ lane, words: `${amount} were skipped: ${SKIP_WORDS[reason]}` }]
    })
  }

  return {
    prepare,
    reconcile,
    submitted: (hash, moves) => ledger.markSubmitted(hash, moves),
    async settleOnce(options = {}) {
      const { signal, maxGasPrice } = options
      if (options.dryRun !== true) {
        await reconcile({ signal })
        if (maxGasPrice !== undefined) await requireCheapGas(await chain.gasPrice({ signal }), maxGasPrice)
      }
      const { batches, notes: found } = await prepare(options)
      const notes = [...found]
      const asked = batches.reduce((sum, { amount }) => sum + amount, 0n)
      const transactions: { hash: Hex; gasUsed: bigint; amount: bigint }[] = []
      let vouchers = 0
      let receipts = 0
      if (options.dryRun !== true) {
        for (const group of groupByTransaction(batches)) {
          const outcome = await sendUnlessTaken(group, notes, signal)
          if (outcome === null) continue
          if (outcome === 'pending') {
            for (const lane of lanesIn(group)) notes.push({ lane, words: 'sent, and not in a block yet: looked after' })
            continue
          }
          const amount = outcome.settled.reduce((sum, move) => sum + move.amount, 0n)
          transactions.push({ hash: outcome.hash, gasUsed: outcome.gasUsed, amount })
          notes.push(...skippedNotes(outcome, lanesIn(group)))
          logger.info({ hash: outcome.hash, amount: String(amount), gas: String(outcome.gasUsed) }, 'settled')
        }
      }
      for (const batch of batches) {
        vouchers += batch.vouchers
        receipts += batch.receipts
      }
      for (const { lane, words } of notes) logger.warn({ sponsor: lane.sponsor, lane: String(lane.lane) }, words)
      const settled = transactions.reduce((sum, { amount }) => sum + amount, 0n)
      return { transactions, settled, asked, vouchers, receipts, notes }
    },
  }
}

function lanesIn(batches: readonly PreparedBatch[]): Lane[] {
  return batches.flatMap(({ moves }) => moves.map(({ lane }) => lane))
}

async function requireCheapGas(price: bigint, most: bigint): Promise<void> {
  if (price <= most) return
  throw new BitCdnError(
    'price-too-high',
    `Gas costs ${price} wei now, more than the ${most} allowed: nothing was sent.`,
    {
      advice: 'Wait, or raise the limit; receipts and vouchers keep.',
      retry: true,
    },
  )
}

/** Options that are given win over the settler's defaults; ones that are undefined do not. */
function definedIn(options: SettleOptions): SettleOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
