import { type Address, encodeFunctionData } from 'viem'
import { bandwidthSettlementAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

/** Lets `key` sign logs and vouchers for the account, and spend `added` more of its pool: a stolen key costs at most that. */
export async function authorizeSigner(
  chain: Chain,
  { key, added }: { key: Address; added: bigint },
  options: TransactOptions = {},
): Promise<Mined> {
  const data = encodeFunctionData({ abi, functionName: 'authorizeSigner', args: [key, added] })
  return transact(chain, { to: chain.addresses.settlement, data }, options)
}

/** Ends a delegate's authority, after the thaw period. */
export async function revokeSigner(
  chain: Chain,
  { key }: { key: Address },
  options: TransactOptions = {},
): Promise<Mined> {
  return transact(
    chain,
    { to: chain.addresses.settlement, data: encodeFunctionData({ abi, functionName: 'revokeSigner', args: [key] }) },
    options,
  )
}
