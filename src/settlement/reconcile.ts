// The chain's word goes before the ledger's: what was sent earlier, what somebody else settled, what failed.
import type { Hex } from 'viem'
import { type Lane, type LaneMove, laneKey, type ReceiptLedger } from '../receipts/index.ts'
import { SUBMISSION_GRACE } from './constants.ts'
import type { SettlementChain, SettlementEnd, TakeOver, WaitOptions } from './ports.ts'

export interface ReconcileComponents {
  readonly ledger: ReceiptLedger
  readonly chain: SettlementChain
}

/**
 * Finds out about everything that was sent and of which nothing final is known. What an operator sent and no node knows
 * counts as lost after `grace` milliseconds: it may just be on its way, and nodes behind one address may not have heard of
 * it yet. Resolves to the ids still under way.
 */
export async function recoverSubmissions(
  { ledger, chain }: ReconcileComponents,
  options: WaitOptions & { grace?: number | undefined } = {},
): Promise<string[]> {
  const { signal } = options
  const pending = new Set(await chain.tend({ signal, onEnd: takeOver({ ledger, chain }) }))
  for (const { id, age, moves } of await ledger.submissions()) {
    if (pending.has(id)) continue
    const entry = await ledger.journal.entry(id)
    if (entry?.state === 'open') pending.add(id)
    else if (entry !== null)
      await ledger.markFailed(id) // it ended, and its end was taken over
    else {
      const outcome = isHash(id) ? await chain.outcome(id, options) : 'unknown'
      const young = age < (options.grace ?? SUBMISSION_GRACE)
      if (outcome === 'pending' || (outcome === 'unknown' && young)) pending.add(id)
      else await applyEnd(ledger, id, outcome === 'unknown' ? 'dropped' : outcome, moves)
    }
  }
  return [...pending]
}

/** Writes down in the ledger what became of its moves. */
export function takeOver({ ledger }: ReconcileComponents): TakeOver {
  return async (id, end) => {
    const submission = (await ledger.submissions()).find((sent) => sent.id === id)
    await applyEnd(ledger, id, end, submission?.moves ?? [])
  }
}

/** A lane that moved gets its new head and what was paid; what was skipped is settleable again. */
async function applyEnd(
  ledger: ReceiptLedger,
  id: string,
  end: SettlementEnd,
  moves: readonly LaneMove[],
): Promise<void> {
  const lanes = new Map<string, Lane>(moves.map(({ lane }) => [laneKey(lane), lane]))
  for (const { laneKey: key, head, amount } of typeof end === 'string' ? [] : end.settled) {
    const lane = lanes.get(key)
    if (lane !== undefined) await ledger.markSettled(lane, head, amount)
  }
  await ledger.markFailed(id)
}

const isHash = (id: string): id is Hex => /^0x[0-9a-f]{64}$/i.test(id)

/** Compares one lane with the final chain; where the head moved without us, reads what was paid for each move. */
export async function reconcileLane(
  { ledger, chain }: ReconcileComponents,
  lane: Lane,
  options: WaitOptions = {},
): Promise<boolean> {
  const log = await ledger.laneLog(lane)
  const head = await chain.laneHead(lane, { ...options, final: true })
  if (log === null || log.settled === head) return false
  const key = laneKey(lane)
  const history = await chain.history(lane.seeder, options)
  const moves = history.filter((move) => move.laneKey === key)
  const known = moves.findIndex((move) => move.head === log.settled)
  for (const move of moves.slice(known + 1)) await ledger.markSettled(lane, move.head, move.amount)
  await ledger.markSettled(lane, head, null)
  return true
}
