// The sponsor's memory in one SQLite file, for the gateway: what it authorised, signed and vouched for.
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
import { address, big, blob, hex, type Row } from './columns.ts'
import { type Database, openDatabase } from './database.ts'
import { refused } from './errors.ts'
import { createGroupCommit } from './group-commit.ts'
import { checkLimits, readSums } from './sponsor-limits.ts'
import { SPONSOR_ID, SPONSOR_MIGRATIONS } from './sponsor-migrations.ts'

/** Of lines that were taken over from somebody else's copy. */
const UNKNOWN_GRANT = { contentId: zeroHash, holder: zeroAddress, download: ADOPTED_DOWNLOAD }

interface LaneRow {
  readonly id: number
  readonly lane: Lane
  readonly settled: Head
  readonly settledPlace: number
  readonly tip: Head
  readonly length: number
}

/** Opens or makes the log at `path` (mode 0600). Throws what {@link openDatabase} throws. */
export async function openSponsorLog({ path }: { path: string }): Promise<SponsorLog> {
  const database = openDatabase({ path, applicationId: SPONSOR_ID, migrations: SPONSOR_MIGRATIONS })
  const group = createGroupCommit(database)
  const { sql } = database
  const lanes = createLanes(database)

  function saveHead(row: LaneRow, place: number, signed: SignedHead): void {
    sql('INSERT OR REPLACE INTO heads (lane_id, place, head, expiry, signer, signature) VALUES (?, ?, ?, ?, ?, ?)').run(
      row.id,
      place,
      blob(signed.head),
      Number(signed.expiry),
      blob(signed.signer),
      blob(signed.signature),
    )
  }

  function append(row: LaneRow, line: LogLine, grant: LineGrant): SponsorLine {
    const next = nextHead(row.tip, line)
    sql(
      `INSERT INTO lines (lane_id, place, session, next, session_key, max_bytes, seeder, content_id, holder, download, created)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      ...([row.id, row.length, blob(row.tip), blob(next), blob(line.sessionKey), Number(line.maxBytes)] as const),
      ...([blob(row.lane.seeder), blob(grant.contentId), blob(grant.holder), grant.download, grant.createdAt] as const),
    )
    sql('UPDATE lanes SET tip = ?, length = length + 1 WHERE id = ?').run(blob(next), row.id)
    return lanes.line(row.tip) as SponsorLine
  }

  /** The log goes on at a head that it does not contain: whatever it had before is over. */
  function jump(row: LaneRow, head: Head): void {
    sql('UPDATE lines SET open = 0 WHERE lane_id = ? AND open = 1').run(row.id)
    sql('UPDATE lanes SET tip = ?, settled = ?, settled_place = length WHERE id = ?').run(
      blob(head),
      blob(head),
      row.id,
    )
  }

  function adopt(lane: Lane, { from, lines, signed }: FoundLog, createdAt: number): void {
    const heads = headsAfter(from, lines)
    if ((heads.at(-1) ?? from) !== signed.head) throw refused(`The lines do not lead to the head ${signed.head}.`)
    const row = lanes.find(lane) ?? lanes.create(lane, from)
    const at = lanes.place(row, from)
    if (at === null) jump(row, from)
    const start = at ?? row.length
    const known = lanes.lines(row, start, row.length)
    for (const [i, line] of lines.entries()) {
      const mine = known[i]
      if (mine !== undefined && mine.next !== heads[i]) {
        throw refused(
          `Line ${start + i} of lane ${lane.lane} leads to ${mine.next} here and to ${heads[i]} there: one of two logs.`,
          'Open a new lane for this seeder.',
        )
      }
      if (mine === undefined) append(lanes.get(lane), line, { ...UNKNOWN_GRANT, createdAt })
    }
    saveHead(row, start + lines.length, signed)
  }

  return {
    lanes: () => group.read(() => lanes.all().map(({ lane }) => lane)),
    laneLog: (lane) =>
      group.read(() => {
        const row = lanes.find(lane)
        if (row === null) return null
        const { settled, tip } = row
        const lines = lanes.lines(row, row.settledPlace, row.length)
        return { lane: row.lane, settled, tip, lines, signed: newestHead(database, row) }
      }),
    line: (session) => group.read(() => lanes.line(session)),
    append: (lane, line, grant, limits = {}) =>
      group.write(() => {
        checkLimits(database, { ...grant, seeder: lane.seeder, maxBytes: line.maxBytes }, limits)
        return append(lanes.find(lane) ?? lanes.create(lane, firstHead(lane)), line, grant)
      }),
    sums: (about) => group.read(() => readSums(database, about)),
    saveHead: (lane, signed) =>
      group.write(() => {
        const row = lanes.get(lane)
        const place = lanes.place(row, signed.head)
        if (place === null) throw refused(`The log of lane ${lane.lane} does not contain the head ${signed.head}.`)
        saveHead(row, place, signed)
      }),
    range: (lane, from, to) =>
      group.read(() => {
        const row = lanes.find(lane)
        const places = row === null ? null : lanes.range(row, from, to)
        return row === null || places === null ? null : lanes.lines(row, places.from, places.to)
      }),
    voucher: (lane, from, to) =>
      group.read(() => {
        const row = lanes.find(lane)
        const places = row === null ? null : lanes.range(row, from, to)
        return row === null || places === null ? null : findVoucher(database, row, places, { from, to })
      }),
    saveVoucher: (voucher, acknowledged) =>
      group.write(() => {
        const row = lanes.get(voucher)
        const places = lanes.range(row, voucher.from, voucher.to)
        if (places === null || places.to - places.from !== acknowledged.length) {
          throw refused(
            `The log does not lead over ${acknowledged.length} lines from ${voucher.from} to ${voucher.to}: no voucher.`,
          )
        }
        const held = findVoucher(database, row, places, voucher)
        if (held !== null) return held
        sql(
          'INSERT INTO vouchers (lane_id, from_place, to_place, amount, signer, signature) VALUES (?, ?, ?, ?, ?, ?)',
        ).run(
          ...([row.id, places.from, places.to, String(voucher.amount)] as const),
          ...([blob(voucher.signer), blob(voucher.signature)] as const),
        )
        acknowledged.forEach((bytes, i) => {
          sql('UPDATE lines SET acknowledged = max(ifnull(acknowledged, 0), ?) WHERE lane_id = ? AND place = ?').run(
            ...([Number(bytes), row.id, places.from + i] as const),
          )
        })
        return voucher
      }),
    markSettled: (lane, head) =>
      group.write(() => {
        const row = lanes.find(lane)
        const place = row === null ? null : lanes.place(row, head)
        if (row === null || place === null || place <= row.settledPlace) return
        sql('UPDATE lanes SET settled = ?, settled_place = ? WHERE id = ?').run(blob(head), place, row.id)
        sql('UPDATE lines SET open = 0 WHERE lane_id = ? AND place < ? AND open = 1').run(row.id, place)
      }),
    adopt: (lane, found, createdAt) => group.write(() => adopt(lane, found, createdAt)),
    async close() {
      await group.close()
      database.close()
    },
  }
}

function createLanes({ sql }: Database) {
  const LINE = `SELECT n.*, l.sponsor, l.lane, l.price FROM lines n JOIN lanes l ON l.id = n.lane_id`

  function find(lane: Lane): LaneRow | null {
    const row = sql('SELECT * FROM lanes WHERE sponsor = ? AND seeder = ? AND lane = ? AND price = ?').get(
      ...([blob(lane.sponsor), blob(lane.seeder), String(lane.lane), String(lane.pricePerGiB)] as const),
    )
    return row === undefined ? null : laneRow(row)
  }

  /** How many lines lie before `head`, or null when the log does not contain it. */
  function place(row: LaneRow, head: Head): number | null {
    if (head.toLowerCase() === row.tip) return row.length
    const at = sql('SELECT place FROM lines WHERE lane_id = ? AND session = ?').get(row.id, blob(head))
    return at === undefined ? null : Number(at.place)
  }

  return {
    find,
    place,
    get(lane: Lane): LaneRow {
      const row = find(lane)
      if (row === null) throw refused(`Nothing is known of lane ${lane.lane} to ${lane.seeder} at ${lane.pricePerGiB}.`)
      return row
    },
    create(lane: Lane, head: Head): LaneRow {
      const row = sql(
        'INSERT INTO lanes (sponsor, seeder, lane, price, settled, tip) VALUES (?, ?, ?, ?, ?, ?) RETURNING *',
      ).get(
        ...([blob(lane.sponsor), blob(lane.seeder), String(lane.lane), String(lane.pricePerGiB)] as const),
        ...([blob(head), blob(head)] as const),
      )
      return laneRow(row as Row)
    },
    all: (): LaneRow[] => sql('SELECT * FROM lanes ORDER BY id').all().map(laneRow),
    range(row: LaneRow, from: Head, to: Head): { from: number; to: number } | null {
      const start = place(row, from)
      const end = place(row, to)
      return start === null || end === null || end <= start ? null : { from: start, to: end }
    },
    lines: (row: LaneRow, from: number, to: number): SponsorLine[] =>
      sql(`${LINE} WHERE n.lane_id = ? AND n.place >= ? AND n.place < ? ORDER BY n.place`)
        .all(row.id, from, to)
        .map(lineRow),
    line(session: Head): SponsorLine | null {
      const found = sql(`${LINE} WHERE n.session = ?`).get(blob(session))
      return found === undefined ? null : lineRow(found)
    },
  }
}

function newestHead({ sql }: Database, row: LaneRow): SignedHead | null {
  const found = sql('SELECT * FROM heads WHERE lane_id = ? ORDER BY place DESC LIMIT 1').get(row.id)
  if (found === undefined) return null
  return {
    head: hex(found.head),
    expiry: big(found.expiry),
    signer: address(found.signer),
    signature: hex(found.signature),
  }
}

function findVoucher(
  { sql }: Database,
  row: LaneRow,
  places: { from: number; to: number },
  heads: { from: Head; to: Head },
): SignedVoucher | null {
  const found = sql('SELECT * FROM vouchers WHERE lane_id = ? AND from_place = ? AND to_place = ?').get(
    ...([row.id, places.from, places.to] as const),
  )
  if (found === undefined) return null
  const { from, to } = heads
  return {
    ...{ ...row.lane, from, to },
    amount: big(found.amount),
    signer: address(found.signer),
    signature: hex(found.signature),
  }
}

function laneOf(row: Row): Lane {
  return {
    sponsor: address(row.sponsor),
    seeder: address(row.seeder),
    lane: big(row.lane),
    pricePerGiB: big(row.price),
  }
}

function laneRow(row: Row): LaneRow {
  return {
    id: Number(row.id),
    lane: laneOf(row),
    settled: hex(row.settled),
    settledPlace: Number(row.settled_place),
    tip: hex(row.tip),
    length: Number(row.length),
  }
}

function lineRow(row: Row): SponsorLine {
  return {
    lane: laneOf(row),
    index: Number(row.place),
    session: hex(row.session),
    next: hex(row.next),
    sessionKey: address(row.session_key),
    maxBytes: big(row.max_bytes),
    contentId: hex(row.content_id),
    holder: address(row.holder),
    download: String(row.download),
    createdAt: Number(row.created),
    acknowledged: row.acknowledged === null ? null : big(row.acknowledged),
  }
}
