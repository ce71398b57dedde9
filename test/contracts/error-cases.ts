// One call per row of "Errors and skip reasons" in docs/CONTRACTS.md; errors.ts compares what they are answered with.

import type { AccessPass } from '../../types/ethers-contracts/passes/AccessPass.ts'
import type { RevenueShareToken } from '../../types/ethers-contracts/revenue/RevenueShareToken.ts'
import { brokenLine, createLog, PRICE } from './batch.ts'
import { DAY, ethers, MIB, networkHelpers, now, permit, receiveAuthorization, USD, wallet } from './fixture.ts'
import { fund } from './funded.ts'
import { LIFETIME, published, publishParams, SEASON, SHARE, TICKET, TIERS } from './published.ts'

const { time } = networkHelpers
const LATER = 4_102_444_800n
const U64 = (1n << 64n) - 1n
const U96 = (1n << 96n) - 1n
const ZERO = ethers.ZeroAddress
const NONE = ethers.ZeroHash

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

type World = Awaited<ReturnType<typeof world>>
type Case = (all: World) => Promise<unknown>

export function caseOf(name: string, wrong: string): Case {
  const found = CASES[name]?.[wrong]
  if (!found)
    throw new Error(`docs/CONTRACTS.md has a row that no case tests: ${name}, ${wrong}. Add it to error-cases.ts.`)
  return found
}

const deploy = (name: string, ...args: unknown[]) => ethers.deployContract(name, args)
const reservation = (seeder: string, amount: bigint) => ({ seeder, lane: 1n, pricePerGiB: PRICE, amount })

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
async function barePass({ passImplementation, publisher, content, params }: World, count: number): Promise<AccessPass> {
  const factory = await deploy('CloneFactory')
  const args = ethers.solidityPacked(
    ['bytes32', 'address', 'address', 'uint16', 'uint8'],
    [params.contentId, publisher.address, content.token, 0, count],
  )
  await factory.getFunction('clone').send(await passImplementation.getAddress(), args)
  const address = await factory.getFunction('last').staticCall()
  return (await ethers.getContractAt('AccessPass', address)) as unknown as AccessPass
}

async function authorisedDeposit(
  all: World,
  signedFor: string,
  terms: { validAfter?: bigint; validBefore?: bigint } = {},
) {
  const { settlement, token, giver } = all
  const salt = ethers.id('salt')
  const nonce = await settlement.depositNonce(signedFor, salt)
  const to = await settlement.getAddress()
  return { ...(await receiveAuthorization(token, giver, { to, value: USD, nonce, ...terms })), salt }
}

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

const settling =
  (batch: (all: World) => Promise<string> | string): Case =>
  async (all) =>
    all.seeding.settle(all.seeder.address, await batch(all))

const publishing =
  (change: object): Case =>
  ({ registry, other }) =>
    registry.connect(other).publish({ ...publishParams(), ...change })

const share = (holder: string, amount: bigint) => ({ holder, amount })

const shorter = (hex: string, bytes: number) => hex.slice(0, hex.length - 2 * bytes)

const CASES: Record<string, Record<string, Case>> = {
  'BandwidthSettlement.constructor': {
    'stablecoin with 9 decimals': async () => deploy('BandwidthSettlement', await deploy('HostileToken', 9)),
    'stablecoin with 8 decimals': async () => deploy('BandwidthSettlement', await deploy('HostileToken', 8)),
  },
  'BandwidthSettlement.deposit': {
    'sponsor is zero': ({ settlement, other }) => settlement.connect(other).deposit(ZERO, 1n),
    'amount above the approval': ({ settlement, buyer }) => settlement.connect(buyer).deposit(buyer.address, 1n),
    'amount above what the caller has': async ({ settlement, token, relayer }) => {
      await token.connect(relayer).approve(settlement, 2n)
      return settlement.connect(relayer).deposit(relayer.address, 1n)
    },
    'pool would not fit into 96 bits': async ({ settlement, token, other, payer }) => {
      await token.mint(other.address, U96)
      await token.connect(other).approve(settlement, U96)
      return settlement.connect(other).deposit(payer.address, U96)
    },
  },
  'BandwidthSettlement.depositWithPermit': {
    'permit of somebody else, nothing approved': async ({ settlement, token, giver, buyer }) => {
      const terms = { spender: await settlement.getAddress(), value: USD, deadline: LATER }
      const { v, r, s } = await permit(token, giver, terms)
      return settlement.connect(buyer).depositWithPermit(buyer.address, USD, LATER, v, r, s)
    },
    'sponsor is zero': ({ settlement, other }) =>
      settlement.connect(other).depositWithPermit(ZERO, 1n, LATER, 27, NONE, NONE),
  },
  'BandwidthSettlement.depositWithAuthorization': {
    'signed for another sponsor': async (all) =>
      all.settlement.depositWithAuthorization(all.other.address, USD, await authorisedDeposit(all, all.payer.address)),
    'signed for another amount': async (all) =>
      all.settlement.depositWithAuthorization(
        all.payer.address,
        2n * USD,
        await authorisedDeposit(all, all.payer.address),
      ),
    'submitted twice': async (all) => {
      const signed = await authorisedDeposit(all, all.payer.address)
      await all.settlement.depositWithAuthorization(all.payer.address, USD, signed)
      return all.settlement.depositWithAuthorization(all.payer.address, USD, signed)
    },
    'too late': async (all) =>
      all.settlement.depositWithAuthorization(
        all.payer.address,
        USD,
        await authorisedDeposit(all, all.payer.address, { validBefore: await now() }),
      ),
    'sponsor is zero': async (all) =>
      all.settlement.depositWithAuthorization(ZERO, USD, await authorisedDeposit(all, ZERO)),
  },
  'BandwidthSettlement.reserve': {
    'amount above the pool': ({ own, seeder }) => own.reserve(seeder.address, 1n, PRICE, 1_000n * USD + 1n),
    'reserve would not fit into 64 bits': async ({ own, seeder, settlement, token, other, payer }) => {
      await token.mint(other.address, U64)
      await token.connect(other).approve(settlement, U64)
      await settlement.connect(other).deposit(payer.address, U64)
      await own.reserve(seeder.address, 1n, PRICE, U64)
      return own.reserve(seeder.address, 1n, PRICE, 1n)
    },
  },
  'BandwidthSettlement.reserveMany': {
    'caller is neither sponsor nor delegate': ({ settlement, other, payer, seeder }) =>
      settlement.connect(other).reserveMany(payer.address, [reservation(seeder.address, 1n)]),
    'delegate that is revoked': async ({ own, settlement, other, payer, seeder }) => {
      await own.authorizeSigner(other.address, USD)
      await own.revokeSigner(other.address)
      return settlement.connect(other).reserveMany(payer.address, [reservation(seeder.address, 1n)])
    },
    'sum above the delegate’s allowance': async ({ own, settlement, other, payer, seeder }) => {
      await own.authorizeSigner(other.address, 3n)
      const two = [reservation(seeder.address, 2n), reservation(seeder.address, 2n)]
      return settlement.connect(other).reserveMany(payer.address, two)
    },
    'sum above the pool': ({ own, payer, seeder }) =>
      own.reserveMany(payer.address, [
        reservation(seeder.address, 600n * USD),
        reservation(seeder.address, 400n * USD + 1n),
      ]),
    'no reservations': ({ own, payer }) => own.reserveMany(payer.address, []),
  },
  'BandwidthSettlement.thawReserve': {
    'amount above the reserve': ({ own, seeder }) => own.thawReserve(seeder.address, 1n, PRICE, 5n),
  },
  'BandwidthSettlement.releaseReserve': {
    'nothing is releasing': ({ own, seeder }) => own.releaseReserve(seeder.address, 1n, PRICE),
    'before its end': async ({ own, seeder }) => {
      await own.reserve(seeder.address, 1n, PRICE, 5n)
      await own.thawReserve(seeder.address, 1n, PRICE, 5n)
      await time.increase(7n * DAY - 2n)
      return own.releaseReserve(seeder.address, 1n, PRICE)
    },
  },
  'BandwidthSettlement.authorizeSigner': {
    'key is zero': ({ own }) => own.authorizeSigner(ZERO, 1n),
    'allowance would not fit into 128 bits': ({ own, delegate }) =>
      own.authorizeSigner(delegate.address, (1n << 128n) - 1n),
  },
  'BandwidthSettlement.revokeSigner': {
    'key that was never authorised': ({ own, other }) => own.revokeSigner(other.address),
    'key that is revoked': async ({ own, delegate }) => {
      await own.revokeSigner(delegate.address)
      return own.revokeSigner(delegate.address)
    },
  },
  'BandwidthSettlement.thaw': { 'amount above the pool': ({ own }) => own.thaw(1_000n * USD + 1n) },
  'BandwidthSettlement.withdrawThawed': {
    'nothing is thawing': ({ own, payer }) => own.withdrawThawed(payer.address),
    'before its end': async ({ own, payer }) => {
      await own.thaw(5n)
      await time.increase(7n * DAY - 2n)
      return own.withdrawThawed(payer.address)
    },
    'to is zero': async ({ own }) => {
      await own.thaw(5n)
      await time.increase(7n * DAY)
      return own.withdrawThawed(ZERO)
    },
  },
  'BandwidthSettlement.approveOperator': {
    'any operator': ({ seeding, other }) => seeding.approveOperator(other.address, true),
  },
  'BandwidthSettlement.settle': {
    'caller is neither the seeder nor its operator': ({ settlement, other, seeder }) =>
      settlement.connect(other).settle(seeder.address, '0x'),
    'empty batch': settling(() => '0x'),
    'group of a kind that does not exist': settling(() => `0x05${'00'.repeat(200)}`),
    'group that is cut off before its lines': settling(async ({ log, payer }) =>
      shorter(await log().raw({ by: payer }), 1),
    ),
    'group that is cut off in its lines': settling(async ({ log, payer }) =>
      shorter(await log().add(MIB).raw({ by: payer }), 1),
    ),
    'bytes behind the last group': settling(async ({ log, payer }) => `${await log().add(MIB).raw({ by: payer })}01`),
    'amount that nobody can pay': settling(({ log, payer }) =>
      log()
        .add(1n)
        .voucher({ by: payer, amount: 1_000n * USD + 1n }),
    ),
    'less there than least': settling(({ log, payer }) =>
      log()
        .add(1n)
        .voucher({ by: payer, amount: 2_000n * USD, least: 1_000n * USD + 1n }),
    ),
    'amount above the delegate’s allowance': settling(({ log, delegate }) =>
      log()
        .add(1n)
        .voucher({ by: delegate, delegated: true, amount: 10n * USD + 1n }),
    ),
    'log that somebody else signed': settling(({ log }) => log().add(MIB).raw({ by: wallet() })),
    'line without a valid receipt': settling(({ log, payer }) =>
      log().raw({ by: payer, lines: [brokenLine(MIB, MIB)] }),
    ),
    'voucher that somebody else signed': settling(({ log }) => log().add(1n).voucher({ by: wallet(), amount: 1n })),
    'lane of another seeder': settling(({ settlement, payer, other }) =>
      createLog({ settlement, sponsor: payer.address, seeder: other.address }).add(MIB).raw({ by: payer }),
    ),
    'batch that was settled': async (all) => {
      const batch = await all.log().add(MIB).raw({ by: all.payer })
      await all.seeding.settle(all.seeder.address, batch)
      return all.seeding.settle(all.seeder.address, batch)
    },
    'log that has expired': settling(async ({ log, payer }) =>
      log()
        .add(MIB)
        .raw({ by: payer, expiry: await now() }),
    ),
    'key that was never a delegate': settling(({ log }) => log().add(MIB).raw({ by: wallet(), delegated: true })),
    'delegate whose revocation has taken effect': async (all) => {
      await all.own.revokeSigner(all.delegate.address)
      await time.increase(7n * DAY)
      return settling(({ log, delegate }) => log().add(MIB).raw({ by: delegate, delegated: true }))(all)
    },
    'raw group without lines': settling(({ log, payer }) => log().raw({ by: payer })),
    'voucher to the present head': settling(({ log, payer }) => {
      const lane = log()
      return lane.voucher({ by: payer, amount: 1n, to: lane.head })
    }),
    'voucher to zero': settling(({ log, payer }) =>
      log().voucher({ by: payer, amount: 1n, to: `0x${'00'.repeat(24)}` }),
    ),
  },
  'BandwidthSettlement.settleTo': {
    'to is zero': async ({ seeding, log, payer }) => seeding.settleTo(await log().add(MIB).raw({ by: payer }), ZERO),
    'batch of another seeder': async ({ settlement, other, log, payer }) =>
      settlement.connect(other).settleTo(await log().add(MIB).raw({ by: payer }), other.address),
    'group of a kind that does not exist': ({ seeding, seeder }) =>
      seeding.settleTo(`0x00${'00'.repeat(200)}`, seeder.address),
  },
  'BandwidthSettlement.withdraw': {
    'no credit': ({ settlement, other }) => settlement.connect(other).withdraw(other.address),
    'to is zero': async ({ seeding, seeder, log, payer }) => {
      await seeding.settle(seeder.address, await log().add(1n).voucher({ by: payer, amount: 1n }))
      return seeding.withdraw(ZERO)
    },
  },
  'BandwidthSettlement.multicall': {
    'one call that fails': ({ own, settlement }) =>
      own.multicall([
        settlement.interface.encodeFunctionData('thaw', [1n]),
        settlement.interface.encodeFunctionData('thaw', [2_000n * USD]),
      ]),
  },
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
  'ContentRegistry.constructor': {
    'share token of another stablecoin': async ({ passImplementation }) =>
      deploy('ContentRegistry', await deploy('RevenueShareToken', await deploy('TestUSD')), passImplementation),
  },
  'ContentRegistry.publish': {
    'contentId is zero': publishing({ contentId: NONE }),
    'contentId that the caller has published': ({ registry, publisher, params }) =>
      registry.connect(publisher).publish(params),
    'no title': publishing({ title: '' }),
    'title of 65 bytes': publishing({ title: `${'é'.repeat(32)}x` }),
    'title of 64 bytes': publishing({ title: 'é'.repeat(32) }),
    'deliveryBps above 10,000': publishing({ deliveryBps: 10_001n }),
    'no tiers': publishing({ tiers: [] }),
    '256 tiers': publishing({ tiers: Array.from({ length: 256 }, () => TIERS[0]!) }),
    'tier with a royalty above 10,000': publishing({ tiers: [{ ...TIERS[0]!, royaltyBps: 10_001 }] }),
    'share of the zero address': publishing({ shares: [share(ZERO, 1n)] }),
    'shares that are zero': (all) => publishing({ shares: [share(all.other.address, 0n)] })(all),
    'more than 2^86 shares': (all) => publishing({ shares: [share(all.other.address, (1n << 86n) + 1n)] })(all),
    'shares that do not fit into 96 bits': (all) =>
      publishing({ shares: [share(all.other.address, U96), share(all.other.address, 1n)] })(all),
  },
  'ContentRegistry.setRelease': {
    'no name': ({ registry }) => registry.setRelease('', ethers.id('x')),
    'name of 65 bytes': ({ registry }) => registry.setRelease('x'.repeat(65), ethers.id('x')),
    'name of 64 bytes': ({ registry }) => registry.setRelease('x'.repeat(64), ethers.id('x')),
    'contentId is zero': ({ registry }) => registry.setRelease('app', NONE),
  },
}

caseOf.names = Object.entries(CASES).flatMap(([name, cases]) => Object.keys(cases).map((wrong) => `${name}, ${wrong}`))
