// What the contract tests share: a chain with BitCDN on it, accounts with names, and signatures made with ethers alone,
// so that src/receipts is not judged by itself.
import type { HDNodeWallet } from 'ethers'
import { network } from 'hardhat'
import Devnet from '../../scripts/ignition/Devnet.ts'
import type { TestUSD } from '../../types/ethers-contracts/mocks/TestUSD.ts'
import type { AccessPass } from '../../types/ethers-contracts/passes/AccessPass.ts'
import type { ContentRegistry } from '../../types/ethers-contracts/registry/ContentRegistry.ts'
import type { RevenueShareToken } from '../../types/ethers-contracts/revenue/RevenueShareToken.ts'
import type { BandwidthSettlement } from '../../types/ethers-contracts/settlement/BandwidthSettlement.ts'

export const DAY = 86_400n
export const GIB = 1n << 30n
export const MIB = 1n << 20n
export const USD = 1_000_000n
export const NEVER = (1n << 40n) - 1n
export const FOR_EVER = (1n << 256n) - 1n

/** One chain per test file; `loadFixture` goes back to where it was. */
export const chain = await network.create()
export const { ethers, networkHelpers } = chain

export async function deployed() {
  const [publisher, sponsor, seeder, other, operator, holder, buyer, relayer] = await ethers.getSigners()
  const contracts = await chain.ignition.deploy(Devnet)
  return {
    token: contracts.token as unknown as TestUSD,
    settlement: contracts.settlement as unknown as BandwidthSettlement,
    registry: contracts.registry as unknown as ContentRegistry,
    shareTokenImplementation: contracts.shareToken as unknown as RevenueShareToken,
    passImplementation: contracts.pass as unknown as AccessPass,
    publisher: publisher!,
    sponsor: sponsor!,
    seeder: seeder!,
    other: other!,
    operator: operator!,
    holder: holder!,
    buyer: buyer!,
    relayer: relayer!,
  }
}

/** An account whose key the test holds; it has no coin of the chain. */
export function wallet(): HDNodeWallet {
  return ethers.Wallet.createRandom()
}

export async function now(): Promise<bigint> {
  return BigInt(await networkHelpers.time.latest())
}

/** Signs the EIP-3009 `ReceiveWithAuthorization` of `token` and splits it as the contracts take it. */
export async function receiveAuthorization(
  token: TestUSD,
  from: HDNodeWallet,
  terms: { to: string; value: bigint; nonce: string; validAfter?: bigint; validBefore?: bigint },
) {
  const validAfter = terms.validAfter ?? 0n
  const validBefore = terms.validBefore ?? NEVER
  const signature = await from.signTypedData(
    await domainOf(token),
    {
      ReceiveWithAuthorization: [
        { name: 'from', type: 'address' },
        { name: 'to', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'validAfter', type: 'uint256' },
        { name: 'validBefore', type: 'uint256' },
        { name: 'nonce', type: 'bytes32' },
      ],
    },
    { from: from.address, to: terms.to, value: terms.value, validAfter, validBefore, nonce: terms.nonce },
  )
  const { v, r, s } = ethers.Signature.from(signature)
  return { from: from.address, validAfter, validBefore, v, r, s }
}

interface Permitting {
  getAddress(): Promise<string>
  nonces(owner: string): Promise<bigint>
  eip712Domain(): Promise<{ name: string; version: string; chainId: bigint; verifyingContract: string }>
}

interface Signing {
  readonly address: string
  signTypedData: HDNodeWallet['signTypedData']
}

/** Signs an ERC-2612 permit. */
export async function permit(
  token: Permitting,
  owner: Signing,
  terms: { spender: string; value: bigint; deadline: bigint },
) {
  const signature = await owner.signTypedData(
    await domainOf(token),
    {
      Permit: [
        { name: 'owner', type: 'address' },
        { name: 'spender', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'nonce', type: 'uint256' },
        { name: 'deadline', type: 'uint256' },
      ],
    },
    { owner: owner.address, nonce: await token.nonces(owner.address), ...terms },
  )
  return ethers.Signature.from(signature)
}

async function domainOf(contract: Pick<Permitting, 'eip712Domain'>) {
  const { name, version, chainId, verifyingContract } = await contract.eip712Domain()
  return { name, version, chainId, verifyingContract }
}
