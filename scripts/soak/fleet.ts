// A fleet under fire: `bitcdn seed` processes on one PostgreSQL database with one payout address, `bitcdn get` processes that
// download from them, a gateway and a chain. Every few seconds something dies: a seeder by kill -9, the database by an
// immediate stop; or a seeder is asked to end, and started again. Now this one settles, now that one, and is killed at times.
//   node scripts/soak/fleet.ts [--runs 200] [--seed N] [--tenth]
import { randomInt } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readSettlements } from '../../src/chain/index.ts'
import { amountFor, type Head } from '../../src/receipts/index.ts'
import { PRICE_PER_GIB } from '../../test/faults/shop.ts'
import { buyersOf, type Downloaded, type Fleet, type Member, openFleet } from '../../test/fleet/fleet.ts'
import { campaign, type Run } from './campaign.ts'

const BYTES = 24_000_000
/** Milliseconds between the starts of two downloads: it sets how long the whole takes. */
const EVERY = { full: 3_000, tenth: 2_500 }
const SEEDERS = { full: 20, tenth: 6 }
/** Each may have a content some forty times a day, counting what lines to seeders that died might still be signed for. */
const BUYERS = { full: 40, tenth: 6 }
/** Downloads at one time. */
const SIDE_BY_SIDE = 10
/** A download takes 8 seconds or more, so that it lives through something. */
const RATE = '3MB'
/** Two cores are busy with twenty seeders that start again and again. */
const PATIENCE = 2_400_000

const counts = { kills: 0, stops: 0, restarts: 0, claims: 0, broken: 0 }
const said = (): string => `${counts.kills} kills, ${counts.stops} stops of the database, ${counts.restarts} restarts`
/** The last download is through, or something failed. */
const over = new AbortController()

await campaign({ name: 'a fleet on one PostgreSQL under kills', runs: 200, tenth: 14 }, async (run) => {
  const size = run.tenth ? 'tenth' : 'full'
  const fleet = await openFleet({
    seeders: SEEDERS[size],
    bytes: BYTES,
    compiled: join(run.folder, 'compiled'),
    ownLanes: true,
  })
  try {
    const buyers = await buyersOf(fleet, BUYERS[size])
    run.say(`${SEEDERS[size]} seeders serve, ${buyers.length} buyers have a pass`)
    const seen = new Map<Head, bigint>()
    const storm = rage(run, fleet, seen)
    const claims = claimOn(run, fleet)
    storm.catch(() => over.abort())
    claims.catch(() => over.abort())
    const downloads = await Promise.all([
      downloadAll(run, fleet, buyers, EVERY[size]),
      storm,
      claims,
      delay(run.runs * EVERY[size] + PATIENCE, undefined, { signal: over.signal, ref: false }).then(
        () => Promise.reject(new Error('The downloads were not through in time.')),
        () => undefined,
      ),
    ]).then(([all]) => all)
    return await judge(run, fleet, downloads, seen)
  } catch (error) {
    cpSync(fleet.shop.bed.logs, join(run.folder, 'logs'), { recursive: true })
    throw error
  } finally {
    await fleet.close()
  }
})

/** In turn, each buyer one at a time; ends the storm when the last is through. */
async function downloadAll(
  run: Run,
  fleet: Fleet,
  buyers: Awaited<ReturnType<typeof buyersOf>>,
  every: number,
): Promise<Downloaded[]> {
  const begun = performance.now()
  const all: Downloaded[] = []
  let next = 0
  const idle = [...buyers]
  async function downloadInTurn(): Promise<void> {
    while (next < run.runs) {
      const at = next++
      await delay(Math.max(0, begun + at * every - performance.now()))
      const buyer = idle.shift()
      if (over.signal.aborted || buyer === undefined) return
      all.push(await fleet.download(buyer, `download-${at}`, ['--limit-down', RATE]))
      idle.push(buyer)
      if (all.length % 10 === 0) run.say(`${all.length} downloads; ${said()}`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, buyers.length) }, downloadInTurn))
  over.abort()
  return all
}

/** Whatever was committed before something dies must be there to the end. */
async function rage(run: Run, fleet: Fleet, seen: Map<Head, bigint>): Promise<void> {
  const random = run.random()
  const work: Promise<void>[] = []
  const again = async (member: Member, end: 'kill' | 'stop'): Promise<void> => {
    member.busy = true
    await member.started.program[end]()
    await fleet.restart(member)
    member.busy = false
  }
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => {})
  while (!over.signal.aborted) {
    await Promise.race([broken.promise, delay(2_000 + random.below(3_000))])
    for (const [session, bytes] of await fleet.receipts()) {
      if (bytes < (seen.get(session) ?? 0n))
        throw new Error(`${session}: ${seen.get(session)} bytes were stored, ${bytes} are.`)
      seen.set(session, bytes)
    }
    const [fate, down, index] = [random.below(10), 200 + random.below(2_500), random.below(fleet.members.length)]
    const member = fleet.members[index] as Member
    if (fate < 2) {
      counts.stops += 1
      await fleet.server.stopAtOnce()
      await delay(down)
      await fleet.server.start()
    } else if (member.busy) continue
    else {
      counts[fate < 8 ? 'kills' : 'restarts'] += 1
      const job = again(member, fate < 8 ? 'kill' : 'stop')
      job.catch(broken.reject)
      work.push(job)
    }
  }
  await Promise.all(work)
}

/** The settlement worker: in the data folder of any member; every third is killed. */
async function claimOn(run: Run, fleet: Fleet): Promise<void> {
  const random = run.random(1)
  while (!over.signal.aborted) {
    const member = fleet.members[random.below(fleet.members.length)] as Member
    const kill = random.below(3) === 0 ? AbortSignal.timeout(1_000 + random.below(4_000)) : undefined
    try {
      await fleet.claim(member, { idle: 5, kill })
      counts.claims += 1
    } catch (error) {
      if (kill?.aborted !== true && !/does not answer|undid a transaction|Another process/.test(String(error)))
        throw error
      counts.broken += 1
    }
    await delay(1_000)
  }
}

async function judge(
  run: Run,
  fleet: Fleet,
  downloads: readonly Downloaded[],
  seen: ReadonlyMap<Head, bigint>,
): Promise<string> {
  if (downloads.length < run.runs) throw new Error(`${downloads.length} of ${run.runs} downloads are complete.`)
  const stored = await fleet.receipts()
  let held = 0
  for (const { signed } of downloads) {
    for (const [session, { bytes, held: isHeld }] of signed) {
      const there = stored.get(session) ?? 0n
      if (there > bytes || (isHeld && there < bytes)) {
        throw new Error(`${session}: ${bytes} bytes were signed for (held: ${isHeld}), ${there} are stored.`)
      }
      if (isHeld) held += 1
    }
  }
  for (const [session, bytes] of seen) {
    if ((stored.get(session) ?? 0n) < bytes) throw new Error(`${session}: ${bytes} bytes were stored once.`)
  }
  const before = await readSettlements(fleet.payout.chain, { seeder: fleet.payout.address })
  await settleAll(fleet)
  const moves = await readSettlements(fleet.payout.chain, { seeder: fleet.payout.address })
  const owed = amountFor([...stored.values()], PRICE_PER_GIB)
  const chain = await fleet.credit()
  // each settlement rounds down once
  if (chain > owed || owed - chain > BigInt(moves.length)) {
    throw new Error(`${chain} token units are on the chain in ${moves.length} moves, receipts are worth ${owed}.`)
  }
  await delay(1_100) // what a monitor read stays good for a second
  const { paid } = await fleet.earnings(fleet.members[randomInt(fleet.members.length)] as Member)
  if (paid !== chain) throw new Error(`The ledger says ${paid} token units, the chain ${chain}.`)
  for (const member of fleet.members) {
    const metrics = await fleet.metrics(member)
    if (metrics.paid !== chain)
      throw new Error(`${member.name} says ${metrics.paid} token units by metrics, the chain ${chain}.`)
  }
  const slowest = Math.max(...downloads.map(({ seconds }) => seconds))
  return (
    `${fleet.members.length} seeders, ${downloads.length} downloads complete (at most ${slowest.toFixed(0)} s), ${said()}: ` +
    `${held} sessions held by the downloaders' count, 0 lost; chain = ledger = metrics = ${chain} token units in ${moves.length} moves, ` +
    `${before.length} of them meanwhile (${counts.claims} claims, ${counts.broken} more broken off)`
  )
}

/** From whichever member. */
async function settleAll(fleet: Fleet): Promise<void> {
  for (let tries = 0; tries < 10; tries++) {
    const member = fleet.members[tries % fleet.members.length] as Member
    await fleet.claim(member)
    const { receipted, vouchered, submitted } = await fleet.earnings(member)
    if (receipted + vouchered + submitted === 0n) return
    await delay(1_000)
  }
  throw new Error('Something is still owed after ten claims.')
}
