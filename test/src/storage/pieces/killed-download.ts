// A download in a process of its own, to be killed: writes unit after unit, and says what it has flushed.
import { readFile } from 'node:fs/promises'
import { parseMetainfo } from '../../../../src/content/index.ts'
import { openDownload } from '../../../../src/storage/pieces/index.ts'
import { fill } from './sample.ts'

const [torrent, folder, journal, flushEvery] = process.argv.slice(2) as [string, string, string, string]
const store = await openDownload(parseMetainfo(await readFile(torrent)), folder, { journal })
let written = 0
await fill(store, (piece, unit) => !store.hasUnit(piece, unit) && written++ < Number(flushEvery))
await store.flush()
process.stdout.write(`flushed ${store.verifiedBytes}\n`)
for (;;) {
  // From here on, without end: units are written and flushed again and again until the kill comes.
  written = 0
  await fill(store, (piece, unit) => !store.hasUnit(piece, unit) && written++ < 1)
  if (store.complete) break
  if (Math.random() < 0.3) await store.flush()
}
process.stdout.write('complete\n')
process.stdin.resume() // waits for the kill
