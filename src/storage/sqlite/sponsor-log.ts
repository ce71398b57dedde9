import type { SponsorLog } from '../../receipts/index.ts'
import { SPONSOR_MIGRATIONS } from '../sponsor/migrations.ts'
import { createSponsorLog } from '../sponsor/sponsor-log.ts'
import { openDatabase } from './database.ts'
import { createSqliteEngine } from './engine.ts'

/** "BcSp" */
export const SPONSOR_ID = 0x42635370

/** Opens or makes the log at `path` (mode 0600). Throws what {@link openDatabase} throws. */
export async function openSponsorLog({ path }: { path: string }): Promise<SponsorLog> {
  const database = openDatabase({ path, applicationId: SPONSOR_ID, migrations: SPONSOR_MIGRATIONS })
  return createSponsorLog(createSqliteEngine(database))
}
