// One connection to one chain: who we are on it, where the contracts are, and from which block on its word is final.

import type { Address } from 'viem'
import {
  type Account,
  createPublicClient,
  defineChain,
  type PublicClient,
  type Transport,
  type Chain as ViemChain,
} from 'viem'
import { BitCdnError } from '../errors.ts'
import { createDomain, type Domain, type TransactionJournal } from '../receipts/index.ts'
import { contentRegistryAbi } from './abi/index.ts'
import { RECEIPT_POLLING, RPC_TIMEOUT } from './constants.ts'
import { endpointsTransport, parseRpcUrls } from './endpoints.ts'
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
  /** For {@link ask} and messages, not to be shown: it may hold keys. Several endpoints are separated by commas. */
  readonly rpcUrl: string
  readonly addresses: Addresses
  readonly finality: Finality
  /** Blocks that must stand on a final transaction, its own included, whatever the tag says; null: the tag decides. */
  readonly confirmations: number | null
  /** Null for a connection that only reads. */
  readonly account: LocalAccount | null
  /** What signatures for this settlement contract on this chain are made over. */
  readonly domain: Domain
  /** Asks the next endpoint where one fails. */
  readonly client: PublicClient<Transport, ViemChain>
  /** Each endpoint by itself: where money is at stake they are compared. */
  readonly endpoints: readonly PublicClient<Transport, ViemChain>[]
  /** Where transactions are written down before they leave; null: only in this process's memory. */
  readonly journal: TransactionJournal | null
}

export interface ConnectChainInit {
  /** One endpoint, or several of the same chain: a list, or a text with commas. */
  rpcUrl: string | readonly string[]
  /** The registry names the other two; those that are given as well must agree with it. */
  addresses: { registry: Address; settlement?: Address | undefined; token?: Address | undefined }
  /** Refuses an endpoint of any other chain. */
  chainId?: number | undefined
  account?: LocalAccount | undefined
  /** Default `finalized`. */
  finality?: Finality | undefined
  /** At least this many blocks, also where the tag asks for fewer; instead of the tag on chains that do not know it. */
  confirmations?: number | undefined
  /** Milliseconds that one request may take; default {@link RPC_TIMEOUT}. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

/**
 * Connects to an EVM chain and finds the contracts. Throws `rpc-unreachable` when nobody answers at `rpcUrl`, and
 * `wrong-chain` when the endpoint belongs to another chain or has no BitCDN contracts at these addresses.
 */
export async function connectChain(init: ConnectChainInit): Promise<Chain> {
  const { signal, timeout = RPC_TIMEOUT } = init
  const urls = parseRpcUrls(init.rpcUrl)
  const rpcUrl = urls.join(',')
  const alone = urls.map((url) => createPublicClient({ transport: endpointsTransport([url], timeout) }))
  const id = await commonId(alone, urls, signal)
  if (init.chainId !== undefined && init.chainId !== id) {
    throw new BitCdnError(
      'wrong-chain',
      `The RPC endpoint ${withoutSecrets(rpcUrl)} serves chain ${id}, not chain ${init.chainId}.`,
      {
        advice: `Give the RPC URL of chain ${init.chainId}, or the chain id and addresses that belong to chain ${id}.`,
      },
    )
  }
  const chain = defineChain({
    id,
    name: `chain ${id}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: urls } },
  })
  const clientOf = (at: readonly string[]) =>
    createPublicClient({
      chain,
      transport: endpointsTransport(at, timeout),
      pollingInterval: RECEIPT_POLLING,
      cacheTime: 0, // a stale block number would hide what has just been mined
    })
  const client = clientOf(urls)
  const addresses = await findContracts(rpcUrl, client, init.addresses, signal)
  const domain = createDomain({ chainId: id, settlement: addresses.settlement })
  return {
    id,
    rpcUrl,
    addresses,
    finality: init.finality ?? 'finalized',
    confirmations: init.confirmations ?? null,
    account: init.account ?? null,
    domain,
    client,
    endpoints: urls.length === 1 ? [client] : urls.map((url) => clientOf([url])),
    journal: null,
  }
}

/** The same connection, whose transactions are written down before they leave and survive the process. */
export function withJournal(chain: Chain, journal: TransactionJournal): Chain {
  return { ...chain, journal }
}

/** Endpoints that do not answer now are left out; one of another chain is refused. */
async function commonId(
  clients: readonly { getChainId(): Promise<number> }[],
  urls: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const answers = await Promise.allSettled(
    clients.map((client, at) => ask(urls[at] as string, () => client.getChainId(), signal)),
  )
  const ids = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  const [id] = ids
  if (id === undefined) throw (answers[0] as PromiseRejectedResult).reason
  if (ids.every((other) => other === id)) return id
  throw new BitCdnError('wrong-chain', `The RPC endpoints serve different chains: ${[...new Set(ids)].join(', ')}.`, {
    advice: 'Give endpoints of one chain.',
  })
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
