// A content's share token: what its holders can claim of the income, and who they are.
import { type Address, encodeFunctionData, parseEventLogs } from 'viem'
import { revenueShareTokenAbi as abi } from './abi/index.ts'
import { accountOf, type Chain } from './chain.ts'
import { ask } from './rpc.ts'
import { type ReadOptions, transferToken } from './token.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

/** The token's own books, in the stablecoin's units: paid + claimable of all + pending + carried = received. */
export interface ShareBooks {
  readonly received: bigint
  readonly paid: bigint
  /** Income of a block that is not folded in yet. */
  readonly pending: bigint
  /** Money that lies there and was not counted yet. */
  readonly unsynced: bigint
}

/** What `holder` could claim now, in the stablecoin's units. */
export async function claimable(
  chain: Chain,
  { token, holder }: { token: Address; holder: Address },
  options: ReadOptions = {},
): Promise<bigint> {
  return ask(
    chain.rpcUrl,
    () => chain.client.readContract({ address: token, abi, functionName: 'claimable', args: [holder] }),
    options.signal,
  )
}

/** Claims the account's part of the income; pays `to`, default the account itself. */
export async function claimShares(
  chain: Chain,
  { token, to }: { token: Address; to?: Address | undefined },
  options: TransactOptions = {},
): Promise<Mined & { amount: bigint }> {
  const data = encodeFunctionData({ abi, functionName: 'claim', args: [to ?? accountOf(chain).address] })
  const mined = await transact(chain, { to: token, data }, options)
  const [claimed] = parseEventLogs({ abi, logs: mined.receipt.logs, eventName: 'Claimed' })
  return { ...mined, amount: claimed?.args.amount ?? 0n }
}

/** Gives shares away; income up to now stays with the giver. */
export async function transferShares(
  chain: Chain,
  { token, to, amount }: { token: Address; to: Address; amount: bigint },
  options: TransactOptions = {},
): Promise<Mined> {
  return transferToken(chain, { token, to, amount }, options)
}

export async function readShareBooks(chain: Chain, token: Address, options: ReadOptions = {}): Promise<ShareBooks> {
  const read = () => chain.client.readContract({ address: token, abi, functionName: 'books' })
  const [received, paid, pending, unsynced] = await ask(chain.rpcUrl, read, options.signal)
  return { received, paid, pending, unsynced }
}
