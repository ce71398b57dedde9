import { type Address, encodeFunctionData, parseEventLogs } from 'viem'
import { accessPassAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { ask } from './rpc.ts'
import type { ReadOptions } from './token.ts'
import { type Mined, type TransactOptions, transact } from './transact.ts'

/** What a pass of this tier costs and is good for; it never changes. */
export interface TierTerms {
  /** Token units. */
  readonly price: bigint
  /** Passes that may ever be issued; 0 = no limit. */
  readonly supplyCap: number
  /** Seconds; 0 = for ever. */
  readonly duration: number
  /** 0 = without limit. */
  readonly uses: number
  /** Resale royalty in 1/10,000. */
  readonly royaltyBps: number
  readonly transferable: boolean
}

export interface Tier extends TierTerms {
  readonly tier: number
  readonly issued: bigint
  readonly open: boolean
}

/** Adds a tier to a pass that the account created; answers its number. */
export async function addTier(
  chain: Chain,
  { pass, terms }: { pass: Address; terms: TierTerms },
  options: TransactOptions = {},
): Promise<Mined & { tier: number }> {
  const mined = await transact(
    chain,
    { to: pass, data: encodeFunctionData({ abi, functionName: 'addTier', args: [terms] }) },
    options,
  )
  const [added] = parseEventLogs({ abi, logs: mined.receipt.logs, eventName: 'TierAdded' })
  return { ...mined, tier: Number(added?.args.tier ?? 0n) }
}

/** Every tier of a pass, closed ones included. */
export async function readTiers(chain: Chain, pass: Address, options: ReadOptions = {}): Promise<Tier[]> {
  const at = { address: pass, abi } as const
  const count = await ask(
    chain.rpcUrl,
    () => chain.client.readContract({ ...at, functionName: 'tierCount' }),
    options.signal,
  )
  return Promise.all(Array.from({ length: Number(count) }, (_, tier) => readTier(chain, { pass, tier }, options)))
}

export async function readTier(
  chain: Chain,
  { pass, tier }: { pass: Address; tier: number },
  options: ReadOptions = {},
): Promise<Tier> {
  const read = () => chain.client.readContract({ address: pass, abi, functionName: 'tierOf', args: [BigInt(tier)] })
  const [terms, issued, open] = await ask(chain.rpcUrl, read, options.signal)
  return { ...terms, tier, issued, open }
}
