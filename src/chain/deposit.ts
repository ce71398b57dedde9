import { type Address, encodeFunctionData } from 'viem'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import { accountOf, blockTime, type Chain } from './chain.ts'
import { PERMIT_SECONDS } from './constants.ts'
import { signPermit } from './permit.ts'
import { approveToken, requireBalance } from './token.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

export interface Deposit {
  /** Whose pool grows; default the account itself. */
  sponsor?: Address | undefined
  /** Token units. */
  amount: bigint
}

/** Adds to a sponsor's pool; approves the contract first when it may not pull that much yet. Throws `no-funds`. */
export async function deposit(
  chain: Chain,
  { sponsor, amount }: Deposit,
  options: TransactOptions = {},
): Promise<Mined> {
  const from = accountOf(chain).address
  await requireBalance(chain, from, amount, chain.addresses.token, options)
  const to = chain.addresses.settlement
  await approveToken(chain, { spender: to, amount }, { signal: options.signal })
  return transact(
    chain,
    { to, data: encodeFunctionData({ abi, functionName: 'deposit', args: [sponsor ?? from, amount] }) },
    options,
  )
}

/** {@link deposit} in one transaction, with an ERC-2612 permit in the place of the approval. */
export async function depositWithPermit(
  chain: Chain,
  { sponsor, amount }: Deposit,
  options: TransactOptions = {},
): Promise<Mined> {
  const from = accountOf(chain).address
  await requireBalance(chain, from, amount, chain.addresses.token, options)
  const to = chain.addresses.settlement
  const deadline = (await blockTime(chain, options.signal)) + PERMIT_SECONDS
  const { v, r, s } = await signPermit(chain, { spender: to, value: amount, deadline }, options.signal)
  const args = [sponsor ?? from, amount, deadline, v, r, s] as const
  return transact(chain, { to, data: encodeFunctionData({ abi, functionName: 'depositWithPermit', args }) }, options)
}
