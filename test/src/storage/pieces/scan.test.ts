import { spawnSync } from 'node:child_process'
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { BitCdnError, type ErrorCode } from '../../../../src/errors.ts'
import { createTorrent, scanContent } from '../../../../src/storage/pieces/index.ts'
import { failure } from '../../content/failure.ts'
import { temporaryFolder } from './sample.ts'

describe('scanning content', () => {
  let folder: string
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })
  const at = (...parts: string[]): string => join(folder, ...parts)

  async function refused(path: string, code: ErrorCode, words: string): Promise<void> {
    const error = (await failure(scanContent(path))) as BitCdnError
    expect(error).to.be.instanceOf(BitCdnError)
    expect(error.code).to.equal(code)
    expect(error.message).to.contain(words)
    expect(error.advice).to.be.a('string')
  }

  it('lists every file with its length and executable bit, and names empty folders', async () => {
    await mkdir(at('c/deep/empty'), { recursive: true })
    await mkdir(at('c/empty'))
    await writeFile(at('c/a'), 'four')
    await writeFile(at('c/.hidden'), '')
    await writeFile(at('c/deep/run'), 'x', { mode: 0o755 })
    const { name, single, entries, emptyFolders } = await scanContent(at('c'))
    expect({ name, single, emptyFolders }).to.deep.equal({
      name: 'c',
      single: false,
      emptyFolders: ['deep/empty', 'empty'],
    })
    const listed = entries.map(({ path, length, executable }) => `${path.join('/')} ${length} ${executable}`)
    expect(listed.sort()).to.deep.equal(['.hidden 0 false', 'a 4 false', 'deep/run 1 true'])
  })

  it('reads a file in chunks that make up its bytes', async () => {
    const bytes = Buffer.alloc(5_000_000, 'abcdefg')
    await writeFile(at('f'), bytes)
    const { entries, single } = await scanContent(at('f'))
    expect(single).to.equal(true)
    const chunks: Buffer[] = []
    for await (const chunk of entries[0]!.open()) chunks.push(Buffer.from(chunk))
    expect(Buffer.concat(chunks).equals(bytes)).to.equal(true)
  })

  it('names what is missing', () => refused(at('nothing'), 'file-missing', at('nothing')))

  it('refuses an empty file', async () => {
    await writeFile(at('empty'), '')
    await refused(at('empty'), 'file-empty', 'is empty')
  })

  it('refuses a folder without bytes', async () => {
    await mkdir(at('c/d'), { recursive: true })
    await refused(at('c'), 'file-empty', 'holds no bytes')
    await writeFile(at('c/zero'), '')
    await refused(at('c'), 'file-empty', 'holds no bytes')
  })

  it('refuses links below the path, to files, folders and nowhere, and follows the path itself', async () => {
    await mkdir(at('c'))
    await writeFile(at('c/a'), 'a')
    for (const target of ['a', '.', '/etc/passwd', 'nowhere']) {
      await symlink(target, at('c/link'))
      await refused(at('c'), 'file-invalid', 'symbolic link')
      await rm(at('c/link'))
    }
    await symlink('c', at('named'))
    expect(await scanContent(at('named'))).to.include({ name: 'named', single: false })
  })

  it('refuses pipes without waiting for their other end', async () => {
    await mkdir(at('c'))
    await writeFile(at('c/a'), 'a')
    expect(spawnSync('mkfifo', [at('c/pipe')]).status).to.equal(0)
    await refused(at('c'), 'file-invalid', 'neither a file nor a folder')
    await refused(at('c/pipe'), 'file-invalid', 'neither a file nor a folder')
  })

  it('refuses names that are no text or unsafe', async () => {
    await mkdir(at('c'))
    await writeFile(Buffer.concat([Buffer.from(at('c/')), Buffer.of(0x61, 0xff)]), 'x')
    await refused(at('c'), 'file-invalid', 'not valid UTF-8')
    await mkdir(at('d'))
    await writeFile(at('d/nul.txt'), 'x')
    const error = (await failure(createTorrent(at('d')))) as BitCdnError
    expect(error.message).to.contain('is a device on Windows')
  })

  it('names a file or folder that may not be read', async function () {
    if (process.platform === 'win32') return this.skip()
    await chmod(folder, 0o755)
    await mkdir(at('c/closed'), { recursive: true })
    await writeFile(at('c/a'), 'a', { mode: 0o644 })
    await writeFile(at('c/secret'), 'b', { mode: 0o000 })
    await withoutPrivileges(async () => {
      await refused(at('c'), 'file-unreadable', at('c/secret'))
      await refused(at('c/secret'), 'file-unreadable', 'permission denied')
    })
    await rm(at('c/secret'))
    await chmod(at('c/closed'), 0o000)
    await withoutPrivileges(() => refused(at('c'), 'file-unreadable', at('c/closed')))
    await chmod(at('c/closed'), 0o755)
  })

  it('says so when a file is replaced between listing and reading', async () => {
    await writeFile(at('f'), 'one')
    const { entries } = await scanContent(at('f'))
    await writeFile(at('f'), 'another')
    const read = async (): Promise<void> => {
      for await (const _chunk of entries[0]!.open());
    }
    expect(String(await failure(read()))).to.contain('changed while it was read')
  })

  it('stops when it is told to', async () => {
    await mkdir(at('c'))
    expect(await failure(scanContent(at('c'), { signal: AbortSignal.abort() }))).to.have.property('name', 'AbortError')
  })
})

/** Root may read everything: as root, this takes the rights away for a moment. */
async function withoutPrivileges(work: () => Promise<void>): Promise<void> {
  const root = process.geteuid?.() === 0
  if (root) process.seteuid!(65_534)
  try {
    await work()
  } finally {
    if (root) process.seteuid!(0)
  }
}
