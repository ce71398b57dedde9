// Runs the workload on a ledger that lies on the disk of disk.c, and notes in its log what was answered for.
//   node writer.ts PATH SEED TURNS [normal] [failing]
// `normal` weakens every connection to synchronous NORMAL once it has been checked: what the ledger itself refuses.
// `failing` lets a flush fail now and then; the workload goes on with what the ledger still answers for.
import { DatabaseSync } from 'node:sqlite'
import { hasCode } from '../../../src/errors.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createRandom } from '../../../test/parity/random.ts'
import { controlDisk } from '../disk.ts'
import { runWorkload } from './workload.ts'

const [path = '', seed = '0', turns = '100', ...modes] = process.argv.slice(2)
const EIO = 5

if (modes.includes('normal')) {
  const { exec } = DatabaseSync.prototype
  const weak = new WeakSet<DatabaseSync>()
  DatabaseSync.prototype.exec = function (text: string): void {
    if (text.startsWith('BEGIN') && !weak.has(this)) {
      weak.add(this)
      exec.call(this, 'PRAGMA synchronous = NORMAL')
    }
    exec.call(this, text)
  }
}

const disk = controlDisk(path)
const random = createRandom(seed, 0)
const faults = createRandom(seed, 1)
await runWorkload({
  random,
  turns: Number(turns),
  async open() {
    disk.clear()
    return openLedger({ path })
  },
  told: (words) => disk.note(words),
  survives: (error) => modes.includes('failing') && hasCode(error, 'disk-failed'),
  before() {
    if (!modes.includes('failing')) return
    disk.clear()
    if (faults.below(20) === 0) disk.fail(faults.below(4), EIO, { syncs: true })
  },
})
disk.close()
