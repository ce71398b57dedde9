// Writes test/src/content/golden.json anew from what libtorrent computes: node test/interop/write-golden.ts
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GOLDEN_CASES, writeGolden } from '../src/content/golden.ts'
import { type Infohashes, startLibtorrent } from './judge.ts'

const libtorrent = startLibtorrent()
const folder = await mkdtemp(join(tmpdir(), 'bitcdn-golden-'))
const golden: Infohashes[] = []
for (const [index, sample] of GOLDEN_CASES.entries()) {
  const path = await writeGolden(sample, join(folder, `${index}`))
  const kind = sample.v2Only ? 'v2' : 'hybrid'
  golden.push(await libtorrent.make({ path, pieceLength: sample.pieceLength, kind, out: `${path}.torrent` }))
}
libtorrent.close()
await writeFile(new URL('../src/content/golden.json', import.meta.url), `${JSON.stringify(golden, null, 1)}\n`)
await rm(folder, { recursive: true })
