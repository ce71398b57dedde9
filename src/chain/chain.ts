// One connection to one chain: who we are on it, where the contracts are, and from which block on its word is final.

import type { Address } from 'viem'
import {
  type Account,
  createPublicClient,
  defineChain,
  http,
  type PublicClient,
  type Transport,
  type Chain as ViemChain,
} from 'viem'
import { BitCdnError } from '../errors.ts'
import { createDomain, type Domain } from '../receipts/index.ts'
import { contentRegistryAbi } from './abi/index.ts'
import { RECEIPT_POLLING, RPC_TIMEOUT } from './constants.ts'
import { ask, withoutSecrets } from './rpc.ts'

/** An account that signs in this process (viem's `privateKeyToAccount`, `mnemonicToAccount`, `toAccount`). */
export type LocalAccount = Extract<Account, { type: 'local' }>

export interface Addresses {
  /** BandwidthSettlement */
  readonly settlement: Address
  /** ContentRegistry */
  readonly registry: Address
  /** The stablecoin. */
  readonly token: Address
}

/** Which block decides where money is at stake. `finalized` cannot be undone; `latest` fits chains without reorganisations. */
export type Finality = 'latest' | 'safe' | 'finalized'

export interface Chain {
  readonly id: number
  readonly rpcUrl: string
  readonly addresses: Addresses
  readonly finality: Finality
  /** Null for a connection that only reads. */
  readonly account: LocalAccount | null
  /** What signatures for this settlement contract on this chain are made over. */
  readonly domain: Domain
  readonly client: PublicClient<Transport, ViemChain>
}

export interface ConnectChainInit {
  rpcUrl: string
  /** The registry names the other two; those that are given as well must agree with it. */
  addresses: { registry: Address; settlement?: Address | undefined; token?: Address | undefined }
  /** Refuses an endpoint of any other chain. */
  chainId?: number | undefined
  account?: LocalAccount | undefined
  /** Default `finalized`. */
  finality?: Finality | undefined
  signal?: AbortSignal | undefined
}

/**
 * Connects to an EVM chain and finds the contracts. Throws `rpc-unreachable` when nobody answers at `rpcUrl`, and
 * `wrong-chain` when the endpoint belongs to another chain or has no BitCDN contracts at these addresses.
 */
export async function connectChain(init: ConnectChainInit): Promise<Chain> {
  const { rpcUrl, signal } = init
  if (!/^https?:\/\//.test(rpcUrl) || !URL.canParse(rpcUrl)) {
    throw new BitCdnError('usage', `'${rpcUrl}' is no RPC URL.`, {
      advice: 'Give an http:// or https:// URL of a JSON-RPC endpoint.',
    })
  }
  const transport = http(rpcUrl, { timeout: RPC_TIMEOUT, retryCount: 2, retryDelay: 150 })
  const id = await ask(rpcUrl, () => createPublicClient({ transport }).getChainId(), signal)
  if (init.chainId !== undefined && init.chainId !== id) {
    throw new BitCdnError(
      'wrong-chain',
      `The RPC endpoint ${withoutSecrets(rpcUrl)} serves chain ${id}, not chain ${init.chainId}.`,
      {
        advice: `Give the RPC URL of chain ${init.chainId}, or the chain id and addresses that belong to chain ${id}.`,
      },
    )
  }
  const client = createPublicClient({
    chain: defineChain({
      id,
      name: `chain ${id}`,
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [rpcUrl] } },
    }),
    transport,
    pollingInterval: RECEIPT_POLLING,
    cacheTime: 0, // a stale block number would hide what has just been mined
  })
  const addresses = await findContracts(rpcUrl, client, init.addresses, signal)
  const domain = createDomain({ chainId: id, settlement: addresses.settlement })
  return {
    id,
    rpcUrl,
    addresses,
    finality: init.finality ?? 'finalized',
    account: init.account ?? null,
    domain,
    client,
  }
}

async function findContracts(
  rpcUrl: string,
  client: Chain['client'],
  given: ConnectChainInit['addresses'],
  signal: AbortSignal | undefined,
): Promise<Addresses> {
  const { registry } = given
  const at = { address: registry, abi: contentRegistryAbi } as const
  const code = await ask(rpcUrl, () => client.getCode({ address: registry }), signal)
  if (code === undefined || code === '0x') throw noContracts(client.chain.id, registry)
  const [settlement, token] = await Promise.all([
    ask(rpcUrl, () => client.readContract({ ...at, functionName: 'settlement' }), signal),
    ask(rpcUrl, () => client.readContract({ ...at, functionName: 'stablecoin' }), signal),
  ]).catch((error: unknown) => {
    if (error instanceof BitCdnError && error.code === 'rpc-unreachable') throw error
    throw noContracts(client.chain.id, registry, error)
  })
  for (const [what, said, found] of [
    ['settlement', given.settlement, settlement],
    ['token', given.token, token],
  ] as const) {
    if (said !== undefined && said.toLowerCase() !== found.toLowerCase()) {
      throw new BitCdnError(
        'wrong-chain',
        `The registry ${registry} works with the ${what} ${found}, not with ${said}.`,
        {
          advice: 'Give the addresses of one deployment, or only the registry.',
        },
      )
    }
  }
  return { registry, settlement, token }
}

function noContracts(id: number, registry: Address, cause?: unknown): BitCdnError {
  return new BitCdnError('wrong-chain', `There is no BitCDN registry at ${registry} on chain ${id}.`, {
    advice: 'Check the registry address and that the RPC URL belongs to the chain that it was deployed on.',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The account that signs, or `usage` when this connection has none. */
export function accountOf(chain: Chain): LocalAccount {
  if (chain.account === null) {
    throw new BitCdnError('usage', 'This needs a wallet, and none was given.', {
      advice: 'Give a key (`bitcdn key new` makes one).',
    })
  }
  return chain.account
}

/** Unix seconds of the newest block at the chain's finality: deadlines follow the chain, not this machine's clock. */
export async function blockTime(chain: Chain, signal?: AbortSignal): Promise<bigint> {
  const block = await ask(chain.rpcUrl, () => chain.client.getBlock({ blockTag: chain.finality }), signal)
  return block.timestamp
}
