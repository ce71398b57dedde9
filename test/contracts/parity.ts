// The committed vectors, checked by the contract: every hash, head and verdict that TypeScript wrote down must be the
// contract's own.
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { type ParityBed, startParityBed } from '../parity/bed.ts'
import { compareBatches } from '../parity/compare-batches.ts'
import { compareReceipts } from '../parity/compare-receipts.ts'
import { chain, deployed, ethers, networkHelpers } from './fixture.ts'

const text = readFileSync(new URL('../parity/vectors.json', import.meta.url), 'utf8')
const vectors = JSON.parse(text, (_, value) =>
  typeof value === 'string' && /^\d+$/.test(value) ? BigInt(value) : value,
)

describe('The parity vectors on the contract', () => {
  /** The contract's code at the address that the vectors were signed for, on the chain that they were signed for. */
  async function atVectorAddress() {
    const all = await deployed()
    const { verifyingContract, chainId } = vectors.domain
    expect((await ethers.provider.getNetwork()).chainId).to.equal(chainId)
    const code = await ethers.provider.getCode(await all.settlement.getAddress())
    await networkHelpers.setCode(verifyingContract, code)
    const settlement = all.settlement.attach(verifyingContract) as typeof all.settlement
    return { ...all, settlement }
  }
  const load = () => networkHelpers.loadFixture(atVectorAddress)

  it('agree on the domain', async () => {
    const { settlement } = await load()
    expect(await settlement.DOMAIN_SEPARATOR()).to.equal(vectors.domain.separator)
    const domain = await settlement.eip712Domain()
    expect([domain.name, domain.version]).to.deep.equal(['BitCDN', '1'])
  })

  it('agree on lane keys, first heads and every head of the logs', async () => {
    const { settlement } = await load()
    for (const { sponsor, seeder, lane, pricePerGiB, key, firstHead } of vectors.laneKeys) {
      expect(await settlement.laneKey(sponsor, seeder, lane, pricePerGiB)).to.equal(key)
      expect((await settlement.lane(key)).head).to.equal(firstHead)
    }
    for (const { from, lines, heads } of vectors.logs) {
      let head = from
      for (const [i, { sessionKey, maxBytes }] of lines.entries()) {
        head = await settlement.nextHead(head, sessionKey, maxBytes)
        expect(head).to.equal(heads[i])
      }
    }
  })

  it('agree on every digest', async () => {
    const { settlement } = await load()
    for (const { seeder, lane, pricePerGiB, expiry, head, digest } of vectors.sessionLogs) {
      expect(await settlement.sessionLogDigest(seeder, lane, pricePerGiB, expiry, head)).to.equal(digest)
    }
    for (const { session, bytesServed, digest } of vectors.receipts) {
      expect(await settlement.receiptDigest(session, bytesServed)).to.equal(digest)
    }
    for (const { seeder, lane, pricePerGiB, from, to, amount, digest } of vectors.vouchers) {
      expect(await settlement.voucherDigest(seeder, lane, pricePerGiB, from, to, amount)).to.equal(digest)
    }
  })

  for (const scenario of vectors.batches) {
    it(`decide alike: ${scenario.name}`, async () => {
      const { settlement, token, other } = await load()
      await token.mint(other.address, 10n ** 18n)
      await token.connect(other).approve(settlement, 10n ** 18n)
      for (const step of scenario.steps) await play(step)

      for (const { sponsor, pool } of scenario.after.pools) {
        expect((await settlement.account(sponsor)).balance).to.equal(pool)
      }
      for (const { lane, head, reserved } of scenario.after.lanes) {
        const state = await settlement.lane(
          await settlement.laneKey(lane.sponsor, lane.seeder, lane.lane, lane.pricePerGiB),
        )
        expect([state.head, state.reserved]).to.deep.equal([head, reserved])
      }

      // biome-ignore lint/suspicious/noExplicitAny: the vectors' shape is the generator's
      async function play(step: any): Promise<void> {
        if (step.do === 'deposit') await settlement.connect(other).deposit(step.sponsor, step.amount)
        else if (step.do === 'wait') await networkHelpers.time.increase(step.seconds)
        else if (step.do === 'settle') await settle(step)
        else {
          const sponsor = await as(step.sponsor)
          const { seeder, lane, pricePerGiB, amount, key, allowance } = step
          if (step.do === 'reserve') await settlement.connect(sponsor).reserve(seeder, lane, pricePerGiB, amount)
          else if (step.do === 'authorize') await settlement.connect(sponsor).authorizeSigner(key, allowance)
          else if (step.do === 'revoke') await settlement.connect(sponsor).revokeSigner(key)
          else throw new Error(`Unknown step ${step.do}`)
        }
      }

      // biome-ignore lint/suspicious/noExplicitAny: the vectors' shape is the generator's
      async function settle({ batch, outcomes, reverts, credit }: any): Promise<void> {
        const call = settlement.connect(await as(scenario.seeder)).settle(scenario.seeder, batch)
        if (reverts) {
          await expect(call).to.be.revert(ethers)
        } else {
          const receipt = await (await call).wait()
          const events = receipt!.logs.map((log) => settlement.interface.parseLog(log)!)
          expect(events.map(({ name, args }) => told(name, args))).to.deep.equal(
            outcomes.map((outcome: Outcome) => expected(outcome)),
          )
        }
        expect(await settlement.credit(scenario.seeder)).to.equal(credit)
      }
    })
  }
})

// A sample; `node scripts/soak/parity.ts` compares a million receipts and ten thousand batches.
describe('Random receipts and batches', () => {
  const seed = 'sample'
  let bed: ParityBed
  before(async () => {
    bed = await startParityBed()
  })
  after(() => bed.close())

  it('2,000 receipts have the same digest, signer, head and bytes in TypeScript and on the contract', async () => {
    const { compared, taken, sorts } = await compareReceipts(bed, { seed, count: 2_000 })
    expect(compared).to.equal(2_000)
    expect(taken).to.be.within(1_400, 1_800)
    expect(Object.keys(sorts)).to.have.length(12)
  })

  it('100 batches have the same events, reverts, credit and state in TypeScript and on the contract', async () => {
    const { compared, groups, outcomes, reverted } = await compareBatches(bed, { seed, count: 100 })
    expect(compared).to.equal(100)
    expect(groups).to.be.above(100)
    expect(Object.keys(outcomes)).to.have.members(REASONS)
    expect(Object.keys(reverted)).to.have.members(['UnknownKind', 'BatchLength', 'NotOperator'])
  })
})

interface Outcome {
  sponsor: string
  laneKey: string
  amount: bigint
  reason: string
  head: string
}

const REASONS = ['None', 'Unpaid', 'Signature', 'Expired', 'Revoked', 'HeadUnmoved']

function expected({ sponsor, laneKey, amount, reason, head }: Outcome) {
  return reason === 'None' ? { sponsor, laneKey, amount, head } : { sponsor, laneKey, amount, reason }
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments of either event
function told(name: string, { sponsor, laneKey, amount, head, reason }: any) {
  if (name === 'Settled') return { sponsor, laneKey, amount, head }
  return { sponsor, laneKey, amount, reason: REASONS[Number(reason)] }
}

async function as(address: string) {
  await networkHelpers.setBalance(address, 10n ** 18n)
  await chain.provider.request({ method: 'hardhat_impersonateAccount', params: [address] })
  return ethers.getSigner(address)
}
