// The tables that money depends on, with the columns that the checksum of each row is over, in order. Lines need none:
// their heads are hashes of them.
import { checksumOf, damaged } from '../checksum.ts'
import type { Row, SqlValue } from '../sql.ts'

export type CheckedTable = 'lanes' | 'progress' | 'heads' | 'vouchers' | 'moves' | 'paid' | 'payments'

export const CHECKED: Record<CheckedTable, { readonly key: readonly string[]; readonly rest: readonly string[] }> = {
  lanes: {
    key: ['id'],
    rest: [
      ...['sponsor', 'seeder', 'lane', 'price', 'settled', 'settled_place', 'tip', 'length'],
      ...['pruned_place', 'paid', 'bytes', 'served'],
    ],
  },
  progress: { key: ['lane_id', 'place'], rest: ['content_id', 'served', 'bytes', 'signature', 'touched'] },
  heads: { key: ['lane_id', 'place', 'signer'], rest: ['head', 'expiry', 'signature'] },
  vouchers: { key: ['lane_id', 'from_place', 'to_place'], rest: ['amount', 'signer', 'signature'] },
  moves: { key: ['intent', 'lane_id', 'from_place'], rest: ['to_place', 'amount', 'created'] },
  paid: { key: ['lane_id', 'content_id'], rest: ['amount'] },
  payments: { key: ['lane_id', 'content_id', 'day'], rest: ['amount'] },
}

const WORDS: Record<CheckedTable, (row: Row) => string> = {
  lanes: (row) => `Lane ${row.lane} (row ${row.id})`,
  progress: (row) => `What was acknowledged on line ${row.place} of lane row ${row.lane_id}`,
  heads: (row) => `The signed head at line ${row.place} of lane row ${row.lane_id}`,
  vouchers: (row) => `The voucher from line ${row.from_place} of lane row ${row.lane_id} on`,
  moves: (row) => `What transaction ${row.intent} moves of lane row ${row.lane_id}`,
  paid: (row) => `What was paid for content ${row.content_id} on lane row ${row.lane_id}`,
  payments: (row) => `What was paid for content ${row.content_id} on day ${row.day} on lane row ${row.lane_id}`,
}

/** The row itself. Throws `file-invalid` when it is not what was written. */
export function checked(table: CheckedTable, row: Row): Row {
  const { key, rest } = CHECKED[table]
  const values = [...key, ...rest].map((name) => row[name])
  if (row.checksum !== checksumOf(values)) throw damaged(WORDS[table](row))
  return row
}

/** The values of a row, in the order of {@link CHECKED}, with their checksum behind them. */
export const sealed = (values: readonly SqlValue[]): SqlValue[] => [...values, checksumOf(values)]

/** `INSERT INTO … VALUES (?, …)` for values as {@link sealed} answers them. */
export function insertInto(table: CheckedTable): string {
  const columns = [...CHECKED[table].key, ...CHECKED[table].rest, 'checksum']
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
}

/** The same, over a row with the same key where there is one: `changing` are the columns that may differ. */
export function upsertInto(table: CheckedTable, changing: readonly string[] = CHECKED[table].rest): string {
  const { key } = CHECKED[table]
  const columns = [...changing, 'checksum'].map((name) => `${name} = excluded.${name}`)
  return `${insertInto(table)} ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${columns.join(', ')}`
}
