// kill -9 of a process that downloads from two honest seeders and a lying one, again and again until its content is there.
// After each kill: what the journal names is on disk and never sent again; nothing was signed that was not right; no seeder
// is ahead of the receipts by more than a window. In the end the seeders settle on a chain and are paid what was signed.
//   node scripts/soak/downloader-kills.ts [--runs 100] [--seed N] [--tenth]
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { privateKeyToAccount } from 'viem/accounts'
import { deposit, readCredit } from '../../src/chain/index.ts'
import { pieceAt, UNIT_BYTES, unitCount, unitLength } from '../../src/content/index.ts'
import { openDownloadRecord, type RecordedSession } from '../../src/downloader/index.ts'
import { amountFor, type ReceiptLedger } from '../../src/receipts/index.ts'
import { createSettlementChain, createSettler } from '../../src/settlement/index.ts'
import { isSet } from '../../src/storage/pieces/held.ts'
import { readJournal } from '../../src/storage/pieces/journal.ts'
import { MAX_WINDOW_BYTES } from '../../src/transfer/index.ts'
import { startTestChain, type TestChain, USD } from '../../test/chain.ts'
import { makeContent, type TestContent } from '../../test/swarm/content.ts'
import type { StoreRead } from '../../test/swarm/hostile-store.ts'
import { startSeeder, type TestSeeder } from '../../test/swarm/seeder.ts'
import { createSponsor, SPONSOR_KEY, type TestSponsor } from '../../test/swarm/sponsor.ts'
import { seederKey } from '../../test/swarm/swarm.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'
import type { FromGetter, GetterInit, ToGetter } from './kills/getter.ts'

const GETTER = resolve(import.meta.dirname, 'kills/getter.ts')
const MIB = 2 ** 20
/** Bytes a second of each seeder: an uplink, so that a download takes some seconds on any machine. */
const RATE = 16 * MIB
/** From the start of the process, or (most often) from its first progress, to its end. */
const SOON_MILLISECONDS = 1_500
const LATE_MILLISECONDS = 5_000

interface Bed {
  readonly content: TestContent
  readonly seeders: readonly { readonly seeder: TestSeeder; right: number }[]
  readonly sponsor: TestSponsor
  /** What was read to be sent since the process was started. */
  readonly reads: StoreRead[]
}

await campaign({ name: 'kill -9 of a downloader', runs: 100 }, async (run) => {
  process.env.NODE_COMPILE_CACHE = join(run.folder, 'compiled') // every downloader runs the same code
  const chain = await startTestChain()
  const { domain } = await chain.as()
  const sponsor = createSponsor(domain)
  const account = privateKeyToAccount(SPONSOR_KEY)
  await chain.fund(account.address, { coin: 10n ** 18n, usd: 1_000n * USD })
  await deposit(await chain.as(account), { amount: 1_000n * USD })
  const content = await makeContent(256 * MIB, { seed: 1 + (run.seed % 200) })
  const reads: StoreRead[] = []
  const seeders = []
  for (const index of [0, 1, 2]) {
    const folder = join(run.folder, `seeder-${index}`)
    mkdirSync(folder)
    const entry = { seeder: null as unknown as TestSeeder, right: 0 }
    entry.seeder = await startSeeder({
      ...{ torrent: content.torrent, path: content.path, folder, key: seederKey(index), rate: RATE, domain },
      ...(index === 2 ? { flip: 5 } : {}),
      // Each kill leaves up to a window unsigned: a payer who did that a hundred times in some minutes would be refused.
      credit: { maxDebt: Number.POSITIVE_INFINITY },
      onRead(read) {
        entry.right += read.right
        reads.push(read)
      },
    })
    seeders.push(entry)
  }
  const bed: Bed = { content, seeders, sponsor, reads }
  const signed: RecordedSession[] = []
  let [kills, downloads, journalled] = [0, 0, 0]
  try {
    while (kills < run.runs) {
      const folder = join(run.folder, `download-${downloads++}`)
      for (let over = false; !over; ) {
        const [out, state] = [join(folder, 'out'), join(folder, 'state')]
        const before = await journalledUnits(bed, out, state)
        reads.length = 0
        const killed =
          kills < run.runs ? await liveOnce(run, bed, run.from + kills, out, state) : await live(bed, out, state)
        over = !killed
        await check(bed, run.from + kills, before, out, state, signed)
        if (killed && ++kills % 10 === 0) run.say(`${kills} kills`)
        journalled += before.size
      }
      const got = readFileSync(join(folder, 'out', content.metainfo.name))
      if (!got.equals(readFileSync(content.path))) throw new CaseFailure(kills, 'the file is not the content')
      signed.push(...recorded(join(folder, 'state')))
      rmSync(folder, { recursive: true })
      run.say(`${kills} kills, ${downloads} downloads`)
    }
    const paid = await settle(chain, bed, signed)
    return `${kills} kills, ${downloads} downloads of 256 MiB complete, ${journalled} journalled units found after kills, 0 sent again, ${paid}`
  } finally {
    for (const { seeder } of seeders) await seeder.stop()
    await chain.close()
    await content.remove()
  }
})

/** Resolves to whether it was killed before it was done. */
async function liveOnce(run: Run, bed: Bed, index: number, out: string, state: string): Promise<boolean> {
  const random = run.random(index)
  return random.chance(0.2)
    ? live(bed, out, state, { after: 'start', milliseconds: random.below(SOON_MILLISECONDS) })
    : live(bed, out, state, { after: 'progress', milliseconds: random.below(LATE_MILLISECONDS) })
}

async function live(
  bed: Bed,
  folder: string,
  state: string,
  kill?: { after: 'start' | 'progress'; milliseconds: number },
): Promise<boolean> {
  const { content, sponsor, seeders } = bed
  const sources = seeders.map(({ seeder }) => seeder.address)
  const init: GetterInit = { torrent: content.torrent, folder, state, sources }
  const child = fork(GETTER, [JSON.stringify(init)], { serialization: 'advanced' })
  const over = once(child, 'exit')
  let timer: NodeJS.Timeout | null = null
  const arm = (): void => {
    if (kill !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), kill.milliseconds)
  }
  if (kill?.after === 'start') arm()
  child.on('message', (message: FromGetter) => {
    if ('verified' in message) return arm()
    if (!('question' in message)) return
    const { question, request } = message
    void sponsor.open(request, AbortSignal.timeout(10_000)).then((grant) => {
      if (child.connected) child.send({ question, grant } satisfies ToGetter, () => undefined)
    })
  })
  const [code, signal] = (await over) as [number | null, string | null]
  if (timer !== null) clearTimeout(timer)
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`The downloader ended by itself with ${code ?? signal}.`)
  await quiet(bed)
  return code !== 0
}

/** Until the seeders noticed that their customer is gone, and what they were reading is counted. */
async function quiet({ seeders, reads }: Bed): Promise<void> {
  for (let seen = -1; ; seen = reads.length) {
    const connections = seeders.reduce((sum, { seeder }) => sum + seeder.node.libp2p.getConnections().length, 0)
    if (connections === 0 && seen === reads.length) return
    await sleep(150)
  }
}

/** Units (`piece:unit`) that the journal names; their bytes are compared with the content's. */
async function journalledUnits({ content }: Bed, out: string, state: string): Promise<Set<string>> {
  const units = new Set<string>()
  const name = existsSync(state) ? readdirSync(state).find((file) => file.endsWith('.journal')) : undefined
  const { metainfo } = content
  const entry = name === undefined ? null : await readJournal(join(state, name), metainfo, realpathSync(out))
  if (entry === null) return units
  const files = await Promise.all([open(content.path), open(join(out, metainfo.name))])
  const [wanted, got] = [Buffer.alloc(UNIT_BYTES), Buffer.alloc(UNIT_BYTES)]
  for (let index = 0; index < metainfo.pieceCount; index++) {
    const piece = pieceAt(metainfo, index)
    for (let unit = 0; unit < unitCount(piece); unit++) {
      if (!isSet(entry.units, metainfo, index, unit)) continue
      units.add(`${index}:${unit}`)
      const place = { offset: 0, length: unitLength(piece, unit), position: piece.offset + unit * UNIT_BYTES }
      await files[0].read({ buffer: wanted, ...place })
      await files[1].read({ buffer: got, ...place })
      if (!wanted.equals(got)) throw new Error(`Unit ${unit} of piece ${index} is journalled and not on disk.`)
    }
  }
  await Promise.all(files.map((file) => file.close()))
  return units
}

/** What the downloader's record says; read from a copy, since opening one rewrites it. */
function recorded(state: string): readonly RecordedSession[] {
  const name = existsSync(state) ? readdirSync(state).find((file) => file.endsWith('.record')) : undefined
  if (name === undefined) return []
  const copy = join(state, 'copy')
  copyFileSync(join(state, name), copy)
  const record = openDownloadRecord(copy)
  record.close()
  rmSync(copy)
  return record.sessions()
}

async function check(
  { seeders, reads }: Bed,
  index: number,
  journalled: ReadonlySet<string>,
  _out: string,
  state: string,
  earlier: readonly RecordedSession[],
): Promise<void> {
  for (const { piece, offset, length } of reads) {
    for (let unit = offset / UNIT_BYTES; unit * UNIT_BYTES < offset + length; unit++) {
      if (journalled.has(`${piece}:${unit}`))
        throw new CaseFailure(index, `${piece}:${unit} was journalled and sent again`)
    }
  }
  const sessions = [...earlier, ...recorded(state)]
  for (const { seeder, right } of seeders) {
    let signed = 0
    for (const { session, receipt } of sessions) {
      if (session.lane.seeder !== seeder.payout) continue
      const own = Number(receipt?.bytesServed ?? 0n)
      signed += own
      const held = await seeder.ledger.session(session.session)
      const [served, accepted] = [Number(held?.served ?? 0n), Number(held?.receipt?.bytesServed ?? 0n)]
      const ahead = served - accepted
      if (ahead < 0 || ahead > MAX_WINDOW_BYTES || accepted > own || own > served) {
        throw new CaseFailure(index, `${session.session}: ${served} served, ${own} signed, ${accepted} accepted`)
      }
    }
    if (signed > right) throw new CaseFailure(index, `${signed} bytes were signed, ${right} right ones were sent`)
  }
}

/** Every seeder settles its raw receipts; what it is credited is what the downloader's records say was signed. */
async function settle(chain: TestChain, { seeders }: Bed, signed: readonly RecordedSession[]): Promise<string> {
  let all = 0n
  for (const [index, { seeder }] of seeders.entries()) {
    const account = privateKeyToAccount(seederKey(index))
    await chain.fund(account.address, { coin: 10n ** 18n })
    const connected = await chain.as(account)
    const { ledger } = seeder
    const settlement = createSettlementChain(connected, ledger.journal)
    const settler = createSettler(
      { ledger, chain: settlement, vouchers: null, logger: { info() {}, warn() {} } },
      { idleSeconds: 0 },
    )
    for (let look = 0; look < 20; look++) {
      await settler.settleOnce()
      if ((await settler.reconcile()).length === 0 && (await ledger.earnings()).receipted === 0n) break
    }
    const own = signed.filter(({ session }) => session.lane.seeder === seeder.payout)
    const bytes = own.map(({ receipt }) => receipt?.bytesServed ?? 0n)
    const owed = amountFor(bytes, own[0]?.session.lane.pricePerGiB ?? 0n)
    const paid = await readCredit(connected, account.address)
    if (paid !== owed) {
      const words = `${seeder.payout} was paid ${paid} token units, ${owed} were signed`
      throw new Error(`${words}: ${(await differences(ledger, own)).join('; ')}`)
    }
    all += paid
  }
  return `${all} token units paid on the chain = signed`
}

/** The sessions of which a seeder holds another receipt than the downloader signed last. */
async function differences(ledger: ReceiptLedger, own: readonly RecordedSession[]): Promise<string[]> {
  const found: string[] = []
  for (const { session, receipt, closed, held, refused = false } of own) {
    const known = await ledger.session(session.session)
    const [there, bytes] = [known?.receipt?.bytesServed ?? 0n, receipt?.bytesServed ?? 0n]
    const said = JSON.stringify({ closed, held, refused })
    if (there !== bytes) found.push(`${session.session} ${there} of ${bytes} bytes, ${known?.served} served, ${said}`)
  }
  return found
}
