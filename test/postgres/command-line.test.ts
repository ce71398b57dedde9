import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readCredit } from '../../src/chain/index.ts'
import { call } from '../faults/call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from '../faults/shop.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'

const BYTES = 20_000_000
const EARNED = (BigInt(BYTES) * PRICE_PER_GIB) / 2n ** 30n
const PASSWORD = 'canary-in-a-coal-mine'

describe('a seeder whose ledger is in PostgreSQL', function () {
  this.timeout(180_000)
  let server: TestPostgres
  let shop: Shop
  let url: string
  const withPassword = (password: string): string => url.replace('//seeder@', `//seeder:${password}@`)
  const seeder = () => shop.seeders[0]!
  const run = (argv: string[], env: Record<string, string> = {}) =>
    call([...argv, '--home', seeder().persona.home, ...shop.bed.chainFlags()], { env })

  before(async () => {
    server = await startPostgres()
    const database = new URL(await server.createDatabase())
    await server.admin(`CREATE ROLE seeder LOGIN SUPERUSER PASSWORD '${PASSWORD}'`)
    const [row] = await server.admin('SHOW hba_file')
    const hba = String(row!.hba_file)
    writeFileSync(hba, `local all seeder scram-sha-256\n${readFileSync(hba, 'utf8')}`)
    await server.admin('SELECT pg_reload_conf()')
    database.username = 'seeder'
    url = database.href
    shop = await openShop({ bytes: BYTES, seeders: 1 })
    await seeder().started.program.stop()
    rmSync(join(seeder().persona.home, 'ledger.sqlite'), { force: true })
    writeFileSync(join(seeder().persona.home, 'config.json'), JSON.stringify({ ledger: withPassword(PASSWORD) }), {
      mode: 0o600,
    })
    seeder().started = await shop.startSeeder(seeder().persona, seeder().data, ['--no-claim'])
  })
  after(async () => {
    await shop?.close()
    await server?.remove()
  })

  it('earns, and claims beside the running seeder, all in the database', async () => {
    const buyer = await shop.buyer('buyer')
    const got = await call(shop.get(buyer, join(buyer.home, 'got')))
    expect(got.code, got.err).to.equal(0)
    const claimed = await run(['claim', '--all', '--no-withdraw', '--gateway', shop.gatewayUrl, '--json'])
    expect(claimed.code, claimed.out + claimed.err).to.equal(0)
    expect(claimed.json()).to.include({ settled: String(EARNED) })
    const { persona } = seeder()
    expect(await readCredit(persona.chain, persona.address, { at: 'latest' })).to.equal(EARNED)
    expect((await run(['earnings', '--json'])).json()).to.include({ paid: String(EARNED) })
    expect(existsSync(join(persona.home, 'ledger.sqlite'))).to.equal(false)
  })

  it('finds the password in the file that PGPASSFILE names', async () => {
    const file = join(shop.bed.folder, 'pgpass')
    writeFileSync(file, `*:*:*:seeder:${PASSWORD}\n`, { mode: 0o600 })
    const asked = await run(['earnings', '--json', '--ledger', url], { PGPASSFILE: file })
    expect(asked.code, asked.out).to.equal(0)
    expect(asked.json()).to.include({ paid: String(EARNED) })
  })

  it('never repeats the password, and says what is wrong', async () => {
    const wrong = await run(['earnings', '--ledger', withPassword('not-the-canary')])
    expect(wrong.code).to.equal(3)
    expect(wrong.err)
      .to.match(/may not be used: password authentication failed/)
      .and.not.include('not-the-canary')
    expect(wrong.err).to.include('other users of this machine can read command lines')
    const nobody = await run(['earnings', '--ledger', `postgresql://me:${PASSWORD}@127.0.0.1:1/ledger`])
    expect(nobody.err)
      .to.match(/does not answer/)
      .and.not.include(PASSWORD)
    const nonsense = await run(['earnings', '--ledger', `mysql://me:${PASSWORD}@host/ledger`])
    expect(nonsense.code).to.equal(2)
    expect(nonsense.err).to.include('--ledger must be').and.not.include(PASSWORD)
    const logs = readFileSync(join(shop.bed.logs, `${seeder().persona.name}.log`), 'utf8')
    expect(logs).not.to.include(PASSWORD)
  })

  it('is served from by one process for each peer key', async () => {
    const other = await shop.bed.persona('other')
    copyFileSync(join(seeder().persona.home, 'peer.key'), join(other.home, 'peer.key'))
    const second = await call([
      ...['seed', shop.torrent, '--data', seeder().data, '--ledger', withPassword(PASSWORD), '--home', other.home],
      ...shop.bed.chainFlags(),
    ])
    expect(second.code).to.equal(7)
    expect(second.err).to.match(/another process/i)
  })

  it('leaves backups to the server', async () => {
    const backup = await call(['backup', join(shop.bed.folder, 'x.tar'), '--home', seeder().persona.home])
    expect(backup.code).to.equal(2)
    expect(backup.err).to.include('pg_dump')
  })
})
