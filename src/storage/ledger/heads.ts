// The signed heads of the logs: what a sponsor authorised, and until when.
import type { SignedHead } from '../../receipts/index.ts'
import { address, big, blob, hex } from '../columns.ts'
import type { Row, Sql } from '../sql.ts'
import { checked, sealed, upsertInto } from './checked.ts'
import type { LaneRow } from './lanes.ts'

export interface PlacedHead {
  readonly place: number
  readonly signed: SignedHead
}

/** By place, then by expiry. Throws `file-invalid` for a row that is not what was written. */
export async function headsBetween(sql: Sql, row: LaneRow, from: number, to: number): Promise<PlacedHead[]> {
  const found = await sql.all(
    'SELECT * FROM heads WHERE lane_id = ? AND place BETWEEN ? AND ? ORDER BY place, expiry, id',
    ...[row.id, from, to],
  )
  return found.map(headRow)
}

/** Of one signer at one place the one that is valid for longest is kept. */
export async function saveHead(sql: Sql, row: LaneRow, place: number, signed: SignedHead): Promise<void> {
  const { head, expiry, signer, signature } = signed
  await sql.run(
    `${upsertInto('heads')} WHERE excluded.expiry > heads.expiry`,
    ...sealed([row.id, place, blob(signer), blob(head), Number(expiry), blob(signature)]),
  )
}

function headRow(row: Row): PlacedHead {
  checked('heads', row)
  const signed = { expiry: big(row.expiry), signer: address(row.signer), signature: hex(row.signature) }
  return { place: Number(row.place), signed: { head: hex(row.head), ...signed } }
}
