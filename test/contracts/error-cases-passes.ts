// The rows of AccessPass in docs/CONTRACTS.md, "Errors and skip reasons", as calls.
import type { AccessPass } from '../../types/ethers-contracts/passes/AccessPass.ts'
import type { Case } from './error-cases.ts'
import { DAY, ethers, networkHelpers, now, receiveAuthorization, USD } from './fixture.ts'
import { LIFETIME, SEASON, TICKET, TIERS } from './published.ts'
import { barePass, type World } from './world.ts'

const { time } = networkHelpers
const LATER = 4_102_444_800n
const ZERO = ethers.ZeroAddress
const NONE = ethers.ZeroHash
const _deploy = (name: string, ...args: unknown[]) => ethers.deployContract(name, args)

async function authorisedPurchase(all: World, tier: number, price: bigint, to = all.giver.address) {
  const { pass, token, giver } = all
  const salt = ethers.id('salt')
  const nonce = await pass.authorizationNonce(tier, to, 5n * USD, LATER, salt)
  return { ...(await receiveAuthorization(token, giver, { to: await pass.getAddress(), value: price, nonce })), salt }
}

const purchase =
  (tier: number, change: { to?: string; maxPrice?: bigint; deadline?: bigint } = {}): Case =>
  ({ buying, buyer }) =>
    buying.buy(tier, change.to ?? buyer.address, change.maxPrice ?? 5n * USD, change.deadline ?? LATER)

const withPermit =
  (tier: number, change: { to?: string; maxPrice?: bigint; deadline?: bigint } = {}): Case =>
  ({ buying, buyer }) =>
    buying.buyWithPermit(
      tier,
      change.to ?? buyer.address,
      change.maxPrice ?? 5n * USD,
      change.deadline ?? LATER,
      27,
      NONE,
      NONE,
    )

const relayed =
  (tier: number, change: { to?: string; maxPrice?: bigint; deadline?: bigint } = {}): Case =>
  async (all) =>
    all.pass
      .connect(all.relayer)
      .buyWithAuthorization(
        tier,
        change.to ?? all.giver.address,
        change.maxPrice ?? 5n * USD,
        change.deadline ?? LATER,
        await authorisedPurchase(all, LIFETIME, 5n * USD),
      )

/** The wrong offers that all three ways of buying refuse alike. */
const offers = (buy: typeof purchase): Record<string, Case> => ({
  'tier that does not exist': buy(4),
  'tier that is closed': buy(3),
  'tier that is sold out': async (all) => {
    await all.creating.grant(TICKET, all.buyer.address)
    return buy(TICKET)(all)
  },
  'maxPrice below the price': buy(LIFETIME, { maxPrice: 5n * USD - 1n }),
  'deadline that has passed': async (all) => buy(LIFETIME, { deadline: await now() })(all),
  'to is zero': buy(LIFETIME, { to: ZERO }),
})

const byOthers = (call: (pass: AccessPass, all: World) => Promise<unknown>): Case => {
  return (all) => call(all.buying, all)
}

export const PASSES_CASES: Record<string, Record<string, Case>> = {
  'AccessPass.initialize': {
    'a second time': async (all) => {
      const bare = await barePass(all, 1)
      await bare.initialize([TIERS[0]!])
      return bare.initialize([TIERS[0]!])
    },
    'on the implementation': ({ passImplementation }) => passImplementation.initialize([]),
    'other number of tiers than in its arguments': async (all) => (await barePass(all, 2)).initialize([TIERS[0]!]),
    'no tiers': async (all) => (await barePass(all, 0)).initialize([]),
    'royalty above 10,000': async (all) => (await barePass(all, 1)).initialize([{ ...TIERS[0]!, royaltyBps: 10_001 }]),
    'royalty of 10,000': async (all) => (await barePass(all, 1)).initialize([{ ...TIERS[0]!, royaltyBps: 10_000 }]),
  },
  'AccessPass.buy': {
    ...offers(purchase),
    'price above the approval': ({ pass, relayer }) =>
      pass.connect(relayer).buy(LIFETIME, relayer.address, 5n * USD, LATER),
  },
  'AccessPass.buyWithPermit': {
    ...offers(withPermit),
    'permit of somebody else, nothing approved': ({ pass, relayer }) =>
      pass.connect(relayer).buyWithPermit(LIFETIME, relayer.address, 5n * USD, LATER, 27, NONE, NONE),
  },
  'AccessPass.buyWithAuthorization': {
    ...offers(relayed),
    'signed for another receiver': relayed(LIFETIME, { to: ethers.getAddress(`0x${'11'.repeat(20)}`) }),
    'signed for another price limit': relayed(LIFETIME, { maxPrice: 6n * USD }),
    'signed for another deadline': relayed(LIFETIME, { deadline: LATER + 1n }),
    'signed for another tier': relayed(SEASON),
    'submitted twice': async (all) => {
      await relayed(LIFETIME)(all)
      return relayed(LIFETIME)(all)
    },
  },
  'AccessPass.renew': {
    'pass that does not exist': ({ buying }) => buying.renew(99n, 5n * USD, LATER),
    'pass for ever and without limit': ({ buying }) => buying.renew(1n, 5n * USD, LATER),
    'tier that is closed': async ({ buying, creating }) => {
      await creating.closeTier(SEASON)
      return buying.renew(3n, 5n * USD, LATER)
    },
    'maxPrice below the price': ({ buying }) => buying.renew(3n, 3n * USD - 1n, LATER),
    'deadline that has passed': async ({ buying }) => buying.renew(3n, 5n * USD, await now()),
    'price above the approval': ({ pass, relayer }) => pass.connect(relayer).renew(3n, 5n * USD, LATER),
  },
  'AccessPass.consume': {
    'caller is not the redeemer': byOthers((pass) => pass.consume(2n)),
    'pass that does not exist': ({ creating }) => creating.consume(99n),
    'pass that has ended': async ({ creating }) => {
      await time.increase(31n * DAY)
      return creating.consume(3n)
    },
    'pass that is used up': async ({ creating }) => {
      await creating.consume(2n)
      return creating.consume(2n)
    },
    'pass without limit': ({ creating }) => creating.consume(1n),
  },
  'AccessPass.addTier': {
    'caller is not the creator': byOthers((pass) => pass.addTier(TIERS[0]!)),
    'royalty above 10,000': ({ creating }) => creating.addTier({ ...TIERS[0]!, royaltyBps: 10_001 }),
  },
  'AccessPass.closeTier': {
    'caller is not the creator': byOthers((pass) => pass.closeTier(LIFETIME)),
    'tier that does not exist': ({ creating }) => creating.closeTier(4),
    'tier that is closed': ({ creating }) => creating.closeTier(3),
  },
  'AccessPass.grant': {
    'caller is not the creator': byOthers((pass, { buyer }) => pass.grant(LIFETIME, buyer.address)),
    'tier that does not exist': ({ creating, other }) => creating.grant(4, other.address),
    'tier that is closed': ({ creating, other }) => creating.grant(3, other.address),
    'tier that is sold out': async ({ creating, other }) => {
      await creating.grant(TICKET, other.address)
      return creating.grant(TICKET, other.address)
    },
    'to is zero': ({ creating }) => creating.grant(LIFETIME, ZERO),
  },
  'AccessPass.refund': {
    'caller is not the creator': byOthers((pass) => pass.refund(1n, 5n * USD)),
    'pass that does not exist': ({ creating }) => creating.refund(99n, 5n * USD),
    'pass whose holder did not approve': ({ creating }) => creating.refund(1n, 5n * USD),
    'paid more than maxAmount': async ({ creating, buying, publisher }) => {
      await buying.approve(publisher.address, 1n)
      return creating.refund(1n, 5n * USD - 1n)
    },
    'creator approved too little stablecoin': async ({ creating, buying, token, publisher, pass }) => {
      await buying.approve(publisher.address, 1n)
      await token.connect(publisher).approve(pass, 5n * USD - 1n)
      return creating.refund(1n, 5n * USD)
    },
  },
  'AccessPass.setRedeemer': {
    'caller is not the creator': byOthers((pass, { buyer }) => pass.setRedeemer(buyer.address)),
  },
  'AccessPass.setDeliveryBps': {
    'caller is not the creator': byOthers((pass) => pass.setDeliveryBps(1n)),
    'above the ceiling': ({ creating }) => creating.setDeliveryBps(2_001n),
  },
  'AccessPass.transferFrom': {
    'pass that is bound to its holder': ({ buying, buyer, other }) =>
      buying.transferFrom(buyer.address, other.address, 2n),
    'pass that has ended': async ({ buying, buyer, other }) => {
      await time.increase(31n * DAY)
      return buying.transferFrom(buyer.address, other.address, 3n)
    },
    'pass that is used up': async ({ buying, creating, buyer, other }) => {
      await creating.consume(3n)
      await creating.consume(3n)
      return buying.transferFrom(buyer.address, other.address, 3n)
    },
    'caller is the creator, approved for a refund': async ({ creating, buying, buyer, publisher, other }) => {
      await buying.approve(publisher.address, 1n)
      return creating.transferFrom(buyer.address, other.address, 1n)
    },
    'caller is not approved': ({ pass, buyer, other }) =>
      pass.connect(other).transferFrom(buyer.address, other.address, 1n),
    'from is not the holder': ({ buying, other }) => buying.transferFrom(other.address, other.address, 1n),
    'to is zero': ({ buying, buyer }) => buying.transferFrom(buyer.address, ZERO, 1n),
    'pass that does not exist': ({ buying, buyer, other }) => buying.transferFrom(buyer.address, other.address, 99n),
  },
  'AccessPass.safeTransferFrom': {
    'to is a contract that takes no passes': ({ buying, buyer, settlement }) =>
      buying['safeTransferFrom(address,address,uint256)'](buyer.address, settlement, 1n),
  },
  'AccessPass.approve': {
    'caller is not the holder': ({ pass, other }) => pass.connect(other).approve(other.address, 1n),
  },
  'AccessPass.setApprovalForAll': { 'operator is zero': ({ buying }) => buying.setApprovalForAll(ZERO, true) },
  'AccessPass.views of one pass': { 'pass that does not exist': ({ pass }) => pass.tokenURI(99n) },
  'AccessPass.tierOf': { 'tier that does not exist': ({ pass }) => pass.tierOf(4) },
  'AccessPass.balanceOf': { 'holder is zero': ({ pass }) => pass.balanceOf(ZERO) },
}
