import type { KeptDebt, RecalledDebt } from '../../receipts/index.ts'
import type { Sql } from '../sql.ts'

/** A row for each process that serves from the database: they share what they learned, and none overwrites another's. */
const ROW = 'debts/'

/** The debts of all processes, largest first. */
export async function keptDebts(sql: Sql, node: string): Promise<RecalledDebt[]> {
  const rows = await sql.all(`SELECT name, value FROM settings WHERE name LIKE '${ROW}%'`)
  const debts = rows.flatMap(({ name, value }) => {
    const own = name === `${ROW}${node}`
    return (JSON.parse(String(value)) as KeptDebt[]).map((debt) => ({ ...debt, own }))
  })
  return debts.sort((a, b) => b.bytes - a.bytes)
}

export async function keepDebts(sql: Sql, node: string, debts: readonly KeptDebt[]): Promise<void> {
  const value = JSON.stringify(debts.map(({ subject, bytes, at }) => ({ subject, bytes: Math.round(bytes), at })))
  await sql.run(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    `${ROW}${node}`,
    value,
  )
}
