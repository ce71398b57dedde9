// A content that is published: 60/30/10 shares, a lifetime tier, a soulbound viewing ticket and a limited season.
import type { AccessPass } from '../../types/ethers-contracts/passes/AccessPass.ts'
import type { RevenueShareToken } from '../../types/ethers-contracts/revenue/RevenueShareToken.ts'
import { DAY, deployed, ethers, USD } from './fixture.ts'

export const SHARE = 10n ** 18n
export const LIFETIME = 0
export const TICKET = 1
export const SEASON = 2

export const TIERS = [
  { price: 5n * USD, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 500, transferable: true },
  { price: 1n * USD, supplyCap: 2, duration: 7n * DAY, uses: 1, royaltyBps: 0, transferable: false },
  { price: 3n * USD, supplyCap: 0, duration: 30n * DAY, uses: 2, royaltyBps: 0, transferable: true },
]

export function publishParams(shares: { holder: string; amount: bigint }[] = []) {
  return {
    contentId: ethers.id('a film'),
    sponsor: ethers.ZeroAddress,
    pricePerGiB: 10_000_000n,
    deliveryBps: 2_000n,
    title: 'A film & "more" <b>',
    metainfoURI: 'magnet:?xt=urn:btmh:1220',
    shares,
    tiers: TIERS,
  }
}

export async function published() {
  const all = await deployed()
  const { registry, token, publisher, holder, other, buyer } = all
  const params = publishParams([
    { holder: publisher.address, amount: 600_000n * SHARE },
    { holder: holder.address, amount: 300_000n * SHARE },
    { holder: other.address, amount: 100_000n * SHARE },
  ])
  await registry.connect(publisher).publish(params)
  const content = await registry.contents(publisher.address, params.contentId)
  const shareToken = (await ethers.getContractAt('RevenueShareToken', content.token)) as unknown as RevenueShareToken
  const pass = (await ethers.getContractAt('AccessPass', content.pass)) as unknown as AccessPass
  for (const account of [buyer, publisher, other]) {
    await token.mint(account.address, 1_000n * USD)
    await token.connect(account).approve(pass, 1_000n * USD)
    await token.connect(account).approve(shareToken, 1_000n * USD)
  }
  return { ...all, params, content, shareToken, pass }
}
