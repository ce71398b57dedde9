import type { Address } from 'viem'
import { getAddress, isAddress } from 'viem'
import {
  type Chain,
  connectChain,
  connectRemoteAccount,
  type Finality,
  type LocalAccount,
  readToken,
} from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import type { CommandIo } from './io.ts'
import { loadKey } from './keys.ts'
import { SETTINGS, type Settings } from './settings.ts'
import { parseWhole, speakIn } from './words.ts'

/** The chain that the settings name, with how its stablecoin is written. */
export interface Wallet {
  readonly chain: Chain
  readonly symbol: string
  readonly decimals: number
}

export const CHAIN_SETTINGS = ['rpc', 'registry', 'chainId', 'finality', 'confirmations'] as const
/** Whose key signs: in a file here, or in another program. */
export const KEY_SETTINGS = ['key', 'passwordFile', 'signer'] as const
export const WALLET_SETTINGS = [...CHAIN_SETTINGS, ...KEY_SETTINGS] as const

/** Connects; with the wallet's key unless `reads`. */
export async function openWallet(settings: Settings, io: CommandIo, reads = false): Promise<Wallet> {
  const { signal } = io
  const rpcUrl = settings.required('rpc')
  const registry = parseAddress(settings.required('registry'), '--registry')
  const chainId = settings.text('chainId')
  const confirmations = settings.text('confirmations')
  const chain = await connectChain({
    rpcUrl,
    addresses: { registry },
    chainId: chainId === undefined ? undefined : parseWhole(chainId, '--chain-id', 1),
    confirmations: confirmations === undefined ? undefined : parseWhole(confirmations, '--confirmations', 1, 10_000),
    finality: parseFinality(settings.required('finality')),
    account: reads ? undefined : await openAccount(settings, io),
    signal,
  })
  const coin = await readToken(chain, { signal })
  speakIn(coin)
  return { chain, ...coin }
}

/** The account that the settings name: the key of a file, or one that a signer holds. */
export async function openAccount(settings: Settings, io: CommandIo): Promise<LocalAccount> {
  const url = settings.text('signer')
  if (url === undefined) return loadKey(settings, io)
  const named = settings.required('key')
  // The key's default name says nothing to a signer; an address does.
  const address = named === SETTINGS.key.fallback ? undefined : parseAddress(named, '--key, with --signer,')
  return connectRemoteAccount({ url, address, signal: io.signal })
}

/** All lower case, all upper case, or with a right EIP-55 checksum: a slip in one letter must not send money elsewhere. */
export function parseAddress(text: string, what: string): Address {
  const digits = text.slice(2)
  const unchecked = digits === digits.toLowerCase() || digits === digits.toUpperCase()
  if (!isAddress(text, { strict: false })) {
    throw new BitCdnError('usage', `${what} must be an Ethereum address, 0x and 40 hex digits, not "${text}".`)
  }
  if (!unchecked && getAddress(text) !== text) {
    throw new BitCdnError('usage', `${what} "${text}" has a wrong checksum: a letter is mistyped.`, {
      advice: 'Copy the address again from where it came from.',
    })
  }
  if (BigInt(text) === 0n)
    throw new BitCdnError('usage', `${what} must not be the zero address: money sent there is lost.`)
  return getAddress(text)
}

function parseFinality(text: string): Finality {
  if (text === 'latest' || text === 'safe' || text === 'finalized') return text
  throw new BitCdnError('usage', `--finality must be finalized, safe or latest, not "${text}".`)
}
