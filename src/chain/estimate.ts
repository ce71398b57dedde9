// What a transaction needs before it is signed: it is tried without sending, and the wallet must be able to pay it.
import { type Address, formatEther, type Hex } from 'viem'
import { BitCdnError } from '../errors.ts'
import type { Chain } from './chain.ts'
import { GAS_MARGIN_PERCENT, TRANSACTION_GAS_CAP } from './constants.ts'
import { ask } from './rpc.ts'

export interface Call {
  to: Address
  data: Hex
  /** Wei; default 0. */
  value?: bigint | undefined
}

export async function estimateGas(
  chain: Chain,
  from: Address,
  call: Call,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const gas = await ask(
    chain.rpcUrl,
    () => chain.client.estimateGas({ account: from, to: call.to, data: call.data, value: call.value ?? 0n }),
    signal,
  )
  if (gas > TRANSACTION_GAS_CAP) {
    throw new BitCdnError(
      'transaction-failed',
      `The transaction needs ${gas} gas and may use ${TRANSACTION_GAS_CAP} at most.`,
      {
        advice: 'Send less at once.',
      },
    )
  }
  const generous = gas + (gas * GAS_MARGIN_PERCENT) / 100n
  return generous > TRANSACTION_GAS_CAP ? TRANSACTION_GAS_CAP : generous
}

export async function requireCoin(
  chain: Chain,
  address: Address,
  needed: bigint,
  signal: AbortSignal | undefined,
): Promise<void> {
  const balance = await ask(chain.rpcUrl, () => chain.client.getBalance({ address }), signal)
  if (balance >= needed) return
  throw new BitCdnError(
    'no-funds',
    `${address} holds ${formatEther(balance)} of the chain's coin and this transaction may cost ${formatEther(needed)}: ${formatEther(needed - balance)} are missing.`,
    { advice: `Send at least ${formatEther(needed - balance)} to ${address} for gas.` },
  )
}
