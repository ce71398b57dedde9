// Budgets bound what cryptography cannot tell apart: a real download from one that a seeder plays with itself.
import type { Address, Hex } from 'viem'
import type { SponsorLimits, SponsorSums } from '../../receipts/index.ts'
import { blob } from '../columns.ts'
import { refused } from '../refused.ts'
import type { Row, Sql, SqlValue } from '../sql.ts'

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

export async function readSums(
  sql: Sql,
  about: { seeder: Address; holder: Address; contentId: Hex; download: string; now: number },
): Promise<SponsorSums> {
  const seeder = blob(about.seeder)
  const holder = blob(about.holder)
  const contentId = blob(about.contentId)
  const bytes = async (where: string, ...values: SqlValue[]) =>
    BigInt(Number(field(await sql.get(`SELECT COALESCE(sum(max_bytes), 0) AS n FROM lines WHERE ${where}`, ...values))))
  const count = async (where: string, ...values: SqlValue[]) =>
    Number(field(await sql.get(`SELECT count(*) AS n FROM lines WHERE ${where}`, ...values)))
  return {
    openOfDownload: await bytes(
      'download = ? AND holder = ? AND content_id = ? AND open = 1',
      ...[about.download, holder, contentId],
    ),
    holderContentDay: await bytes(
      'holder = ? AND content_id = ? AND created > ?',
      ...[holder, contentId, about.now - DAY],
    ),
    seederHour: await bytes('seeder = ? AND created > ?', seeder, about.now - HOUR),
    openLinesOfSeeder: await count('seeder = ? AND open = 1', seeder),
    unusedLinesOfSeeder: await count('seeder = ? AND acknowledged = 0', seeder),
    usedLinesOfSeeder: await count('seeder = ? AND acknowledged > 0', seeder),
  }
}

const field = (row: Row | undefined) => row?.n ?? 0

/** Throws `refused` and names the first limit that one more line would pass. */
export async function checkLimits(sql: Sql, asked: Asked, limits: SponsorLimits): Promise<void> {
  if (Object.keys(limits).length === 0) return
  const sums = await readSums(sql, { ...asked, now: asked.createdAt })
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
