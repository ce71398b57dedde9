import type { Case } from './error-cases.ts'
import { ethers, networkHelpers, now, permit } from './fixture.ts'
import { SHARE } from './published.ts'
import { bareShares } from './world.ts'

const LATER = 4_102_444_800n
const ZERO = ethers.ZeroAddress
const NONE = ethers.ZeroHash
const deploy = (name: string, ...args: unknown[]) => ethers.deployContract(name, args)

const share = (holder: string, amount: bigint) => ({ holder, amount })

export const REVENUE_CASES: Record<string, Record<string, Case>> = {
  'RevenueShareToken.constructor': {
    'stablecoin with 9 decimals': async () => deploy('RevenueShareToken', await deploy('HostileToken', 9)),
    'stablecoin with 8 decimals': async () => deploy('RevenueShareToken', await deploy('HostileToken', 8)),
  },
  'RevenueShareToken.initialize': {
    'a second time': async (all) => {
      const bare = await bareShares(all, 5n)
      await bare.initialize([share(all.other.address, 5n)])
      return bare.initialize([share(all.other.address, 5n)])
    },
    'on the implementation': ({ shareTokenImplementation }) => shareTokenImplementation.initialize([]),
    'holder is zero': async (all) => (await bareShares(all, 5n)).initialize([share(ZERO, 5n)]),
    'holder is the token itself': async (all) => {
      const bare = await bareShares(all, 5n)
      return bare.initialize([share(await bare.getAddress(), 5n)])
    },
    'sum below the supply': async (all) => (await bareShares(all, 5n)).initialize([share(all.other.address, 4n)]),
    'sum above the supply': async (all) => (await bareShares(all, 5n)).initialize([share(all.other.address, 6n)]),
    'supply is zero': async (all) => (await bareShares(all, 0n)).initialize([]),
    'supply above 2^86': async (all) =>
      (await bareShares(all, (1n << 86n) + 1n)).initialize([share(all.other.address, (1n << 86n) + 1n)]),
    'supply of 2^86': async (all) =>
      (await bareShares(all, 1n << 86n)).initialize([share(all.other.address, 1n << 86n)]),
  },
  'RevenueShareToken.distribute': {
    'amount above the approval': ({ shareToken, relayer }) => shareToken.connect(relayer).distribute(1n),
    'income would not fit': async ({ shareToken, token, buyer }) => {
      await token.mint(buyer.address, 1n << 64n)
      await token.connect(buyer).approve(shareToken, 1n << 64n)
      return shareToken.connect(buyer).distribute(1n << 64n)
    },
  },
  'RevenueShareToken.sync': {
    'nothing there to count': async ({ shareToken }) => {
      await shareToken.sync()
      return shareToken.sync()
    },
  },
  'RevenueShareToken.claim': {
    'to is zero': ({ shareToken, publisher }) => shareToken.connect(publisher).claim(ZERO),
    'nothing to claim': ({ shareToken, relayer }) => shareToken.connect(relayer).claim(ZERO),
  },
  'RevenueShareToken.claimFor': {
    'holder has code and did not consent': ({ shareToken, settlement }) => shareToken.claimFor(settlement),
  },
  'RevenueShareToken.setClaimConsent': {
    'any holder': ({ shareToken, other }) => shareToken.connect(other).setClaimConsent(true),
  },
  'RevenueShareToken.sweep': {
    'token is the stablecoin': ({ shareToken, token }) => shareToken.sweep(token),
    'token has no code': ({ shareToken, relayer }) => shareToken.sweep(relayer.address),
    'publisher refuses the chain’s coin': async (all) => {
      const { settlement, publisher, shareToken, other } = all
      await networkHelpers.setCode(publisher.address, await ethers.provider.getCode(settlement))
      await other.sendTransaction({ to: shareToken, value: 1n })
      return shareToken.connect(other).sweep(ZERO)
    },
  },
  'RevenueShareToken.transfer': {
    'to is the token itself': ({ shareToken, holder }) => shareToken.connect(holder).transfer(shareToken, 1n),
    'to is zero': ({ shareToken, holder }) => shareToken.connect(holder).transfer(ZERO, 1n),
    'amount above the balance': ({ shareToken, holder, other }) =>
      shareToken.connect(holder).transfer(other.address, 300_000n * SHARE + 1n),
  },
  'RevenueShareToken.transferFrom': {
    'amount above the approval': ({ shareToken, holder, other }) =>
      shareToken.connect(other).transferFrom(holder.address, other.address, 1n),
  },
  'RevenueShareToken.approve': {
    'spender is zero': ({ shareToken, holder }) => shareToken.connect(holder).approve(ZERO, 1n),
  },
  'RevenueShareToken.permit': {
    'deadline that has passed': async ({ shareToken, giver, other }) => {
      const deadline = await now()
      const { v, r, s } = await permit(shareToken, giver, { spender: other.address, value: 1n, deadline })
      return shareToken.permit(giver.address, other.address, 1n, deadline, v, r, s)
    },
    'signed by another': async ({ shareToken, giver, holder, other }) => {
      const { v, r, s } = await permit(shareToken, giver, { spender: other.address, value: 1n, deadline: LATER })
      return shareToken.permit(holder.address, other.address, 1n, LATER, v, r, s)
    },
    'submitted twice': async ({ shareToken, giver, other }) => {
      const { v, r, s } = await permit(shareToken, giver, { spender: other.address, value: 1n, deadline: LATER })
      await shareToken.permit(giver.address, other.address, 1n, LATER, v, r, s)
      return shareToken.permit(giver.address, other.address, 1n, LATER, v, r, s)
    },
    'signature of nobody': ({ shareToken, giver, other }) =>
      shareToken.permit(giver.address, other.address, 1n, LATER, 29, NONE, NONE),
    'signature with high s': ({ shareToken, giver, other }) =>
      shareToken.permit(giver.address, other.address, 1n, LATER, 27, ethers.id('r'), ethers.toBeHex(ethers.MaxUint256)),
  },
}
