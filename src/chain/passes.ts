// Who may download what. Passes are not enumerable on the chain: a holder's passes are found by their Transfer events.
import type { Address } from 'viem'
import { accessPassAbi as abi } from './abi/index.ts'
import type { Chain } from './chain.ts'
import { readLogs } from './logs.ts'
import { atBlock, type StateOptions } from './read-lane.ts'
import { ask } from './rpc.ts'

export interface Pass {
  readonly tokenId: bigint
  readonly tier: number
  /** Last valid second; the largest number for one that never ends. */
  readonly validUntil: bigint
  /** The largest number when it is not limited. */
  readonly usesLeft: bigint
  /** Token units, renewals included. */
  readonly paid: bigint
  /** Neither ended nor used up. */
  readonly valid: boolean
}

/** `valid`: some pass of the holder is; `expired`: it holds passes that have ended or are used up; `none`: it holds none. */
export type Access = 'valid' | 'expired' | 'none'

/** Every pass of one content that `holder` has now. */
export async function listPasses(
  chain: Chain,
  { pass, holder, fromBlock }: { pass: Address; holder: Address; fromBlock?: bigint | undefined },
  { at, signal }: StateOptions = {},
): Promise<Pass[]> {
  const contract = { address: pass, abi, ...atBlock(at) } as const
  const read = <T>(question: () => Promise<T>) => ask(chain.rpcUrl, question, signal)
  const held = await read(() => chain.client.readContract({ ...contract, functionName: 'balanceOf', args: [holder] }))
  if (held === 0n) return []
  const received = await readLogs(chain, { fromBlock, signal }, (from, to) =>
    chain.client.getContractEvents({
      address: pass,
      abi,
      eventName: 'Transfer',
      args: { to: holder },
      fromBlock: from,
      toBlock: to,
      strict: true,
    }),
  )
  const ids = [...new Set(received.map(({ args }) => args.tokenId))]
  const passes = await Promise.all(ids.map((tokenId) => readPass(chain, { pass, holder, tokenId }, { at, signal })))
  return passes.filter((one) => one !== null)
}

/** One pass, or null when `holder` does not have it. */
async function readPass(
  chain: Chain,
  { pass, holder, tokenId }: { pass: Address; holder: Address; tokenId: bigint },
  { at, signal }: StateOptions,
): Promise<Pass | null> {
  const contract = { address: pass, abi, ...atBlock(at), args: [tokenId] } as const
  const read = <T>(question: () => Promise<T>) => ask(chain.rpcUrl, question, signal)
  try {
    const [owner, [tier, validUntil, usesLeft, paid], valid] = await Promise.all([
      read(() => chain.client.readContract({ ...contract, functionName: 'ownerOf' })),
      read(() => chain.client.readContract({ ...contract, functionName: 'pass' })),
      read(() => chain.client.readContract({ ...contract, functionName: 'isValid' })),
    ])
    return owner.toLowerCase() === holder.toLowerCase()
      ? { tokenId, tier: Number(tier), validUntil, usesLeft, paid, valid }
      : null
  } catch (error) {
    // a burned pass has no owner: the contract says so, and that is an answer
    if (error instanceof Error && 'code' in error && error.code === 'transaction-failed') return null
    throw error
  }
}

/** Whether `holder` may download the content of this pass contract. */
export async function hasAccess(
  chain: Chain,
  about: { pass: Address; holder: Address; fromBlock?: bigint | undefined },
  options: StateOptions = {},
): Promise<Access> {
  const passes = await listPasses(chain, about, options)
  if (passes.some((pass) => pass.valid)) return 'valid'
  return passes.length > 0 ? 'expired' : 'none'
}
