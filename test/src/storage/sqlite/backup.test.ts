import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { BitCdnError } from '../../../../src/errors.ts'
import type { Head } from '../../../../src/receipts/index.ts'
import {
  backupLedger,
  backupSponsorLog,
  inspectLedger,
  openLedger,
  openSponsorLog,
  restoreLedger,
  restoreSponsorLog,
} from '../../../../src/storage/sqlite/index.ts'
import { createTestLog } from '../../../behaviours/log-fixture.ts'

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url))
const BACKUPS = 5

describe('A backup', () => {
  const root = mkdtempSync(join(tmpdir(), 'bitcdn-backup-'))
  let runs = 0
  let folder: string
  let path: string
  let copy: string
  let child: ChildProcess | null = null

  beforeEach(async () => {
    folder = mkdtempSync(join(root, `${runs++}-`))
    path = join(folder, 'ledger.sqlite')
    copy = join(folder, 'copy.sqlite')
  })
  afterEach(() => {
    child?.kill('SIGKILL')
    child = null
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  async function writeLedger(lines = 3): Promise<Head> {
    const ledger = await openLedger({ path })
    const log = createTestLog({ lines })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    await ledger.close()
    return log.head(lines)
  }

  it('of a ledger that another process writes holds every receipt acknowledged before it began', async () => {
    child = spawn(process.execPath, [WRITER, path, '4'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const acknowledged = new Map<Head, bigint>()
    let lines = 0
    let rest = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() as string
      for (const line of parts) {
        const [session, bytes] = line.split(' ') as [Head, string]
        acknowledged.set(session, BigInt(bytes))
      }
      lines += parts.length
    })
    for (let i = 0; i < BACKUPS; i++) {
      for (const begun = lines; lines < begun + 20; ) await once(child.stdout!, 'data')
      const before = new Map(acknowledged)
      const to = `${copy}-${i}`
      const facts = await backupLedger({ path, to })
      expect(facts).to.deep.include({ path: to, lanes: 1, lines: 4, schemaVersion: inspectLedger(path).schemaVersion })
      expect(statSync(to).mode & 0o777).to.equal(0o600)
      const ledger = await openLedger({ path: to })
      for (const [session, bytes] of before) {
        const held = (await ledger.session(session))?.receipt?.bytesServed ?? 0n
        expect(held >= bytes, `${held} held of ${bytes}`).to.equal(true)
      }
      await ledger.close()
    }
    expect(await codeOf(restoreLedger({ from: `${copy}-0`, to: path })), 'while it is served').to.equal('refused')
  })

  it('never overwrites a file, and leaves nothing behind where it fails or is aborted', async () => {
    await writeLedger()
    writeFileSync(copy, 'precious')
    expect(await codeOf(backupLedger({ path, to: copy }))).to.equal('refused')
    expect(readFileSync(copy, 'utf8')).to.equal('precious')
    expect(await codeOf(backupLedger({ path, to: join(folder, 'nowhere', 'x') }))).to.equal('file-unreadable')
    expect(await codeOf(backupLedger({ path: `${path}.none`, to: `${copy}2` }))).to.equal('file-missing')
    expect(await codeOf(backupSponsorLog({ path, to: `${copy}2` })), 'of another kind').to.equal('file-invalid')
    const stopped = new BitCdnError('interrupted', 'Stopped.')
    expect(await codeOf(backupLedger({ path, to: `${copy}2`, signal: AbortSignal.abort(stopped) }))).to.equal(
      'interrupted',
    )
    expect(readdirSync(folder).filter((name) => !name.startsWith('ledger.sqlite'))).to.deep.equal(['copy.sqlite'])
  })

  it('comes back, and moves aside what stood in its place', async () => {
    const tip = await writeLedger()
    await backupLedger({ path, to: copy })
    const newer = await writeLedger(5)
    const { movedAside } = await restoreLedger({ from: copy, to: path })
    const lanes = async (file: string) => {
      const ledger = await openLedger({ path: file })
      const logs = await Promise.all((await ledger.lanes()).map((lane) => ledger.laneLog(lane)))
      await ledger.close()
      return logs.map((log) => log?.tip)
    }
    expect(await lanes(path)).to.deep.equal([tip])
    expect(await lanes(movedAside!)).to.deep.equal([tip, newer])
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    expect((await restoreLedger({ from: copy, to: join(folder, 'elsewhere.sqlite') })).movedAside).to.equal(null)
  })

  it('is refused in the place of an open database, even an idle one', async () => {
    await writeLedger()
    await backupLedger({ path, to: copy })
    const ledger = await openLedger({ path })
    expect(await codeOf(restoreLedger({ from: copy, to: path }))).to.equal('refused')
    await ledger.close()
    await restoreLedger({ from: copy, to: path })
  })

  it('that is damaged or of another kind is not restored', async () => {
    await writeLedger(400)
    await backupLedger({ path, to: copy })
    const whole = readFileSync(copy)
    writeFileSync(
      `${copy}.bad`,
      Buffer.concat([whole.subarray(0, 8192), Buffer.alloc(8192, 0xa5), whole.subarray(16384)]),
    )
    const before = readFileSync(path)
    expect(await codeOf(restoreLedger({ from: `${copy}.bad`, to: path }))).to.equal('file-invalid')
    expect(await codeOf(restoreSponsorLog({ from: copy, to: path }))).to.equal('file-invalid')
    expect(await codeOf(restoreLedger({ from: `${copy}.none`, to: path }))).to.equal('file-missing')
    expect(readFileSync(path).equals(before)).to.equal(true)
    expect(readdirSync(folder).filter((name) => name.includes('.part-'))).to.deep.equal([])
  })

  it('takes the place of a damaged file, whose log goes aside with it', async () => {
    await writeLedger()
    await backupLedger({ path, to: copy })
    writeFileSync(path, Buffer.alloc(20_000, 7))
    writeFileSync(`${path}-wal`, 'log')
    const { movedAside } = await restoreLedger({ from: copy, to: path })
    expect(readFileSync(movedAside!).equals(Buffer.alloc(20_000, 7))).to.equal(true)
    expect(existsSync(`${movedAside}-wal`)).to.equal(true)
    expect(inspectLedger(path).lanes).to.equal(1)
  })

  it('of a gateway’s log is made and restored the same way', async () => {
    const log = await openSponsorLog({ path })
    await backupSponsorLog({ path, to: copy })
    await log.close()
    expect((await restoreSponsorLog({ from: copy, to: path })).movedAside).to.be.a('string')
  })

  it('is asked for where a database is gone and its log is left: no empty one begins', async () => {
    const ledger = await openLedger({ path })
    renameSync(path, `${path}.gone`)
    expect(await codeOf(openLedger({ path }))).to.equal('file-invalid')
    expect(existsSync(path)).to.equal(false)
    await ledger.close()
  })
})

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof BitCdnError) return error.code
    throw error
  }
  return 'no error'
}
