// What a wallet signed, in the ledger's database: a bid and the lines that it moves survive together, or not at all.
import type { Address } from 'viem'
import type { Intent, JournalEntry, SignedTransaction, TransactionJournal } from '../../receipts/index.ts'
import { ageAt } from '../age.ts'
import { address, big, blob, hex } from '../columns.ts'
import type { GroupCommit, Guard } from '../group-commit.ts'
import { refused } from '../refused.ts'
import type { Row, Soon, Sql } from '../sql.ts'
import { createWalletLock } from '../wallet-lock.ts'

/** `now`: milliseconds of Unix time, for ages alone. `guard` runs before every write. */
export function createJournal(group: GroupCommit, init: { now: () => number; guard: Guard }): TransactionJournal {
  const { now } = init
  const lock = createWalletLock()
  const write = <T>(work: (sql: Sql) => Soon<T>): Promise<T> =>
    group.write(work, async (sql) => {
      await init.guard(sql)
      // Nonces are given out over all entries, so writers follow one another, also those of several processes.
      if (sql.forUpdate !== '') await sql.get(`SELECT name FROM settings WHERE name = 'journal'${sql.forUpdate}`)
    })

  return {
    begin: (intent) => write((sql) => begin(sql, intent, now())),
    entry: (id) => group.read((sql) => findEntry(sql, id, now())),
    open: ({ chainId, account }) => group.read((sql) => openEntries(sql, { chainId, account }, now())),
    sign: (id, bid) => write((sql) => sign(sql, id, bid, now())),
    lose: (id) => write(async (sql) => void (await sql.run('UPDATE signed SET lost = 1 WHERE intent = ?', id))),
    end: (id, state) => write((sql) => end(sql, id, state, now())),
    exclusively: (wallet, work, options = {}) => lock.hold(wallet, work, options.signal),
  }
}

async function begin(sql: Sql, intent: Intent, now: number): Promise<JournalEntry> {
  const { id, purpose, chainId, account, call, maxFeePerGas } = intent
  await sql.run(
    `INSERT INTO intents (id, purpose, chain_id, account, to_address, data, value, max_fee, created)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    ...[id, purpose, chainId, blob(account), blob(call.to), blob(call.data), String(call.value)],
    ...[maxFeePerGas === null ? null : String(maxFeePerGas), now],
  )
  return getEntry(sql, id, now)
}

async function sign(sql: Sql, id: string, bid: SignedTransaction, now: number): Promise<void> {
  const entry = await getEntry(sql, id, now)
  if (entry.state !== 'open') throw refused(`The transaction ${id} has ended: nothing more is signed for it.`)
  const live = entry.signed.find(({ lost }) => !lost)
  if (live !== undefined && live.nonce !== bid.nonce) {
    throw refused(`The transaction ${id} has bids under nonce ${live.nonce}: none is signed under ${bid.nonce}.`)
  }
  const holder = await holderOf(sql, bid.nonce, entry)
  if (holder !== null && holder !== id) throw refused(`Nonce ${bid.nonce} is held by transaction ${holder}.`)
  await sql.run(
    `INSERT INTO signed (intent, hash, raw, nonce, gas, max_fee, max_tip, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (hash) DO NOTHING`,
    ...[id, blob(bid.hash), blob(bid.raw), bid.nonce, String(bid.gas)],
    ...[String(bid.maxFeePerGas), String(bid.maxPriorityFeePerGas), now],
  )
}

async function end(sql: Sql, id: string, state: JournalEntry['state'], now: number): Promise<void> {
  if (state === 'dropped' && (await getEntry(sql, id, now)).signed.some(({ lost }) => !lost)) {
    throw refused(`The transaction ${id} is signed and may be mined: it is not dropped.`)
  }
  await sql.run(`UPDATE intents SET state = ? WHERE id = ? AND state = 'open'`, state, id)
}

async function openEntries(
  sql: Sql,
  { chainId, account }: { chainId: number; account?: Address | undefined },
  now: number,
): Promise<JournalEntry[]> {
  const rows = await sql.all(
    `SELECT * FROM intents WHERE state = 'open' AND chain_id = ? ORDER BY created, id`,
    chainId,
  )
  const entries: JournalEntry[] = []
  for (const row of rows) {
    if (account === undefined || isSame(address(row.account), account)) entries.push(await entryOf(sql, row, now))
  }
  return entries.sort((a, b) => nonceOf(a) - nonceOf(b))
}

/** The open entry of this account that holds the nonce. */
async function holderOf(
  sql: Sql,
  nonce: number,
  { chainId, account }: Pick<Intent, 'chainId' | 'account'>,
): Promise<string | null> {
  const row = await sql.get(
    `SELECT i.id FROM intents i JOIN signed s ON s.intent = i.id
     WHERE i.state = 'open' AND i.chain_id = ? AND i.account = ? AND s.nonce = ? AND s.lost = 0 LIMIT 1`,
    ...[chainId, blob(account), nonce],
  )
  return row === undefined ? null : String(row.id)
}

async function findEntry(sql: Sql, id: string, now: number): Promise<JournalEntry | null> {
  const row = await sql.get('SELECT * FROM intents WHERE id = ?', id)
  return row === undefined ? null : entryOf(sql, row, now)
}

async function getEntry(sql: Sql, id: string, now: number): Promise<JournalEntry> {
  const entry = await findEntry(sql, id, now)
  if (entry === null) throw refused(`No transaction ${id} is written down.`)
  return entry
}

async function entryOf(sql: Sql, row: Row, now: number): Promise<JournalEntry> {
  const signed = await sql.all('SELECT * FROM signed WHERE intent = ? ORDER BY id', String(row.id))
  return {
    id: String(row.id),
    purpose: String(row.purpose),
    chainId: Number(row.chain_id),
    account: address(row.account),
    call: { to: address(row.to_address), data: hex(row.data), value: big(row.value) },
    maxFeePerGas: row.max_fee === null ? null : big(row.max_fee),
    state: row.state as JournalEntry['state'],
    signed: signed.map((bid) => ({ ...bidOf(bid), lost: bid.lost === 1, age: ageAt(now, Number(bid.created)) })),
  }
}

const isSame = (a: Address, b: Address): boolean => a.toLowerCase() === b.toLowerCase()
const nonceOf = ({ signed }: JournalEntry): number => signed.find(({ lost }) => !lost)?.nonce ?? Number.MAX_SAFE_INTEGER

function bidOf(row: Row): SignedTransaction {
  return {
    hash: hex(row.hash),
    raw: hex(row.raw),
    nonce: Number(row.nonce),
    gas: big(row.gas),
    maxFeePerGas: big(row.max_fee),
    maxPriorityFeePerGas: big(row.max_tip),
  }
}
