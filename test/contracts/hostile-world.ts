// BitCDN on a hostile token, with everybody's money in it before the token turns: a sponsor's pool and reserve, a seeder's
// credit, income of the shares, passes.
import type { BaseContract, HDNodeWallet } from 'ethers'
import type { AccessPass } from '../../types/ethers-contracts/passes/AccessPass.ts'
import type { RevenueShareToken } from '../../types/ethers-contracts/revenue/RevenueShareToken.ts'
import type { BandwidthSettlement } from '../../types/ethers-contracts/settlement/BandwidthSettlement.ts'
import { createLog, PRICE } from './batch.ts'
import { DAY, ethers, networkHelpers, USD, wallet } from './fixture.ts'
import { LIFETIME, publishParams, SEASON } from './published.ts'

export const LATER = 4_102_444_800n
/** What {HostileToken} can do wrong. */
export const BEHAVIOUR = {
  Plain: 0,
  TakesFee: 1,
  ReturnsNothing: 2,
  ReturnsFalse: 3,
  CallsHooks: 4,
  Paused: 5,
  Blacklists: 6,
} as const

/** Every function that moves tokens, or counts them. */
export const ENTRY_POINTS = [
  'deposit',
  'depositWithPermit',
  'depositWithAuthorization',
  'withdrawThawed',
  'settleTo',
  'withdraw',
  'distribute',
  'claim',
  'claimFor',
  'sweep',
  'sync',
  'buy',
  'buyWithPermit',
  'buyWithAuthorization',
  'renew',
  'refund',
]

export const PLAYER_START = 1_000n * USD

/** Whoever plays all roles: an account of the chain, or a contract that calls back. */
export interface Player {
  readonly address: string
  readonly does: (contract: BaseContract, name: string, ...args: unknown[]) => Promise<unknown>
}

/** All contracts on `token`; `player` is publisher, creator, sponsor, seeder, holder and buyer at once. */
export async function hostileWorld(token: BaseContract, player: Player) {
  const deploy = (name: string, ...args: unknown[]) => ethers.deployContract(name, args)
  const settlement = (await deploy('BandwidthSettlement', token)) as unknown as BandwidthSettlement
  const shareImplementation = await deploy('RevenueShareToken', token)
  const passImplementation = await deploy('AccessPass', settlement)
  const registry = await deploy('ContentRegistry', shareImplementation, passImplementation)
  const params = { ...publishParams(), shares: [{ holder: player.address, amount: 1_000_000n }] }
  await player.does(registry, 'publish', params)
  const content = await registry.getFunction('contents').staticCall(player.address, params.contentId)
  const shareToken = (await ethers.getContractAt('RevenueShareToken', content.token)) as unknown as RevenueShareToken
  const pass = (await ethers.getContractAt('AccessPass', content.pass)) as unknown as AccessPass
  const delegate = wallet()

  await token.getFunction('mint').send(player.address, PLAYER_START)
  for (const spender of [settlement, shareToken, pass]) await player.does(token, 'approve', spender, PLAYER_START)
  await player.does(settlement, 'deposit', player.address, 100n * USD)
  await player.does(settlement, 'reserve', player.address, 1n, PRICE, 5n * USD)
  await player.does(settlement, 'authorizeSigner', delegate.address, 90n * USD)
  await player.does(settlement, 'thaw', 10n * USD)
  await player.does(shareToken, 'setClaimConsent', true)
  await player.does(shareToken, 'distribute', 20n * USD)
  await player.does(pass, 'buy', SEASON, player.address, 3n * USD, LATER)
  await player.does(pass, 'approve', player.address, 1n).catch(() => undefined) // the holder is the creator itself
  const lane = createLog({ settlement, sponsor: player.address, seeder: player.address })
  await settleSome(lane, 6n * USD, delegate, settlement, player)
  await networkHelpers.time.increase(7n * DAY)
  const stray = await deploy('HostileToken', 6)
  await stray.getFunction('mint').send(content.token, 9n)
  return { token, settlement, registry, shareToken, pass, player, delegate, lane, stray, params }
}

export type HostileWorld = Awaited<ReturnType<typeof hostileWorld>>

async function settleSome(
  lane: ReturnType<typeof createLog>,
  amount: bigint,
  delegate: HDNodeWallet,
  settlement: BandwidthSettlement,
  player: Player,
): Promise<void> {
  lane.add(1n)
  await player.does(settlement, 'settle', player.address, await voucher(lane, amount, delegate))
}

export function voucher(lane: ReturnType<typeof createLog>, amount: bigint, delegate: HDNodeWallet): Promise<string> {
  return lane.voucher({ by: delegate, delegated: true, amount, first: lane.lines.length - 1 })
}

/** The calls that move the token, by contract: name and arguments. */
export async function entryPoints({ settlement, shareToken, pass, player, delegate, lane, stray }: HostileWorld) {
  const me = player.address
  const nobody = [27, ethers.ZeroHash, ethers.ZeroHash]
  const authorization = {
    from: me,
    validAfter: 0n,
    validBefore: LATER,
    salt: ethers.ZeroHash,
    v: 27,
    r: ethers.ZeroHash,
    s: ethers.ZeroHash,
  }
  if (lane.lines.length === 1) lane.add(1n) // the log outlives the chain that a fixture goes back to
  const batch = await voucher(lane, 4n * USD, delegate)
  const calls: [BaseContract, string, unknown[]][] = [
    [settlement, 'deposit', [me, 2n * USD]],
    [settlement, 'depositWithPermit', [me, 2n * USD, LATER, ...nobody]],
    [settlement, 'depositWithAuthorization', [me, 2n * USD, authorization]],
    [settlement, 'withdrawThawed', [me]],
    [settlement, 'settleTo', [batch, me]],
    [settlement, 'withdraw', [me]],
    [shareToken, 'distribute', [2n * USD]],
    [shareToken, 'claim', [me]],
    [shareToken, 'claimFor', [me]],
    [shareToken, 'sweep', [stray]],
    [shareToken, 'sync', []],
    [pass, 'buy', [LIFETIME, me, 5n * USD, LATER]],
    [pass, 'buyWithPermit', [LIFETIME, me, 5n * USD, LATER, ...nobody]],
    [pass, 'buyWithAuthorization', [LIFETIME, me, 5n * USD, LATER, authorization]],
    [pass, 'renew', [1n, 3n * USD, LATER]],
    [pass, 'refund', [1n, 3n * USD]],
  ]
  return calls
}

/** Every other function that changes something: none of them moves the token by itself. */
export async function quietPoints(all: HostileWorld) {
  const { settlement, registry, shareToken, pass, player, lane, stray, delegate, params } = all
  const me = player.address
  const friend = ethers.getAddress(`0x${'77'.repeat(20)}`)
  const terms = [me, 1n, PRICE] as const
  const batch = await voucher(lane, 4n * USD, delegate)
  const encode = (contract: BaseContract, name: string, args: unknown[]) =>
    contract.interface.encodeFunctionData(name, args)
  const other = { ...params, contentId: ethers.id('another') }
  const calls: [BaseContract, string, unknown[]][] = [
    [settlement, 'reserve', [...terms, 7n]],
    [settlement, 'reserveMany', [me, [{ seeder: me, lane: 1n, pricePerGiB: PRICE, amount: 7n }]]],
    [settlement, 'thawReserve', [...terms, 3n]],
    [settlement, 'releaseReserve', [...terms]],
    [settlement, 'authorizeSigner', [friend, 5n]],
    [settlement, 'revokeSigner', [delegate.address]],
    [settlement, 'thaw', [USD]],
    [settlement, 'approveOperator', [friend, true]],
    [settlement, 'settle', [me, batch]],
    [settlement, 'multicall', [[encode(settlement, 'withdraw', [me])]]],
    [settlement, 'multicall', [[encode(settlement, 'settle', [me, batch])]]],
    [shareToken, 'initialize', [[{ holder: me, amount: 1n }]]],
    [shareToken, 'setClaimConsent', [true]],
    [shareToken, 'transfer', [friend, 10n]],
    [shareToken, 'approve', [friend, 10n]],
    [shareToken, 'transferFrom', [me, friend, 10n]],
    [shareToken, 'permit', [me, friend, 1n, LATER, 27, ethers.ZeroHash, ethers.ZeroHash]],
    [pass, 'initialize', [[]]],
    [pass, 'consume', [1n]],
    [pass, 'addTier', [{ price: 1n, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 0, transferable: true }]],
    [pass, 'closeTier', [LIFETIME]],
    [pass, 'grant', [SEASON, me]],
    [pass, 'setRedeemer', [friend]],
    [pass, 'setDeliveryBps', [0n]],
    [pass, 'approve', [friend, 1n]],
    [pass, 'setApprovalForAll', [friend, true]],
    [pass, 'safeTransferFrom(address,address,uint256)', [me, friend, 1n]],
    [pass, 'safeTransferFrom(address,address,uint256,bytes)', [me, friend, 1n, '0x']],
    [pass, 'transferFrom', [me, friend, 1n]],
    [registry, 'publish', [other]],
    [registry, 'setRelease', ['app', other.contentId]],
    [stray, 'approve', [friend, 1n]],
  ]
  return calls
}

/** What the contracts owe and what they hold. All roles are one player's, so that nothing is owed to others. */
export async function books({ token, settlement, shareToken, pass, player, lane }: HostileWorld) {
  const held = (of: BaseContract | string): Promise<bigint> => token.getFunction('balanceOf').staticCall(of)
  const { balance } = await settlement.account(player.address)
  const { reserved } = await settlement.lane(lane.key)
  const credit = await settlement.credit(player.address)
  const { received, paid, unsynced } = await shareToken.books()
  return {
    settlement: { owed: balance + reserved + credit, held: await held(settlement) },
    shares: { owed: received - paid, held: await held(shareToken), unsynced },
    pass: await held(pass),
    mine: await held(player.address),
  }
}
