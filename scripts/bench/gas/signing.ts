// The two signatures by which somebody pays without a transaction of its own for the allowance: ERC-2612 and EIP-3009.
import { ethers, type Wallet } from 'ethers'
import type { TestUSD } from '../../../types/ethers-contracts/mocks/TestUSD.ts'
import { LATER } from './chain.ts'

const WORDS = {
  Permit: ['address owner', 'address spender', 'uint256 value', 'uint256 nonce', 'uint256 deadline'],
  ReceiveWithAuthorization: [
    'address from',
    'address to',
    'uint256 value',
    'uint256 validAfter',
    'uint256 validBefore',
    'bytes32 nonce',
  ],
}

export async function permit(token: TestUSD, owner: Wallet, spender: string, value: bigint) {
  const nonce = await token.nonces(owner.address)
  return await sign(token, owner, 'Permit', { owner: owner.address, spender, value, nonce, deadline: LATER })
}

/** Terms of an authorised payment as the contracts take them; `nonce` is theirs, made from `salt`. */
export async function authorization(
  token: TestUSD,
  from: Wallet,
  terms: { to: string; value: bigint; nonce: string; salt: string },
) {
  const { to, value, nonce, salt } = terms
  const [validAfter, validBefore] = [0n, LATER]
  const message = { from: from.address, to, value, validAfter, validBefore, nonce }
  const { v, r, s } = await sign(token, from, 'ReceiveWithAuthorization', message)
  return { from: from.address, validAfter, validBefore, salt, v, r, s }
}

async function sign(token: TestUSD, signer: Wallet, type: keyof typeof WORDS, message: Record<string, unknown>) {
  const { name, version, chainId, verifyingContract } = await token.eip712Domain()
  const fields = WORDS[type].map((word) => {
    const [kind, label] = word.split(' ')
    return { type: kind!, name: label! }
  })
  const domain = { name, version, chainId, verifyingContract }
  return ethers.Signature.from(await signer.signTypedData(domain, { [type]: fields }, message))
}
