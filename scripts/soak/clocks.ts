// Seeders, a gateway and downloaders whose clocks are up to fifteen days off, and jump while bytes flow. Every process has a
// clock of its own (libfaketime, Debian's package `faketime`); the chain has the right one. Each download must be complete
// and paid for as if the clocks were right: no valid terms, ticket, token, head or receipt is refused for its time.
//   node scripts/soak/clocks.ts [--runs 40] [--seed N] [--tenth]
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCredit } from '../../src/chain/index.ts'
import { call } from '../../test/faults/call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from '../../test/faults/shop.ts'
import type { Random } from '../../test/parity/random.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'

const LIBRARIES = '/usr/lib'
const BYTES = 48_000_000
/** Bytes a second, so that a clock can jump on the way. */
const RATE = 16_000_000
const HOUR = 3_600
const DAY = 24 * HOUR
const OFFSETS = [-15 * DAY, -DAY, -10 * 60, 0, 10 * 60, DAY, 15 * DAY] as const
const JUMPS = [-DAY, -HOUR, HOUR, DAY] as const

await campaign({ name: 'clocks that are wrong', runs: 40, tenth: 4 }, async (run) => {
  const clocks = createClocks(run.folder)
  const shop = await openShop({ bytes: BYTES, seeders: 2, env: clocks.env })
  const signed = new Map<string, bigint>()
  let jumps = 0
  try {
    for (let index = run.from; index < run.from + run.runs; index++) {
      jumps += await once(run, shop, clocks, index, signed)
      if ((index + 1) % 4 === 0) run.say(`${index + 1} downloads`)
    }
    let paid = 0n
    for (const { persona } of shop.seeders) {
      const flags = ['--home', persona.home, '--json', ...shop.bed.chainFlags()]
      const claim = () => call(['claim', '--gateway', shop.gatewayUrl, '--no-withdraw', '--idle', '0', ...flags])
      let claimed = await claim()
      // a voucher that comes late is asked for again, or the receipts go as they are
      for (let again = 0; again < 3 && claimed.json().settled !== '0'; again++) claimed = await claim()
      const credit = await readCredit(persona.chain, persona.address, { at: 'latest' })
      const bytes = signed.get(persona.address) ?? 0n
      // each line is rounded down once for its lane: a unit a line at most
      const owed = (bytes * PRICE_PER_GIB) / 2n ** 30n
      if (claimed.code !== 0 || credit > owed || owed - credit > BigInt(run.runs))
        throw new Error(
          `${persona.name} was credited ${credit} of ${owed} token units: ${claimed.err}${claimed.out}${(await call(['earnings', ...flags.slice(0, 3)])).out}`,
        )
      paid += credit
    }
    return `${run.runs} downloads with ${jumps} jumps on their way, each complete and signed for; ${paid} token units paid of what was signed`
  } catch (error) {
    await shop.bed.close({ keepFolder: true })
    throw error
  } finally {
    await shop.close()
  }
})

interface Clocks {
  /** What makes the program of this name live by its clock. */
  readonly env: (name: string) => Record<string, string>
  set(name: string, seconds: number): void
}

/** One file a program, which libfaketime reads every second. Times that are measured, not told, stay right. */
function createClocks(folder: string): Clocks {
  const library = readdirSync(LIBRARIES)
    .map((machine) => join(LIBRARIES, machine, 'faketime/libfaketimeMT.so.1'))
    .find(existsSync)
  if (library === undefined) throw new Error('This needs libfaketime: apt-get install faketime')
  const fileOf = (name: string): string => join(folder, `${name}.clock`)
  const set = (name: string, seconds: number): void =>
    writeFileSync(fileOf(name), `${seconds < 0 ? '' : '+'}${seconds}\n`)
  return {
    set,
    env(name) {
      if (!existsSync(fileOf(name))) set(name, 0)
      return {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: fileOf(name),
        FAKETIME_CACHE_DURATION: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      }
    },
  }
}

/** One download, after which the file is right and all of it is signed for. Answers how many clocks jumped. */
async function once(run: Run, shop: Shop, clocks: Clocks, index: number, signed: Map<string, bigint>): Promise<number> {
  const random = run.random(index)
  const names = ['gateway', 'buyer', ...shop.seeders.map(({ persona }) => persona.name)]
  const offsets = names.map(() => random.pick(OFFSETS))
  for (const [at, name] of names.entries()) clocks.set(name, offsets[at] ?? 0)
  // a seeder that begins under its wrong clock: its certificate, terms and node are as old or young as that
  for (const one of shop.seeders) {
    if (!random.chance(0.5)) continue
    await one.started.program.stop()
    one.started = await shop.startSeeder(one.persona, one.data)
  }
  const jumping = random.chance(0.7) ? names.filter(() => random.chance(0.5)) : []
  const buyer = await shop.buyer(`buyer-${index}`)
  const folder = join(buyer.home, 'downloads')
  let jumped = 0
  const got = await call(
    [...shop.get(buyer, folder), '--json', '--events', '--no-seed', '--limit-down', String(RATE)],
    {
      env: clocks.env('buyer'),
      onErr(line) {
        if (jumped > 0 || !line.startsWith('{') || Number(JSON.parse(line).verified ?? 0) < BYTES / 8) return
        for (const name of jumping) clocks.set(name, (offsets[names.indexOf(name)] ?? 0) + jump(random))
        jumped = jumping.length
      },
    },
  )
  const told = names.map((name, at) => `${name} ${offsets[at]} s`).join(', ')
  if (got.code !== 0) throw new CaseFailure(index, `${told}, jumps of ${jumping.join(', ')}: ${got.err}${got.out}`)
  if (!readFileSync(join(folder, 'film.bin')).equals(readFileSync(shop.file)))
    throw new CaseFailure(index, `${told}: the file is not the content`)
  let bytes = 0n
  for (const { seeder, bytes: own } of got.json().seeders as { seeder: string; bytes: string }[]) {
    signed.set(seeder, (signed.get(seeder) ?? 0n) + BigInt(own))
    bytes += BigInt(own)
  }
  if (bytes !== BigInt(BYTES)) throw new CaseFailure(index, `${told}: ${bytes} bytes were signed for, ${BYTES} arrived`)
  rmSync(folder, { recursive: true })
  return jumped
}

function jump(random: Random): number {
  return random.pick(JUMPS)
}
