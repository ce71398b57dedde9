// Opens a ledger of an older version, and dies at one place of the migration.
//   node migrant.ts sqlite PATH PLACE      at a call to the disk of disk.c
//   node migrant.ts postgres URL PLACE     before a statement is sent
import pg from 'pg'
import { openLedger as openInPostgres } from '../../../src/storage/postgres/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { controlDisk } from '../disk.ts'

const [kind = '', target = '', place = '0'] = process.argv.slice(2)

if (kind === 'sqlite') {
  controlDisk(target).fail(Number(place), -1)
  await (await openLedger({ path: target })).close()
} else {
  const { query } = pg.Client.prototype
  let sent = 0
  pg.Client.prototype.query = function (this: pg.Client, ...values: unknown[]) {
    if (sent++ === Number(place)) process.kill(process.pid, 'SIGKILL')
    return Reflect.apply(query, this, values)
  } as typeof query
  await (await openInPostgres({ url: target })).close()
}
