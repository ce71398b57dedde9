// Budgets bound what cryptography cannot tell apart: a real download from one that a seeder plays with itself.
import type { Address, Hex } from 'viem'
import type { SponsorLimits, SponsorSums } from '../../receipts/index.ts'
import { blob } from './columns.ts'
import type { Database } from './database.ts'
import { refused } from './errors.ts'

const HOUR = 3_600
const DAY = 24 * HOUR

interface Asked {
  readonly seeder: Address
  readonly holder: Address
  readonly contentId: Hex
  readonly download: string
  readonly createdAt: number
  readonly maxBytes: bigint
}

export function readSums(
  { sql }: Database,
  about: { seeder: Address; holder: Address; contentId: Hex; download: string; now: number },
): SponsorSums {
  const seeder = blob(about.seeder)
  const holder = blob(about.holder)
  const contentId = blob(about.contentId)
  const bytes = (row: Record<string, unknown> | undefined) => BigInt(Number(row?.bytes ?? 0))
  const count = (row: Record<string, unknown> | undefined) => Number(row?.count ?? 0)
  return {
    openOfDownload: bytes(
      sql(
        `SELECT sum(max_bytes) AS bytes FROM lines WHERE download = ? AND holder = ? AND content_id = ? AND open = 1`,
      ).get(about.download, holder, contentId),
    ),
    holderContentDay: bytes(
      sql('SELECT sum(max_bytes) AS bytes FROM lines WHERE holder = ? AND content_id = ? AND created > ?').get(
        ...([holder, contentId, about.now - DAY] as const),
      ),
    ),
    seederHour: bytes(
      sql('SELECT sum(max_bytes) AS bytes FROM lines WHERE seeder = ? AND created > ?').get(seeder, about.now - HOUR),
    ),
    openLinesOfSeeder: count(sql('SELECT count(*) AS count FROM lines WHERE seeder = ? AND open = 1').get(seeder)),
    unusedLinesOfSeeder: count(
      sql('SELECT count(*) AS count FROM lines WHERE seeder = ? AND acknowledged = 0').get(seeder),
    ),
    usedLinesOfSeeder: count(
      sql('SELECT count(*) AS count FROM lines WHERE seeder = ? AND acknowledged > 0').get(seeder),
    ),
  }
}

/** Throws `refused` and names the first limit that one more line would pass. */
export function checkLimits(database: Database, asked: Asked, limits: SponsorLimits): void {
  if (Object.keys(limits).length === 0) return
  const sums = readSums(database, { ...asked, now: asked.createdAt })
  const check = (what: string, held: bigint, limit: bigint | undefined) => {
    if (limit === undefined || held + asked.maxBytes <= limit) return
    throw refused(
      `${asked.maxBytes} bytes more for ${what} would pass its limit of ${limit}: ${held} are authorised already.`,
      'Wait until earlier sessions are settled, or ask for less.',
    )
  }
  check(`download ${asked.download}`, sums.openOfDownload, limits.openPerDownload)
  check(`holder ${asked.holder} on this content in 24 hours`, sums.holderContentDay, limits.perHolderContentDay)
  check(`seeder ${asked.seeder} in an hour`, sums.seederHour, limits.perSeederHour)
  const { openLinesPerSeeder } = limits
  if (openLinesPerSeeder !== undefined && sums.openLinesOfSeeder >= openLinesPerSeeder) {
    throw refused(
      `Seeder ${asked.seeder} has ${sums.openLinesOfSeeder} open lines, the limit is ${openLinesPerSeeder}.`,
      'Wait until it has settled some of them.',
    )
  }
}
