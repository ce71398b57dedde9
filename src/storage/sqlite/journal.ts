// What a wallet signed, in the ledger's file: a bid and the lines that it moves survive together, or not at all.
import type { Address, Hex } from 'viem'
import type { Intent, JournalEntry, SignedTransaction, TransactionJournal } from '../../receipts/index.ts'
import { address, big, blob, hex, type Row } from './columns.ts'
import type { Database } from './database.ts'
import { refused } from './errors.ts'
import type { GroupCommit } from './group-commit.ts'
import { createWalletLock } from './wallet-lock.ts'

/** `group` commits for the whole file. `now`: milliseconds of Unix time, for ages alone. */
export function createJournal(database: Database, group: GroupCommit, now: () => number): TransactionJournal {
  const { sql } = database
  const lock = createWalletLock()

  function entryOf(row: Row): JournalEntry {
    const signed = sql('SELECT * FROM signed WHERE intent = ? ORDER BY id').all(String(row.id))
    return {
      id: String(row.id),
      purpose: String(row.purpose),
      chainId: Number(row.chain_id),
      account: address(row.account),
      call: { to: address(row.to_address), data: hex(row.data), value: big(row.value) },
      maxFeePerGas: row.max_fee === null ? null : big(row.max_fee),
      state: row.state as JournalEntry['state'],
      signed: signed.map((bid) => ({ ...bidOf(bid), lost: bid.lost === 1, age: now() - Number(bid.created) })),
    }
  }

  function find(id: string): JournalEntry | null {
    const row = sql('SELECT * FROM intents WHERE id = ?').get(id)
    return row === undefined ? null : entryOf(row)
  }

  function get(id: string): JournalEntry {
    const entry = find(id)
    if (entry === null) throw refused(`No transaction ${id} is written down.`)
    return entry
  }

  /** The open entry of this account that holds the nonce. */
  function holderOf(nonce: number, { chainId, account }: Pick<Intent, 'chainId' | 'account'>): string | null {
    const row = sql(
      `SELECT i.id FROM intents i JOIN signed s ON s.intent = i.id
       WHERE i.state = 'open' AND i.chain_id = ? AND i.account = ? AND s.nonce = ? AND s.lost = 0 LIMIT 1`,
    ).get(chainId, blob(account), nonce)
    return row === undefined ? null : String(row.id)
  }

  function begin(intent: Intent): JournalEntry {
    sql(
      `INSERT INTO intents (id, purpose, chain_id, account, to_address, data, value, max_fee, created)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    ).run(
      ...([intent.id, intent.purpose, intent.chainId, blob(intent.account), blob(intent.call.to)] as const),
      ...([blob(intent.call.data), String(intent.call.value)] as const),
      ...([intent.maxFeePerGas === null ? null : String(intent.maxFeePerGas), now()] as const),
    )
    return get(intent.id)
  }

  function sign(id: string, bid: SignedTransaction): void {
    const entry = get(id)
    if (entry.state !== 'open') throw refused(`The transaction ${id} has ended: nothing more is signed for it.`)
    const live = entry.signed.find(({ lost }) => !lost)
    if (live !== undefined && live.nonce !== bid.nonce) {
      throw refused(`The transaction ${id} has bids under nonce ${live.nonce}: none is signed under ${bid.nonce}.`)
    }
    const holder = holderOf(bid.nonce, entry)
    if (holder !== null && holder !== id) throw refused(`Nonce ${bid.nonce} is held by transaction ${holder}.`)
    sql(
      `INSERT INTO signed (intent, hash, raw, nonce, gas, max_fee, max_tip, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (hash) DO NOTHING`,
    ).run(
      ...([id, blob(bid.hash), blob(bid.raw), bid.nonce, String(bid.gas)] as const),
      ...([String(bid.maxFeePerGas), String(bid.maxPriorityFeePerGas), now()] as const),
    )
  }

  return {
    begin: (intent) => group.write(() => begin(intent)),
    entry: (id) => group.read(() => find(id)),
    open: ({ chainId, account }) =>
      group.read(() => {
        const rows = sql(`SELECT * FROM intents WHERE state = 'open' AND chain_id = ? ORDER BY created, id`).all(
          chainId,
        )
        const entries = rows.map(entryOf).filter((entry) => account === undefined || isSame(entry.account, account))
        return entries.sort((a, b) => nonceOf(a) - nonceOf(b))
      }),
    sign: (id, bid) => group.write(() => sign(id, bid)),
    lose: (id) => group.write(() => void sql('UPDATE signed SET lost = 1 WHERE intent = ?').run(id)),
    end: (id, state) =>
      group.write(() => {
        if (state === 'dropped' && get(id).signed.some(({ lost }) => !lost)) {
          throw refused(`The transaction ${id} is signed and may be mined: it is not dropped.`)
        }
        sql(`UPDATE intents SET state = ? WHERE id = ? AND state = 'open'`).run(state, id)
      }),
    exclusively: (wallet, work, options = {}) => lock.hold(wallet, work, options.signal),
  }
}

const isSame = (a: Address, b: Address): boolean => a.toLowerCase() === b.toLowerCase()
const nonceOf = ({ signed }: JournalEntry): number => signed.find(({ lost }) => !lost)?.nonce ?? Number.MAX_SAFE_INTEGER

function bidOf(row: Row): SignedTransaction {
  return {
    hash: hex(row.hash) as Hex,
    raw: hex(row.raw) as Hex,
    nonce: Number(row.nonce),
    gas: big(row.gas),
    maxFeePerGas: big(row.max_fee),
    maxPriorityFeePerGas: big(row.max_tip),
  }
}
