import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { chmod, link, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { type ContentStore, encodeTorrent, type Metainfo, pieceAt, UNIT_BYTES } from '../../../../src/content/index.ts'
import { type BitCdnError, hasCode } from '../../../../src/errors.ts'
import { unitsBytes } from '../../../../src/storage/pieces/held.ts'
import { openDownload, openSeed } from '../../../../src/storage/pieces/index.ts'
import { writeJournal } from '../../../../src/storage/pieces/journal.ts'
import { createStamps } from '../../../../src/storage/pieces/stamps.ts'
import { failure } from '../../content/failure.ts'
import { damage, digest, fill, makeSample, pieceBytes, readHeld, SAMPLE_FILES, type Sample } from './sample.ts'

describe('a download', () => {
  let sample: Sample
  let metainfo: Metainfo
  beforeEach(async () => {
    sample = await makeSample()
    metainfo = sample.metainfo
  })
  afterEach(() => sample.remove())

  const open = (folder = 'downloads', journal = 'state/journal'): Promise<ContentStore> =>
    openDownload(metainfo, sample.at(folder), { journal: sample.at(journal) })
  const target = (...parts: string[]): string => sample.at('downloads', 'sample', ...parts)

  it('begins with every file at full length, sparse, and nothing held', async () => {
    const store = await open()
    for (const { path, length } of metainfo.files) {
      const found = await stat(target(...path))
      expect(found.size).to.equal(length)
      expect(found.blocks).to.equal(0)
    }
    expect(store.verifiedBytes).to.equal(0)
    expect(store.complete).to.equal(false)
    expect([...store.bitfield()]).to.deep.equal([0])
    expect(hasCode(await failure(store.read(0, 0, new Uint8Array(1))), 'verification-failed')).to.equal(true)
    await store.close()
  })

  it('ends byte for byte as the source, with executables, empty files and nested folders', async () => {
    const store = await open()
    await fill(store)
    expect(store.complete).to.equal(true)
    expect(store.verifiedBytes).to.equal(metainfo.length)
    expect([...store.bitfield()]).to.deep.equal([0b1111_1100])
    await store.close()
    for (const { path, executable } of metainfo.files) {
      expect(digest(await readFile(target(...path)))).to.equal(digest(await readFile(join(sample.path, ...path))))
      expect(((await stat(target(...path))).mode & 0o100) !== 0, path.join('/')).to.equal(executable)
    }
    expect((await readdir(sample.at('downloads'), { recursive: true })).length).to.equal(8)
  })

  it('puts a single file directly into the folder', async () => {
    const single = await makeSample([{ path: 'f', length: 200_000 }], { name: 'f', single: true })
    const store = await openDownload(single.metainfo, single.at('to'), { journal: single.at('journal') })
    await fill(store)
    await store.close()
    expect(await readFile(single.at('to/f'))).to.deep.equal(await readFile(single.path))
    await single.remove()
  })

  it('takes units in any order, several at once, and the same one twice', async () => {
    const store = await open()
    const all: [number, number][] = []
    for (let piece = metainfo.pieceCount - 1; piece >= 0; piece -= 1) {
      for (let unit = pieceAt(metainfo, piece).length; unit > 0; unit -= UNIT_BYTES) {
        all.push([piece, Math.ceil(unit / UNIT_BYTES) - 1])
      }
    }
    const write = ([piece, unit]: [number, number]): Promise<void> => {
      const bytes = pieceBytes(metainfo, piece).subarray(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES)
      return store.write(piece, unit * UNIT_BYTES, bytes)
    }
    const reads = Array.from({ length: 20 }, () => readHeld(store))
    await Promise.all([...all, ...all].map(write))
    await Promise.all([...reads, store.write(0, 0, pieceBytes(metainfo, 0)), store.flush(), store.flush()])
    expect(store.verifiedBytes).to.equal(metainfo.length)
    expect(await readHeld(store)).to.equal(metainfo.length)
    await store.close()
  })

  it('holds a unit as soon as it is written, and a piece with its last unit', async () => {
    const store = await open()
    await fill(store, (piece, unit) => piece === 0 && unit < 3)
    expect(store.hasUnit(0, 2)).to.equal(true)
    expect(store.hasUnit(0, 3)).to.equal(false)
    expect(store.hasPiece(0)).to.equal(false)
    expect(hasCode(await failure(store.unitRoots(0)), 'verification-failed')).to.equal(true)
    expect(
      hasCode(await failure(store.read(0, 2 * UNIT_BYTES, new Uint8Array(UNIT_BYTES + 1))), 'verification-failed'),
    ).to.equal(true)
    await fill(store, (piece, unit) => piece === 0 && unit === 3)
    expect(store.hasPiece(0)).to.equal(true)
    expect(await store.unitRoots(0)).to.have.length(4 * 32)
    for (const [piece, unit] of [
      [-1, 0],
      [0, -1],
      [0, 4],
      [99, 0],
    ] as const) {
      expect(store.hasUnit(piece, unit)).to.equal(false)
    }
    await store.close()
  })

  it('refuses bytes that are not whole units', async () => {
    const store = await open()
    for (const [offset, length] of [
      [0, 1],
      [1, UNIT_BYTES],
      [0, UNIT_BYTES - 1],
      [0, UNIT_BYTES + 1],
      [0, 0],
      [-UNIT_BYTES, UNIT_BYTES],
      [3 * UNIT_BYTES, 2 * UNIT_BYTES],
    ] as const) {
      expect(await failure(store.write(0, offset, new Uint8Array(length)))).to.be.instanceOf(RangeError)
    }
    expect(store.verifiedBytes).to.equal(0)
    await store.close()
  })

  describe('continued', () => {
    const half = (piece: number, unit: number): boolean => (piece + unit) % 2 === 0

    it('holds what it held when it was closed, without hashing', async () => {
      let store = await open()
      await fill(store, half)
      const held = store.verifiedBytes
      const field = store.bitfield()
      await store.close()
      store = await open()
      expect(store.verifiedBytes).to.equal(held)
      expect(store.bitfield()).to.deep.equal(field)
      expect(await readHeld(store)).to.equal(held)
      await fill(store)
      await store.close()
      store = await open()
      expect(store.complete).to.equal(true)
      await store.close()
      const seed = await openSeed(metainfo, target())
      expect(seed.complete).to.equal(true)
      await seed.close()
    })

    it('after a kill, does not trust what was written behind the last flush', async () => {
      let store = await open()
      await fill(store, (piece, unit) => piece === 0 && unit < 2)
      await store.flush()
      const flushed = store.verifiedBytes
      const journal = await readFile(sample.at('state/journal'))
      await fill(store, (piece) => piece === 1)
      await store.close()
      // As a kill leaves it: the old journal, and bytes in the file that it does not name.
      await writeFile(sample.at('state/journal'), journal)
      store = await open()
      expect(store.verifiedBytes).to.equal(flushed)
      expect(store.hasPiece(1)).to.equal(false)
      await store.close()
    })

    it('hashes a finished file that somebody changed, and keeps its intact pieces', async () => {
      let store = await open()
      await fill(store)
      await store.close()
      await damage(target('big'), 600_000)
      store = await open()
      expect([0, 1, 2, 3, 4, 5].filter((piece) => store.hasPiece(piece))).to.deep.equal([0, 2, 3, 4, 5])
      await fill(store)
      expect(store.complete).to.equal(true)
      await store.close()
      expect(digest(await readFile(target('big')))).to.equal(digest(await readFile(sample.at('sample/big'))))
    })

    it('hashes an unfinished file that somebody changed after it was closed', async () => {
      let store = await open()
      await fill(store, (piece) => piece === 0 || piece === 1)
      await store.close()
      await damage(target('big'), 600_000)
      store = await open()
      expect([0, 1].filter((piece) => store.hasPiece(piece))).to.deep.equal([0])
      await store.close()
    })

    it('fetches again what was deleted or cut', async () => {
      let store = await open()
      await fill(store)
      await store.close()
      await rm(target('folder/run'))
      await truncate(target('big'), 1_100_000)
      store = await open()
      expect([0, 1, 2, 3, 4, 5].filter((piece) => store.hasPiece(piece))).to.deep.equal([0, 1, 4, 5])
      expect(store.complete).to.equal(false)
      await fill(store)
      await store.close()
      const seed = await openSeed(metainfo, target())
      expect(seed.complete).to.equal(true)
      await seed.close()
    })

    it('in another folder begins anew, and takes over what is intact there', async () => {
      let store = await open()
      await fill(store, (piece) => piece < 2)
      await store.close()
      store = await open('elsewhere')
      expect(store.verifiedBytes).to.equal(0)
      await store.close()
      await rename(sample.at('downloads'), sample.at('moved'))
      store = await open('moved')
      expect(store.hasPiece(0) && store.hasPiece(1)).to.equal(true)
      expect(await readHeld(store)).to.equal(store.verifiedBytes)
      await store.close()
    })

    it('with a journal of another content begins anew', async () => {
      const other = await makeSample([{ path: 'other', length: 100_000 }], { name: 'sample' })
      await (await openDownload(other.metainfo, other.at('to'), { journal: sample.at('state/journal') })).close()
      const store = await open()
      expect(store.verifiedBytes).to.equal(0)
      await store.close()
      await other.remove()
    })

    it('survives SIGKILL at any moment with all that was flushed', async function () {
      this.timeout(60_000)
      await writeFile(sample.at('torrent'), encodeTorrent(metainfo))
      const script = new URL('killed-download.ts', import.meta.url).pathname
      let before = 0
      for (let round = 0; round < 6 && before < metainfo.length; round += 1) {
        const child = spawn(
          process.execPath,
          [script, sample.at('torrent'), sample.at('downloads'), sample.at('state/journal'), '2'],
          {
            stdio: ['pipe', 'pipe', 'inherit'],
          },
        )
        const lines = createInterface({ input: child.stdout })
        const [line] = (await once(lines, 'line')) as [string]
        // Into the writing and flushing that goes on, a little later each time.
        for (let turn = 0; turn < round * 40; turn += 1) await new Promise(setImmediate)
        child.kill('SIGKILL')
        await once(child, 'close')
        const flushed = Number(/^flushed (\d+)$/.exec(line)?.[1])
        expect(flushed).to.be.greaterThan(before)
        const store = await open()
        expect(store.verifiedBytes).to.be.at.least(flushed)
        expect(await readHeld(store)).to.equal(store.verifiedBytes)
        before = store.verifiedBytes
        await store.close()
      }
      const store = await open()
      await fill(store)
      await store.close()
      expect(digest(await readFile(target('big')))).to.equal(digest(await readFile(sample.at('sample/big'))))
    })
  })

  describe('where something is in the way', () => {
    it('leaves a file of somebody else untouched, and makes nothing', async () => {
      for (const theirs of ['short', 'x'.repeat(1_500_000)]) {
        await mkdir(target(), { recursive: true })
        await writeFile(target('big'), theirs)
        const error = (await failure(open())) as BitCdnError
        expect(error.code).to.equal('file-invalid')
        expect(error.message).to.contain(target('big'))
        expect(await readFile(target('big'), 'utf8')).to.equal(theirs)
        expect(await readdir(target())).to.deep.equal(['big'])
        await rm(sample.at('downloads'), { recursive: true })
      }
    })

    it('leaves a file of somebody else untouched that took the place of ours', async () => {
      const store = await open()
      await fill(store)
      await store.close()
      await rm(target('folder/small'))
      await writeFile(target('folder/small'), 'a letter to my mother')
      expect(hasCode(await failure(open()), 'file-invalid')).to.equal(true)
      expect(await readFile(target('folder/small'), 'utf8')).to.equal('a letter to my mother')
    })

    it('leaves a file of somebody else untouched where a journal tells of another folder', async () => {
      const stamps = createStamps(metainfo.files.length)
      const units = new Uint8Array(unitsBytes(metainfo))
      await writeJournal(sample.at('journal'), metainfo, { folder: sample.at('other'), clean: false, stamps, units })
      await mkdir(target(), { recursive: true })
      await writeFile(target('big'), 'theirs')
      expect(hasCode(await failure(open('downloads', 'journal')), 'file-invalid')).to.equal(true)
      expect(await readFile(target('big'), 'utf8')).to.equal('theirs')
    })

    it('takes over the same content, whole or in part', async () => {
      await rename(sample.path, sample.at('source'))
      await mkdir(sample.at('downloads'))
      await rename(sample.at('source'), target())
      await damage(target('big'), 0)
      const store = await open()
      expect(store.hasPiece(0)).to.equal(false)
      expect(store.verifiedBytes).to.equal(metainfo.length - 512 * 1024)
      await store.close()
    })

    it('refuses a folder in place of a file, and a file in place of a folder', async () => {
      await mkdir(target('big'), { recursive: true })
      expect(await failure(open())).to.have.property('code')
      await rm(target('big'), { recursive: true })
      await writeFile(target('folder'), 'x')
      expect(hasCode(await failure(open()), 'file-invalid')).to.equal(true)
    })

    it('writes nothing through a link in place of a file, not even to one that looks like a download begun', async () => {
      await writeFile(sample.at('precious'), '')
      await truncate(sample.at('precious'), 1_500_000)
      await mkdir(target(), { recursive: true })
      await symlink(sample.at('precious'), target('big'))
      expect(hasCode(await failure(open()), 'file-invalid')).to.equal(true)
      await rm(target('big'))
      const store = await open()
      await rm(target('big'))
      await symlink(sample.at('precious'), target('big'))
      expect(hasCode(await failure(fill(store)), 'file-invalid')).to.equal(true)
      await store.close().catch(() => {})
      expect((await stat(sample.at('precious'))).blocks).to.equal(0)
    })

    it('writes nothing through a link in place of a folder', async () => {
      await mkdir(sample.at('outside'))
      await mkdir(target(), { recursive: true })
      await symlink(sample.at('outside'), target('folder'))
      expect(hasCode(await failure(open()), 'file-invalid')).to.equal(true)
      expect(await readdir(sample.at('outside'))).to.deep.equal([])
    })

    it('writes nothing through a link in place of the whole content', async () => {
      await mkdir(sample.at('outside'))
      await mkdir(sample.at('downloads'))
      await symlink(sample.at('outside'), target())
      expect(hasCode(await failure(open()), 'file-invalid')).to.equal(true)
      expect(await readdir(sample.at('outside'))).to.deep.equal([])
    })

    it('writes nothing through a hard link', async () => {
      const store = await open()
      await fill(store, (piece) => piece === 0)
      await store.close()
      await link(target('big'), sample.at('second name'))
      const error = (await failure(open())) as BitCdnError
      expect(error.message).to.contain('hard links')
    })
  })

  it('keeps few files open, however many there are', async () => {
    const files = Array.from({ length: 400 }, (_, at) => ({ path: `${at % 20}/${at}`, length: 100 + at }))
    const many = await makeSample(files, { pieceLength: 16 * 1024 })
    const store = await openDownload(many.metainfo, many.at('to'), { journal: many.at('journal') })
    const before = readdirSync('/proc/self/fd').length
    await fill(store)
    await store.flush()
    expect(await readHeld(store)).to.equal(many.metainfo.length)
    expect(readdirSync('/proc/self/fd').length - before).to.be.at.most(64)
    await store.close()
    expect(readdirSync('/proc/self/fd').length).to.be.at.most(before)
    await many.remove()
  })

  it('says that it needs the piece layers first', async () => {
    const error = await failure(
      openDownload({ ...metainfo, pieceLayers: new Map() }, sample.at('to'), { journal: sample.at('j') }),
    )
    expect(error).to.be.instanceOf(RangeError)
  })

  it('ends with an error, and soon, where the system lets nobody make a folder', async function () {
    if (process.platform !== 'linux') return this.skip()
    const opened = openDownload(metainfo, '/proc/bitcdn', { journal: sample.at('j') })
    expect(((await failure(opened)) as BitCdnError).code).to.equal('disk-failed')
  })

  it('names a folder that cannot be written', async function () {
    if (process.geteuid?.() !== 0) return this.skip()
    await chmod(sample.folder, 0o755)
    await mkdir(sample.at('closed'), { mode: 0o555 })
    process.seteuid!(65_534)
    try {
      const error = (await failure(openDownload(metainfo, sample.at('closed/x'), { journal: '/tmp/j' }))) as BitCdnError
      expect(error.code).to.equal('disk-failed')
      expect(error.message).to.contain('closed/x')
    } finally {
      process.seteuid!(0)
    }
  })
})

describe('a download on a full disk', () => {
  it('fails with advice, keeps what was journalled, and goes on when there is room', async function () {
    const sample = await makeSample(SAMPLE_FILES)
    await writeFile(sample.at('torrent'), encodeTorrent(sample.metainfo))
    await mkdir(sample.at('disk'))
    const script = new URL('full-disk.ts', import.meta.url).pathname
    // A disk of 1 MiB in a mount namespace of its own: no rights are needed where unprivileged namespaces are allowed.
    const shell = `mount -t tmpfs -o size=1m tmpfs "$2" && exec "$0" "$1" "$2" "$3" "$4"`
    const child = spawn(
      'unshare',
      [
        '-rm',
        'sh',
        '-c',
        shell,
        process.execPath,
        script,
        sample.at('disk'),
        sample.at('torrent'),
        sample.at('journal'),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let output = ''
    let trouble = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      trouble += chunk
    })
    const [code] = (await once(child, 'close')) as [number]
    await sample.remove()
    if (/unshare|mount/.test(trouble) && output === '') return this.skip()
    expect(code, trouble).to.equal(0)
    const { error, before, after, complete } = JSON.parse(output)
    expect(error).to.deep.equal({ code: 'disk-full', retry: true, advice: true })
    expect(before).to.be.greaterThan(0)
    expect(after).to.be.at.least(before)
    expect(complete).to.equal(true)
  })
})
