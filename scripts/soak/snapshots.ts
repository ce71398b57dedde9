// Old copies put back: a seeder's ledger, a downloader's record, both, or a gateway's log. Real sockets and files, and for the
// gateway a real chain. A session has to go on after one hello, be paid for each byte once, and never stall; a gateway has
// to go on behind the newest head that it signed.
//   node scripts/soak/snapshots.ts [--runs 1000] [--seed N] [--tenth]
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { ContentStore } from '../../src/content/index.ts'
import { createNode, createPeerKey, type PeerNode } from '../../src/discovery/index.ts'
import { sharedChecker } from '../../src/downloader/checker.ts'
import { type Fetcher, openFetcher } from '../../src/downloader/fetcher.ts'
import { openDownloadRecord } from '../../src/downloader/index.ts'
import { createIntake } from '../../src/downloader/intake.ts'
import { createPlan } from '../../src/downloader/plan.ts'
import type { DownloadRecord } from '../../src/downloader/ports.ts'
import { type AuthorizedSession, createSessionKey, type Head, type ReceiptLedger } from '../../src/receipts/index.ts'
import { openDownload, openSeed } from '../../src/storage/pieces/index.ts'
import { backupLedger, backupSponsorLog, openLedger, openSponsorLog } from '../../src/storage/sqlite/index.ts'
import { createCreditBook, serve, TRANSFER_PROTOCOL } from '../../src/transfer/index.ts'
import type { Random } from '../../test/parity/random.ts'
import { type GatewayBed, startGatewayBed } from '../../test/src/gateway/fixture.ts'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import { createDesk, DOMAIN } from '../../test/swarm/desk.ts'
import { createSponsor } from '../../test/swarm/sponsor.ts'
import { CaseFailure, campaign } from './campaign.ts'

const MIB = 2 ** 20
const CONTENT = 6 * MIB
const KEY = `0x${'1'.repeat(64)}` as const
const SIDES = ['seeder', 'downloader', 'both', 'gateway'] as const

type Side = (typeof SIDES)[number]

await campaign({ name: 'restored old snapshots, either side', runs: 1_000 }, async (run) => {
  const bed = await startGatewayBed()
  const buyer = await bed.buyer()
  const content = await makeContent(CONTENT)
  const source = await readFile(content.path)
  const node = await createNode({
    ...{ privateKey: await createPeerKey(), listen: ['/ip4/127.0.0.1/tcp/0'], allowPrivate: true },
  })
  const guest = await createNode({ privateKey: await createPeerKey(), allowPrivate: true })
  const counts: Record<Side, number> = { seeder: 0, downloader: 0, both: 0, gateway: 0 }
  let back = 0
  try {
    for (let index = run.from; index < run.from + run.runs; index++) {
      const random = run.random(index)
      const side = random.pick(SIDES)
      const folder = join(run.folder, String(index))
      mkdirSync(folder)
      try {
        if (side === 'gateway') back += await gatewayCase(bed, buyer.account, folder, random)
        else back += await sessionCase({ content, source, node, guest, folder, random, side })
      } catch (error) {
        throw new CaseFailure(index, `${side}: ${(error as Error).message}`, { cause: error })
      }
      rmSync(folder, { recursive: true, force: true })
      counts[side] += 1
      if ((index + 1) % 100 === 0) run.say(`${index + 1} copies put back`)
    }
  } finally {
    await guest.stop()
    await node.stop()
    await content.remove()
    await bed.close()
  }
  if (back === 0) throw new Error('no copy was older than what it replaced: nothing was tried')
  return (
    `${run.runs} copies (ledgers ${counts.seeder}, records ${counts.downloader}, both ${counts.both}, gateways' logs ${counts.gateway}), ` +
    `${back} of them behind; each went on after one hello, 0 bytes paid twice, 0 stalled, 0 logs forked`
  )
})

interface SessionCase {
  readonly content: TestContent
  readonly source: Buffer
  readonly node: PeerNode
  readonly guest: PeerNode
  readonly folder: string
  readonly random: Random
  readonly side: Side
}

/** The seeder's side: what it keeps in a file can be exchanged for an older copy. */
async function openSide({ content, node, folder }: SessionCase) {
  const path = join(folder, 'ledger.sqlite')
  const store = await openSeed(content.metainfo, content.path)
  const streams = new Set<Promise<void>>()
  let ledger: ReceiptLedger

  async function open(): Promise<void> {
    ledger = await openLedger({ path })
    await ledger.releaseAll()
    const desk = await createDesk({ key: KEY, peerId: node.peerId, ledger, stores: [store] })
    const handler = serve(desk, { peerId: node.peerId, credit: createCreditBook() })
    await node.handle(TRANSFER_PROTOCOL, (stream, connection) => {
      const served = Promise.resolve(handler(stream, connection)).then(() => undefined)
      streams.add(served)
      void served.finally(() => streams.delete(served))
    })
  }

  await open()
  return {
    snapshot: () => backupLedger({ path, to: join(folder, 'ledger.old') }),
    async restore() {
      await ledger.close()
      for (const end of ['-wal', '-shm', '']) rmSync(`${path}${end}`, { force: true })
      renameSync(join(folder, 'ledger.old'), path)
      await open()
    },
    idle: () => Promise.all(streams),
    receipt: async (session: Head) => (await ledger.session(session))?.receipt?.bytesServed ?? 0n,
    async close() {
      await ledger.close()
      await store.close()
    },
  }
}

/** Resolves to 1 when the copy was older than what it replaced. */
async function sessionCase(what: SessionCase): Promise<number> {
  const { content, source, folder, random, side } = what
  const { metainfo } = content
  const seeder = await openSide(what)
  const recordPath = join(folder, 'record')
  let record = openDownloadRecord(recordPath)
  const to = join(folder, 'to')
  const store = await openDownload(metainfo, to, { journal: join(folder, 'journal') })
  const session = await openLine(what, record)
  const first = MIB + random.below(3 * MIB)
  const copyAt = random.below(first)
  await fetchSome(what, store, record, {
    until: first,
    end: 'abort',
    at: copyAt,
    async copy() {
      copyFileSync(recordPath, join(folder, 'record.old'))
      await seeder.snapshot()
    },
  })
  await seeder.idle()
  const signedBefore = ownReceipt(record)
  const heldBefore = await seeder.receipt(session)
  if (side !== 'seeder') {
    record.close()
    renameSync(join(folder, 'record.old'), recordPath)
    record = openDownloadRecord(recordPath)
  }
  if (side !== 'downloader') await seeder.restore()
  const own = ownReceipt(record)
  const held = await seeder.receipt(session)
  const start = larger(own, held)

  const left = metainfo.length - store.verifiedBytes
  await fetchSome(what, store, record, { until: left, end: 'finish' })
  const paid = await seeder.receipt(session)
  if (paid > BigInt(metainfo.length))
    throw new Error(`${paid} bytes were signed for, ${metainfo.length} are the content`)
  if (paid !== start + BigInt(left)) throw new Error(`${paid} bytes held, expected ${start} and ${left} on top`)
  if (side === 'seeder' && paid !== BigInt(metainfo.length)) throw new Error(`${paid} bytes held, all were signed for`)
  if (side === 'downloader' && paid < heldBefore + BigInt(left)) throw new Error('what the seeder held was forgotten')
  await store.close()
  if (!(await readFile(join(to, metainfo.name))).equals(source)) throw new Error('the file is not what was seeded')
  record.close()
  await seeder.close()
  return own < signedBefore || held < heldBefore ? 1 : 0
}

async function openLine({ random, content }: SessionCase, record: DownloadRecord): Promise<Head> {
  const sponsor = createSponsor(DOMAIN, 0n, bytesToHex(random.bytes(32)))
  const key = createSessionKey(bytesToHex(random.bytes(32)))
  const seeder = privateKeyToAccount(KEY).address
  const terms = { seeder, lanes: [1n], pricePerGiB: 1_000_000n } as unknown as Parameters<
    typeof sponsor.open
  >[0]['requests'][number]['terms']
  const requests = [{ terms, sessionKey: key.address, maxBytes: BigInt(16 * MIB) }]
  const about = { contentId: content.metainfo.contentId, download: record.download, remaining: 0n }
  const { sessions } = await sponsor.open({ ...about, requests }, AbortSignal.timeout(10_000))
  const session = sessions[0]!
  const { chainId, settlement } = DOMAIN
  record.add({ session, privateKey: key.privateKey, chainId, settlement, receipt: null, closed: false, held: false })
  return session.session
}

function ownReceipt(record: DownloadRecord): bigint {
  return record.sessions()[0]?.receipt?.bytesServed ?? 0n
}

function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a
  return b
}

interface Part {
  /** Verified bytes of this stream. */
  readonly until: number
  /** `abort` breaks the stream as a crash would. */
  readonly end: 'abort' | 'finish'
  /** When so many bytes are verified, `copy` is called. */
  readonly at?: number
  readonly copy?: () => Promise<void>
}

/** One stream with the downloader's own parts. Throws when it stalls, or when the hello is refused. */
async function fetchSome(what: SessionCase, store: ContentStore, record: DownloadRecord, part: Part): Promise<void> {
  const { content, node, guest } = what
  const signal = AbortSignal.timeout(30_000)
  const connection = await guest.connect(node.addresses()[0]!, { signal })
  const done = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => done.reject(new Error('it stalled')))
  const plan = createPlan(store)
  const intake = createIntake({ store, plan, checker: sharedChecker(), failed: done.reject, written: () => pump() })
  let fetcher: Fetcher | null = null
  let got = 0
  let copying: Promise<void> | null = null
  const owner = {
    id: 'seeder',
    whole: true,
    has: (piece: number) => fetcher?.has(piece) ?? false,
    cancel: () => undefined,
  }

  function pump(): void {
    while (fetcher !== null && !fetcher.ending && fetcher.inFlight < 2 && intake.free > 0 && got < part.until) {
      const next = plan.take(owner, 256 * 1024)
      if (next === null) break
      fetcher.request(next)
    }
    if (got >= part.until) done.resolve()
  }

  fetcher = await openFetcher(
    {
      ...{ connection, self: guest.peerId, record },
      progressed(bytes) {
        got += bytes
        if (part.at !== undefined && got >= part.at) copying ??= part.copy?.() ?? null
        pump()
      },
      ended: (error) => error !== null && done.reject(error),
      closing: (refusal) => done.reject(refusal ?? new Error('the seeder stopped')),
    },
    signal,
  )
  await fetcher.transfer.terms(signal)
  await fetcher.begin(content.metainfo.contentId, record.sessions()[0]!, { plan, intake })
  pump()
  await done.promise
  await copying
  if (part.end === 'abort') await fetcher.abort(new Error('cut off'))
  else if (!(await fetcher.finish())) throw new Error('the seeder did not take the last receipt')
  await intake.flush()
  intake.close()
}

/** Resolves to 1 when the gateway had lost lines. */
async function gatewayCase(
  bed: GatewayBed,
  buyer: Parameters<GatewayBed['client']>[0],
  folder: string,
  random: Random,
) {
  const account = privateKeyToAccount(bytesToHex(random.bytes(32)))
  const path = join(folder, 'log.sqlite')
  const old = join(folder, 'old.sqlite')
  const sessions: AuthorizedSession[] = []
  const log = await openSponsorLog({ path })
  const before = await bed.open({ log })
  const terms = await bed.terms(account)
  async function line(client: ReturnType<GatewayBed['client']>): Promise<AuthorizedSession> {
    const answer = await client.openSessions({
      ...{ contentId: bed.content.contentId, download: `d${sessions.length}`, remaining: 1n << 20n },
      requests: [{ terms, sessionKey: createSessionKey().address, maxBytes: 1n << 20n }],
    })
    const [session] = answer.sessions
    if (session === undefined) throw new Error(answer.refused[0]?.reason)
    return session
  }
  const client = bed.client(buyer, before)
  const lines = 1 + random.below(6)
  const copied = random.below(lines + 1)
  for (let i = 0; i < lines; i++) {
    if (i === copied) await backupSponsorLog({ path, to: old })
    sessions.push(await line(client))
  }
  if (copied === lines) await backupSponsorLog({ path, to: old })
  await before.stop()
  await log.close()

  // a lost log is the oldest copy of all
  const restored = await openSponsorLog({ path: random.chance(0.2) ? join(folder, 'new.sqlite') : old })
  const lane = sessions[0]!.lane
  const known = (await restored.laneLog(lane))?.lines.length ?? 0
  const gateway = await bed.open({ log: restored, presentWait: 60_000 })
  const copy = {
    ...{ from: sessions[0]!.session, lines: sessions.map((session) => session.line) },
    signed: sessions.at(-1)!.signed,
  }
  const asked = line(bed.client(buyer, gateway))
  const state = await bed.client(account, gateway).presentLog({ lane, log: copy })
  const next = await asked
  if (next.session !== copy.signed.head)
    throw new Error(`a line at ${next.session}, behind ${copy.signed.head} (${state})`)
  const voucher = { lane, from: copy.from, to: copy.signed.head, receipts: [] }
  if ((await bed.client(account, gateway).requestVoucher(voucher)).amount !== 0n)
    throw new Error('a voucher for nothing')
  await gateway.stop()
  await restored.close()
  return known < sessions.length ? 1 : 0
}
