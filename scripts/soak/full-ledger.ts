// A ledger's file as a year of calls would have left it, written straight into its tables.
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { amountFor } from '../../src/receipts/index.ts'
import { keccak256 } from '../../src/receipts/keccak.ts'
import { insertInto, sealed } from '../../src/storage/ledger/checked.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import type { Random } from '../../test/parity/random.ts'

export interface FullLedger {
  readonly lanes: number
  readonly linesPerLane: number
  /** The last of them; the others are settled. */
  readonly unsettledPerLane: number
  /** Contents that the lines are of. */
  readonly contents: readonly string[]
  /** Of each lane that this says yes to, the first hundred unsettled lines are moved by a transaction under way. */
  readonly isMoved?: (lane: number) => boolean
  readonly random: Random
  onLane?(lane: number): void
}

const PRICE = 10_000_000n
const MIB = 2 ** 20
const MOVED = 100
/** 64 MiB, as a line has it. */
const MOST = Buffer.from('000004000000', 'hex')

/** Resolves to what its earnings are. Each line has a receipt whose signature is no good, and no signed head is held. */
export async function fillLedger(
  path: string,
  init: FullLedger,
): Promise<Record<'receipted' | 'submitted' | 'paid', bigint>> {
  await (await openLedger({ path })).close()
  const { lanes, linesPerLane, unsettledPerLane, contents, isMoved = () => false, random } = init
  const database = new DatabaseSync(path)
  database.exec(
    'PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 100000',
  )
  const lane = database.prepare(insertInto('lanes'))
  const progress = database.prepare(insertInto('progress'))
  const move = database.prepare(insertInto('moves'))
  const session = database.prepare(
    `INSERT INTO sessions (lane_id, place, session, next, session_key, max_bytes, state, sealed, holder, created)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const [seeder, key, signature] = [randomBytes(20), randomBytes(20), randomBytes(64)]
  const owed = { receipted: 0n, submitted: 0n, paid: 0n }
  const line = new Uint8Array(50)
  const settledLines = linesPerLane - unsettledPerLane
  for (let id = 1; id <= lanes; id++) {
    database.exec('BEGIN')
    let head = randomBytes(24)
    let settled = head
    let [sum, moved] = [0n, 0n]
    for (let place = 0; place < linesPerLane; place++) {
      line.set(head)
      line.set(key, 24)
      line.set(MOST, 44)
      const next = Buffer.from(keccak256(line)).subarray(0, 24)
      const isSettled = place < settledLines
      const bytes = 1 + random.below(64 * MIB)
      const at = 1_000 + place
      session.run(id, place, head, next, key, 64 * MIB, isSettled ? 'settled' : 'closed', isSettled ? 1 : 0, key, at)
      progress.run(...sealed([id, place, contents[random.below(contents.length)]!, bytes, bytes, signature, at]))
      if (!isSettled) sum += BigInt(bytes)
      if (!isSettled && place < settledLines + MOVED) moved += BigInt(bytes)
      head = next
      if (place + 1 === settledLines) settled = next
    }
    const inMove = isMoved(id) ? moved : 0n
    owed.receipted += amountFor([sum - inMove], PRICE)
    owed.submitted += amountFor([inMove], PRICE)
    const paid = settledLines === 0 ? 0n : BigInt(id) * 10n ** 12n
    owed.paid += paid
    const about = [id, randomBytes(20), seeder, '1', String(PRICE), settled, settledLines, head, linesPerLane, 0]
    lane.run(...sealed([...about, String(paid), String(sum), String(sum)]))
    if (isMoved(id)) {
      const amount = String(amountFor([inMove], PRICE))
      move.run(...sealed([`0x${id}`, id, settledLines, settledLines + MOVED, amount, 1]))
    }
    database.exec('COMMIT')
    init.onLane?.(id)
  }
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return owed
}
