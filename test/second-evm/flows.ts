// What people do with BitCDN, written down: the gas of each transaction, what it left behind, and what the contracts answer
// to what they refuse. Keys, sessions and times are fixed, so that two EVMs must write down the same.
import { type Address, createTestClient, encodeFunctionData, type Hex, http, keccak256, stringToBytes } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import {
  approveOperator,
  approveToken,
  authorizeSigner,
  buyPass,
  buyPassWithPermit,
  type Chain,
  claimable,
  claimShares,
  connectChain,
  deposit,
  depositWithPermit,
  type Mined,
  mintTestUsd,
  type PassAuthorization,
  publishContent,
  readAccount,
  readBalance,
  readCredit,
  readLane,
  releaseReserve,
  reserve,
  revenueShareTokenAbi,
  revokeSigner,
  type SettlementMined,
  settle,
  settleMany,
  signPassAuthorization,
  submitPassAuthorization,
  thaw,
  thawReserve,
  transact,
  transferShares,
  withdraw,
  withdrawThawed,
} from '../../src/chain/index.ts'
import {
  amountFor,
  type BatchGroup,
  type BatchLine,
  createSessionKey,
  encodeBatch,
  firstHead,
  type Head,
  type Lane,
  nextHead,
  signerFromAccount,
  signHead,
  signVoucher,
} from '../../src/receipts/index.ts'
import { type Evm, GENESIS } from './evms.ts'

export interface Entry {
  what: string
  gas?: bigint
  /** What was there afterwards, or what was answered. */
  state?: unknown
}

type Refused = () => Promise<unknown>

const USD = 1_000_000n
const GIB = 1n << 30n
const PRICE = 10n * USD
const EIGHT_DAYS = 8n * 24n * 3600n
const FOR_EVER = 2n ** 40n - 1n
const TIERS = [
  { price: 5n * USD, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 500, transferable: true },
  { price: USD, supplyCap: 2, duration: 604_800, uses: 1, royaltyBps: 0, transferable: false },
]
/** The accounts that both EVMs unlock and fund. */
const account = (addressIndex: number) =>
  mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex })

/** Plays everything on one chain. What is random when it is signed is signed once, into `signed`, and used on both. */
export async function playFlows(evm: Evm, signed: Map<string, PassAuthorization>): Promise<Entry[]> {
  const entries: Entry[] = []
  const clock = createTestClient({ mode: 'hardhat', transport: http(evm.rpcUrl) })
  let time = GENESIS + 10_000n
  const as = (index: number): Promise<Chain> =>
    connectChain({
      rpcUrl: evm.rpcUrl,
      addresses: { registry: evm.contracts.registry },
      account: account(index),
      finality: 'latest',
    })
  const [publisher, sponsor, seeder, buyer, operator, relayer] = (await Promise.all([0, 1, 2, 3, 4, 5].map(as))) as [
    Chain,
    Chain,
    Chain,
    Chain,
    Chain,
    Chain,
  ]
  const of = ({ account }: Chain): Address => account?.address as Address
  const { domain } = publisher
  const signer = signerFromAccount(account(1))
  const delegate = createSessionKey(keccak256(stringToBytes('second EVM delegate')))

  /** The next action finds a block of a known time, and its first transaction is in another one. */
  async function tick(seconds: bigint): Promise<void> {
    time += seconds
    await clock.setNextBlockTimestamp({ timestamp: time })
    await clock.mine({ blocks: 1 })
    await clock.setNextBlockTimestamp({ timestamp: time + 5n })
  }

  async function play<T extends Mined>(what: string, action: () => Promise<T>, seconds = 1_000n): Promise<T> {
    await tick(seconds)
    const mined = await action()
    entries.push({ what, gas: mined.gasUsed })
    return mined
  }

  async function note(what: string, state: Promise<unknown>): Promise<void> {
    entries.push({ what, state: await state })
  }

  // --- a content, its passes and its shares ---------------------------------------------------------------------------

  for (const chain of [publisher, sponsor, buyer]) {
    await play('mint test dollars', () => mintTestUsd(publisher, { to: of(chain), amount: 1_000n * USD }))
  }
  const publication = {
    contentId: 'ab'.repeat(32),
    title: 'A film of the sea',
    pricePerGiB: PRICE,
    deliveryBps: 2_000,
    metainfoUri: `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}`,
    tiers: TIERS,
  }
  const content = await play('publish with two tiers', () => publishContent(publisher, publication))
  const { pass, token } = content
  entries.push({ what: 'the content', state: { pass, token } })
  await play('give shares away', () => transferShares(publisher, { token, to: of(seeder), amount: 10n ** 20n }))
  await play('buy a pass', () => buyPass(buyer, { pass, tier: 0 }))
  await play('buy a pass with a permit', () => buyPassWithPermit(buyer, { pass, tier: 1 }))
  await tick(1_000n)
  const authorization = signed.get('purchase') ?? (await signPassAuthorization(buyer, { pass, tier: 0 }))
  signed.set('purchase', authorization)
  await play('buy a pass by a relayer', () => submitPassAuthorization(relayer, authorization))
  const otherwise = { ...authorization, to: of(relayer) }
  await refuse('a purchase that was submitted', () => submitPassAuthorization(relayer, authorization))
  await refuse('a purchase for another', () => submitPassAuthorization(relayer, otherwise))
  await note('income of the publisher', claimable(publisher, { token, holder: of(publisher) }))
  await play('claim', () => claimShares(publisher, { token }))
  const income = encodeFunctionData({ abi: revenueShareTokenAbi, functionName: 'distribute', args: [7n * USD] })
  await tick(1_000n)
  await approveToken(publisher, { spender: token, amount: 7n * USD })
  await play('distribute', () => transact(publisher, { to: token, data: income }))
  await play('claim of another holder', () => claimShares(seeder, { token }))
  await note('dollars of the publisher', readBalance(publisher, of(publisher)))
  await note('budget of the publisher', readAccount(publisher, of(publisher)))

  // --- a sponsor and a seeder -----------------------------------------------------------------------------------------

  const lane: Lane = { sponsor: of(sponsor), seeder: of(seeder), lane: 1n, pricePerGiB: PRICE }
  const other: Lane = { ...lane, lane: 2n }
  await play('deposit', () => deposit(sponsor, { amount: 100n * USD }))
  await play('deposit with a permit', () => depositWithPermit(sponsor, { amount: 50n * USD }))
  await play('reserve', () => reserve(sponsor, { ...other, amount: 40n * USD }))
  await play('authorise a delegate', () => authorizeSigner(sponsor, { key: delegate.address, added: 20n * USD }))
  await play('approve an operator', () => approveOperator(seeder, { operator: of(operator) }))

  const tips = new Map<Lane, Head>()
  const tipOf = (one: Lane) => tips.get(one) ?? firstHead(one)
  let sessions = 0
  /** One line more; without bytes its session was never used. */
  function line(one: Lane, bytesServed: bigint): BatchLine {
    const key = createSessionKey(keccak256(stringToBytes(`second EVM session ${sessions++}`)))
    const [session, maxBytes] = [tipOf(one), GIB]
    tips.set(one, nextHead(session, { sessionKey: key.address, maxBytes }))
    if (bytesServed === 0n) return { maxBytes, sessionKey: key.address }
    return { maxBytes, bytesServed, signature: key.sign(domain.receipt({ session, bytesServed })) }
  }
  async function raw(one: Lane, served: readonly bigint[], delegated = false): Promise<BatchGroup> {
    const lines = served.map((bytes) => line(one, bytes))
    const by = delegated ? delegate : signer
    const { signature } = await signHead(domain, by, one, { head: tipOf(one), expiry: FOR_EVER })
    const { seeder: _, ...about } = one
    return {
      kind: 'raw',
      ...about,
      least: null,
      delegate: delegated ? by.address : null,
      expiry: FOR_EVER,
      signature,
      lines,
    }
  }
  async function voucher(one: Lane, bytes: bigint, delegated = false): Promise<BatchGroup> {
    const from = tipOf(one)
    line(one, bytes)
    const [to, amount, by] = [tipOf(one), amountFor([bytes], PRICE), delegated ? delegate : signer]
    const { signature } = await signVoucher(domain, by, { ...one, from, to, amount })
    const { seeder: _, ...about } = one
    return { kind: 'voucher', ...about, least: null, delegate: delegated ? by.address : null, to, amount, signature }
  }
  async function settling(what: string, by: Chain, groups: BatchGroup[]): Promise<Hex> {
    const batch = encodeBatch(groups)
    const mined = await play(what, () => settle(by, { seeder: of(seeder), batch }))
    entries.push({ what: `${what}: groups`, state: groupsOf(mined) })
    return batch
  }

  const first = await settling('settle one raw receipt', seeder, [await raw(lane, [GIB / 3n])])
  await settling('settle 30 raw receipts and 5 unused lines', seeder, [
    await raw(
      lane,
      Array.from({ length: 35 }, (_, i) => (i % 7 === 6 ? 0n : BigInt(i + 1) * 1_000_003n)),
    ),
  ])
  await settling('settle a voucher', seeder, [await voucher(lane, GIB / 2n)])
  await settling('settle a voucher from a reserve', seeder, [await voucher(other, GIB)])
  await settling('settle by a delegate, raw and voucher', operator, [
    await raw(lane, [GIB / 4n, 0n], true),
    await voucher(other, GIB / 5n, true),
  ])
  const replay = await play('settle a batch again', () => settle(seeder, { seeder: of(seeder), batch: first }))
  entries.push({ what: 'a batch again: groups', state: groupsOf(replay) })
  const batches = [await raw(lane, [12_345n]), await voucher(other, 67_890n)].map((group) => encodeBatch([group]))
  const fleet = batches.map((batch) => ({ seeder: of(seeder), batch }))
  const many = await play('settle twice by multicall of the operator', () => settleMany(operator, fleet))
  entries.push({ what: 'multicall: groups', state: groupsOf(many) })
  await note('credit', readCredit(seeder, of(seeder)))
  await play('withdraw', () => withdraw(seeder, { to: of(seeder) }))
  await note('dollars of the seeder', readBalance(seeder, of(seeder)))

  // --- what is refused, and what time opens ---------------------------------------------------------------------------

  await play('thaw', () => thaw(sponsor, { amount: 30n * USD }))
  await play('thaw a reserve', () => thawReserve(sponsor, { ...other, amount: 10n * USD }))
  await play('revoke the delegate', () => revokeSigner(sponsor, { key: delegate.address }))
  for (const [what, refused] of Object.entries(refusals())) await refuse(what, refused)
  await play('withdraw what has thawed', () => withdrawThawed(sponsor), EIGHT_DAYS)
  await play('release a reserve', () => releaseReserve(sponsor, other))
  await settling('skip a revoked delegate', seeder, [await voucher(lane, 1_000n, true)])
  await note('the sponsor’s pool', readAccount(sponsor, of(sponsor)))
  await note('the lanes', Promise.all([readLane(sponsor, lane), readLane(sponsor, other)]))
  return entries

  function refusals(): Record<string, Refused> {
    const batch = (hex: Hex) => () => settle(seeder, { seeder: of(seeder), batch: hex })
    return {
      'a deposit for nobody': () => deposit(sponsor, { sponsor: `0x${'00'.repeat(20)}`, amount: 1n }),
      'a reserve above the pool': () => reserve(sponsor, { ...lane, amount: 10n ** 12n }),
      'a release of nothing': () => releaseReserve(sponsor, lane),
      'a withdrawal before its end': () => withdrawThawed(sponsor),
      'a release before its end': () => releaseReserve(sponsor, other),
      'a thaw above the pool': () => thaw(sponsor, { amount: 10n ** 12n }),
      'a settlement by a stranger': () => settle(buyer, { seeder: of(seeder), batch: first }),
      'a withdrawal of nothing': () => withdraw(seeder, { to: of(seeder) }),
      'a withdrawal of a stranger': () => withdraw(buyer, { to: of(buyer) }),
      'shares for their own token': () => transferShares(publisher, { token, to: token, amount: 1n }),
      'a delegate that is revoked twice': () => revokeSigner(sponsor, { key: delegate.address }),
      'a key that is zero': () => authorizeSigner(sponsor, { key: `0x${'00'.repeat(20)}`, added: 1n }),
      'a kind that does not exist': batch('0x07'),
      'a batch that is cut off': batch(first.slice(0, -2) as Hex),
      'a batch that is cut off early': batch(first.slice(0, 40) as Hex),
      'a batch with a byte too many': batch(`${first}01`),
      'a content that is there': () => publishContent(publisher, publication),
      'a content without an id': () => publishContent(publisher, { ...publication, contentId: '00'.repeat(32) }),
    }
  }

  /** Writes down the sentence that our own client makes of the revert: it names the error and its values. */
  async function refuse(what: string, refused: Refused): Promise<void> {
    await tick(10n)
    try {
      await refused()
    } catch (error) {
      // a call that is tried has the time of the newest block on one EVM, of the next one on the other
      const state = (error as Error).message.replace(/(StillThawing .* actual) \d+/, '$1 now')
      entries.push({ what: `refused: ${what}`, state })
      return
    }
    throw new Error(`${evm.name} accepted ${what}`)
  }
}

/** The transaction's own hash covers what each node guesses of fees and gas. */
function groupsOf({ settled, skipped }: SettlementMined) {
  return { settled: settled.map(({ hash: _, ...group }) => group), skipped }
}
