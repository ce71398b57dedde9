import { expect } from 'chai'
import { pieceAt } from '../../../src/content/index.ts'
import { createSessionKey, type SessionKey, signReceipt } from '../../../src/receipts/index.ts'
import {
  type Accepted,
  openTransfer,
  RefusedError,
  type Transfer,
  type TransferEvents,
  type Want,
} from '../../../src/transfer/index.ts'
import { DOMAIN } from '../../swarm/desk.ts'
import { type Swarm, type SwarmInit, startSwarm } from '../../swarm/swarm.ts'

const MIB = 2 ** 20
const UNIT = 128 * 1024

/** A downloader under the test's control: it verifies nothing and signs what it is told to. */
interface Puppet {
  readonly transfer: Transfer
  readonly accepted: Accepted
  readonly key: SessionKey
  /** Bytes that arrived. */
  received(): number
  held(): bigint
  sign(bytesServed: number, key?: SessionKey): void
  want(piece: number, offset: number, length: number, hashes?: boolean): void
  /** Resolves when `done` is true; looked at whenever something arrives. */
  until(done: () => boolean): Promise<void>
  readonly ended: Promise<Error | null>
}

describe('a serving seeder', () => {
  let swarm: Swarm | null = null
  // One for each test: a deadline that begins when this file is loaded passes while others' tests run.
  let signal: AbortSignal

  beforeEach(() => {
    signal = AbortSignal.timeout(50_000)
  })

  async function start(init: Partial<SwarmInit> = {}): Promise<Swarm> {
    swarm = await startSwarm({ bytes: 8 * MIB, pieceLength: 4 * MIB, seeders: [{}], ...init })
    return swarm
  }

  afterEach(async () => {
    await swarm?.stop()
    swarm = null
  })

  async function connect(swarm: Swarm, events: TransferEvents = {}): Promise<Transfer> {
    const connection = await swarm.node.connect(swarm.sources[0] ?? '', { signal })
    return openTransfer(connection, swarm.node.peerId, events, signal)
  }

  async function hello(swarm: Swarm, maxBytes = 64 * MIB, free = false): Promise<Puppet> {
    let bytes = 0
    let highest = 0n
    let arrived = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<Error | null>()
    const note = (): void => {
      arrived.resolve()
      arrived = Promise.withResolvers()
    }
    const transfer = await connect(swarm, {
      data(_want: Want, _offset, length) {
        bytes += length
        note()
      },
      held(bytesServed) {
        highest = bytesServed
        note()
      },
      hashes: note,
      dropped: note,
      ended(error) {
        ended.resolve(error)
        note()
      },
    })
    const terms = await transfer.terms(signal)
    const key = createSessionKey()
    const request = { contentId: swarm.content.metainfo.contentId, download: 'd', remaining: 1n }
    const requests = terms === null ? [] : [{ terms, sessionKey: key.address, maxBytes: BigInt(maxBytes) }]
    const [session] = free ? [] : (await swarm.sponsor.open({ ...request, requests }, signal)).sessions
    const { contentId } = request
    const accepted = await transfer.hello({ contentId, session: session ?? null, key, receipt: null }, signal)
    return {
      ...{ transfer, accepted, key, ended: ended.promise },
      received: () => bytes,
      held: () => highest,
      sign(bytesServed, by = key) {
        const receipt = { session: session?.session ?? '0x', bytesServed: BigInt(bytesServed) } as const
        transfer.sendReceipt(signReceipt(DOMAIN, by, receipt))
      },
      want(piece, offset, length, hashes = false) {
        const target = new Uint8Array(length)
        transfer.want({ piece: pieceAt(swarm.content.metainfo, piece), offset, length, target, hashes })
      },
      async until(done) {
        while (!done()) await arrived.promise
      },
    }
  }

  /** Asks for everything in wants of a mebibyte. */
  function wantAll(puppet: Puppet): void {
    for (const piece of [0, 1]) for (let at = 0; at < 4 * MIB; at += MIB) puppet.want(piece, at, MIB)
  }

  /** A round trip on the same stream: what the seeder sent before its answer has arrived. */
  async function settle({ transfer }: Puppet, swarm: Swarm): Promise<void> {
    for (let i = 0; i < 20; i++) await transfer.info(swarm.content.metainfo.contentId, signal)
  }

  it('sends no more than one window to a downloader that does not sign', async () => {
    const swarm = await start()
    const puppet = await hello(swarm)
    expect(puppet.accepted.window).to.equal(MIB)
    wantAll(puppet)
    await puppet.until(() => puppet.received() >= MIB)
    await settle(puppet, swarm)
    expect(puppet.received()).to.equal(MIB)
  })

  it('gives the place of one that is served for nothing to one that pays, and to nobody else', async () => {
    const swarm = await start({ seeders: [{ free: true, maxStreams: 1 }] })
    const busy = (error: unknown) => error instanceof RefusedError && error.refusal === 'busy'
    const nothing = await hello(swarm, MIB, true)
    expect(busy(await hello(swarm, MIB, true).catch((error) => error))).to.equal(true)
    const paying = await hello(swarm)
    expect(await nothing.ended).to.be.instanceOf(Error)
    expect(busy(await hello(swarm).catch((error) => error))).to.equal(true)
    paying.want(0, 0, UNIT)
    await paying.until(() => paying.received() === UNIT)
  })

  it('sends at most one window more when a downloader stops signing', async () => {
    const swarm = await start()
    const puppet = await hello(swarm)
    wantAll(puppet)
    await puppet.until(() => puppet.received() >= MIB)
    puppet.sign(MIB)
    await puppet.until(() => puppet.received() >= 3 * MIB)
    await settle(puppet, swarm)
    expect([puppet.received(), puppet.held()]).to.deep.equal([3 * MIB, BigInt(MIB)])
  })

  it('answers held only when the receipt is stored, and stores the highest of many', async () => {
    const swarm = await start()
    const puppet = await hello(swarm)
    puppet.want(0, 0, MIB)
    await puppet.until(() => puppet.received() === MIB)
    for (let bytes = UNIT; bytes <= MIB; bytes += UNIT) puppet.sign(bytes)
    await puppet.until(() => puppet.held() === BigInt(MIB))
    const session = swarm.sponsor.granted[0]?.session ?? '0x'
    expect((await swarm.seeders[0]?.ledger.session(session))?.receipt?.bytesServed).to.equal(BigInt(MIB))
  })

  it('disconnects after three receipts of another key, and keeps none of them', async () => {
    const swarm = await start()
    const puppet = await hello(swarm)
    wantAll(puppet)
    await puppet.until(() => puppet.received() >= MIB)
    const stranger = createSessionKey()
    for (const bytes of [MIB / 4, MIB / 2, MIB]) puppet.sign(bytes, stranger)
    expect(await puppet.ended).to.be.instanceOf(Error)
    const session = swarm.sponsor.granted[0]?.session ?? '0x'
    expect((await swarm.seeders[0]?.ledger.session(session))?.receipt).to.equal(null)
  })

  it('takes no receipt for bytes that it never sent', async () => {
    const swarm = await start()
    const puppet = await hello(swarm)
    puppet.want(0, 0, UNIT)
    await puppet.until(() => puppet.received() === UNIT)
    puppet.sign(UNIT + 1)
    puppet.sign(UNIT)
    await puppet.until(() => puppet.held() > 0n)
    expect(puppet.held()).to.equal(BigInt(UNIT))
  })

  it('sends nothing beyond what the line is for', async () => {
    const swarm = await start()
    const puppet = await hello(swarm, 3 * UNIT)
    wantAll(puppet)
    await puppet.until(() => puppet.received() >= 3 * UNIT)
    puppet.sign(3 * UNIT)
    await puppet.until(() => puppet.held() > 0n)
    await settle(puppet, swarm)
    expect(puppet.received()).to.equal(3 * UNIT)
  })

  it('stops sending what is cancelled and says so', async () => {
    const swarm = await start()
    const puppet = await hello(swarm)
    let dropped = 0
    const { transfer } = puppet
    const piece = pieceAt(swarm.content.metainfo, 0)
    const wants = [0, MIB, 2 * MIB].map((offset) => ({
      ...{ piece, offset, length: MIB, target: new Uint8Array(MIB), hashes: false },
    }))
    for (const want of wants) transfer.want(want)
    await puppet.until(() => puppet.received() >= MIB)
    for (const want of wants.slice(1)) transfer.cancel(want)
    puppet.sign(MIB)
    await puppet.until(() => puppet.held() > 0n)
    await settle(puppet, swarm)
    dropped = puppet.received()
    expect(dropped).to.equal(MIB)
  })

  it('closes the session when the downloader does, with the last receipt, even one that came close behind', async () => {
    const swarm = await start()
    const puppet = await hello(swarm)
    puppet.want(0, 0, MIB)
    await puppet.until(() => puppet.received() === MIB)
    puppet.sign(MIB - UNIT)
    puppet.sign(MIB - 1)
    puppet.sign(MIB)
    puppet.transfer.close()
    expect(await puppet.ended).to.equal(null)
    expect(puppet.held()).to.equal(BigInt(MIB))
    const session = swarm.sponsor.granted[0]?.session ?? '0x'
    expect(await swarm.seeders[0]?.ledger.session(session)).to.include({ state: 'closed' })
  })

  it('refuses a session whose key does not prove itself', async () => {
    const swarm = await start()
    const transfer = await connect(swarm)
    const terms = await transfer.terms(signal)
    if (terms === null) throw new Error('The seeder has terms.')
    const sessionKey = createSessionKey().address
    const request = { contentId: swarm.content.metainfo.contentId, download: 'd', remaining: 1n }
    const requests = [{ terms, sessionKey, maxBytes: BigInt(MIB) }]
    const [session = null] = (await swarm.sponsor.open({ ...request, requests }, signal)).sessions
    const thief = createSessionKey()
    const error = await transfer
      .hello({ contentId: request.contentId, session, key: thief, receipt: null }, signal)
      .catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(RefusedError).and.to.include({ refusal: 'badSignature' })
  })

  it('refuses to give away what is not free, and gives what is without any window', async () => {
    const paid = await start()
    const error = await hello(paid, 0, true).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(RefusedError).and.to.include({ refusal: 'needsPayment' })
    await paid.stop()

    const free = await start({ seeders: [{ free: true }] })
    const puppet = await hello(free, 0, true)
    wantAll(puppet)
    await puppet.until(() => puppet.received() === 8 * MIB)
  })

  it('ends the stream of a downloader that asks for what does not exist', async () => {
    const swarm = await start()
    for (const [piece, offset, length] of [
      [0, 0, 5 * UNIT + 1],
      [0, 4 * MIB - UNIT, 2 * UNIT],
    ] as const) {
      const puppet = await hello(swarm)
      puppet.want(piece, offset, length)
      expect(await puppet.ended).to.be.instanceOf(Error)
    }
  })

  it('does not answer for a content that it does not hold', async () => {
    const swarm = await start()
    const transfer = await connect(swarm)
    expect(await transfer.info('ef'.repeat(32), signal)).to.equal(null)
    const error = await transfer
      .hello({ contentId: 'ef'.repeat(32), session: null, key: null, receipt: null }, signal)
      .catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(RefusedError).and.to.include({ refusal: 'unknownContent', code: 'unknown-content' })
  })
})
