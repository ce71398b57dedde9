// The port on the real contract.
import { type Hex, TransactionNotFoundError, type TransactionReceipt } from 'viem'
import {
  ask,
  type Chain,
  everywhere,
  feesNow,
  finalBlock,
  readAccount,
  readLane,
  readSettlements,
  readSigner,
  receiptOrNull,
  settleMany,
  settlementsIn,
  tendIntents,
  withJournal,
} from '../chain/index.ts'
import { hasCode } from '../errors.ts'
import type { TransactionJournal } from '../receipts/index.ts'
import type { SettlementChain, SettlementEnd, TakeOver } from './ports.ts'

const PURPOSE = 'settle'

export interface SettlementChainInit {
  /** Milliseconds that one settlement may wait for its block; it is looked after later as well. */
  readonly timeout?: number
  /** Milliseconds without a block until a bid is raised. */
  readonly bumpAfter?: number
}

/**
 * `connection` needs an account that is the seeder or its operator as soon as something is settled; without one it only
 * looks. What is sent is written down in `journal`, the ledger's own.
 */
export function createSettlementChain(
  connection: Chain,
  journal: TransactionJournal,
  { timeout, bumpAfter }: SettlementChainInit = {},
): SettlementChain {
  const chain = { ...withJournal(connection, journal), journal }
  const { client, domain, rpcUrl } = chain

  function endOf(receipt: TransactionReceipt | null): SettlementEnd {
    if (receipt === null) return 'dropped'
    if (receipt.status !== 'success') return 'reverted'
    return { hash: receipt.transactionHash, gasUsed: receipt.gasUsed, ...settlementsIn(chain, receipt) }
  }

  const takeOver =
    (onEnd: TakeOver) =>
    async (entry: { id: string; purpose: string }, receipt: TransactionReceipt | null): Promise<void> => {
      if (entry.purpose === PURPOSE) await onEnd(entry.id, endOf(receipt))
    }

  return {
    domain,
    time: async ({ signal } = {}) =>
      (await ask(rpcUrl, () => client.getBlock({ blockTag: 'latest' }), signal)).timestamp,
    gasPrice: async ({ signal } = {}) => (await feesNow(chain, signal)).price,
    async laneHead(lane, { signal, final } = {}) {
      const at = final === true ? await finalBlock(chain, signal) : 'latest'
      return (await readLane(chain, lane, { signal, at })).head
    },
    maySign: async (sponsor, key, { signal } = {}) =>
      sponsor.toLowerCase() === key.toLowerCase() || (await readSigner(chain, { sponsor, key }, { signal })).active,
    async funds(lane, { signal } = {}) {
      const [{ reserved, releasing, releaseEnd }, { balance: pool, thawing, thawEnd }] = await Promise.all([
        readLane(chain, lane, { signal }),
        readAccount(chain, lane.sponsor, { signal }),
      ])
      return { reserved, releasing, releaseEnd, pool, thawing, thawEnd }
    },
    async delegate(sponsor, key, { signal } = {}) {
      if (sponsor.toLowerCase() === key.toLowerCase()) return null
      const { allowance, end } = await readSigner(chain, { sponsor, key }, { signal })
      return { allowance, end }
    },
    async settle(id, calls, { signal, maxFeePerGas, onBegin, onEnd }) {
      let begun = false
      let final = false
      try {
        const { hash, gasUsed, settled, skipped } = await settleMany(chain, calls, {
          signal,
          intent: {
            ...{ id, purpose: PURPOSE, maxFeePerGas, timeout, bumpAfter },
            async onBegin() {
              await onBegin()
              begun = true
            },
            async onEnd(entry, receipt) {
              await takeOver(onEnd)(entry, receipt)
              final = true
            },
          },
        })
        return { hash, gasUsed, settled, skipped, final }
      } catch (error) {
        // signed, and not mined in time: it is brought forward by tending
        if (!begun || !hasCode(error, 'transaction-failed') || !error.retry) throw error
        if ((await journal.entry(id))?.state !== 'open') throw error
        return 'pending'
      }
    },
    async tend({ signal, onEnd }) {
      const open = await tendIntents(chain, { signal, bumpAfter, onEnd: takeOver(onEnd) })
      return open.filter(({ entry }) => entry.purpose === PURPOSE).map(({ entry }) => entry.id)
    },
    async outcome(hash, { signal } = {}) {
      const final = await finalBlock(chain, signal)
      const receipts = await everywhere(chain, (at) => receiptOrNull(at, hash), signal)
      const found = receipts.find((receipt) => receipt !== null)
      if (found === undefined) return (await isKnown(hash, signal)) ? 'pending' : 'unknown'
      if (receipts.some((receipt) => receipt?.blockHash !== found.blockHash) || found.blockNumber > final)
        return 'pending'
      const end = endOf(found)
      return end === 'dropped' ? 'unknown' : end
    },
    history: async (seeder, { signal } = {}) =>
      readSettlements(chain, { seeder }, { signal, toBlock: await finalBlock(chain, signal) }),
  }

  async function isKnown(hash: Hex, signal: AbortSignal | undefined): Promise<boolean> {
    const known = await everywhere(
      chain,
      (at) =>
        at.getTransaction({ hash }).then(
          () => true,
          (error: unknown) => {
            if (error instanceof TransactionNotFoundError) return false
            throw error
          },
        ),
      signal,
    )
    return known.some(Boolean)
  }
}
