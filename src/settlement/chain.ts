// The port on the real contract.
import { TransactionNotFoundError, TransactionReceiptNotFoundError } from 'viem'
import { type Chain, readLane, readSettlements, readSigner, settleMany, settlementsIn } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import type { SettlementChain } from './ports.ts'

/** `chain` needs an account that is the seeder or its operator as soon as something is settled. */
export function createSettlementChain(chain: Chain): SettlementChain {
  const { client, domain, rpcUrl } = chain

  async function ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      throw new BitCdnError('rpc-unreachable', `The chain's endpoint did not answer at ${new URL(rpcUrl).host}.`, {
        advice: 'Check the RPC URL; nothing was changed.',
        cause: error,
        retry: true,
      })
    }
  }

  return {
    domain,
    time: async () => (await ask(() => client.getBlock({ blockTag: 'latest' }))).timestamp,
    gasPrice: () => ask(() => client.getGasPrice()),
    laneHead: async (lane, { signal } = {}) => (await readLane(chain, lane, { signal })).head,
    maySign: async (sponsor, key, { signal } = {}) =>
      sponsor.toLowerCase() === key.toLowerCase() || (await readSigner(chain, { sponsor, key }, { signal })).active,
    async settle(calls, { signal, onSigned }) {
      const { hash, gasUsed, settled, skipped } = await settleMany(chain, calls, {
        signal,
        onSigned: (sent) => onSigned(sent.hash),
      })
      return { hash, gasUsed, settled, skipped }
    },
    async outcome(hash) {
      return ask(async () => {
        try {
          const receipt = await client.getTransactionReceipt({ hash })
          if (receipt.status !== 'success') return 'reverted'
          return { hash, gasUsed: receipt.gasUsed, ...settlementsIn(chain, receipt) }
        } catch (error) {
          if (!(error instanceof TransactionReceiptNotFoundError)) throw error
        }
        try {
          await client.getTransaction({ hash })
          return 'pending'
        } catch (error) {
          if (error instanceof TransactionNotFoundError) return 'unknown'
          throw error
        }
      })
    },
    history: (seeder, { signal } = {}) => readSettlements(chain, { seeder }, { signal }),
  }
}
