// Everything that calls need: a content on sale, a sponsor with money, passes that are held, clones that are bare.
import type { AccessPass } from '../../types/ethers-contracts/passes/AccessPass.ts'
import type { RevenueShareToken } from '../../types/ethers-contracts/revenue/RevenueShareToken.ts'
import { ethers, USD, wallet } from './fixture.ts'
import { fund } from './funded.ts'
import { LIFETIME, published, SEASON, TICKET, TIERS } from './published.ts'

const LATER = 4_102_444_800n
const deploy = (name: string, ...args: unknown[]) => ethers.deployContract(name, args)

/** A content on sale and a sponsor with money: passes 1 (lifetime), 2 (ticket), 3 (season) are the buyer's. */
export async function world() {
  const all = await fund(await published())
  const { pass, token, buyer, publisher, settlement, shareToken, registry } = all
  for (const tier of [LIFETIME, TICKET, SEASON]) await pass.connect(buyer).buy(tier, buyer.address, 5n * USD, LATER)
  await pass.connect(publisher).addTier({ ...TIERS[0]!, price: 0n }) // tier 3, closed
  await pass.connect(publisher).closeTier(3)
  const giver = wallet()
  await token.mint(giver.address, 100n * USD)
  const delegate = wallet()
  await all.own.authorizeSigner(delegate.address, 10n * USD)
  const interfaces = {
    BandwidthSettlement: settlement.interface,
    RevenueShareToken: shareToken.interface,
    AccessPass: pass.interface,
    ContentRegistry: registry.interface,
    TestUSD: token.interface,
  } as unknown as Record<string, import('ethers').Interface>
  return { ...all, giver, delegate, interfaces, buying: pass.connect(buyer), creating: pass.connect(publisher) }
}

export type World = Awaited<ReturnType<typeof world>>

/** A clone of the share token, not initialised. */
export async function bareShares(
  { shareTokenImplementation, publisher }: World,
  supply: bigint,
): Promise<RevenueShareToken> {
  const factory = await deploy('CloneFactory')
  const args = ethers.solidityPacked(['address', 'uint96', 'uint16', 'string'], [publisher.address, supply, 0, 'bare'])
  await factory.getFunction('clone').send(await shareTokenImplementation.getAddress(), args)
  const address = await factory.getFunction('last').staticCall()
  return (await ethers.getContractAt('RevenueShareToken', address)) as unknown as RevenueShareToken
}

/** A clone of the pass for `count` tiers, not initialised. */
export async function barePass(
  { passImplementation, publisher, content, params }: World,
  count: number,
): Promise<AccessPass> {
  const factory = await deploy('CloneFactory')
  const args = ethers.solidityPacked(
    ['bytes32', 'address', 'address', 'uint16', 'uint8'],
    [params.contentId, publisher.address, content.token, 0, count],
  )
  await factory.getFunction('clone').send(await passImplementation.getAddress(), args)
  const address = await factory.getFunction('last').staticCall()
  return (await ethers.getContractAt('AccessPass', address)) as unknown as AccessPass
}
