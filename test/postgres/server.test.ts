import { expect } from 'chai'
import pg from 'pg'
import { startPostgres } from '../postgres.ts'

describe('The PostgreSQL server of the tests', () => {
  it('keeps what was committed when it is stopped at once', async () => {
    const server = await startPostgres()
    try {
      const url = await server.createDatabase()
      const before = new pg.Client({ connectionString: url })
      before.on('error', () => {})
      await before.connect()
      await before.query('CREATE TABLE held (bytes bigint); INSERT INTO held VALUES (5)')
      await server.stopAtOnce()
      await server.start()
      const after = new pg.Client({ connectionString: url })
      await after.connect()
      expect((await after.query('SELECT bytes FROM held')).rows).to.deep.equal([{ bytes: '5' }])
      expect((await after.query('SHOW fsync')).rows).to.deep.equal([{ fsync: 'on' }])
      await after.end()
    } finally {
      await server.remove()
    }
  })
})
