// When money moves: vouchers before raw receipts, few transactions, and the chain asked before and after.
import { randomUUID } from 'node:crypto'
import type { Address, Hex } from 'viem'
import { BitCdnError, hasCode } from '../errors.ts'
import { type Lane, type LaneMove, laneKey } from '../receipts/index.ts'
import { type PreparedBatch, packBatches } from './batches.ts'
import type { ChosenTransaction } from './economics.ts'
import type { Claim } from './groups.ts'
import { type Note, type PlanComponents, type PlanOptions, planRange, rangesOf, tooLittle } from './plan.ts'
import type { SettlementLogger, SettlementOutcome, WaitOptions } from './ports.ts'
import { reconcileLane, recoverSubmissions, takeOver } from './reconcile.ts'
import { type LaneReport, survey } from './survey.ts'
import { SKIP_WORDS } from './words.ts'

export interface SettlerComponents extends PlanComponents {
  readonly logger: SettlementLogger
}

export interface SettlerInit {
  /** Defaults for every call. */
  readonly min?: bigint
  readonly idleSeconds?: number
  readonly voucherTimeout?: number
  /** Token units for one whole coin of the chain. Unknown, no claim is compared with its cost. */
  readonly coinPrice?: bigint
  /** Wei per gas that is never paid; claims wait while it costs more. */
  readonly maxGasPrice?: bigint
  /** Milliseconds until an operator's transaction that no node knows is given up. Default {@link SUBMISSION_GRACE}. */
  readonly submissionGrace?: number
}

export interface SettleOptions extends PlanOptions {
  coinPrice?: bigint | undefined
  /** Wei per gas. Throws `price-too-high` while it costs more. */
  maxGasPrice?: bigint | undefined
  /** Only this seeder's lanes. */
  seeder?: Address | undefined
}

export interface Preparation {
  readonly batches: readonly PreparedBatch[]
  readonly notes: readonly Note[]
}

export interface SettleReport {
  /** Those that are in a block; `final` when it cannot go away. */
  readonly transactions: readonly SettledTransaction[]
  /** Every lane that has something to claim, and what was decided about it. */
  readonly lanes: readonly LaneReport[]
  /** Wei per gas when that was decided. */
  readonly gasPrice: bigint
  /** Credited on the chain, token units. */
  readonly settled: bigint
  /** What was (or, in a dry run, would be) asked for, token units. */
  readonly asked: bigint
  readonly vouchers: number
  readonly receipts: number
  /** What waits and why, as sentences for the operator. */
  readonly notes: readonly Note[]
}

export interface SettledTransaction {
  readonly hash: Hex
  readonly gasUsed: bigint
  readonly amount: bigint
  readonly final: boolean
}

export interface Settler {
  /**
   * Compares the ledger with the chain, settles what is worth it, and writes down what came of it. This and the others
   * throw `refused` while another process settles from the same ledger.
   */
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

  async function prepare(given: SettleOptions = {}): Promise<Preparation> {
    const options = { ...init, ...definedIn(given) }
    const claims = new Map<Address, Claim[]>()
    const notes: Note[] = []
    for (const lane of await lanesOf(options.seeder)) {
      options.signal?.throwIfAborted()
      for await (const range of rangesOf(components, lane, options)) {
        const little = tooLittle(range, options)
        const plan = little === null ? await planRange(components, range, options) : { claims: [], notes: [] }
        claims.set(lane.seeder, [...(claims.get(lane.seeder) ?? []), ...plan.claims])
        notes.push(...plan.notes, ...(little === null ? [] : [{ lane, words: little }]))
        if (plan.claims.at(-1)?.move.to !== range.to) break
      }
    }
    const batches = [...claims].flatMap(([seeder, ofSeeder]) => packBatches(seeder, ofSeeder))
    return { batches, notes }
  }

  /** One transaction; whatever becomes of it, the ledger knows of it before it leaves. */
  async function send(
    { batches, maxFeePerGas }: ChosenTransaction,
    signal: AbortSignal | undefined,
  ): Promise<(SettlementOutcome & { final: boolean }) | 'pending'> {
    const id = randomUUID()
    const moves = batches.flatMap((batch) => batch.moves)
    return chain.settle(id, batches, {
      ...{ signal, maxFeePerGas },
      onBegin: () => ledger.markSubmitted(id, moves),
      onEnd: takeOver(components),
    })
  }

  /** Null when another process is settling some of these lines, or gas has become dearer: nothing was sent. */
  async function sendUnlessTaken(
    chosen: ChosenTransaction,
    notes: Note[],
    signal: AbortSignal | undefined,
  ): Promise<(SettlementOutcome & { final: boolean }) | 'pending' | null> {
    try {
      return await send(chosen, signal)
    } catch (error) {
      if (!hasCode(error, 'refused') && !hasCode(error, 'price-too-high')) throw error
      for (const lane of lanesIn(chosen.batches)) notes.push({ lane, words: error.message })
      return null
    }
  }

  function skippedNotes(outcome: SettlementOutcome, lanes: readonly Lane[]): Note[] {
    return outcome.skipped.flatMap(({ laneKey: key, amount, reason }) => {
      const lane = lanes.find((each) => laneKey(each) === key)
      return lane === undefined ? [] : [{ lane, words: `${amount} token units were skipped: ${SKIP_WORDS[reason]}` }]
    })
  }

  async function settleOnce(given: SettleOptions = {}): Promise<SettleReport> {
    const options = { ...init, ...definedIn(given) }
    const { signal, dryRun = false } = options
    if (!dryRun) await reconcile({ signal })
    const gasPrice = await chain.gasPrice({ signal })
    if (!dryRun && given.maxGasPrice !== undefined) requireCheapGas(gasPrice, given.maxGasPrice)
    const prices = { gas: gasPrice, most: options.maxGasPrice ?? null, coin: options.coinPrice ?? null }
    const now = await chain.time({ signal })
    const surveyed = await survey(components, await lanesOf(options.seeder), { ...options, prices, now })
    const notes = [...surveyed.notes]
    const transactions: SettledTransaction[] = []
    for (const chosen of dryRun ? [] : surveyed.transactions) {
      const outcome = await sendUnlessTaken(chosen, notes, signal)
      if (outcome === null) continue
      const lanes = lanesIn(chosen.batches)
      if (outcome === 'pending') {
        for (const lane of lanes) notes.push({ lane, words: 'sent, and not in a block yet; it is looked after' })
        continue
      }
      const { hash, gasUsed, final } = outcome
      const amount = outcome.settled.reduce((sum, move) => sum + move.amount, 0n)
      transactions.push({ hash, gasUsed, amount, final })
      notes.push(...skippedNotes(outcome, lanes))
      logger.info({ hash, amount: String(amount), gas: String(gasUsed), final }, 'settled')
    }
    for (const { lane, words } of notes) logger.warn({ sponsor: lane.sponsor, lane: String(lane.lane) }, words)
    const batches = surveyed.transactions.flatMap((chosen) => chosen.batches)
    return {
      ...{ transactions, lanes: surveyed.lanes, gasPrice, notes },
      settled: transactions.reduce((sum, { amount }) => sum + amount, 0n),
      asked: batches.reduce((sum, { amount }) => sum + amount, 0n),
      vouchers: batches.reduce((sum, { vouchers }) => sum + vouchers, 0),
      receipts: batches.reduce((sum, { receipts }) => sum + receipts, 0),
    }
  }

  return {
    prepare: (options) => ledger.settling(() => prepare(options)),
    reconcile: (options) => ledger.settling(() => reconcile(options)),
    submitted: (hash, moves) => ledger.markSubmitted(hash, moves),
    settleOnce: (options) =>
      options?.dryRun === true ? settleOnce(options) : ledger.settling(() => settleOnce(options)),
  }
}

function lanesIn(batches: readonly PreparedBatch[]): Lane[] {
  return batches.flatMap(({ moves }) => moves.map(({ lane }) => lane))
}

function requireCheapGas(price: bigint, most: bigint): void {
  if (price <= most) return
  throw new BitCdnError(
    'price-too-high',
    `Gas costs ${price} wei now, more than the ${most} wei allowed: nothing was sent.`,
    {
      advice: 'Wait, or raise the limit; receipts and vouchers keep.',
      retry: true,
    },
  )
}

/** Options that are given win over the settler's defaults; ones that are undefined do not. */
function definedIn<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}
