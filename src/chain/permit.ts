// ERC-2612 and ERC-3009: letting a contract pull stablecoin by a signature instead of a transaction.
import { type Address, type Hex, parseAbi, parseSignature, type TypedDataDomain } from 'viem'
import { accountOf, type Chain, type LocalAccount } from './chain.ts'
import { ask } from './rpc.ts'

/** A signature as Solidity takes it. */
export interface SplitSignature {
  readonly v: number
  readonly r: Hex
  readonly s: Hex
}

export function splitSignature(signature: Hex): SplitSignature {
  const { r, s, yParity } = parseSignature(signature)
  return { v: 27 + yParity, r, s }
}

/** Signs a permit for `spender` over `value` until `deadline`, with the chain's account and its present nonce. */
export async function signPermit(
  chain: Chain,
  { spender, value, deadline }: { spender: Address; value: bigint; deadline: bigint },
  signal?: AbortSignal,
): Promise<SplitSignature> {
  const account = accountOf(chain)
  const owner = account.address
  const at = { address: chain.addresses.token, abi: tokenAbi } as const
  const nonce = await ask(
    chain.rpcUrl,
    () => chain.client.readContract({ ...at, functionName: 'nonces', args: [owner] }),
    signal,
  )
  const signature = await account.signTypedData({
    domain: await readTokenDomain(chain, signal),
    types: PERMIT,
    primaryType: 'Permit',
    message: { owner, spender, value, nonce, deadline },
  })
  return splitSignature(signature)
}

export interface ReceiveAuthorization {
  readonly from: Address
  readonly to: Address
  readonly value: bigint
  readonly validAfter: bigint
  readonly validBefore: bigint
  readonly nonce: Hex
}

/** Signs an EIP-3009 `ReceiveWithAuthorization`: 65 bytes that let `message.to`, and nobody else, pull the money. */
export async function signReceiveAuthorization(
  chain: Chain,
  account: LocalAccount,
  message: ReceiveAuthorization,
  signal?: AbortSignal,
): Promise<Hex> {
  const domain = await readTokenDomain(chain, signal)
  return account.signTypedData({
    domain,
    types: RECEIVE,
    primaryType: 'ReceiveWithAuthorization',
    message: { ...message },
  })
}

/** The stablecoin's EIP-712 domain: by ERC-5267, or for older tokens from its name and version. */
export async function readTokenDomain(chain: Chain, signal?: AbortSignal): Promise<TypedDataDomain> {
  const { token } = chain.addresses
  const at = { address: token, abi: tokenAbi } as const
  const read = <T>(question: () => Promise<T>) => ask(chain.rpcUrl, question, signal)
  try {
    const [, name, version, chainId, verifyingContract] = await read(() =>
      chain.client.readContract({ ...at, functionName: 'eip712Domain' }),
    )
    return { name, version, chainId: Number(chainId), verifyingContract }
  } catch {
    const name = await read(() => chain.client.readContract({ ...at, functionName: 'name' }))
    const version = await chain.client.readContract({ ...at, functionName: 'version' }).catch(() => '1')
    return { name, version, chainId: chain.id, verifyingContract: token }
  }
}

const tokenAbi = parseAbi([
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function nonces(address owner) view returns (uint256)',
  'function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)',
])

const PERMIT = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
} as const

const RECEIVE = {
  ReceiveWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const
