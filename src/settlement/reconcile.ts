// The chain's word goes before the ledger's: what was sent earlier, what somebody else settled, what failed.
import type { Hex } from 'viem'
import { BitCdnError } from '../errors.ts'
import { type Head, type Lane, type LaneMove, type LaneState, laneKey, type ReceiptLedger } from '../receipts/index.ts'
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
      else await applyEnd({ ledger, chain }, id, outcome === 'unknown' ? 'dropped' : outcome, moves)
    }
  }
  return [...pending]
}

/** Writes down in the ledger what became of its moves. */
export function takeOver(components: ReconcileComponents): TakeOver {
  return async (id, end) => {
    const submission = (await components.ledger.submissions()).find((sent) => sent.id === id)
    await applyEnd(components, id, end, submission?.moves ?? [])
  }
}

/** A lane that moved gets its new head and what was paid; what was skipped is settleable again. */
async function applyEnd(
  { ledger, chain }: ReconcileComponents,
  id: string,
  end: SettlementEnd,
  moves: readonly LaneMove[],
): Promise<void> {
  for (const { laneKey: key, head, amount } of typeof end === 'string' ? [] : end.settled) {
    const move = moves.find(({ lane, to }) => laneKey(lane) === key && to === head)
    if (move === undefined) continue
    const state = await ledger.laneState(move.lane)
    // A later transaction may be seen to be final first: its amount pays for its own move, not for those before it.
    if (state === null || state.settled === move.from) await ledger.markSettled(move.lane, head, amount)
    else if (await isAhead(ledger, state, head)) await catchUp({ ledger, chain }, state, head)
  }
  await ledger.markFailed(id)
}

/** Whether the log held goes on to this head behind the settled one. */
async function isAhead(ledger: ReceiptLedger, { settled, tip }: LaneState, head: Head): Promise<boolean> {
  if (head === settled) return false
  const after = head === tip ? null : await ledger.session(head)
  return head === tip || (after !== null && after.state !== 'settled')
}

/** Every move that the final chain knows of, from the settled head up to `head`, in order. Throws `rpc-unreachable` when it knows less. */
async function catchUp(
  { ledger, chain }: ReconcileComponents,
  { lane, settled }: LaneState,
  head: Head,
): Promise<void> {
  const key = laneKey(lane)
  const history = (await chain.history(lane.seeder)).filter((move) => move.laneKey === key)
  const last = history.findIndex((move) => move.head === head)
  if (last < 0) {
    throw new BitCdnError('rpc-unreachable', `The endpoints do not show yet how lane ${lane.lane} came to ${head}.`, {
      advice: 'It is asked again; nothing was changed.',
      retry: true,
    })
  }
  const known = history.findIndex((move) => move.head === settled)
  for (const move of history.slice(known + 1, last + 1)) await ledger.markSettled(lane, move.head, move.amount)
}

const isHash = (id: string): id is Hex => /^0x[0-9a-f]{64}$/i.test(id)

/** Compares one lane with the final chain; where the head moved without us, reads what was paid for each move. */
export async function reconcileLane(
  { ledger, chain }: ReconcileComponents,
  lane: Lane,
  options: WaitOptions = {},
): Promise<boolean> {
  const state = await ledger.laneState(lane)
  const head = await chain.laneHead(lane, { ...options, final: true })
  if (state === null || state.settled === head) return false
  const key = laneKey(lane)
  const history = await chain.history(lane.seeder, options)
  const moves = history.filter((move) => move.laneKey === key)
  const known = moves.findIndex((move) => move.head === state.settled)
  for (const move of moves.slice(known + 1)) await ledger.markSettled(lane, move.head, move.amount)
  await ledger.markSettled(lane, head, null)
  return true
}
