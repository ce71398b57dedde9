// What outlives a process, in SQLite files: the seeder's ledger and the sponsor's log.
export type { BackupInit } from './backup.ts'
export type { FileFacts } from './inspect.ts'
export {
  backupLedger,
  backupSponsorLog,
  inspectLedger,
  inspectSponsorLog,
  restoreLedger,
  restoreSponsorLog,
} from './keep.ts'
export { type LedgerInit, openLedger, ownerPath } from './ledger.ts'
export { isServed } from './owner.ts'
export type { Restored, RestoreInit } from './restore.ts'
export { openSponsorLog } from './sponsor-log.ts'
export { openThreadedLedger } from './threaded-ledger.ts'
