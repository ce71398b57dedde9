// A chain for measuring: always the same keys, addresses and dates, so that the same code costs the same gas.
import type { ContractTransactionResponse, HDNodeWallet, TransactionReceipt, Wallet } from 'ethers'
import { network } from 'hardhat'
import type { TestUSD } from '../../../types/ethers-contracts/mocks/TestUSD.ts'
import type { ContentRegistry } from '../../../types/ethers-contracts/registry/ContentRegistry.ts'
import type { BandwidthSettlement } from '../../../types/ethers-contracts/settlement/BandwidthSettlement.ts'
import Devnet from '../../ignition/Devnet.ts'

export type Hex = `0x${string}`

/** What a kind of work cost. `gas` is the whole transaction, `perItem` its part per receipt, voucher or call, rounded up. */
export interface GasRow {
  readonly name: string
  readonly n: number
  readonly gas: number
  readonly perItem: number
  readonly target: number | null
}

export const LATER = 4_102_444_800n
export const FUNDS = 10n ** 15n

export async function createChain(hardfork: string) {
  const { ethers, ignition, networkHelpers } = await network.create({
    network: 'devnet',
    override: { hardfork, initialDate: '2026-01-01T00:00:00Z' },
  })
  const contracts = await ignition.deploy(Devnet)
  const [publisher, relayer] = await ethers.getSigners()
  const token = contracts.token as unknown as TestUSD
  const settlement = contracts.settlement as unknown as BandwidthSettlement
  let accounts = 0
  const rows: GasRow[] = []
  await used(token.mint(publisher!.address, 10n ** 24n))
  await used(token.approve(settlement, 10n ** 24n))
  const registry = contracts.registry as unknown as ContentRegistry
  const parties = { publisher: publisher!, relayer: relayer! }
  return { ethers, networkHelpers, token, settlement, registry, ...parties, rows, privateKey, account, row, used }

  /** The next of an endless row of keys. */
  function privateKey(): Hex {
    return ethers.id(`bitcdn gas ${accounts++}`) as Hex
  }

  /** An account with a key of its own and coin for gas; with stablecoins if `usd` says so. */
  async function account(usd = 0n): Promise<Wallet> {
    const made = new ethers.Wallet(privateKey(), ethers.provider)
    await networkHelpers.setBalance(made.address, 10n ** 20n)
    if (usd > 0n) await used(token.mint(made.address, usd))
    return made
  }

  function row(name: string, gas: bigint, options: { n?: number; target?: number | undefined } = {}): void {
    const n = options.n ?? 1
    rows.push({ name, n, gas: Number(gas), perItem: Math.ceil(Number(gas) / n), target: options.target ?? null })
  }
}

export type GasChain = Awaited<ReturnType<typeof createChain>>
export type Signing = Wallet | HDNodeWallet

/** The gas that a transaction used, once it is in a block. */
export async function used(sent: Promise<ContractTransactionResponse>): Promise<bigint> {
  return (await mined(sent)).gasUsed
}

export async function mined(sent: Promise<ContractTransactionResponse>): Promise<TransactionReceipt> {
  return (await (await sent).wait())!
}
