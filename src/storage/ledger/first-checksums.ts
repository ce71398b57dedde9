// A ledger of an older version has neither the checksums of its rows nor the sums of its lanes: they are made once, in one
// transaction, and never again, since a row without a right one is damaged from then on.
import { big } from '../columns.ts'
import type { Engine, Row, Sql, SqlValue } from '../sql.ts'
import { CHECKED, type CheckedTable, sealed } from './checked.ts'

/** Rows of progress that are read at once. */
const PAGE = 10_000

export async function makeFirstChecksums(engine: Engine): Promise<void> {
  const made = (sql: Sql) => sql.get(`SELECT value FROM settings WHERE name = 'checksums'`)
  if ((await engine.transaction('read', async (sql) => made(sql))) !== undefined) return
  await engine.transaction('write', async (sql) => {
    // another process may be as fast: who comes second waits here, and finds the row
    if (sql.forUpdate !== '') await sql.get(`SELECT name FROM settings WHERE name = 'journal'${sql.forUpdate}`)
    if ((await made(sql)) !== undefined) return
    for (const lane of await sql.all('SELECT id FROM lanes')) await sumUp(sql, Number(lane.id))
    for (const table of ['lanes', 'heads', 'vouchers', 'moves', 'paid'] as const) {
      await mark(sql, table, await sql.all(`SELECT * FROM ${table}`))
    }
    await sql.run(`INSERT INTO settings (name, value) VALUES ('checksums', 'in every row that money depends on')`)
  })
}

async function sumUp(sql: Sql, laneId: number): Promise<void> {
  const lane = await sql.get('SELECT settled_place, paid FROM lanes WHERE id = ?', laneId)
  let sums = { bytes: 0n, served: 0n }
  for (let from = 0; ; ) {
    const rows = await sql.all(
      'SELECT * FROM progress WHERE lane_id = ? AND place >= ? ORDER BY place LIMIT ?',
      ...[laneId, from, PAGE],
    )
    for (const { place, bytes, served } of rows) {
      if (Number(place) < Number(lane?.settled_place)) continue
      sums = { bytes: sums.bytes + big(bytes), served: sums.served + big(served) }
    }
    await mark(sql, 'progress', rows)
    if (rows.length < PAGE) break
    from = Number(rows.at(-1)?.place) + 1
  }
  const credited = await sql.all('SELECT amount FROM paid WHERE lane_id = ?', laneId)
  const paid = credited.reduce((sum, { amount }) => sum + big(amount), 0n)
  await sql.run(
    'UPDATE lanes SET bytes = ?, served = ?, paid = ? WHERE id = ?',
    ...[String(sums.bytes), String(sums.served), String(paid), laneId],
  )
}

async function mark(sql: Sql, table: CheckedTable, rows: readonly Row[]): Promise<void> {
  const { key, rest } = CHECKED[table]
  const where = key.map((name) => `${name} = ?`).join(' AND ')
  for (const row of rows) {
    const at = key.map((name) => row[name] as SqlValue)
    const checksum = sealed([...at, ...rest.map((name) => row[name] as SqlValue)]).at(-1) as number
    await sql.run(`UPDATE ${table} SET checksum = ? WHERE ${where}`, checksum, ...at)
  }
}
