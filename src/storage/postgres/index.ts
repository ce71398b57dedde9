// What outlives a process, in PostgreSQL, where several processes share it: the same ledger and sponsor's log as on SQLite.
import type { ReceiptLedger, SponsorLog } from '../../receipts/index.ts'
import { createLedger, type LedgerOptions } from '../ledger/ledger.ts'
import { LEDGER_MIGRATIONS } from '../ledger/migrations.ts'
import { SPONSOR_MIGRATIONS } from '../sponsor/migrations.ts'
import { createSponsorLog } from '../sponsor/sponsor-log.ts'
import { createPostgresEngine } from './engine.ts'

export interface PostgresLedgerInit extends LedgerOptions {
  /** `postgresql://user:password@host:port/database`; the tables stand in its schema `bitcdn_ledger`. */
  readonly url: string
}

/**
 * Throws `database-unreachable`, `disk-failed` where the server would lose commits in a power cut, `file-invalid` for a
 * newer schema, `wrong-chain` for a ledger of another chain or contract.
 */
export async function openLedger({ url, ...options }: PostgresLedgerInit): Promise<ReceiptLedger> {
  const engine = await createPostgresEngine({ url, schema: 'bitcdn_ledger', migrations: LEDGER_MIGRATIONS })
  try {
    return await createLedger({ engine }, options)
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** The tables stand in the schema `bitcdn_sponsor`. Throws what {@link openLedger} throws of the server. */
export async function openSponsorLog({ url }: { url: string }): Promise<SponsorLog> {
  return createSponsorLog(await createPostgresEngine({ url, schema: 'bitcdn_sponsor', migrations: SPONSOR_MIGRATIONS }))
}
