// Backup, restore and a look inside, for each kind of database.
import { LEDGER_MIGRATIONS } from '../ledger/migrations.ts'
import { SPONSOR_MIGRATIONS } from '../sponsor/migrations.ts'
import { type BackupInit, backupFile } from './backup.ts'
import { type FileFacts, inspectFile, type Kind } from './inspect.ts'
import { LEDGER_ID } from './ledger.ts'
import { type Restored, type RestoreInit, restoreFile } from './restore.ts'
import { SPONSOR_ID } from './sponsor-log.ts'

const LEDGER: Kind = { applicationId: LEDGER_ID, migrations: LEDGER_MIGRATIONS, rows: 'sessions' }
const SPONSOR_LOG: Kind = { applicationId: SPONSOR_ID, migrations: SPONSOR_MIGRATIONS, rows: 'lines' }

/** A seeder's ledger, while it is served from. See {@link backupFile}. */
export const backupLedger = (init: BackupInit): Promise<FileFacts> => backupFile(LEDGER, init)
/** See {@link restoreFile}. */
export const restoreLedger = (init: RestoreInit): Promise<Restored> => restoreFile(LEDGER, init)
/** See {@link inspectFile}. */
export const inspectLedger = (path: string): FileFacts => inspectFile(LEDGER, path)

/** A gateway's log, while it is appended to. See {@link backupFile}. */
export const backupSponsorLog = (init: BackupInit): Promise<FileFacts> => backupFile(SPONSOR_LOG, init)
/** See {@link restoreFile}. */
export const restoreSponsorLog = (init: RestoreInit): Promise<Restored> => restoreFile(SPONSOR_LOG, init)
/** See {@link inspectFile}. */
export const inspectSponsorLog = (path: string): FileFacts => inspectFile(SPONSOR_LOG, path)
