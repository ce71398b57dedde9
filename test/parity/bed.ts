// A chain with the contract, the probe and a dollar, for comparing what it decides with what the model decides.
import { network } from 'hardhat'
import type { Address, Hex } from 'viem'
import Devnet from '../../scripts/ignition/Devnet.ts'
import { createDomain, type Domain } from '../../src/receipts/index.ts'

export interface ParityBed {
  domain: Domain
  settlement: Address
  token: Address
  probe: Address
  /** Unlocked, with coin. */
  payer: Address
  request(method: string, params?: readonly unknown[]): Promise<unknown>
  /** What a call answers; throws what the contract reverts with. */
  call(to: Address, data: Hex): Promise<Hex>
  close(): Promise<void>
}

/** The most that a transaction may take (EIP-7825). */
export const GAS = 16_777_216n

/** Hardhat's EVM in this process. */
export async function startParityBed(): Promise<ParityBed> {
  const chain = await network.create()
  const { ethers, ignition, provider } = chain
  const { token, settlement } = await ignition.deploy(Devnet)
  const probe = await ethers.deployContract('ParityProbe')
  const [payer] = await ethers.getSigners()
  const { chainId } = await ethers.provider.getNetwork()
  const at = (await settlement.getAddress()) as Address
  const request = (method: string, params: readonly unknown[] = []) => provider.request({ method, params: [...params] })
  return {
    domain: createDomain({ chainId, settlement: at }),
    settlement: at,
    token: (await token.getAddress()) as Address,
    probe: (await probe.getAddress()) as Address,
    payer: payer!.address as Address,
    request,
    call: async (to, data) => (await request('eth_call', [{ to, data, gas: toHex(GAS) }, 'latest'])) as Hex,
    close: () => chain.close(),
  }
}

function toHex(value: bigint): Hex {
  return `0x${value.toString(16)}`
}
