// A few seeders on one database with one payout address: what an operator does to them, and what happens to them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Persona } from '../../src/devnet/bed.ts'
import { amountFor } from '../../src/receipts/index.ts'
import { WINDOW_BYTES } from '../../src/seeder/constants.ts'
import { PRICE_PER_GIB } from '../faults/shop.ts'
import { buyersOf, type Downloaded, type Fleet, type Member, openFleet } from './fleet.ts'

const BYTES = 24_000_000

describe('a fleet on one PostgreSQL', function () {
  this.timeout(300_000)
  const compiled = mkdtempSync(join(tmpdir(), 'bitcdn-fleet-compiled-'))
  let fleet: Fleet
  let buyers: Persona[]
  const done: Downloaded[] = []

  before(async () => {
    fleet = await openFleet({ seeders: 3, bytes: BYTES, compiled })
    buyers = await buyersOf(fleet, 2)
  })
  after(async () => {
    await fleet?.close()
    rmSync(compiled, { recursive: true, force: true })
  })

  /** Bytes that a member has sent and that nobody has signed for. */
  const unsigned = async ({ monitor }: Member): Promise<number> =>
    Number(/^bitcdn_unsigned_bytes (\d+)/m.exec(await (await fetch(`${monitor}/metrics`)).text())?.[1])

  it('restarts one after the other, and no download notices', async () => {
    const downloads = buyers.map((buyer) => fleet.download(buyer, 'rolling', ['--limit-down', '1MB']))
    await delay(4_000)
    for (const member of fleet.members) {
      await member.started.program.stop()
      expect(await member.started.program.ended, 'in order').to.equal(0)
      await fleet.restart(member)
    }
    for (const downloaded of await Promise.all(downloads)) done.push(downloaded)
  })

  it('stops at its windows while the database is gone, and goes on by itself', async () => {
    const seen: { verified: number; at: number }[] = []
    const downloads = buyers.map((buyer) =>
      fleet.download(buyer, 'outage', ['--limit-down', '3MB'], (verified) => {
        seen.push({ verified, at: performance.now() })
      }),
    )
    while (!seen.some(({ verified }) => verified > 4_000_000)) await delay(50)
    const pids = fleet.members.map(({ started }) => started.program.pid)
    await fleet.server.stopAtOnce()
    await delay(6_000)
    expect(await fleet.metrics(fleet.members[0] as Member), 'what is not known has no sample').to.deep.equal({})
    for (const member of fleet.members) expect(await unsigned(member)).to.be.at.most(2 * Number(WINDOW_BYTES))
    const during = seen.at(-1)
    await delay(3_000)
    const later = Math.max(...seen.map(({ verified }) => verified))
    await fleet.server.start()
    for (const downloaded of await Promise.all(downloads)) done.push(downloaded)
    expect(later, 'nobody was served to the end meanwhile').to.be.below(BYTES)
    expect(seen.filter(({ at }) => at > (during?.at ?? 0)).length).to.be.greaterThan(0)
    expect(
      fleet.members.map(({ started }) => started.program.pid),
      'the same processes',
    ).to.deep.equal(pids)
  })

  it('settles by any of its processes, and chain, ledger and metrics say the same', async () => {
    const stored = await fleet.receipts()
    for (const { signed } of done) {
      for (const [session, { bytes, held }] of signed) {
        if (held) expect(stored.get(session), session).to.equal(bytes)
      }
    }
    const [first, second, third] = fleet.members as [Member, Member, Member]
    await first.started.program.kill()
    await Promise.all([second, third].map((member) => fleet.claim(member)))
    const paid = await fleet.credit()
    const owed = amountFor([...stored.values()], PRICE_PER_GIB)
    expect(paid > 0n && paid <= owed && owed - paid <= 4n, `${paid} of ${owed}`).to.equal(true)
    expect(await fleet.earnings(second)).to.deep.equal({
      served: 0n,
      receipted: 0n,
      vouchered: 0n,
      submitted: 0n,
      paid,
    })
    await delay(1_100)
    for (const member of [second, third]) expect((await fleet.metrics(member)).paid, member.name).to.equal(paid)
  })
})
