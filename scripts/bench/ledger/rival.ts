// What most programs do: the same row, durable in the same way, one transaction for each receipt.
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'

const STREAMS = 2_048

/** Receipts per second. */
export async function commitEach(path: string, seconds: number): Promise<number> {
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec('CREATE TABLE receipts (session BLOB PRIMARY KEY, bytes INTEGER, signature BLOB) WITHOUT ROWID')
    const sessions = Array.from({ length: STREAMS }, () => randomBytes(24))
    const insert = database.prepare(
      `INSERT INTO receipts VALUES (?, ?, ?) ON CONFLICT (session) DO UPDATE SET bytes = excluded.bytes,
         signature = excluded.signature WHERE excluded.bytes > bytes`,
    )
    const signature = randomBytes(64)
    const begun = performance.now()
    let count = 0
    for (; performance.now() - begun < seconds * 1000; count++) {
      insert.run(sessions[count % STREAMS] as Buffer, 1 + Math.floor(count / STREAMS), signature)
    }
    return Math.round(count / ((performance.now() - begun) / 1000))
  } finally {
    database.close()
  }
}
