import { expect } from 'chai'
import { authorizeSigner, deposit, readAccount, reserve, revokeSigner, settle, thaw } from '../../../src/chain/index.ts'
import {
  createSessionKey,
  encodeBatch,
  firstHead,
  nextHead,
  type RawGroup,
  signerFromAccount,
  signHead,
  signTicket,
  signVoucher,
} from '../../../src/receipts/index.ts'
import { type Refusal, RefusedError } from '../../../src/transfer/index.ts'
import { USD } from '../../chain.ts'
import { type GatewayBed, MIB, PRICE, startGatewayBed } from '../gateway/fixture.ts'
import { type DeskBed, type DeskBedInit, openDeskBed } from './fixture.ts'

const W = 16n * MIB

describe('admission at a seeder', () => {
  let bed: GatewayBed
  const open: DeskBed[] = []
  before(async () => {
    bed = await startGatewayBed()
    await bed.chain.fund(bed.sponsor.address, { usd: 1000n * USD })
    await deposit(await bed.chain.as(bed.sponsor), { amount: 500n * USD })
  })
  after(async () => {
    for (const one of open) await one.close()
    await bed.close()
  })

  const seeder = async (init?: DeskBedInit): Promise<DeskBed> => {
    const made = await openDeskBed(bed, init)
    open.push(made)
    return made
  }
  const reserveFor = async (desk: DeskBed, amount: bigint, lane = 0n): Promise<void> => {
    await reserve(await bed.chain.as(bed.sponsor), { seeder: desk.account.address, lane, pricePerGiB: PRICE, amount })
  }
  const refusal = async (work: Promise<unknown>): Promise<Refusal> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(RefusedError)
    return (error as RefusedError).refusal
  }

  it('opens a session that the gateway authorised, and keeps its line and head', async () => {
    const desk = await seeder()
    const { client } = await bed.buyer()
    const { session } = await desk.session(client)
    const admission = await desk.admit(session)
    expect(admission.session).to.deep.equal({ id: session.session, key: session.line.sessionKey, maxBytes: 30n * MIB })
    const log = await desk.ledger.laneLog(session.lane)
    expect(log?.tip).to.equal(session.signed.head)
    expect(log?.heads.map(({ signature }) => signature)).to.deep.equal([session.signed.signature])
    expect(desk.desk.open).to.equal(1)
    await admission.release(true)
    expect(desk.desk.open).to.equal(0)
  })

  it('gives content away only when its operator says so', async () => {
    expect(await refusal((await seeder()).admit(null))).to.equal('needsPayment')
    expect((await (await seeder({ free: true })).admit(null)).session).to.equal(null)
  })

  it('says what a session bids, and what its content counts for', async () => {
    const desk = await seeder({ weight: 7 })
    const { session } = await desk.session((await bed.buyer()).client)
    const admission = await desk.admit(session)
    expect(admission.bid).to.deep.equal({ pricePerGiB: PRICE, weight: 7 })
    await admission.release(true)
    const given = await (await seeder({ free: true, weight: 3 })).admit(null)
    expect(given.bid).to.deep.equal({ pricePerGiB: 0n, weight: 3 })
  })

  it('serves a session on one stream only, and again after it was released', async () => {
    const desk = await seeder()
    const { session } = await desk.session((await bed.buyer()).client)
    const admission = await desk.admit(session)
    expect(await refusal(desk.admit(session))).to.equal('sessionOpenElsewhere')
    await admission.release(false)
    const again = await desk.admit(session)
    await again.release(true)
    expect(await refusal(desk.admit(session)), 'closed for good').to.equal('sessionExpired')
  })

  it('takes a later line whose earlier ones it never saw', async () => {
    const desk = await seeder({ gateway: false })
    const { client } = await bed.buyer()
    await desk.session(client)
    await desk.session(client)
    const third = await desk.session(client)
    await (await desk.admit(third.session)).release(false)
    expect((await desk.ledger.laneLog(third.session.lane))?.sessions).to.have.length(3)
  })

  it('asks the gateway for lines between what it knows and what it is shown', async () => {
    const { client } = await bed.buyer()
    for (const gateway of [false, true]) {
      const desk = await seeder({ gateway })
      const first = await desk.session(client)
      await (await desk.admit(first.session)).release(false)
      await desk.session(client)
      const third = await desk.session(client)
      const cut = { ...third.session, from: third.session.session, lines: third.session.lines.slice(-1) }
      if (gateway) await (await desk.admit(cut)).release(false)
      else expect(await refusal(desk.admit(cut))).to.equal('logDoesNotExtend')
    }
  })

  it('refuses what the sponsor did not sign', async () => {
    const desk = await seeder()
    const { session } = await desk.session((await bed.buyer()).client)
    const { lane, signed, ticket, line } = session
    const longer = { ...line, maxBytes: 1n << 40n }
    const forgedHead = nextHead(session.from, longer)
    const stranger = signerFromAccount(desk.account)
    const { domain } = desk.chain
    const byStranger = await signHead(domain, stranger, lane, { head: signed.head, expiry: signed.expiry })
    const forgedTicket = await signTicket(domain, stranger, { ...ticket!, contentId: `0x${bed.content.contentId}` })
    const ticketThere = await signTicket(domain, signerFromAccount(bed.sponsor), { ...ticket!, session: signed.head })
    const moved = { ...session, session: signed.head, ticket: ticketThere }
    for (const [what, changed, expected] of [
      ['a longer line', { ...session, line: longer, lines: [longer] }, 'logDoesNotExtend'],
      [
        'a head over a longer line',
        { ...session, line: longer, lines: [longer], signed: { ...signed, head: forgedHead } },
        'badSignature',
      ],
      ['a later expiry', { ...session, signed: { ...signed, expiry: signed.expiry + 1n } }, 'badSignature'],
      ['a head by a stranger', { ...session, signed: byStranger }, 'badSignature'],
      [
        "a stranger's head in the sponsor's name",
        { ...session, signed: { ...byStranger, signer: lane.sponsor } },
        'badSignature',
      ],
      [
        'another line of the log',
        { ...session, line: { ...line, sessionKey: createSessionKey().address } },
        'logDoesNotExtend',
      ],
      ['another place in the log', { ...session, session: signed.head }, 'badSignature'],
      ['another place, ticket and all', moved, 'logDoesNotExtend'],
      ['a ticket by a stranger', { ...session, ticket: forgedTicket }, 'badSignature'],
      [
        "a stranger's ticket in the sponsor's name",
        { ...session, ticket: { ...forgedTicket, signer: lane.sponsor } },
        'badSignature',
      ],
      ['another lane', { ...session, lane: { ...lane, lane: 9n } }, 'wrongLane'],
      ['a lower price', { ...session, lane: { ...lane, pricePerGiB: 1n } }, 'priceTooLow'],
      ['another seeder', { ...session, lane: { ...lane, seeder: lane.sponsor } }, 'wrongLane'],
    ] as const) {
      expect(await refusal(desk.admit(changed)), what).to.equal(expected)
    }
    expect(await desk.ledger.laneLog(lane), 'nothing of it is kept').to.equal(null)
    await (await desk.admit(session)).release(false)
  })

  it('refuses a ticket of another content and one that has ended', async () => {
    const desk = await seeder()
    const { session } = await desk.session((await bed.buyer()).client)
    const hello = { ...desk.hello(session), contentId: 'ab'.repeat(32) }
    expect(await refusal(desk.desk.admit(hello))).to.equal('noAccess')
    const past = await signTicket(desk.chain.domain, signerFromAccount(bed.sponsor), {
      ...session.ticket!,
      notAfter: 1n,
    })
    expect(await refusal(desk.admit({ ...session, ticket: past }))).to.equal('sessionExpired')
  })

  it('refuses a head that expires within 30 days of block time', async () => {
    const desk = await seeder()
    const { session } = await desk.session((await bed.buyer()).client)
    const { timestamp } = await desk.chain.client.getBlock()
    const signer = signerFromAccount(bed.sponsor)
    const signed = await signHead(desk.chain.domain, signer, session.lane, {
      head: session.signed.head,
      expiry: timestamp + 29n * 86_400n,
    })
    expect(await refusal(desk.admit({ ...session, signed }))).to.equal('sessionExpired')
  })

  it('refuses a session that is settled on the chain', async () => {
    const desk = await seeder()
    const first = await desk.session((await bed.buyer()).client)
    const { lane, from, line, signed } = first.session
    const receipt = desk.receipt(first, MIB)
    const group: RawGroup = {
      kind: 'raw',
      ...{ least: null, delegate: null, sponsor: lane.sponsor, lane: lane.lane, pricePerGiB: PRICE },
      ...{ signature: signed.signature, expiry: signed.expiry },
      lines: [{ maxBytes: line.maxBytes, bytesServed: MIB, signature: receipt.signature }],
    }
    expect(from).to.equal(firstHead(lane))
    await settle(desk.chain, { seeder: desk.account.address, batch: encodeBatch([group]) })
    expect(await refusal(desk.admit(first.session))).to.be.oneOf(['sessionExpired', 'logDoesNotExtend'])
    // the gateway's log goes on behind the settled line
    const second = await desk.session((await bed.buyer()).client)
    await (await desk.admit(second.session)).release(false)
  })

  it('refuses a session that somebody else settled meanwhile', async () => {
    const desk = await seeder()
    const paid = await desk.session((await bed.buyer()).client)
    await (await desk.admit(paid.session)).release(false)
    const { lane, signed } = paid.session
    const { signature } = await signVoucher(desk.chain.domain, signerFromAccount(bed.sponsor), {
      ...{ ...lane, from: paid.session.session, to: signed.head, amount: 0n },
    })
    const group = {
      kind: 'voucher',
      least: null,
      delegate: null,
      ...lane,
      to: signed.head,
      amount: 0n,
      signature,
    } as const
    await settle(desk.chain, { seeder: desk.account.address, batch: encodeBatch([group]) })
    await desk.restart() // a look at the chain is believed for some seconds
    expect(await refusal(desk.admit(paid.session))).to.equal('sessionExpired')
  })

  describe('by a delegate', () => {
    const byDelegate = async (desk: DeskBed, allowance: bigint | null) => {
      const key = await bed.chain.account({ coin: 0n })
      const sponsor = await bed.chain.as(bed.sponsor)
      if (allowance !== null) await authorizeSigner(sponsor, { key: key.address, added: allowance })
      const { session } = await desk.session((await bed.buyer()).client)
      const signer = signerFromAccount(key)
      const signed = await signHead(desk.chain.domain, signer, session.lane, session.signed)
      const ticket = await signTicket(desk.chain.domain, signer, session.ticket!)
      return { key, sponsor, session: { ...session, signed, ticket } }
    }

    it('admits one with an allowance', async () => {
      const desk = await seeder()
      const { session } = await byDelegate(desk, USD)
      await (await desk.admit(session)).release(false)
    })

    it('refuses one that is unknown, or thawing', async () => {
      const desk = await seeder()
      expect(await refusal(desk.admit((await byDelegate(desk, null)).session))).to.equal('badSignature')
      const { key, sponsor, session } = await byDelegate(desk, USD)
      await revokeSigner(sponsor, { key: key.address })
      expect(await refusal(desk.admit(session))).to.equal('badSignature')
    })

    it('refuses one without an allowance, unless a reserve covers the lane', async () => {
      const poor = await seeder()
      expect(await refusal(poor.admit((await byDelegate(poor, 0n)).session))).to.equal('reserveTooSmall')
      const reserved = await seeder()
      await reserveFor(reserved, 10n * USD)
      await (await reserved.admit((await byDelegate(reserved, 0n)).session)).release(false)
    })
  })

  describe('and money', () => {
    const serve = (admission: { noteServed(bytes: bigint): void }, from: bigint, to: bigint): bigint => {
      let sent = from
      for (let next = from + MIB; next <= to; next += MIB) {
        admission.noteServed(next)
        sent = next
      }
      return sent
    }
    const stopsAt = (admission: { noteServed(bytes: bigint): void }, upTo: bigint): bigint => {
      for (let next = MIB; next <= upTo; next += MIB) {
        try {
          admission.noteServed(next)
        } catch (error) {
          expect((error as RefusedError).refusal).to.equal('reserveTooSmall')
          return next - MIB
        }
      }
      return upTo
    }

    it('trusts a sponsor beyond its reserves with one window, all its lanes together', async () => {
      const desk = await seeder({ lanes: [0n, 1n] })
      const { client } = await bed.buyer()
      const first = await desk.session(client, 30n * MIB, 0n)
      const second = await desk.session(client, 30n * MIB, 1n)
      const one = await desk.admit(first.session)
      const two = await desk.admit(second.session)
      const served = stopsAt(one, 10n * MIB) + stopsAt(two, 30n * MIB)
      expect(served).to.equal(W)
      await one.acceptReceipt(10n * MIB, desk.receipt(first, 10n * MIB).signature)
      await one.release(true)
      await two.release(true)
      const third = await desk.session(client, 30n * MIB)
      expect(await refusal(desk.admit(third.session))).to.equal('reserveTooSmall')
    })

    it('serves as far as the reserve goes, and a window further', async () => {
      const desk = await seeder()
      const reserved = (20n * MIB * PRICE) >> 30n
      await reserveFor(desk, reserved)
      const paid = await desk.session((await bed.buyer()).client, 60n * MIB)
      const admission = await desk.admit(paid.session)
      const served = stopsAt(admission, 60n * MIB)
      expect(served >= 35n * MIB && served <= 36n * MIB, `${served}`).to.equal(true)
      await admission.release(false)
    })

    it('counts what is owed from before a restart', async () => {
      const desk = await seeder()
      const { client } = await bed.buyer()
      const paid = await desk.session(client, 30n * MIB)
      const admission = await desk.admit(paid.session)
      serve(admission, 0n, W)
      await admission.acceptReceipt(W, desk.receipt(paid, W).signature)
      await desk.restart()
      const next = await desk.session(client, 30n * MIB)
      expect(await refusal(desk.admit(next.session))).to.equal('reserveTooSmall')
      await reserveFor(desk, 10n * USD)
      await desk.restart() // a look at the chain is believed for some seconds
      await (await desk.admit(next.session)).release(false)
    })

    it('trusts nobody whose pool is empty', async () => {
      const desk = await seeder()
      const { session } = await desk.session((await bed.buyer()).client)
      const sponsor = await bed.chain.as(bed.sponsor)
      await thaw(sponsor, { amount: (await readAccount(sponsor, bed.sponsor.address)).balance })
      expect(await refusal(desk.admit(session))).to.equal('reserveTooSmall')
      await thaw(sponsor, { amount: 0n })
      await desk.restart()
      await (await desk.admit(session)).release(false)
    })

    it('never trusts somebody who pays for itself', async () => {
      const desk = await seeder()
      const account = await bed.chain.account({ usd: 10n * USD })
      const payer = await bed.chain.as(account)
      await deposit(payer, { amount: 10n * USD })
      const lane = { sponsor: account.address, seeder: desk.account.address, lane: 0n, pricePerGiB: PRICE }
      const key = createSessionKey()
      const line = { sessionKey: key.address, maxBytes: 30n * MIB }
      const from = firstHead(lane)
      const { timestamp } = await payer.client.getBlock()
      const signed = await signHead(payer.domain, signerFromAccount(account), lane, {
        head: nextHead(from, line),
        expiry: timestamp + 60n * 86_400n,
      })
      const session = { lane, index: 0, session: from, line, from, lines: [line], signed, ticket: null }
      expect(await refusal(desk.admit(session))).to.equal('reserveTooSmall')
      const reserved = (20n * MIB * PRICE) >> 30n
      await reserve(payer, { seeder: lane.seeder, lane: 0n, pricePerGiB: PRICE, amount: reserved })
      await desk.restart()
      const admission = await desk.admit(session)
      const served = stopsAt(admission, 30n * MIB)
      expect(served >= 19n * MIB && served <= 20n * MIB).to.equal(true)
      await admission.release(false)
    })

    it('keeps a receipt that a downloader presents although it is not served any more', async () => {
      const desk = await seeder()
      const { client } = await bed.buyer()
      const paid = await desk.session(client, 30n * MIB)
      const admission = await desk.admit(paid.session)
      serve(admission, 0n, W)
      await admission.release(false)
      const receipt = desk.receipt(paid, W)
      expect(await refusal(desk.admit(paid.session, receipt))).to.equal('reserveTooSmall')
      expect((await desk.ledger.session(paid.session.session))?.receipt).to.deep.equal(receipt)
    })
  })
})
