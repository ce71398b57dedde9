import type { ReceiptLedger } from '../../receipts/index.ts'
import { createLedger, type LedgerOptions } from '../ledger/ledger.ts'
import { LEDGER_MIGRATIONS } from '../ledger/migrations.ts'
import { openDatabase } from './database.ts'
import { createSqliteEngine } from './engine.ts'
import { createOwner } from './owner.ts'

/** "BcLg" */
export const LEDGER_ID = 0x42634c67

/** Where the lock of whoever serves from the ledger at `path` stands. */
export const ownerPath = (path: string): string => `${path}-owner`

export interface LedgerInit extends LedgerOptions {
  readonly path: string
}

/**
 * Opens or makes the ledger at `path` (mode 0600). Throws `file-invalid` for a damaged, foreign or newer file,
 * `wrong-chain` for one of another chain or contract, `disk-full`, `disk-failed` or `file-unreadable`.
 */
export async function openLedger({ path, ...options }: LedgerInit): Promise<ReceiptLedger> {
  const database = openDatabase({ path, applicationId: LEDGER_ID, migrations: LEDGER_MIGRATIONS })
  try {
    return await createLedger({ engine: createSqliteEngine(database), lock: createOwner(ownerPath(path)) }, options)
  } catch (error) {
    database.close()
    throw error
  }
}
