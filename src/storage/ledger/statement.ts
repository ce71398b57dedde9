// The same money as `earnings`, split by day, content or payer: amounts of a group are shared over its cells as running sums
// that are rounded once, so that whatever is asked for adds up to the whole, to the unit.
import type { Address } from 'viem'
import type { Earnings, Statement, StatementQuery } from '../../receipts/index.ts'
import { damaged } from '../checksum.ts'
import { big, blob } from '../columns.ts'
import type { Sql } from '../sql.ts'
import { checked } from './checked.ts'
import { type LaneRow, laneRow } from './lanes.ts'
import { DAY, paidIn } from './paid.ts'
import { segments } from './segments.ts'
import { checkSums, NO_BYTES, pieces, plus, priced, type Stretch } from './sums.ts'

type State = keyof Earnings
type Sums = Record<State, bigint>

/** Money of one lane that is of one content and one day. */
interface Cell {
  /** '' where none is known. */
  readonly contentId: string
  /** Since 1970-01-01 UTC; null where nobody wrote it down. */
  readonly day: number | null
}

interface ByteCell extends Cell {
  readonly acknowledged: bigint
  readonly open: bigint
}

const nothing = (): Sums => ({ served: 0n, receipted: 0n, vouchered: 0n, submitted: 0n, paid: 0n })

export async function statement(sql: Sql, query: StatementQuery): Promise<Statement> {
  const { sponsor, by, contentId, from = -Infinity, to = Infinity } = query
  const ranged = query.from !== undefined || query.to !== undefined
  const lines = new Map<string | null, Sums>()
  const undated = nothing()
  const of = sponsor === undefined ? [] : [blob(sponsor)]
  const found = await sql.all(`SELECT * FROM lanes${sponsor === undefined ? '' : ' WHERE sponsor = ?'}`, ...of)
  for (const row of found.map(laneRow)) {
    const add = (state: State, cell: Cell, amount: bigint): void => {
      if (amount === 0n || (contentId !== undefined && cell.contentId !== contentId)) return
      if (ranged && cell.day === null) undated[state] += amount
      else if (!ranged || (Number(cell.day) >= from && Number(cell.day) <= to)) {
        const key = keyOf(by, cell, row.lane.sponsor)
        const line = lines.get(key) ?? nothing()
        lines.set(key, line)
        line[state] += amount
      }
    }
    await addUnsettled(sql, row, add)
    await addPaid(sql, row, add)
  }
  const keys = [...lines.keys()].sort((a, b) => (a === null ? 1 : b === null || a < b ? -1 : 1))
  return { lines: keys.map((key) => ({ key, earnings: lines.get(key) as Sums })), undated }
}

function keyOf(by: StatementQuery['by'], { contentId, day }: Cell, sponsor: Address): string | null {
  if (by === 'payer') return sponsor
  if (by === 'content') return contentId === '' ? null : contentId
  return day === null ? null : new Date(day * DAY).toISOString().slice(0, 10)
}

type Add = (state: State, cell: Cell, amount: bigint) => void

async function addUnsettled(sql: Sql, row: LaneRow, add: Add): Promise<void> {
  let [all, whole] = [NO_BYTES, [] as ByteCell[]]
  for (const segment of await segments(sql, row)) {
    const cells = await cellsOf(sql, row, segment)
    const acknowledged = total(cells, 'acknowledged')
    share(cells, 'acknowledged', segment.amount ?? priced(acknowledged, row), (cell, part) =>
      add(segment.state, cell, part),
    )
    all = plus(all, { acknowledged, served: acknowledged + total(cells, 'open') })
    whole = merge(whole, cells)
  }
  checkSums(row, all)
  share(whole, 'open', priced(total(whole, 'open'), row), (cell, part) => add('served', cell, part))
}

/** What each content was paid on which day; what was paid before days were written down has none. */
async function addPaid(sql: Sql, row: LaneRow, add: Add): Promise<void> {
  const dated = new Map<string, bigint>()
  for (const each of await sql.all('SELECT * FROM payments WHERE lane_id = ?', row.id)) {
    const { content_id: contentId, day, amount } = checked('payments', each)
    add('paid', { contentId: String(contentId), day: Number(day) }, big(amount))
    dated.set(String(contentId), (dated.get(String(contentId)) ?? 0n) + big(amount))
  }
  let sum = 0n
  for (const each of await sql.all('SELECT * FROM paid WHERE lane_id = ?', row.id)) {
    const [contentId, amount] = [String(each.content_id), paidIn(each)]
    add('paid', { contentId, day: null }, amount - (dated.get(contentId) ?? 0n))
    sum += amount
  }
  if (sum === row.paid) return
  throw damaged(
    `Lane ${row.lane.lane} of ${row.lane.sponsor} says that ${row.paid} token units were paid, its contents ${sum}: it`,
  )
}

async function cellsOf(sql: Sql, row: LaneRow, stretch: Stretch): Promise<ByteCell[]> {
  let cells: ByteCell[] = []
  for (const { from, to } of pieces(stretch)) {
    const rows = await sql.all(
      `SELECT content_id, touched / ${DAY} AS day, sum(bytes) AS bytes, sum(served) AS served FROM progress
       WHERE lane_id = ? AND place >= ? AND place < ? GROUP BY content_id, touched / ${DAY}`,
      ...[row.id, from, to],
    )
    const more = rows.map(({ content_id: contentId, day, bytes, served }) => ({
      ...{ contentId: String(contentId), day: Number(day) },
      ...{ acknowledged: big(bytes), open: big(served) - big(bytes) },
    }))
    cells = merge(cells, more)
  }
  return cells
}

/** In the order in which amounts are shared: by content first, so that a content's part is the same however it is asked for. */
function merge(some: readonly ByteCell[], more: readonly ByteCell[]): ByteCell[] {
  const sums = new Map<string, ByteCell>()
  for (const cell of [...some, ...more]) {
    const key = `${cell.contentId} ${cell.day}`
    const known = sums.get(key) ?? { ...cell, acknowledged: 0n, open: 0n }
    const acknowledged = known.acknowledged + cell.acknowledged
    sums.set(key, { ...known, acknowledged, open: known.open + cell.open })
  }
  return [...sums.values()].sort((a, b) =>
    a.contentId === b.contentId ? Number(a.day) - Number(b.day) : a.contentId < b.contentId ? -1 : 1,
  )
}

const total = (cells: readonly ByteCell[], counted: 'acknowledged' | 'open'): bigint =>
  cells.reduce((sum, cell) => sum + cell[counted], 0n)

function share(
  cells: readonly ByteCell[],
  counted: 'acknowledged' | 'open',
  amount: bigint,
  give: (cell: Cell, part: bigint) => void,
): void {
  const all = total(cells, counted)
  if (all === 0n) {
    // a voucher or a move over lines of which nothing is known
    if (amount > 0n) give({ contentId: '', day: null }, amount)
    return
  }
  let [before, given] = [0n, 0n]
  for (const cell of cells) {
    before += cell[counted]
    const next = (amount * before) / all
    give(cell, next - given)
    given = next
  }
}
