// Another program beside a seeder: copies its ledger, folds the log into it, asks for earnings, until it is told to end.
//   node disturber.ts PATH FOLDER
// Prints a line before the first round and after each one.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { backupLedger, openLedger } from '../../../src/storage/sqlite/index.ts'

const [path = '', folder = ''] = process.argv.slice(2)
let ending = false
process.on('SIGTERM', () => {
  ending = true
})
process.stdout.write('begins\n')
while (!ending) {
  const to = join(folder, 'copy.sqlite')
  await backupLedger({ path, to })
  rmSync(to)
  const database = new DatabaseSync(path, { timeout: 5_000 })
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  const ledger = await openLedger({ path })
  await ledger.earnings()
  await ledger.close()
  process.stdout.write('round\n')
}
process.exit(0)
