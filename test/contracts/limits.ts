// The largest batches that fit into one transaction (EIP-7825), and what is larger, in several. src/receipts makes the
// batches, because thousands of signatures are needed; that it agrees with the contract is checked in parity.ts.
import { expect } from 'chai'
import {
  type BatchGroup,
  type BatchLine,
  createDomain,
  createSessionKey,
  encodeBatch,
  firstHead,
  type Head,
  type Lane,
  nextHead,
  type SessionKey,
} from '../../src/receipts/index.ts'
import { PRICE } from './batch.ts'
import { deployed, ethers, MIB, NEVER, networkHelpers, USD } from './fixture.ts'

const CAP = 16_777_216n
/** What docs/CONTRACTS.md says; a change that makes these smaller is a change of gas. */
const MOST_RECEIPTS = 3_480
const MOST_FIRST_VOUCHERS = 452
const MOST_WARM_VOUCHERS = 846
const GROUPS = 1_000
const MAX_BYTES = 256n * MIB
const SERVED = 123_456_789n
const AMOUNT = 5n

interface Log {
  readonly sponsor: SessionKey
  readonly lane: Lane
  head: Head
}

describe('The largest batches', function () {
  this.timeout(120_000)
  let keys = 0
  let chain: Awaited<ReturnType<typeof deployed>>
  let domain: ReturnType<typeof createDomain>

  before(async () => {
    chain = await deployed()
    const settlement = (await chain.settlement.getAddress()) as `0x${string}`
    domain = createDomain({ chainId: (await ethers.provider.getNetwork()).chainId, settlement })
    await chain.token.mint(chain.other.address, 10n ** 9n * USD)
    await chain.token.connect(chain.other).approve(settlement, 10n ** 9n * USD)
  })

  it(`${MOST_RECEIPTS.toLocaleString('en')} receipts in one group, not one per cent more`, async () => {
    const log = await sponsored()
    await sent([raw(log, 1)])
    const state = await networkHelpers.takeSnapshot()
    const more = Math.ceil(MOST_RECEIPTS * 1.01)
    await tooLarge(sent([raw({ ...log }, more)]))
    await state.restore()
    expect(await sent([raw(log, MOST_RECEIPTS)])).to.deep.equal([(BigInt(MOST_RECEIPTS) * SERVED * PRICE) >> 30n])
  })

  it(`${GROUPS.toLocaleString('en')} groups in several transactions, each with as many as fit`, async () => {
    const logs: Log[] = []
    for (let i = 0; i < GROUPS; i++) logs.push(await sponsored())
    const before = await chain.settlement.credit(chain.seeder.address)

    const state = await networkHelpers.takeSnapshot()
    const tooMany = logs.slice(0, Math.ceil(MOST_FIRST_VOUCHERS * 1.01)).map((log) => voucher({ ...log }))
    await tooLarge(sent(tooMany))
    await state.restore()

    const batches: Log[][] = []
    for (let i = 0; i < GROUPS; i += MOST_FIRST_VOUCHERS) batches.push(logs.slice(i, i + MOST_FIRST_VOUCHERS))
    for (const batch of batches) expect(await sent(batch.map(voucher))).to.have.lengthOf(batch.length)
    expect(batches).to.have.lengthOf(3)
    expect((await chain.settlement.credit(chain.seeder.address)) - before).to.equal(BigInt(GROUPS) * AMOUNT)

    const warm = logs.slice(0, MOST_WARM_VOUCHERS)
    expect(await sent(warm.map(voucher))).to.have.lengthOf(MOST_WARM_VOUCHERS)
    for (const { lane, head } of logs) {
      const key = await chain.settlement.laneKey(lane.sponsor, lane.seeder, lane.lane, lane.pricePerGiB)
      expect((await chain.settlement.lane(key)).head).to.equal(head)
    }
  })

  function key(): SessionKey {
    return createSessionKey(ethers.id(`limits ${keys++}`) as `0x${string}`)
  }

  async function sponsored(): Promise<Log> {
    const sponsor = key()
    await chain.settlement.connect(chain.other).deposit(sponsor.address, 10_000n * USD)
    const seeder = chain.seeder.address as `0x${string}`
    const lane: Lane = { sponsor: sponsor.address, seeder, lane: 1n, pricePerGiB: PRICE }
    return { sponsor, lane, head: firstHead(lane) }
  }

  /** Settles under the cap and answers what each group was paid. */
  async function sent(groups: readonly BatchGroup[]): Promise<bigint[]> {
    const { seeder, settlement } = chain
    const call = await settlement.connect(seeder).settle(seeder, encodeBatch(groups), { gasLimit: CAP })
    const receipt = (await call.wait())!
    return receipt.logs.map((log) => {
      const { name, args } = settlement.interface.parseLog(log)!
      expect(name).to.equal('Settled')
      return args.amount
    })
  }

  async function tooLarge(sending: Promise<unknown>): Promise<void> {
    const problem = await sending.then(
      () => 'none',
      (error: Error) => error.message,
    )
    expect(problem).to.match(/out of gas/i)
  }

  function raw(log: Log, receipts: number): BatchGroup {
    const lines: BatchLine[] = []
    for (let i = 0; i < receipts; i++) {
      const session = key()
      const signature = session.sign(domain.receipt({ session: log.head, bytesServed: SERVED }))
      log.head = nextHead(log.head, { sessionKey: session.address, maxBytes: MAX_BYTES })
      lines.push({ maxBytes: MAX_BYTES, bytesServed: SERVED, signature })
    }
    const signature = log.sponsor.sign(domain.sessionLog(log.lane, log.head, NEVER))
    return { kind: 'raw', ...about(log), expiry: NEVER, signature, lines }
  }

  function voucher(log: Log): BatchGroup {
    const from = log.head
    log.head = nextHead(from, { sessionKey: key().address, maxBytes: MAX_BYTES })
    const signature = log.sponsor.sign(domain.voucher({ ...log.lane, from, to: log.head, amount: AMOUNT }))
    return { kind: 'voucher', ...about(log), to: log.head, amount: AMOUNT, signature }
  }

  function about({ lane }: Log) {
    return { sponsor: lane.sponsor, lane: lane.lane, pricePerGiB: lane.pricePerGiB, delegate: null, least: null }
  }
})
