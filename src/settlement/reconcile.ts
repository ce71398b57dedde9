// The chain's word goes before the ledger's: what was sent earlier, what somebody else settled, what failed.
import type { Hex } from 'viem'
import { type Lane, type LaneMove, laneKey, type ReceiptLedger } from '../receipts/index.ts'
import { SUBMISSION_GRACE } from './constants.ts'
import type { SettlementChain, SettlementOutcome, WaitOptions } from './ports.ts'

export interface ReconcileComponents {
  readonly ledger: ReceiptLedger
  readonly chain: SettlementChain
}

/**
 * Finds out about every transaction that was sent and of which nothing is known since. One that the node does not know
 * counts as lost after `grace` milliseconds: another process may just be sending it, and nodes behind one address may
 * not have heard of it yet. Resolves to the hashes still pending.
 */
export async function recoverSubmissions(
  { ledger, chain }: ReconcileComponents,
  options: WaitOptions & { grace?: number | undefined } = {},
): Promise<string[]> {
  const pending: string[] = []
  for (const { hash, age, moves } of await ledger.submissions()) {
    const outcome = await chain.outcome(hash as Hex, options)
    const young = age < (options.grace ?? SUBMISSION_GRACE)
    if (outcome === 'pending' || (outcome === 'unknown' && young)) pending.push(hash)
    else if (outcome === 'reverted' || outcome === 'unknown') await ledger.markFailed(hash)
    else await applyOutcome(ledger, outcome, moves)
  }
  return pending
}

/** A lane that moved gets its new head and what was paid; what was skipped is settleable again. */
export async function applyOutcome(
  ledger: ReceiptLedger,
  outcome: SettlementOutcome,
  moves: readonly LaneMove[],
): Promise<void> {
  const lanes = new Map<string, Lane>(moves.map(({ lane }) => [laneKey(lane), lane]))
  for (const { laneKey: key, head, amount } of outcome.settled) {
    const lane = lanes.get(key)
    if (lane !== undefined) await ledger.markSettled(lane, head, amount)
  }
  await ledger.markFailed(outcome.hash)
}

/** Compares one lane with the chain; where the head moved without us, reads what was paid for each move. */
export async function reconcileLane(
  { ledger, chain }: ReconcileComponents,
  lane: Lane,
  options: WaitOptions = {},
): Promise<boolean> {
  const log = await ledger.laneLog(lane)
  const head = await chain.laneHead(lane, options)
  if (log === null || log.settled === head) return false
  const key = laneKey(lane)
  const history = await chain.history(lane.seeder, options)
  const moves = history.filter((move) => move.laneKey === key)
  const known = moves.findIndex((move) => move.head === log.settled)
  for (const move of moves.slice(known + 1)) await ledger.markSettled(lane, move.head, move.amount)
  await ledger.markSettled(lane, head, null)
  return true
}
