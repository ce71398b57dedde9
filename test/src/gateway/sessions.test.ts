import { expect } from 'chai'
import { approveOperator, blockTime, buyPass, deposit, reserve } from '../../../src/chain/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import {
  createSessionKey,
  firstHead,
  nextHead,
  type SignedTerms,
  tipAfter,
  verifyHead,
  verifyTicket,
} from '../../../src/receipts/index.ts'
import { LIFETIME_TIER, USD } from '../../chain.ts'
import { CONTENT_LENGTH, type GatewayBed, MIB, PRICE, startGatewayBed } from './fixture.ts'

const DAY = 86_400n
const failure = async (work: Promise<unknown>): Promise<BitCdnError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(BitCdnError)
  return error as BitCdnError
}

describe('sessions from a gateway', () => {
  let bed: GatewayBed
  before(async () => {
    bed = await startGatewayBed()
  })
  after(() => bed.close())

  const ask = (
    terms: readonly SignedTerms[],
    maxBytes: bigint,
    download = 'one',
    remaining = BigInt(CONTENT_LENGTH),
  ) => ({
    contentId: bed.content.contentId,
    download,
    remaining,
    requests: terms.map((one) => ({ terms: one, sessionKey: createSessionKey().address, maxBytes })),
  })

  it("pays a bid up to the content's price, and only from a reserve", async () => {
    const { account, client } = await bed.buyer()
    const seeder = await bed.chain.account()
    const terms = await bed.terms(seeder, { pricePerGiB: PRICE / 4n })
    const paid = async (bid: bigint, of = client): Promise<bigint | undefined> => {
      const question = ask([terms], MIB, `bid ${bid}`)
      const requests = question.requests.map((request) => ({ ...request, bid }))
      return (await of.openSessions({ ...question, requests })).sessions[0]?.lane.pricePerGiB
    }
    expect(await paid(PRICE), 'nothing is reserved').to.equal(PRICE / 4n)
    const sponsor = await bed.chain.as(bed.sponsor)
    await bed.chain.fund(bed.sponsor.address, { usd: 2n * USD })
    await deposit(sponsor, { amount: 2n * USD })
    for (const pricePerGiB of [PRICE / 2n, PRICE, 2n * PRICE])
      await reserve(sponsor, { seeder: seeder.address, lane: 0n, pricePerGiB, amount: USD / 2n })
    // What the first one knows of lanes is a few seconds old.
    const other = bed.client(account, await bed.open())
    expect(await paid(PRICE / 2n, other)).to.equal(PRICE / 2n)
    expect(await paid(PRICE, other)).to.equal(PRICE)
    expect(await paid(2n * PRICE, other), 'more than the content pays').to.equal(PRICE)
    expect(await paid(PRICE / 8n, other), 'less than is asked').to.equal(PRICE / 4n)
    expect(await paid(PRICE / 3n, other), 'not reserved').to.equal(PRICE / 4n)
  })

  it('gives a pass holder a line, a signed head and a ticket for each seeder', async () => {
    const { account, client } = await bed.buyer()
    const seeders = [await bed.chain.account(), await bed.chain.account()]
    const question = ask(await Promise.all(seeders.map((one) => bed.terms(one))), 30n * MIB)
    const { sessions, refused } = await client.openSessions(question)
    expect(refused).to.deep.equal([])
    const { domain, client: rpc } = await bed.chain.as()
    for (const [i, session] of sessions.entries()) {
      const lane = { sponsor: bed.sponsor.address, seeder: seeders[i]!.address, lane: 0n, pricePerGiB: PRICE }
      expect(session.lane).to.deep.equal(lane)
      expect(session.line).to.deep.equal({ sessionKey: question.requests[i]!.sessionKey, maxBytes: 30n * MIB })
      expect(session.session).to.equal(firstHead(lane))
      expect(tipAfter(session.from, session.lines)).to.equal(session.signed.head)
      expect(verifyHead(domain, lane, session.signed)).to.equal(true)
      expect(session.signed.signer).to.equal(bed.sponsor.address)
      expect(session.signed.expiry >= (await rpc.getBlock()).timestamp + 40n * DAY).to.equal(true)
      expect(session.ticket).to.include({
        session: session.session,
        holder: account.address,
        contentId: `0x${bed.content.contentId}`,
      })
      expect(verifyTicket(domain, session.ticket!)).to.equal(true)
      const stored = await bed.log.laneLog(lane)
      expect(stored?.signed?.signature).to.equal(session.signed.signature)
    }
  })

  it('appends to one log, also under parallel requests, and signs each of its heads', async () => {
    const seeder = await bed.chain.account()
    const terms = await bed.terms(seeder)
    const buyers = await Promise.all([bed.buyer(), bed.buyer(), bed.buyer(), bed.buyer()])
    const answers = await Promise.all(buyers.map(({ client }) => client.openSessions(ask([terms], MIB))))
    const sessions = answers.map(({ sessions: [one] }) => one!).sort((a, b) => a.index - b.index)
    expect(sessions.map(({ index }) => index)).to.deep.equal([0, 1, 2, 3])
    const { domain } = await bed.chain.as()
    let head = firstHead(sessions[0]!.lane)
    for (const session of sessions) {
      expect(session.session).to.equal(head)
      head = nextHead(head, session.line)
      expect(session.signed.head).to.equal(head)
      expect(verifyHead(domain, session.lane, session.signed)).to.equal(true)
    }
    const log = await bed.client().laneLog({ seeder: seeder.address, lane: 0n, pricePerGiB: PRICE })
    expect(log?.lines.length).to.equal(4)
    expect(log?.signed.head).to.equal(head)
    expect(await bed.client().laneLog({ seeder: seeder.address, lane: 7n, pricePerGiB: PRICE })).to.equal(null)
  })

  it('refuses a wallet without a pass, and says when a pass has ended', async () => {
    const terms = await bed.terms(await bed.chain.account())
    const stranger = await bed.chain.account()
    expect((await failure(bed.client(stranger).openSessions(ask([terms], MIB)))).code).to.equal('no-pass')

    const short = await bed.chain.publish(bed.sponsor, { tiers: [{ ...LIFETIME_TIER, price: 1n, duration: 60 }] })
    Object.assign(bed.content, { pass: short.pass })
    try {
      const late = await bed.chain.account({ usd: 1n * USD })
      await buyPass(await bed.chain.as(late), { pass: short.pass, tier: 0 })
      const client = bed.client(late)
      const { sessions } = await client.openSessions(ask([terms], MIB))
      expect(sessions).to.have.length(1)
      const { timestamp } = await (await bed.chain.as()).client.getBlock()
      expect(sessions[0]!.ticket!.notAfter <= timestamp + 60n, 'a ticket does not outlive the pass').to.equal(true)
      await bed.chain.passTime(3600)
      const gateway = await bed.open() // the first one believes for some seconds what it saw
      expect((await failure(bed.client(late, gateway).openSessions(ask([terms], MIB)))).code).to.equal('pass-expired')
    } finally {
      Object.assign(bed.content, { pass: bed.published.pass })
    }
  })

  it('refuses a content that it does not sell', async () => {
    const { client } = await bed.buyer()
    const question = { ...ask([await bed.terms(await bed.chain.account())], MIB), contentId: 'ab'.repeat(32) }
    expect((await failure(client.openSessions(question))).code).to.equal('unknown-content')
  })

  it('takes the word of a seeder or its operator alone, for this chain and contract, at this price', async () => {
    const { client } = await bed.buyer()
    const seeder = await bed.chain.account()
    const other = await bed.chain.account()
    const past = (await blockTime(await bed.chain.as())) - 1n
    const reasonFor = async (terms: SignedTerms): Promise<string | undefined> => {
      const { sessions, refused } = await client.openSessions(ask([terms], MIB))
      expect(sessions.length + refused.length).to.equal(1)
      return refused[0]?.reason
    }
    expect(await reasonFor(await bed.terms(seeder, { chainId: 1n }))).to.include('chain 1')
    expect(await reasonFor(await bed.terms(seeder, { settlement: other.address }))).to.include('contract')
    expect(await reasonFor(await bed.terms(seeder, { expiry: past }))).to.include('expired')
    expect(await reasonFor(await bed.terms(seeder, { pricePerGiB: PRICE + 1n }))).to.include('at most')
    expect(await reasonFor(await bed.terms(seeder, { lanes: [] }))).to.include('no lane')
    expect(await reasonFor(await bed.terms(seeder, { peerId: '0x1234' }))).to.include('peer')
    expect(await reasonFor({ ...(await bed.terms(seeder)), sequence: 9n })).to.include('not signed')
    expect(await reasonFor(await bed.terms(seeder, {}, other))).to.include('no operator')

    await approveOperator(await bed.chain.as(seeder), { operator: other.address })
    const gateway = await bed.open()
    const { account } = await bed.buyer()
    const { sessions } = await bed.client(account, gateway).openSessions(ask([await bed.terms(seeder, {}, other)], MIB))
    expect(sessions).to.have.length(1)
  })

  it('does not go back behind newer terms of the same peer', async () => {
    const { client } = await bed.buyer()
    const seeder = await bed.chain.account()
    await client.openSessions(ask([await bed.terms(seeder, { sequence: 5n })], MIB))
    const { refused } = await client.openSessions(ask([await bed.terms(seeder, { sequence: 4n })], MIB))
    expect(refused[0]?.reason).to.include('newer terms')
  })

  it('prefers a lane that has a reserve', async () => {
    const { client } = await bed.buyer()
    const seeder = await bed.chain.account()
    const sponsor = await bed.chain.as(bed.sponsor)
    await bed.chain.fund(bed.sponsor.address, { usd: 10n * USD })
    await deposit(sponsor, { amount: 10n * USD })
    for (const lane of [3n, 8n]) {
      const fresh = await bed.chain.account()
      await reserve(sponsor, { seeder: fresh.address, lane, pricePerGiB: PRICE, amount: USD })
      const { sessions } = await client.openSessions(ask([await bed.terms(fresh, { lanes: [3n, 8n] })], MIB))
      expect(sessions[0]?.lane.lane).to.equal(lane)
    }
    expect(seeder.address).to.be.a('string')
  })

  describe('caps', () => {
    it('authorises for one download little more than is left of it, shared between its seeders', async () => {
      const { client } = await bed.buyer()
      const seeders = await Promise.all([bed.chain.account(), bed.chain.account(), bed.chain.account()])
      const terms = await Promise.all(seeders.map((one) => bed.terms(one)))
      const first = await client.openSessions(ask(terms, 1000n * MIB, 'capped'))
      const granted = first.sessions.reduce((sum, { line }) => sum + line.maxBytes, 0n)
      expect(first.sessions).to.have.length(3)
      expect(granted <= 110n * MIB + 192n * MIB && granted > 301n * MIB).to.equal(true)

      const second = await client.openSessions(ask(terms.slice(0, 1), 100n * MIB, 'capped'))
      expect(second.sessions).to.deep.equal([])
      expect(second.refused[0]?.reason).to.include('cover what is left')

      // half of it has arrived: what carried it is no longer open, but what is left needs less, too
      const third = await client.openSessions(ask(terms.slice(0, 1), 100n * MIB, 'capped', 50n * MIB))
      expect(third.sessions).to.deep.equal([])

      // what lines in use may still be signed for counts, and nothing else
      const asked = ask(terms.slice(2), 100n * MIB, 'capped', 50n * MIB)
      const none = await client.openSessions({ ...asked, open: 119n * MIB })
      expect(none.sessions).to.deep.equal([])
      const fourth = await client.openSessions({ ...asked, open: 110n * MIB })
      expect(fourth.sessions[0]?.line.maxBytes).to.equal(9n * MIB)
    })

    it('never authorises more than one GiB in a line', async () => {
      const gateway = await bed.open({ limits: { lineBytes: 5n * MIB } })
      const { account } = await bed.buyer()
      const terms = await bed.terms(await bed.chain.account())
      const { sessions } = await bed.client(account, gateway).openSessions(ask([terms], 50n * MIB))
      expect(sessions[0]?.line.maxBytes).to.equal(5n * MIB)
    })

    it('bounds a pass by the day and a seeder by the hour, whatever the downloads are called', async () => {
      const gateway = await bed.open({
        limits: { holderDayLengths: 0n, holderDayBytes: 60n * MIB, seederHourBytes: 90n * MIB },
      })
      const seeder = await bed.chain.account()
      const terms = await bed.terms(seeder)
      const one = bed.client((await bed.buyer()).account, gateway)
      const two = bed.client((await bed.buyer()).account, gateway)
      expect((await one.openSessions(ask([terms], 50n * MIB, 'a'))).sessions).to.have.length(1)
      expect((await one.openSessions(ask([terms], 50n * MIB, 'b'))).refused[0]?.reason).to.include('24 hours')
      expect((await two.openSessions(ask([terms], 50n * MIB, 'c'))).refused[0]?.reason).to.include('in an hour')
    })

    it('holds under parallel requests', async () => {
      const { client } = await bed.buyer()
      const terms = await Promise.all(Array.from({ length: 6 }, async () => bed.terms(await bed.chain.account())))
      const answers = await Promise.all(terms.map((one) => client.openSessions(ask([one], 100n * MIB, 'parallel'))))
      const granted = answers.flatMap(({ sessions }) => sessions).reduce((sum, { line }) => sum + line.maxBytes, 0n)
      expect(granted >= 100n * MIB && granted <= 174n * MIB, `${granted} bytes were authorised`).to.equal(true)
    })
  })
})
