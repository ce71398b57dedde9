// Downloads to a disk that is too small, then makes it larger and continues: started inside of a mount namespace.
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { parseMetainfo } from '../../../../src/content/index.ts'
import { BitCdnError } from '../../../../src/errors.ts'
import { openDownload } from '../../../../src/storage/pieces/index.ts'
import { fill, readHeld } from './sample.ts'

const [disk, torrent, journal] = process.argv.slice(2) as [string, string, string]
const metainfo = parseMetainfo(await readFile(torrent))
let store = await openDownload(metainfo, disk, { journal })
await fill(store, (piece, unit) => piece === 0 && unit < 2)
await store.flush()
const before = store.verifiedBytes
let error: unknown
try {
  await fill(store)
} catch (caught) {
  error = caught
}
await store.close()
execFileSync('mount', ['-o', 'remount,size=16m', disk])
store = await openDownload(metainfo, disk, { journal })
const after = store.verifiedBytes
if ((await readHeld(store)) !== after) throw new Error('It does not hold what it says.')
await fill(store)
const complete = store.complete
await store.close()
if (!(error instanceof BitCdnError)) throw error
const { code, retry, advice } = error
process.stdout.write(JSON.stringify({ error: { code, retry, advice: advice !== undefined }, before, after, complete }))
