// What a seeder does to its ledger, at random: lines come, sessions open, receipts arrive together, lanes are settled, the
// ledger is closed and opened again.
import { hasCode } from '../../../src/errors.ts'
import type { Head, ReceiptLedger } from '../../../src/receipts/index.ts'
import { createTestLog, type TestLog } from '../../../test/behaviours/log-fixture.ts'
import type { Random } from '../../../test/parity/random.ts'

/** `offer` and `paying` are said before the ledger is asked, the others after it has answered. */
export type Told =
  | { offer: Head; bytes: number }
  | { held: Head; bytes: number }
  | { line: Head }
  | { closed: Head }
  /** Sums over all lanes, token units. */
  | { paying: number }
  | { paid: number }

export interface WorkloadInit {
  readonly random: Random
  /** Each turn is one group of up to five calls that are asked together. */
  readonly turns: number
  open(): Promise<ReceiptLedger>
  told(words: Told): void
  /** Before each turn. */
  before?(turn: number): void
  /** After each turn. */
  after?(turn: number): Promise<void>
  /** Whether the ledger is closed and opened again before this turn. Default: now and then. */
  reopens?(turn: number): boolean
  /** Says whether the workload goes on after this failure of a call. Default: it does not. */
  survives?(error: unknown): boolean
}

interface Lane {
  readonly log: TestLog
  /** Lines that the ledger answered for. */
  stored: number
  closed: number
  settling: boolean
  readonly bytes: number[]
}

const USE = { contentId: 'c', holder: null }
const LIVE_LINES = 8

export async function runWorkload(init: WorkloadInit): Promise<void> {
  const { random, turns, open, told } = init
  let ledger = await open()
  await attempt(ledger.releaseAll())
  const lanes = [0, 1].map((): Lane => ({ log: createTestLog(), stored: 0, closed: 0, settling: false, bytes: [] }))
  const sums = { paying: 0, paid: 0 }
  for (const lane of lanes) await attempt(grow(lane, LIVE_LINES + 4))
  for (let turn = 0; turn < turns; turn++) {
    init.before?.(turn)
    if (init.reopens?.(turn) ?? random.below(300) === 0) {
      await attempt(ledger.close())
      ledger = await open()
      await attempt(ledger.releaseAll())
    }
    await Promise.all(Array.from({ length: 1 + random.below(5) }, () => attempt(ask(random.pick(lanes)))))
    await init.after?.(turn)
  }
  await attempt(ledger.close())

  async function attempt(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      // two calls of one turn may exclude each other: that is an answer too
      if (!hasCode(error, 'refused') && init.survives?.(error) !== true) throw error
    }
  }

  function ask(lane: Lane): Promise<void> {
    const dice = random.below(100)
    if (dice < 2 || lane.stored - lane.closed < LIVE_LINES) return grow(lane, 1 + random.below(3))
    if (dice < 4) return close(lane)
    if (dice < 6) return settle(lane)
    return accept(lane)
  }

  async function grow(lane: Lane, count: number): Promise<void> {
    const { log, stored } = lane
    const lines = [...log.lines.slice(stored), ...log.grow(count)]
    await ledger.extendLog(log.lane, log.head(stored), log.plain(stored), await log.signed())
    lane.stored = Math.max(lane.stored, stored + lines.length)
    for (const { session } of lines) told({ line: session })
  }

  async function accept({ log, bytes, closed, stored }: Lane): Promise<void> {
    if (stored <= closed) return
    const place = closed + random.below(Math.min(LIVE_LINES, stored - closed))
    const { session } = log.lines[place]!
    const offered = (bytes[place] ?? 0) + 1 + random.below(100_000)
    if (bytes[place] === undefined) await ledger.openSession(session, USE)
    bytes[place] = Math.max(bytes[place] ?? 0, offered)
    told({ offer: session, bytes: offered })
    const { signature } = log.receipt(place, BigInt(offered))
    told({ held: session, bytes: Number(await ledger.acceptReceipt(session, BigInt(offered), signature)) })
  }

  async function close(lane: Lane): Promise<void> {
    if (lane.stored - lane.closed < 2) return
    const { session } = lane.log.lines[lane.closed]!
    lane.closed += 1
    await ledger.releaseSession(session, true)
    told({ closed: session })
  }

  /** As the settler does it: closed for good, vouched for, sent, mined. */
  async function settle(lane: Lane): Promise<void> {
    if (lane.settling) return
    lane.settling = true
    try {
      const range = await ledger.settleable(lane.log.lane)
      if (range === null) return
      const { from, to, amount, sessions } = range
      await ledger.seal(lane.log.lane, to)
      const served = sessions.map(({ receipt }) => receipt?.bytesServed ?? 0n)
      const first = sessions[0]!.index
      await ledger.saveVoucher(await lane.log.voucher(first, first + served.length, served))
      await ledger.markSubmitted(`0x${to.slice(2)}`, [{ lane: lane.log.lane, from, to, amount }])
      sums.paying += Number(amount)
      told({ paying: sums.paying })
      await ledger.markSettled(lane.log.lane, to, amount)
      sums.paid += Number(amount)
      told({ paid: sums.paid })
    } finally {
      lane.settling = false
    }
  }
}
