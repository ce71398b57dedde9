// The sponsor's memory on any database, for the gateway: what it authorised, signed and vouched for.
import { zeroAddress, zeroHash } from 'viem'
import {
  ADOPTED_DOWNLOAD,
  type FoundLog,
  firstHead,
  type Head,
  headsAfter,
  type Lane,
  type LineGrant,
  type LogLine,
  nextHead,
  type SignedHead,
  type SignedVoucher,
  type SponsorLine,
  type SponsorLog,
} from '../../receipts/index.ts'
import { blob } from '../columns.ts'
import { createGroupCommit } from '../group-commit.ts'
import { refused } from '../refused.ts'
import type { Engine, Soon, Sql } from '../sql.ts'
import {
  allLanes,
  createLane,
  findLane,
  findLine,
  findVoucher,
  getLane,
  type LaneRow,
  linesBetween,
  newestHead,
  placeOf,
  stretchOf,
} from './lanes.ts'
import { checkLimits, readSums } from './limits.ts'

/** Of lines that were taken over from somebody else's copy. */
const UNKNOWN_GRANT = { contentId: zeroHash, holder: zeroAddress, download: ADOPTED_DOWNLOAD }

/** Closes `engine` when closed. */
export function createSponsorLog(engine: Engine): SponsorLog {
  const group = createGroupCommit(engine)
  const write = <T>(work: (sql: Sql) => Soon<T>): Promise<T> => group.write(work, oneWriter)

  return {
    lanes: () => group.read(async (sql) => (await allLanes(sql)).map(({ lane }) => lane)),
    laneLog: (lane, { most = Number.POSITIVE_INFINITY } = {}) =>
      group.read(async (sql) => {
        const row = await findLane(sql, lane)
        if (row === null) return null
        const { settled, tip } = row
        const lines = await linesBetween(sql, row, {
          from: Math.max(row.settledPlace, row.length - most),
          to: row.length,
        })
        return { lane: row.lane, settled, tip, lines, signed: await newestHead(sql, row) }
      }),
    line: (session) => group.read((sql) => findLine(sql, session)),
    linesUpTo: (session, most) =>
      group.read(async (sql) => {
        const line = await findLine(sql, session)
        if (line === null) return []
        const row = await getLane(sql, line.lane)
        const to = line.index + 1
        return linesBetween(sql, row, { from: Math.max(row.settledPlace, to - most), to })
      }),
    append: (lane, line, grant, limits = {}) =>
      write(async (sql) => {
        await checkLimits(sql, { ...grant, seeder: lane.seeder, maxBytes: line.maxBytes }, limits)
        const row = (await findLane(sql, lane)) ?? (await createLane(sql, lane, firstHead(lane)))
        return append(sql, row, line, grant)
      }),
    sums: (about) => group.read((sql) => readSums(sql, about)),
    saveHead: (lane, signed) =>
      write(async (sql) => {
        const row = await getLane(sql, lane)
        const place = await placeOf(sql, row, signed.head)
        if (place === null) throw refused(`The log of lane ${lane.lane} does not contain the head ${signed.head}.`)
        await saveHead(sql, row, place, signed)
      }),
    range: (lane, from, to) =>
      group.read(async (sql) => {
        const row = await findLane(sql, lane)
        const places = row === null ? null : await stretchOf(sql, row, { from, to })
        return row === null || places === null ? null : linesBetween(sql, row, places)
      }),
    voucher: (lane, from, to) =>
      group.read(async (sql) => {
        const row = await findLane(sql, lane)
        const places = row === null ? null : await stretchOf(sql, row, { from, to })
        return row === null || places === null ? null : findVoucher(sql, row, places, { from, to })
      }),
    saveVoucher: (voucher, acknowledged) => write((sql) => saveVoucher(sql, voucher, acknowledged)),
    markSettled: (lane, head) =>
      write(async (sql) => {
        const row = await findLane(sql, lane)
        const place = row === null ? null : await placeOf(sql, row, head)
        if (row === null || place === null || place <= row.settledPlace) return
        await sql.run('UPDATE lanes SET settled = ?, settled_place = ? WHERE id = ?', blob(head), place, row.id)
        await sql.run('UPDATE lines SET open = 0 WHERE lane_id = ? AND place < ? AND open = 1', row.id, place)
      }),
    adopt: (lane, found, createdAt) => write((sql) => adopt(sql, lane, found, createdAt)),
    async close() {
      await group.close()
      await engine.close()
    },
  }
}

/** Caps count over all lanes, so writers follow one another, also those of several processes. */
async function oneWriter(sql: Sql): Promise<void> {
  if (sql.forUpdate !== '') await sql.get(`SELECT name FROM writers${sql.forUpdate}`)
}

async function append(sql: Sql, row: LaneRow, line: LogLine, grant: LineGrant): Promise<SponsorLine> {
  const next = nextHead(row.tip, line)
  await sql.run(
    `INSERT INTO lines (lane_id, place, session, next, session_key, max_bytes, seeder, content_id, holder, download, created)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[row.id, row.length, blob(row.tip), blob(next), blob(line.sessionKey), Number(line.maxBytes)],
    ...[blob(row.lane.seeder), blob(grant.contentId), blob(grant.holder), grant.download, grant.createdAt],
  )
  await sql.run('UPDATE lanes SET tip = ?, length = length + 1 WHERE id = ?', blob(next), row.id)
  return (await findLine(sql, row.tip)) as SponsorLine
}

async function saveHead(sql: Sql, row: LaneRow, place: number, signed: SignedHead): Promise<void> {
  await sql.run(
    `INSERT INTO heads (lane_id, place, head, expiry, signer, signature) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (lane_id, place) DO UPDATE SET head = excluded.head, expiry = excluded.expiry,
       signer = excluded.signer, signature = excluded.signature`,
    ...[row.id, place, blob(signed.head), Number(signed.expiry), blob(signed.signer), blob(signed.signature)],
  )
}

async function saveVoucher(sql: Sql, voucher: SignedVoucher, acknowledged: readonly bigint[]): Promise<SignedVoucher> {
  const row = await getLane(sql, voucher)
  const places = await stretchOf(sql, row, voucher)
  if (places === null || places.to - places.from !== acknowledged.length) {
    throw refused(
      `The log does not lead over ${acknowledged.length} lines from ${voucher.from} to ${voucher.to}: no voucher.`,
    )
  }
  const held = await findVoucher(sql, row, places, voucher)
  if (held !== null) return held
  await sql.run(
    'INSERT INTO vouchers (lane_id, from_place, to_place, amount, signer, signature) VALUES (?, ?, ?, ?, ?, ?)',
    ...[row.id, places.from, places.to, String(voucher.amount), blob(voucher.signer), blob(voucher.signature)],
  )
  for (const [i, bytes] of acknowledged.entries()) {
    await sql.run(
      'UPDATE lines SET acknowledged = ? WHERE lane_id = ? AND place = ? AND COALESCE(acknowledged, -1) < ?',
      ...[Number(bytes), row.id, places.from + i, Number(bytes)],
    )
  }
  return voucher
}

async function adopt(sql: Sql, lane: Lane, { from, lines, signed }: FoundLog, createdAt: number): Promise<void> {
  const heads = headsAfter(from, lines)
  if ((heads.at(-1) ?? from) !== signed.head) throw refused(`The lines do not lead to the head ${signed.head}.`)
  const row = (await findLane(sql, lane)) ?? (await createLane(sql, lane, from))
  const at = await placeOf(sql, row, from)
  if (at === null) await jump(sql, row, from)
  const start = at ?? row.length
  const known = await linesBetween(sql, row, { from: start, to: row.length })
  for (const [i, line] of lines.entries()) {
    const mine = known[i]
    if (mine !== undefined && mine.next !== heads[i]) {
      throw refused(
        `Line ${start + i} of lane ${lane.lane} leads to ${mine.next} here and to ${heads[i]} there: one of two logs.`,
        'Open a new lane for this seeder.',
      )
    }
    if (mine === undefined) await append(sql, await getLane(sql, lane), line, { ...UNKNOWN_GRANT, createdAt })
  }
  await saveHead(sql, row, start + lines.length, signed)
}

/** The log goes on at a head that it does not contain: whatever it had before is over. */
async function jump(sql: Sql, row: LaneRow, head: Head): Promise<void> {
  await sql.run('UPDATE lines SET open = 0 WHERE lane_id = ? AND open = 1', row.id)
  const bytes = blob(head)
  await sql.run('UPDATE lanes SET tip = ?, settled = ?, settled_place = length WHERE id = ?', bytes, bytes, row.id)
}
