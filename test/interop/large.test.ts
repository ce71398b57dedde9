import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { goldenBytes } from '../src/content/golden.ts'
import { startLibtorrent } from './judge.ts'

const MIB = 2 ** 20
const SIZE = 10 * 1024 * MIB
const MAX_RESIDENT = 300 * MIB

/** Says at the end how much memory the process had at most. */
const REPORT_MEMORY = `data:text/javascript,process.on('exit',()=>process.stderr.write('\\nresident '+process.resourceUsage().maxRSS*1024))`

describe('a file of 10 GiB', () => {
  it('gets the same roots as from libtorrent, with less than 300 MiB of memory', async function () {
    this.timeout(600_000)
    const libtorrent = startLibtorrent()
    const folder = await mkdtemp(join(tmpdir(), 'bitcdn-large-'))
    try {
      const path = join(folder, 'large.bin')
      await writeSparse(path)
      const { json, resident } = await makeTorrent(path, `${path}.torrent`)
      const { contentId, infohashV1, pieceLength } = json
      const theirs = await libtorrent.make({ path, pieceLength, kind: 'hybrid', out: join(folder, 'theirs') })
      expect({ infohashV1, infohashV2: contentId }).to.deep.equal(theirs)
      expect(resident).to.be.within(MIB, MAX_RESIDENT)
    } finally {
      libtorrent.close()
      await rm(folder, { recursive: true })
    }
  })
})

/** Holes with 1 MiB of different bytes every 64 MiB. */
async function writeSparse(path: string): Promise<void> {
  const bytes = goldenBytes(MIB)
  const file = await open(path, 'w')
  await file.truncate(SIZE)
  for (let at = 0; at < SIZE; at += 64 * MIB) {
    new DataView(bytes.buffer).setUint32(0, at / MIB)
    await file.write(bytes, 0, MIB, at)
  }
  await file.close()
}

interface Made {
  readonly json: { readonly contentId: string; readonly infohashV1: string; readonly pieceLength: number }
  readonly resident: number
}

async function makeTorrent(path: string, torrent: string): Promise<Made> {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--import', REPORT_MEMORY, main, 'torrent', 'make', path, '-o', torrent, '--json'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`bitcdn torrent make ended with ${code}: ${err}`)
  return { json: JSON.parse(out) as Made['json'], resident: Number(/resident (\d+)/.exec(err)?.[1]) }
}
