import { brokenLine, createLog, PRICE } from './batch.ts'
import type { Case } from './error-cases.ts'
import { DAY, ethers, MIB, networkHelpers, now, permit, receiveAuthorization, USD, wallet } from './fixture.ts'
import type { World } from './world.ts'

const { time } = networkHelpers
const LATER = 4_102_444_800n
const U64 = (1n << 64n) - 1n
const U96 = (1n << 96n) - 1n
const ZERO = ethers.ZeroAddress
const NONE = ethers.ZeroHash
const deploy = (name: string, ...args: unknown[]) => ethers.deployContract(name, args)

const reservation = (seeder: string, amount: bigint) => ({ seeder, lane: 1n, pricePerGiB: PRICE, amount })

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

const settling =
  (batch: (all: World) => Promise<string> | string): Case =>
  async (all) =>
    all.seeding.settle(all.seeder.address, await batch(all))

const shorter = (hex: string, bytes: number) => hex.slice(0, hex.length - 2 * bytes)

export const SETTLEMENT_CASES: Record<string, Record<string, Case>> = {
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
}
