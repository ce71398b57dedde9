import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { BitCdnError } from '../../../../src/errors.ts'
import type { Head } from '../../../../src/receipts/index.ts'
import { LEDGER_MIGRATIONS } from '../../../../src/storage/ledger/migrations.ts'
import { openDatabase } from '../../../../src/storage/sqlite/database.ts'
import { openLedger } from '../../../../src/storage/sqlite/index.ts'
import { createTestLog } from '../../../behaviours/log-fixture.ts'

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url))
const KILLS = 6

describe('A ledger file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-durability-'))
  const children: ChildProcess[] = []
  let files = 0
  let path: string

  beforeEach(() => {
    path = join(folder, `${files++}.sqlite`)
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** A process that accepts receipts until it is killed, at the latest after the test. */
  function startWriter(sessions: number): ChildProcess {
    const child = spawn(process.execPath, [WRITER, path, String(sessions)], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return child
  }

  it('keeps every receipt that was acknowledged before kill -9', async () => {
    const acknowledged = new Map<string, bigint>()
    for (let kill = 0; kill < KILLS; kill++) {
      const child = startWriter(4)
      await countedLines(child, 1 + kill * 37, acknowledged)
      child.kill('SIGKILL')
      await once(child, 'close')
      const ledger = await openLedger({ path })
      await ledger.releaseAll()
      for (const [session, bytes] of acknowledged) {
        const held = (await ledger.session(session as Head))?.receipt?.bytesServed ?? 0n
        expect(held >= bytes, `${session}: ${held} held, ${bytes} acknowledged`).to.equal(true)
      }
      await ledger.close()
    }
    expect(acknowledged.size).to.be.greaterThan(KILLS)
  })

  it('acknowledges nothing on a full disk, keeps what it had, and goes on where there is space', async function () {
    const mounted = join(folder, 'small')
    const script = `mkdir -p ${mounted} && mount -t tmpfs -o size=512k tmpfs ${mounted}
      ${process.execPath} ${WRITER} ${mounted}/l.sqlite 100 100000 > ${folder}/full.log
      cp ${mounted}/l.sqlite* ${folder}/`
    const run = spawnSync('unshare', ['-rm', 'sh', '-c', script], { encoding: 'utf8' })
    if (run.error !== undefined || /Operation not permitted|denied/.test(run.stderr)) return this.skip()
    expect(run.status, run.stderr).to.equal(0)
    const lines = readFileSync(`${folder}/full.log`, 'utf8').trim().split('\n')
    expect(lines.at(-1)).to.equal('failed disk-full')
    const ledger = await openLedger({ path: `${folder}/l.sqlite` })
    await ledger.releaseAll()
    const acknowledged = new Map(lines.slice(0, -1).map((line) => line.split(' ') as [Head, string]))
    expect(acknowledged.size).to.equal(100)
    for (const [session, bytes] of acknowledged) {
      expect((await ledger.session(session))?.receipt?.bytesServed).to.equal(BigInt(bytes))
    }
    const log = createTestLog({ lines: 1 })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    await ledger.close()
  })

  it('is private, in WAL mode with synchronous FULL and foreign keys', async () => {
    const ledger = await openLedger({ path })
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777, file).to.equal(0o600)
    await ledger.close()
    chmodSync(path, 0o644)
    await (await openLedger({ path })).close()
    expect(statSync(path).mode & 0o777).to.equal(0o600)

    const database = openDatabase({ path, applicationId: 0x42634c67, migrations: LEDGER_MIGRATIONS })
    const pragma = (name: string) => Object.values(database.connection.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    expect(pragma('journal_mode')).to.equal('wal')
    expect(pragma('synchronous')).to.equal(2)
    expect(pragma('foreign_keys')).to.equal(1)
    database.close()
  })

  it('is refused where a commit would not survive a power cut', () => {
    // A database in memory cannot have a write-ahead log.
    const open = () => openDatabase({ path: ':memory:', applicationId: 1, migrations: [] })
    try {
      expect(open).to.throw(BitCdnError, 'would not survive a power cut here: journal memory')
    } finally {
      rmSync(':memory:', { force: true })
    }
  })

  it('that is damaged is named, copied aside and never overwritten', async () => {
    await (await openLedger({ path })).close()
    const page = 4096
    const whole = readFileSync(path)
    const damages: [string, Buffer][] = [
      ['no database', Buffer.from('receipts, receipts, receipts '.repeat(400))],
      ['a broken header', Buffer.concat([Buffer.alloc(40, 7), whole.subarray(40)])],
      ['a page of noise', Buffer.concat([whole.subarray(0, page), Buffer.alloc(page, 0xa5), whole.subarray(2 * page)])],
      ['cut short', whole.subarray(0, 3 * page + 100)],
    ]
    for (const [what, bytes] of damages) {
      writeFileSync(path, bytes)
      const reason = await openLedger({ path }).then(
        () => 'nothing was wrong',
        (error: Error) => error.message,
      )
      expect(reason, what).to.match(/is damaged: .* A copy is kept at /)
      expect(await codeOf(openLedger({ path })), `${what}, again`).to.equal('file-invalid')
      const copy = /kept at (\S+)\.$/.exec(reason)?.[1] ?? ''
      expect(readFileSync(path).equals(bytes), `${what}: overwritten`).to.equal(true)
      expect(readFileSync(copy).equals(bytes), `${what}: another copy`).to.equal(true)
      const copies = readdirSync(folder).filter(
        (name) => join(folder, name).startsWith(copy) && !/-(wal|shm)$/.test(name),
      )
      expect(copies, `${what}: copied once`).to.deep.equal([basename(copy)])
    }
  })

  it('of another program, or of a newer version, is left as it is', async () => {
    const foreign = new DatabaseSync(path)
    foreign.exec('CREATE TABLE songs (name TEXT)')
    foreign.close()
    const before = readFileSync(path)
    expect(await codeOf(openLedger({ path }))).to.equal('file-invalid')
    expect(readFileSync(path).equals(before)).to.equal(true)

    path = `${path}.newer`
    await (await openLedger({ path })).close()
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    expect(await codeOf(openLedger({ path }))).to.equal('file-invalid')
  })

  it('is migrated as a whole or not at all', () => {
    const init = { path, applicationId: 5, migrations: ['CREATE TABLE a (x INTEGER) STRICT'] }
    openDatabase(init).close()
    const failing = { ...init, migrations: [...init.migrations, 'CREATE TABLE b (x INTEGER) STRICT; SELECT nothing'] }
    expect(() => openDatabase(failing)).to.throw(/nothing/)
    const database = openDatabase(init)
    const tables = database.connection.prepare('SELECT name FROM sqlite_schema').all()
    expect(tables.map(({ name }) => name)).to.deep.equal(['a'])
    database.close()
    const longer = openDatabase({ ...init, migrations: [...init.migrations, 'CREATE TABLE b (x INTEGER) STRICT'] })
    expect(longer.connection.prepare('PRAGMA user_version').get()).to.deep.include({ user_version: 2 })
    longer.close()
  })

  it('belongs to one chain and one contract', async () => {
    const domain = { chainId: 31337, settlement: createTestLog().lane.seeder }
    await (await openLedger({ path, domain })).close()
    await (await openLedger({ path, domain })).close()
    expect(await codeOf(openLedger({ path, domain: { ...domain, chainId: 1 } }))).to.equal('wrong-chain')
  })

  it('in a folder that does not exist is an error with the path in it', async () => {
    expect(await codeOf(openLedger({ path: join(folder, 'missing', 'l.sqlite') }))).to.equal('file-unreadable')
  })

  it('that lost its tail while closed is noticed or whole, never silently shorter', async () => {
    const log = createTestLog({ lines: 500 })
    const ledger = await openLedger({ path })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    await ledger.close()
    truncateSync(path, statSync(path).size - 4096)
    expect(await codeOf(openLedger({ path }))).to.equal('file-invalid')
  })

  it('is served from by one process: the lock dies with it', async () => {
    const child = startWriter(1)
    await countedLines(child, 5, new Map())
    const beside = await openLedger({ path })
    expect(await codeOf(beside.releaseAll())).to.equal('refused')
    const [lane] = await beside.lanes()
    expect(await beside.settleable(lane!, { idleSeconds: 0 })).to.equal(null)
    child.kill('SIGKILL')
    await once(child, 'close')
    await beside.releaseAll()
    expect((await beside.settleable(lane!, { idleSeconds: 0 }))?.sessions).to.have.length(1)
    await beside.close()
  })

  it('can be read with the sqlite of other programs while it is written', async () => {
    const ledger = await openLedger({ path })
    const script = `const { DatabaseSync } = require('node:sqlite'); console.log(new DatabaseSync('${path}', { readOnly: true }).prepare('SELECT count(*) AS n FROM lanes').get().n)`
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }).trim()).to.equal('0')
    await ledger.close()
  })
})

/** Waits for `count` acknowledgements of a writer and notes the highest of each session. */
async function countedLines(child: ChildProcess, count: number, into: Map<string, bigint>): Promise<void> {
  let text = ''
  let seen = 0
  let enough: () => void
  const reached = new Promise<void>((resolve) => {
    enough = resolve
  })
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop() as string
    for (const line of lines) {
      const [session, bytes] = line.split(' ') as [string, string]
      into.set(session, BigInt(bytes))
      seen++
    }
    if (seen >= count) enough()
  })
  await reached
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof BitCdnError) return error.code
    throw error
  }
  return 'no error'
}
