// Opens the ledger of its first argument and dies by kill -9 behind as many statements of the migration as its second says.
import { DatabaseSync } from 'node:sqlite'
import { openLedger } from '../../../../src/storage/sqlite/index.ts'

const [path = '', after = '0'] = process.argv.slice(2)
const exec = DatabaseSync.prototype.exec
let begun = false
let left = Number(after)
DatabaseSync.prototype.exec = function (text) {
  if (begun && left-- === 0) process.kill(process.pid, 'SIGKILL')
  if (text === 'BEGIN IMMEDIATE') begun = true
  return exec.call(this, text)
}
await (await openLedger({ path })).close()
