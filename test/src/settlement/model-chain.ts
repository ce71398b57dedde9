// The contract's model as a chain that settles: for tests of what is decided, where no EVM is needed.
import type { Hex } from 'viem'
import type { SettlementCall, SettlementChain, SettlementOutcome } from '../../../src/settlement/index.ts'
import { TEST_DOMAIN } from '../../behaviours/log-fixture.ts'
import type { SettlementModel } from '../../parity/model.ts'

const REASONS = {
  None: 'none',
  Unpaid: 'unpaid',
  Signature: 'signature',
  Expired: 'expired',
  Revoked: 'revoked',
  HeadUnmoved: 'head-unmoved',
} as const
export const failures = ['none', 'before beginning', 'before signing', 'before sending', 'answer lost'] as const

interface Sent {
  readonly calls: readonly SettlementCall[]
  readonly limit: bigint | null
  signed: boolean
  outcome: SettlementOutcome | null
}

export interface ModelChain extends SettlementChain {
  /** What the next transaction meets: the process ends there. */
  failure: (typeof failures)[number]
  /** Unix seconds. */
  now: bigint
  /** Wei per gas. */
  price: bigint
  /** Every transaction, with the gas that was foreseen for it. */
  readonly mined: readonly { gas: bigint; price: bigint; limit: bigint | null; settled: bigint; skipped: number }[]
}

/** The contract's model as a chain. */
export function createModelChain(model: SettlementModel, init: { now: bigint }): ModelChain {
  const history: { laneKey: Hex; amount: bigint; head: Hex }[] = []
  const journal = new Map<string, Sent>()
  const mined: ModelChain['mined'][number][] = []

  function mine(sent: Sent): SettlementOutcome {
    const hash: Hex = `0x${(mined.length + 1).toString(16).padStart(64, '0')}`
    const groups = sent.calls.flatMap(({ seeder, batch }) => model.settle(seeder, batch))
    const settled = groups.filter(({ reason }) => reason === 'None')
    const skipped = groups.filter(({ reason }) => reason !== 'None')
    history.push(...settled)
    const gas = sent.calls.reduce((sum, call) => sum + ((call as { gas?: bigint }).gas ?? 0n), 0n)
    const amount = settled.reduce((sum, group) => sum + group.amount, 0n)
    mined.push({ gas, price: chain.price, limit: sent.limit, settled: amount, skipped: skipped.length })
    sent.outcome = {
      ...{ hash, gasUsed: 1n, settled },
      skipped: skipped.map(({ laneKey, amount, reason }) => ({ laneKey, amount, reason: REASONS[reason] })),
    }
    return sent.outcome
  }

  const chain: ModelChain = {
    ...{ failure: 'none', now: init.now, price: 1n, mined },
    domain: TEST_DOMAIN,
    time: async () => chain.now,
    gasPrice: async () => chain.price,
    laneHead: async (lane) => model.head(lane),
    maySign: async (sponsor, signer) => sponsor === signer,
    async funds(lane) {
      const [releasing, thawing] = [model.releasing(lane), model.thawing(lane.sponsor)]
      return {
        ...{ reserved: model.reserved(lane), releasing: releasing.amount, releaseEnd: releasing.end },
        ...{ pool: model.pool(lane.sponsor), thawing: thawing.amount, thawEnd: thawing.end },
      }
    },
    async delegate(sponsor, key) {
      return sponsor.toLowerCase() === key.toLowerCase() ? null : model.delegate(sponsor, key)
    },
    history: async () => history,
    outcome: async () => 'unknown',
    async settle(id, calls, { onBegin, onEnd, maxFeePerGas }) {
      const { failure } = chain
      chain.failure = 'none'
      const reached = (point: typeof failure): void => {
        if (failure === point) throw new Error(failure)
      }
      reached('before beginning')
      const sent: Sent = { calls, limit: maxFeePerGas ?? null, signed: false, outcome: null }
      journal.set(id, sent)
      await onBegin()
      reached('before signing')
      sent.signed = true
      reached('before sending')
      const outcome = mine(sent)
      reached('answer lost')
      await onEnd(id, outcome)
      journal.delete(id)
      return { ...outcome, final: true }
    },
    async tend({ onEnd }) {
      for (const [id, sent] of [...journal]) {
        await onEnd(id, sent.signed ? (sent.outcome ?? mine(sent)) : 'dropped')
        journal.delete(id)
      }
      return []
    },
  }
  return chain
}
