// A purchase without gas: the buyer signs (EIP-3009), anybody submits. The nonce binds the money to this pass, tier,
// receiver, price and deadline, so whoever submits it can change nothing.
import { type Address, bytesToHex, encodeAbiParameters, encodeFunctionData, type Hex, keccak256 } from 'viem'
import { BitCdnError } from '../errors.ts'
import { accessPassAbi as abi } from './abi/index.ts'
import { type PassBought, type PassPurchase, requirePrice, sold } from './buy-pass.ts'
import { accountOf, blockTime, type Chain } from './chain.ts'
import { PERMIT_SECONDS } from './constants.ts'
import { signReceiveAuthorization, splitSignature } from './permit.ts'
import { ask } from './rpc.ts'
import { readTier } from './tiers.ts'
import { requireBalance } from './token.ts'
import { type TransactOptions, transact } from './transact.ts'

/** What a buyer signed, and all that a relayer needs to submit it. */
export interface PassAuthorization {
  readonly pass: Address
  readonly tier: number
  readonly to: Address
  /** Token units; the contract pulls the tier's price. */
  readonly maxPrice: bigint
  /** Unix seconds of block time. */
  readonly deadline: bigint
  readonly salt: Hex
  readonly from: Address
  /** 65 bytes over the stablecoin's ReceiveWithAuthorization. */
  readonly signature: Hex
}

/** Signs a purchase with the chain's account, which needs stablecoin and no gas. Throws `price-too-high`, `no-funds`. */
export async function signPassAuthorization(
  chain: Chain,
  purchase: PassPurchase,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<PassAuthorization> {
  const account = accountOf(chain)
  const { pass, tier } = purchase
  const from = account.address
  const to = purchase.to ?? from
  const terms = await readTier(chain, purchase, options)
  requirePrice(terms, purchase.maxPrice)
  await requireBalance(chain, from, terms.price, chain.addresses.token, options)
  // the authorised value is exactly the tier's price, and so is the most that the buyer pays
  const maxPrice = terms.price
  const deadline = (await blockTime(chain, options.signal)) + PERMIT_SECONDS
  const salt = bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
  const nonce = passAuthorizationNonce({ pass, tier, to, maxPrice, deadline, salt })
  const message = { from, to: pass, value: maxPrice, validAfter: 0n, validBefore: deadline + 1n, nonce }
  const signature = await signReceiveAuthorization(chain, account, message, options.signal)
  return { pass, tier, to, maxPrice, deadline, salt, from, signature }
}

/** keccak256(abi.encode(pass, tier, to, maxPrice, deadline, salt)), as AccessPass.authorizationNonce. */
export function passAuthorizationNonce(of: Omit<PassAuthorization, 'from' | 'signature'>): Hex {
  const types = ['address', 'uint256', 'address', 'uint256', 'uint256', 'bytes32'].map((type) => ({ type }))
  return keccak256(encodeAbiParameters(types, [of.pass, BigInt(of.tier), of.to, of.maxPrice, of.deadline, of.salt]))
}

/** Submits a buyer's authorisation from the chain's account, which pays the gas. Tried first without sending. */
export async function submitPassAuthorization(
  chain: Chain,
  authorization: PassAuthorization,
  options: TransactOptions = {},
): Promise<PassBought> {
  return sold(await transact(chain, { to: authorization.pass, data: purchaseData(authorization) }, options))
}

/** What it would do, without sending: the gas that it takes. Throws `no-funds` or `transaction-failed` as sending would. */
export async function estimatePassAuthorization(
  chain: Chain,
  authorization: PassAuthorization,
  options: TransactOptions = {},
): Promise<bigint> {
  const call = { account: accountOf(chain).address, to: authorization.pass, data: purchaseData(authorization) }
  return ask(chain.rpcUrl, () => chain.client.estimateGas(call), options.signal)
}

function purchaseData({ tier, to, maxPrice, deadline, salt, from, signature }: PassAuthorization): Hex {
  let split: ReturnType<typeof splitSignature>
  try {
    split = splitSignature(signature)
  } catch (cause) {
    throw new BitCdnError('protocol', 'The signature of the purchase is malformed.', {
      cause,
      advice: 'Sign the purchase again.',
    })
  }
  const authorization = { from, validAfter: 0n, validBefore: deadline + 1n, salt, ...split }
  return encodeFunctionData({
    abi,
    functionName: 'buyWithAuthorization',
    args: [BigInt(tier), to, maxPrice, deadline, authorization],
  })
}
