import { join } from 'node:path'
import { expect } from 'chai'
import { authorizeSigner, deposit, type LocalAccount, reserve, settle } from '../../../src/chain/index.ts'
import { createGateway, type Gateway } from '../../../src/gateway/index.ts'
import type { GatewayClient, PresentedLog } from '../../../src/gateway-client/index.ts'
import {
  type AuthorizedSession,
  createSessionKey,
  encodeBatch,
  firstHead,
  headsAfter,
  type Lane,
  type LogLine,
  signerFromAccount,
  signHead,
  signVoucher,
} from '../../../src/receipts/index.ts'
import { openSponsorLog } from '../../../src/storage/sqlite/index.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import { USD } from '../../chain.ts'
import { type GatewayBed, MIB, PRICE, startGatewayBed } from './fixture.ts'

/** What a seeder holds of one lane, line by line. */
interface Copy {
  readonly account: LocalAccount
  readonly lane: Lane
  readonly sessions: AuthorizedSession[]
}

describe('a gateway whose log was lost or restored from an older copy', () => {
  let bed: GatewayBed
  let logs = 0
  before(async () => {
    bed = await startGatewayBed()
    await bed.chain.fund(bed.sponsor.address, { usd: 50n * USD })
    await deposit(await bed.chain.as(bed.sponsor), { amount: 50n * USD })
  })
  after(() => bed.close())

  const emptyLog = () => openSponsorLog({ path: join(bed.folder, `other-${++logs}.sqlite`) })

  async function line(client: GatewayClient, account: LocalAccount): Promise<AuthorizedSession> {
    const { sessions, refused } = await client.openSessions({
      contentId: bed.content.contentId,
      download: `download ${Math.random()}`,
      remaining: 100n * MIB,
      requests: [{ terms: await bed.terms(account), sessionKey: createSessionKey().address, maxBytes: 5n * MIB }],
    })
    if (sessions[0] === undefined) throw new Error(refused[0]?.reason)
    return sessions[0]
  }

  async function seederWith(count: number): Promise<Copy> {
    const account = await bed.chain.account()
    const { client } = await bed.buyer()
    const sessions: AuthorizedSession[] = []
    for (let i = 0; i < count; i++) sessions.push(await line(client, account))
    return { account, lane: sessions[0]!.lane, sessions }
  }

  const copyOf = ({ lane, sessions }: Copy, first = 0, last = sessions.length): PresentedLog => ({
    lane,
    log: {
      from: sessions[first]!.session,
      lines: sessions.slice(first, last).map((session) => session.line),
      signed: sessions[last - 1]!.signed,
    },
  })

  const words = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(Error)
    return (error as Error).message
  }

  it('signs nothing until seeders had time to present their logs, and goes on where the highest signed head is', async () => {
    const copy = await seederWith(3)
    const lost = await emptyLog()
    const gateway = await bed.open({ log: lost, presentWait: 60_000 })
    const { account: buyer } = await bed.buyer()
    const asked = line(bed.client(buyer, gateway), copy.account)
    const presented = await bed.client(copy.account, gateway).presentLog(copyOf(copy))
    expect(presented).to.equal('adopted')
    const next = await asked
    expect(next.session, 'behind what was signed').to.equal(copy.sessions[2]!.signed.head)
    expect(await bed.client(copy.account, gateway).presentLog(copyOf(copy))).to.equal('ahead')
    expect((await lost.laneLog(copy.lane))?.lines).to.have.length(4)
    await gateway.stop()
    await lost.close()
  })

  it('refuses lines on a lane that was not presented, soon after its start', async () => {
    const account = await bed.chain.account()
    const other = await emptyLog()
    const presentWait = 1_000
    const opened = performance.now()
    const gateway = await bed.open({ log: other, presentWait })
    const { account: buyer } = await bed.buyer()
    await line(bed.client(buyer, gateway), account)
    expect(performance.now() - opened, 'it waited').to.be.at.least(presentWait)
    const longer = await bed.open({ log: other, presentWait: 60_000 })
    expect(await words(line(bed.client(buyer, longer), account))).to.include('present its logs')
    const none = await bed.client(account, longer).presentLog({
      lane: { sponsor: bed.sponsor.address, seeder: account.address, lane: 0n, pricePerGiB: PRICE },
      log: null,
    })
    expect(none).to.equal('ahead')
    await line(bed.client(buyer, longer), account)
    await gateway.stop()
    await longer.stop()
    await other.close()
  })

  it('takes over the lines since an older copy, and vouches for them', async () => {
    const copy = await seederWith(4)
    const restored = await emptyLog()
    await restored.adopt(copy.lane, copyOf(copy, 0, 2).log!, 1)
    const gateway = await bed.open({ log: restored, presentWait: 60_000 })
    const client = bed.client(copy.account, gateway)
    expect(await client.presentLog(copyOf(copy, 1))).to.equal('adopted')
    const question = { lane: copy.lane, from: copy.sessions[0]!.session, to: copy.sessions[3]!.signed.head }
    expect((await client.requestVoucher({ ...question, receipts: [] })).amount).to.equal(0n)
    await gateway.stop()
    await restored.close()
  })

  it('never signs beside a log that it forked: the lane stays closed, another one opens', async () => {
    const copy = await seederWith(2)
    const other = await emptyLog()
    const gateway = await bed.open({ log: other })
    const { account: buyer } = await bed.buyer()
    await line(bed.client(buyer, gateway), copy.account) // nobody presented, and the wait is over
    const client = bed.client(copy.account, gateway)
    expect(await client.presentLog(copyOf(copy))).to.equal('forked')
    expect(await words(line(bed.client(buyer, gateway), copy.account))).to.include('none of its lanes')
    const terms = await bed.terms(copy.account, { lanes: [0n, 1n], sequence: 2n })
    const { sessions } = await bed.client(buyer, gateway).openSessions({
      contentId: bed.content.contentId,
      download: 'on the other lane',
      remaining: 100n * MIB,
      requests: [{ terms, sessionKey: createSessionKey().address, maxBytes: 5n * MIB }],
    })
    expect(sessions[0]?.lane.lane).to.equal(1n)

    // what the seeder holds is settled as it is; from the head on the chain on the two agree again
    const own = await bed.chain.as(bed.sponsor)
    await reserve(own, { ...copy.lane, amount: USD })
    const { signature, expiry } = copy.sessions[1]!.signed
    const group = {
      ...({ kind: 'raw', least: null, delegate: null, ...copy.lane, expiry, signature } as const),
      lines: copy.sessions.map((session) => session.line),
    }
    await settle(await bed.chain.as(copy.account), { seeder: copy.account.address, batch: encodeBatch([group]) })
    const settled = { from: copy.sessions[1]!.signed.head, lines: [], signed: copy.sessions[1]!.signed }
    expect(await client.presentLog({ lane: copy.lane, log: settled })).to.equal('adopted')
    await gateway.stop()
    await other.close()
  })

  it('goes on with no lane that the chain led into the log of another one', async () => {
    const copy = await seederWith(2)
    const { account: buyer } = await bed.buyer()
    const own = await bed.chain.as(bed.sponsor)
    const ask = async (gateway: Gateway) => {
      const { sessions } = await bed.client(buyer, gateway).openSessions({
        contentId: bed.content.contentId,
        download: 'on lane 1 alone',
        remaining: 100n * MIB,
        requests: [
          {
            terms: await bed.terms(copy.account, { lanes: [1n], sequence: 3n }),
            sessionKey: createSessionKey().address,
            maxBytes: MIB,
          },
        ],
      })
      return sessions[0]?.lane
    }
    const lane = (await ask(bed.gateway))!
    const to = copy.sessions[0]!.signed.head
    const planted = { ...lane, from: firstHead(lane), to, amount: 0n }
    const { signature } = await signVoucher(own.domain, signerFromAccount(bed.sponsor), planted)
    const group = { kind: 'voucher', least: null, delegate: null, ...planted, signature } as const
    await settle(await bed.chain.as(copy.account), { seeder: copy.account.address, batch: encodeBatch([group]) })
    const gateway = await bed.open()
    expect(await ask(gateway)).to.equal(undefined)
    await gateway.stop()
  })

  it('takes over nothing that its sponsor did not sign, that leads nowhere, or that a stranger shows', async () => {
    const copy = await seederWith(2)
    const lost = await emptyLog()
    const gateway = await bed.open({ log: lost, presentWait: 60_000 })
    const client = bed.client(copy.account, gateway)
    const { lane, log } = copyOf(copy)
    const present = (changed: Partial<NonNullable<PresentedLog['log']>>) =>
      words(client.presentLog({ lane, log: { ...log!, ...changed } }))
    const { domain } = await bed.chain.as()
    const stranger = await bed.chain.account()
    const lines: LogLine[] = [...log!.lines, { sessionKey: stranger.address, maxBytes: MIB }]
    const head = headsAfter(log!.from, lines).at(-1)!
    const forged = await signHead(domain, signerFromAccount(stranger), lane, { head, expiry: log!.signed.expiry })
    expect(await present({ lines, signed: forged }), 'signed by no delegate').to.include('no delegate')
    expect(await present({ lines, signed: { ...forged, signer: bed.sponsor.address } })).to.include('not signed by')
    expect(await present({ lines })).to.include('not signed by')
    expect(await present({ from: log!.signed.head, lines: [] }), 'neither log nor chain').to.include('Neither')
    expect(await words(bed.client(stranger, gateway).presentLog({ lane, log }))).to.include('nor its operator')
    expect(await lost.laneLog(lane)).to.equal(null)
    await gateway.stop()
    await lost.close()
  })

  it('honours heads of the sponsor’s other delegates', async () => {
    const copy = await seederWith(1)
    const delegate = await bed.chain.account()
    await authorizeSigner(await bed.chain.as(bed.sponsor), { key: delegate.address, added: USD })
    const lost = await emptyLog()
    const own = await bed.chain.as(bed.sponsor)
    const gateway = createGateway(
      {
        ...{ chain: own, log: lost, signer: delegate, contents: [bed.content] },
        logger: createLogger({ name: 'gateway', level: 'silent' }),
      },
      { port: 0, sponsor: bed.sponsor.address },
    )
    await gateway.start()
    expect(await bed.client(copy.account, gateway).presentLog(copyOf(copy))).to.equal('adopted')
    await gateway.stop()
    await lost.close()
  })
})
