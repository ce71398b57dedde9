import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { BitCdnError } from '../../../../src/errors.ts'
import { type Batch, createGroupCommit, type GroupCommit } from '../../../../src/storage/group-commit.ts'
import type { Engine } from '../../../../src/storage/sql.ts'
import { openThreadEngine } from '../../../../src/storage/sqlite/thread-engine.ts'

const INSERT = 'INSERT INTO names (name) VALUES (?)'

describe('SQLite in a thread, in groups', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-thread-engine-'))
  let engine: Engine
  let group: GroupCommit
  let files = 0

  beforeEach(async () => {
    engine = await openThreadEngine({
      ...{ path: join(folder, `${files++}.sqlite`), applicationId: 7 },
      migrations: ['CREATE TABLE names (name TEXT PRIMARY KEY NOT NULL) STRICT'],
    })
    group = createGroupCommit(engine)
  })

  afterEach(async () => {
    await group.close()
    await engine.close()
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  const insert: Batch<string, string> = async (sql, names) => {
    await sql.insertAll(
      INSERT,
      ['text'],
      names.map((name) => [name]),
    )
    return names
  }
  const stored = async (): Promise<unknown[]> =>
    (await group.read((sql) => sql.all('SELECT name FROM names ORDER BY name'))).map(({ name }) => name)
  const outcomes = async (...work: Promise<unknown>[]): Promise<string[]> =>
    (await Promise.allSettled(work)).map(({ status }) => status)

  it('acknowledges nothing of a group whose rows could not be written, whoever hears of it first', async () => {
    await group.add(insert, 'one')
    const result = await outcomes(
      group.add(insert, 'two'),
      group.add(insert, 'one'),
      group.read((sql) => sql.get('SELECT count(*) AS n FROM names')),
      group.write((sql) => sql.run(INSERT, 'three')),
    )
    expect(result.slice(0, 2)).to.deep.equal(['rejected', 'rejected'])
    expect(result[3]).to.equal('rejected')
    expect(await stored()).to.deep.equal(['one'])
  })

  it('commits nothing of it either where whoever heard of it made nothing of it, or called it something else', async () => {
    await group.add(insert, 'one')
    const silent = await outcomes(
      group.add(insert, 'two'),
      group.add(insert, 'one'),
      group.read(async (sql) => Promise.resolve(sql.get('SELECT 1 AS n')).catch(() => null)),
    )
    expect(silent).to.deep.equal(['rejected', 'rejected', 'rejected'])
    const renamed = await outcomes(
      group.add(insert, 'three'),
      group.add(insert, 'one'),
      group.read(async (sql) => {
        await Promise.resolve(sql.get('SELECT 1 AS n')).catch(() => {
          throw new BitCdnError('refused', 'Something else.')
        })
      }),
    )
    expect(renamed).to.deep.equal(['rejected', 'rejected', 'rejected'])
    expect(await stored()).to.deep.equal(['one'])
  })

  it('undoes what one writer wrote and no more, rows included', async () => {
    const result = await outcomes(
      group.write((sql) => sql.insertAll(INSERT, ['text'], [['one']])),
      group.write(async (sql) => {
        await sql.insertAll(INSERT, ['text'], [['two']])
        await sql.insertAll(INSERT, ['text'], [['one']])
      }),
      group.add(insert, 'three'),
    )
    expect(result).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
    expect(await stored()).to.deep.equal(['one', 'three'])
  })

  it('writes nothing of a batch whose guard refuses, though it has begun to read; others go on', async () => {
    let read = 0
    const reading: Batch<string, string> = async (sql, names) => {
      read = (await sql.all('SELECT * FROM names')).length + 1
      return insert(sql, names)
    }
    const refuse = async (): Promise<void> => {
      throw new Error('taken over')
    }
    const result = await outcomes(
      group.add(reading, 'one', refuse),
      group.write((sql) => sql.run(INSERT, 'two')),
    )
    expect(result).to.deep.equal(['rejected', 'fulfilled'])
    expect(read).to.equal(1)
    expect(await stored()).to.deep.equal(['two'])
  })

  it('answers what is asked in one turn together, in order, and fails what stands behind a failure', async () => {
    const rows = await engine.transaction('read', (sql) =>
      Promise.all([1, 2, 3].map((n) => sql.get('SELECT ? AS n', n))),
    )
    expect(rows.map((row) => row?.n)).to.deep.equal([1, 2, 3])
    const failed = await engine.transaction('read', (sql) =>
      outcomes(
        Promise.resolve(sql.get('SELECT 1 AS n')),
        Promise.resolve(sql.get('SELECT nothing FROM nowhere')),
        Promise.resolve(sql.get('SELECT 2 AS n')),
      ),
    )
    expect(failed).to.deep.equal(['fulfilled', 'rejected', 'rejected'])
  })
})
