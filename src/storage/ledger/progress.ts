// What was served and acknowledged on each line: the one table that changes with every receipt. A row is read with its
// line, checked, and written whole; whoever writes one has its lane's lock.
import type { ColumnType, Row, Sql } from '../sql.ts'
import { checked, sealed, upsertInto } from './checked.ts'

export interface Progress {
  readonly laneId: number
  readonly place: number
  /** '' where none is known. */
  readonly contentId: string
  /** Bytes sent, never fewer than acknowledged. */
  readonly served: number
  /** Bytes of the highest receipt; 0 without one. */
  readonly bytes: number
  readonly signature: Uint8Array | null
  /** Unix milliseconds of the last change. */
  readonly touched: number
}

/** To be selected from `sessions s` joined with `progress p`: {@link progressIn} reads it back. */
export const PROGRESS = 'p.content_id, p.served, p.bytes, p.signature, p.touched, p.checksum'

/** Null where the line has none yet. Throws `file-invalid` for a row that is not what was written. */
export function progressIn(row: Row): Progress | null {
  if (row.checksum === null) return null
  checked('progress', row)
  return {
    laneId: row.lane_id as number,
    place: row.place as number,
    contentId: row.content_id as string,
    served: row.served as number,
    bytes: row.bytes as number,
    signature: row.signature as Uint8Array | null,
    touched: row.touched as number,
  }
}

export const noProgress = (laneId: number, place: number): Progress => ({
  ...{ laneId, place, contentId: '', served: 0, bytes: 0, signature: null, touched: 0 },
})

const UPSERT = upsertInto('progress')
const TYPES: ColumnType[] = ['integer', 'integer', 'text', 'integer', 'integer', 'blob', 'integer', 'integer']

/** Each line at most once. */
export async function saveProgress(sql: Sql, rows: readonly Progress[]): Promise<void> {
  await sql.insertAll(
    UPSERT,
    TYPES,
    rows.map(({ laneId, place, contentId, served, bytes, signature, touched }) =>
      sealed([laneId, place, contentId, served, bytes, signature, touched]),
    ),
  )
}
