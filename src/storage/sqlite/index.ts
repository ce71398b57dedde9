// What outlives a process, in SQLite files: the seeder's ledger and the sponsor's log.
export { type LedgerInit, openLedger } from './ledger.ts'
export { openSponsorLog } from './sponsor-log.ts'
