// The stablecoin, and every other ERC-20 (shares are one): balances, transfers, approvals.
import { type Address, encodeFunctionData, erc20Abi } from 'viem'
import { BitCdnError } from '../errors.ts'
import { testUsdAbi } from './abi/index.ts'
import { accountOf, type Chain } from './chain.ts'
import { ask } from './rpc.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

export interface ReadOptions {
  signal?: AbortSignal | undefined
}

/** What `holder` has of `token` (default: the stablecoin), in its smallest unit, at the newest block. */
export async function readBalance(
  chain: Chain,
  holder: Address,
  token?: Address,
  options: ReadOptions = {},
): Promise<bigint> {
  const address = token ?? chain.addresses.token
  const read = () => chain.client.readContract({ address, abi: erc20Abi, functionName: 'balanceOf', args: [holder] })
  return ask(chain.rpcUrl, read, options.signal)
}

/** What `holder` has of the chain's own coin, in wei. */
export async function readCoin(chain: Chain, holder: Address, options: ReadOptions = {}): Promise<bigint> {
  return ask(chain.rpcUrl, () => chain.client.getBalance({ address: holder }), options.signal)
}

/** How the stablecoin's amounts are shown: its symbol and its decimals. */
export async function readToken(
  chain: Chain,
  options: ReadOptions = {},
): Promise<{ symbol: string; decimals: number }> {
  const at = { address: chain.addresses.token, abi: erc20Abi } as const
  const [symbol, decimals] = await Promise.all([
    ask(chain.rpcUrl, () => chain.client.readContract({ ...at, functionName: 'symbol' }), options.signal),
    ask(chain.rpcUrl, () => chain.client.readContract({ ...at, functionName: 'decimals' }), options.signal),
  ])
  return { symbol, decimals }
}

/** Sends `amount` of `token` (default: the stablecoin) to `to`. Throws `no-funds` when the account has less. */
export async function transferToken(
  chain: Chain,
  { to, amount, token }: { to: Address; amount: bigint; token?: Address | undefined },
  options: TransactOptions = {},
): Promise<Mined> {
  const address = token ?? chain.addresses.token
  await requireBalance(chain, accountOf(chain).address, amount, address, options)
  return transact(
    chain,
    { to: address, data: encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] }) },
    options,
  )
}

/** Mints test dollars; only the token of a test deployment can do it. */
export async function mintTestUsd(
  chain: Chain,
  { to, amount }: { to: Address; amount: bigint },
  options: TransactOptions = {},
): Promise<Mined> {
  const data = encodeFunctionData({ abi: testUsdAbi, functionName: 'mint', args: [to, amount] })
  return transact(chain, { to: chain.addresses.token, data }, options)
}

/** Lets `spender` pull `amount` of the stablecoin; sends nothing (null) when it already may. */
export async function approveToken(
  chain: Chain,
  { spender, amount }: { spender: Address; amount: bigint },
  options: TransactOptions = {},
): Promise<Mined | null> {
  const owner = accountOf(chain).address
  const address = chain.addresses.token
  const read = () =>
    chain.client.readContract({ address, abi: erc20Abi, functionName: 'allowance', args: [owner, spender] })
  if ((await ask(chain.rpcUrl, read, options.signal)) >= amount) return null
  return transact(
    chain,
    { to: address, data: encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [spender, amount] }) },
    options,
  )
}

/** Throws `no-funds`, naming what is missing, when `holder` has less than `amount`. */
export async function requireBalance(
  chain: Chain,
  holder: Address,
  amount: bigint,
  token: Address = chain.addresses.token,
  options: ReadOptions = {},
): Promise<void> {
  const balance = await readBalance(chain, holder, token, options)
  if (balance >= amount) return
  const unit = token === chain.addresses.token ? 'token units' : `units of ${token}`
  const missing = `${amount - balance} ${unit}`
  throw new BitCdnError(
    'no-funds',
    `${holder} holds ${balance} ${unit} and needs ${amount} ${unit}: ${missing} are missing.`,
    { advice: `Send at least ${missing} to ${holder}.` },
  )
}
