// Why is this node earning nothing: everything that can be looked at from its machine, one thing after the other.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from 'viem'
import type { Chain } from '../../chain/index.ts'
import { BitCdnError, hasCode } from '../../errors.ts'
import { type Earnings, laneKey } from '../../receipts/index.ts'
import type { SeederStatus } from '../../seeder/index.ts'
import { isServed, ownerPath } from '../../storage/sqlite/index.ts'
import type { CommandIo } from '../io.ts'
import { openLedgerOf } from '../ledger.ts'
import { listRunning } from '../running.ts'
import type { Settings } from '../settings.ts'
import { parseAddress } from '../wallet.ts'
import { checkClock, checkFolder, checkKey } from './machine.ts'
import { checkReserves, checkWallet, connect } from './money.ts'
import { checkReach, type Reached } from './reach.ts'
import { type SeedRecord, seedRecordOf } from './record.ts'
import { createReport, type Report } from './report.ts'
import { checkContents, checkDenied, checkRefusals, checkResting, readStatus } from './seeder.ts'
import { askGateways, checkSellers } from './sellers.ts'

/** Looks at everything; changes nothing. */
export async function diagnose(settings: Settings, io: CommandIo): Promise<Report> {
  const { signal } = io
  const report = createReport()
  const record = runningSeeder(settings, report)
  const { writable, chain, gateways } = await lookAround(settings, io, report, record?.seeder ?? null)
  const ledger = writable ? await readLedger(settings, chain, report) : null
  if (record === null) return report
  const status = await readStatus(record, report)
  checkDenied(record, report)
  await checkContents(settings, record, report)
  await reachOf(record, status, settings, report, signal)
  if (chain !== null) {
    const payers = await checkSellers(chain, record, gateways, report, signal)
    await checkReserves(chain, record, { payers, owed: ledger?.owed ?? new Map() }, report, signal)
  }
  checkResting(isPaused(settings), status, report)
  if (status !== null) checkRefusals(status, report)
  checkDemand(record, ledger, (status?.counts.admitted ?? 0) > 0, report)
  return report
}

/** Looks only at how others reach the running seeder; null where none runs. */
export async function diagnoseNet(
  settings: Settings,
  io: CommandIo,
): Promise<{ report: Report; reached: Reached | null }> {
  const report = createReport()
  const record = runningSeeder(settings, report)
  if (record === null) return { report, reached: null }
  const status = record.monitor === undefined ? null : await readStatus(record, report)
  return { report, reached: await reachOf(record, status, settings, report, io.signal) }
}

/** By what the seeder says now, where it says anything: addresses come and go. */
function reachOf(
  record: SeedRecord,
  status: SeederStatus | null,
  settings: Settings,
  report: Report,
  signal: AbortSignal,
): Promise<Reached> {
  const gateways = settings.list('gateway')
  return checkReach(
    { ...record, ...(status === null ? {} : { addresses: status.addresses }), gateways },
    report,
    signal,
  )
}

/** What a seeder stands on, whether it runs or not: machine, key, chain, gateways. `served`: whom the running one serves for. */
export async function lookAround(settings: Settings, io: CommandIo, report: Report, served: Address | null) {
  const { signal } = io
  const writable = checkFolder(settings, report)
  const key = await checkKey(settings, io, report)
  const chain = await connect(settings, io, report)
  const gateways = await askGateways(settings, report, signal)
  const block = chain === null ? null : Number((await chain.client.getBlock()).timestamp)
  checkClock({ block, gateway: gateways.find(({ time }) => time !== null)?.time ?? null }, report)
  const payout = settings.text('payout')
  const paid = payout === undefined ? (served ?? key) : parseAddress(payout, '--payout')
  if (chain !== null && key !== null && paid !== null) await checkWallet(chain, key, paid, report, signal)
  return { writable, chain, gateways }
}

const isPaused = ({ home }: Settings): boolean =>
  listRunning(home).some(({ name, paused }) => name === 'seed' && paused === true)

function runningSeeder(settings: Settings, report: Report): SeedRecord | null {
  const running = listRunning(settings.home).find(({ name }) => name === 'seed')
  const record = running === undefined ? null : seedRecordOf(running)
  if (record !== null) return record
  report.notSeen('Addresses, contents, price and reserves: they are looked at while the seeder runs.')
  if (running !== undefined) return null
  const held = isServed(ownerPath(join(settings.home, 'ledger.sqlite')))
  if (held) {
    report.add('ledger-held', 'error', {
      what: `No seeder runs from ${settings.home}, and another process holds its ledger.`,
      costs: 'A seeder that is started here refuses to serve beside it.',
      advice:
        'Wait for the download that serves from this folder, or end the seeder that has a copy of it. See which: fuser ledger.sqlite-owner.',
    })
  }
  report.add('seeder-not-running', 'error', {
    what: `No seeder runs from ${settings.home}.`,
    costs: 'Nothing is served, so nothing is earned.',
    advice:
      'Start it with "bitcdn seed", under a supervisor that starts it again; or name its data folder with --home.',
  })
  return null
}

interface Books {
  readonly earnings: Earnings
  /** Acknowledged and not settled, by {@link laneKey}. */
  readonly owed: ReadonlyMap<string, bigint>
}

/** Null where there is none or it cannot be read. */
async function readLedger(settings: Settings, chain: Chain | null, report: Report): Promise<Books | null> {
  if (settings.text('ledger') === undefined && !existsSync(join(settings.home, 'ledger.sqlite'))) return null
  try {
    const ledger = await openLedgerOf(settings, chain === null ? {} : { chain })
    try {
      const states = await Promise.all((await ledger.lanes()).map((lane) => ledger.laneState(lane)))
      const owed = states.flatMap((state) => (state === null ? [] : [[laneKey(state.lane), state.bytes] as const]))
      return { earnings: await ledger.earnings(), owed: new Map(owed) }
    } finally {
      await ledger.close()
    }
  } catch (error) {
    if (!(error instanceof BitCdnError)) throw error
    const other = hasCode(error, 'wrong-chain') ? 'wrong-chain' : 'ledger-unavailable'
    report.add(hasCode(error, 'file-invalid') ? 'ledger-damaged' : other, 'error', {
      what: error.message,
      costs: 'Without its ledger a seeder accepts no receipts and claims nothing.',
      advice: error.advice ?? 'Restore the newest backup: bitcdn restore FILE.',
    })
    return null
  }
}

function checkDemand(record: SeedRecord, books: Books | null, admitted: boolean, report: Report): void {
  const asked = admitted || books === null || Object.values(books.earnings).some((amount) => amount > 0n)
  if (asked || report.findings().length > 0) return
  report.add('nobody-asks', 'info', {
    what: 'Everything is in order, and nobody has asked for anything yet.',
    costs: 'Nothing. What nobody buys, or many others serve too, earns little.',
    advice: `${record.bootstrap === 0 ? 'Name a peer to start from (--bootstrap): without one only who knows your address finds you. ' : ''}Serve more contents, of sellers who sell; ask for less than others; wait.`,
  })
}
