import { once } from 'node:events'
import { constants } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { type OpenOptions, openInside } from '../../../../src/storage/pieces/folder.ts'
import { failure } from '../../content/failure.ts'
import { temporaryFolder } from './sample.ts'

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = constants

async function openOne(root: string, path: string[], flags: number, options: OpenOptions = {}) {
  const inside = openInside(root)
  try {
    return await inside.open(path, flags, options)
  } finally {
    await inside.close()
  }
}

describe('opening files inside of a folder', () => {
  let root: string
  beforeEach(async () => {
    root = await temporaryFolder()
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  it('makes folders and files below it', async () => {
    const handle = await openOne(root, ['a', 'b', 'c'], O_RDWR | O_CREAT | O_EXCL, {
      mode: 0o640,
      makeFolders: true,
    })
    await handle.write(Buffer.from('text'), 0)
    await handle.close()
    expect(await readFile(join(root, 'a/b/c'), 'utf8')).to.equal('text')
    expect((await stat(join(root, 'a/b/c'))).mode & 0o777).to.equal(0o640)
  })

  it('keeps one folder open at a time, whichever files are opened side by side', async () => {
    const before = (await readdir('/proc/self/fd')).length
    const inside = openInside(root)
    const make = { makeFolders: true }
    const paths = Array.from({ length: 40 }, (_, at) => [`${at % 2}`, `${at}`])
    const files = await Promise.all(paths.map((path) => inside.open(path, O_RDWR | O_CREAT, make)))
    expect(await failure(inside.open(['none', 'x'], O_RDONLY))).to.have.property('code', 'ENOENT')
    await Promise.all(files.map((file) => file.close()))
    await (await inside.open(['1', '1'], O_RDONLY)).close()
    expect((await readdir('/proc/self/fd')).length).to.equal(before + 1)
    await inside.close()
    expect((await readdir('/proc/self/fd')).length).to.equal(before)
  })

  it('refuses links as the file and as any folder above it, wherever they point', async () => {
    await mkdir(join(root, 'real/below'), { recursive: true })
    await writeFile(join(root, 'real/below/file'), 'x')
    await symlink('file', join(root, 'real/below/link'))
    await symlink('real', join(root, 'folder'))
    await symlink('below', join(root, 'real/inner'))
    for (const path of [
      ['real', 'below', 'link'],
      ['folder', 'below', 'file'],
      ['real', 'inner', 'file'],
    ]) {
      expect(await failure(openOne(root, path, O_RDONLY))).to.have.property('code')
    }
    await (await openOne(root, ['real', 'below', 'file'], O_RDONLY)).close()
  })

  it('refuses folders and devices, and leaks no open file', async () => {
    await mkdir(join(root, 'folder'))
    const before = (await readdir('/proc/self/fd')).length
    for (let round = 0; round < 20; round += 1) {
      expect(await failure(openOne(root, ['folder'], O_RDONLY))).to.have.property('code', 'file-invalid')
      expect(await failure(openOne(root, ['none', 'x'], O_RDONLY))).to.have.property('code', 'ENOENT')
    }
    expect((await readdir('/proc/self/fd')).length).to.equal(before)
  })

  it('never reaches outside while a folder is swapped for a link thousands of times', async function () {
    this.timeout(120_000)
    const folder = join(root, 'downloads/folder')
    const outside = join(root, 'outside')
    await mkdir(folder, { recursive: true })
    await mkdir(outside)
    await writeFile(join(folder, 'file'), 'ours')
    await writeFile(join(outside, 'file'), 'precious')
    const state = new Int32Array(new SharedArrayBuffer(8))
    const attacker = new Worker(new URL('swap-folders.ts', import.meta.url), { workerData: { folder, outside, state } })
    const ended = once(attacker, 'exit')
    let opened = 0
    let refused = 0
    for (let round = 0; Atomics.load(state, 1) < 5_000 || opened < 500 || refused < 500; round += 1) {
      const fresh = round % 2 === 0
      const path = ['folder', fresh ? `new-${round}` : 'file']
      try {
        const handle = await openOne(join(root, 'downloads'), path, fresh ? O_RDWR | O_CREAT : O_RDWR)
        opened += 1
        await handle.write(Buffer.from('ours'), 0).finally(() => handle.close())
      } catch (error) {
        expect(error).to.have.property('code')
        refused += 1
      }
    }
    Atomics.store(state, 0, 1)
    await ended
    expect(await readdir(outside)).to.deep.equal(['file'])
    expect(await readFile(join(outside, 'file'), 'utf8')).to.equal('precious')
  })
})
