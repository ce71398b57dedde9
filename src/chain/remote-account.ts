// A key in another process: clef, Web3Signer, a wallet of one's own. What it answers is never believed: the signer is
// recovered from every signature, and a transaction is compared with the one that was asked for, before either is used.
import {
  type Address,
  getAddress,
  type Hex,
  hashMessage,
  hashTypedData,
  isAddress,
  isHex,
  parseTransaction,
  recoverAddress,
  recoverTransactionAddress,
  stringToHex,
  type TransactionSerialized,
  toHex,
} from 'viem'
import { toAccount } from 'viem/accounts'
import { BitCdnError } from '../errors.ts'
import type { LocalAccount } from './chain.ts'
import { createRemoteSigner, isUnknownMethod, type RemoteSigner } from './remote-signer.ts'

export interface RemoteAccountInit {
  /** JSON-RPC over http:// or https://; user and password in it become a header. */
  url: string
  /** Which account signs. Default: the only one that the signer has. */
  address?: Address | undefined
  /** Milliseconds for one answer; a person may have to confirm it. Default {@link SIGNER_TIMEOUT}. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
}

/**
 * An account whose key is in another process (`eth_accounts`, `eth_signTransaction`, `eth_signTypedData_v4`,
 * `personal_sign`). Throws `signer-unreachable`, `refused` when the signer says no, `usage` when it has no such account
 * or several, and `protocol` when it signs something else or with another key.
 */
export async function connectRemoteAccount(init: RemoteAccountInit): Promise<LocalAccount> {
  const signer = createRemoteSigner(init)
  const address = await chooseAccount(signer, init)
  return toAccount({
    address,
    async signTransaction(transaction) {
      const answer = await signer.call('eth_signTransaction', [rpcTransaction(transaction, address)])
      const raw = readRaw(answer, signer)
      if (!(await isWhatWasAsked(raw, transaction, address))) throw somethingElse(signer, 'another transaction')
      return raw as TransactionSerialized<'eip1559'>
    },
    async signTypedData(typed) {
      const text = toJson({ ...typed, types: { EIP712Domain: domainTypes(typed.domain), ...typed.types } })
      const signature = await firstKnown(signer, [
        ['eth_signTypedData_v4', [address, text]],
        ['eth_signTypedData', [address, JSON.parse(text)]],
      ])
      return checked(signer, signature, hashTypedData(typed as never), address)
    },
    async signMessage({ message }) {
      const bytes = typeof message === 'string' ? stringToHex(message) : toHex(message.raw as Hex)
      const signature = await firstKnown(signer, [
        ['personal_sign', [bytes, address]],
        ['eth_sign', [address, bytes]],
      ])
      return checked(signer, signature, hashMessage(message), address)
    },
  }) as LocalAccount
}

async function chooseAccount(signer: RemoteSigner, { address, signal }: RemoteAccountInit): Promise<Address> {
  const answer = await signer.call('eth_accounts', [], signal)
  if (!Array.isArray(answer) || !answer.every((one) => typeof one === 'string' && isAddress(one, { strict: false }))) {
    throw somethingElse(signer, 'no list of accounts')
  }
  const accounts = (answer as string[]).map((one) => getAddress(one))
  if (address !== undefined) {
    if (accounts.includes(getAddress(address))) return getAddress(address)
    throw new BitCdnError('usage', `The signer at ${signer.host} has no account ${address}.`, {
      advice: accounts.length === 0 ? 'It has none: unlock one there.' : `It has: ${accounts.slice(0, 10).join(', ')}.`,
    })
  }
  const [only] = accounts
  if (only !== undefined && accounts.length === 1) return only
  throw new BitCdnError(
    'usage',
    `The signer at ${signer.host} has ${accounts.length} accounts, and nothing says which one to use.`,
    {
      advice:
        accounts.length === 0
          ? 'Unlock one there.'
          : `Name one by its address (on the command line --key): ${accounts.slice(0, 10).join(', ')}.`,
    },
  )
}

/** Signers differ in the names of methods; a method that exists decides, whatever it answers. */
async function firstKnown(signer: RemoteSigner, ways: readonly (readonly [string, unknown[]])[]): Promise<unknown> {
  for (const [at, [method, params]] of ways.entries()) {
    try {
      return await signer.call(method, params)
    } catch (error) {
      if (!isUnknownMethod(error) || at === ways.length - 1) throw error
    }
  }
  throw new TypeError('no method was named')
}

async function checked(signer: RemoteSigner, answer: unknown, hash: Hex, address: Address): Promise<Hex> {
  if (!isHex(answer) || answer.length !== 132) throw somethingElse(signer, 'no signature of 65 bytes')
  let found: Address
  try {
    found = await recoverAddress({ hash, signature: answer })
  } catch {
    throw somethingElse(signer, 'bytes that are no signature')
  }
  if (found !== address) throw somethingElse(signer, `a signature that ${address} did not make over this`)
  return answer
}

type Transaction = Parameters<LocalAccount['signTransaction']>[0]

function rpcTransaction(transaction: Transaction, from: Address): Record<string, unknown> {
  const { chainId, nonce, gas, value, data, to, maxFeePerGas, maxPriorityFeePerGas } = transaction
  const number = (given: bigint | number | undefined) => (given === undefined ? undefined : toHex(given))
  return {
    from,
    to,
    data: data ?? '0x',
    input: data ?? '0x',
    value: toHex(value ?? 0n),
    gas: number(gas),
    nonce: number(nonce),
    chainId: number(chainId),
    maxFeePerGas: number(maxFeePerGas),
    maxPriorityFeePerGas: number(maxPriorityFeePerGas),
  }
}

/** Web3Signer answers the bytes, clef and geth an object with `raw` in it. */
function readRaw(answer: unknown, signer: RemoteSigner): Hex {
  const raw = typeof answer === 'object' && answer !== null && 'raw' in answer ? answer.raw : answer
  if (isHex(raw)) return raw
  throw somethingElse(signer, 'no signed transaction')
}

async function isWhatWasAsked(raw: Hex, asked: Transaction, address: Address): Promise<boolean> {
  try {
    const signed = parseTransaction(raw)
    const same =
      (signed.to ?? null)?.toLowerCase() === (asked.to ?? null)?.toLowerCase() &&
      (signed.data ?? '0x') === (asked.data ?? '0x') &&
      (signed.value ?? 0n) === (asked.value ?? 0n) &&
      (signed.nonce ?? 0) === (asked.nonce ?? 0) &&
      (signed.gas ?? 0n) === (asked.gas ?? 0n) &&
      signed.chainId === asked.chainId &&
      (signed.maxFeePerGas ?? 0n) === (asked.maxFeePerGas ?? 0n) &&
      (signed.maxPriorityFeePerGas ?? 0n) === (asked.maxPriorityFeePerGas ?? 0n) &&
      (signed.accessList ?? []).length === 0
    const serializedTransaction = raw as TransactionSerialized<'eip1559'>
    return same && (await recoverTransactionAddress({ serializedTransaction })) === address
  } catch {
    return false
  }
}

function somethingElse(signer: RemoteSigner, what: string): BitCdnError {
  return new BitCdnError('protocol', `The signer at ${signer.host} answered with ${what}; it is not used.`, {
    advice: 'Nothing was sent. Check that the signer is the one you mean and that it speaks JSON-RPC.',
  })
}

/** The types of a domain's fields, in the order that EIP-712 gives; wallets want them spelt out. */
function domainTypes(domain: unknown): { name: string; type: string }[] {
  const fields = (domain ?? {}) as Record<string, unknown>
  return DOMAIN_FIELDS.filter(({ name }) => fields[name] !== undefined)
}

const DOMAIN_FIELDS = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
]

/** Whole numbers beyond 2^53 travel as decimal strings, which every wallet reads. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? item.toString() : item))
}
