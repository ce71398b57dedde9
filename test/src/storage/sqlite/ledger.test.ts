import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReceiptLedger } from '../../../../src/receipts/index.ts'
import { type LedgerInit, openLedger } from '../../../../src/storage/sqlite/index.ts'
import { journalBehaviour } from '../../../behaviours/journal.ts'
import { type LedgerFactory, ledgerBehaviour } from '../../../behaviours/ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'bitcdn-ledger-'))
const inits = new Map<ReceiptLedger, LedgerInit>()
let files = 0

async function open(init: LedgerInit): Promise<ReceiptLedger> {
  const ledger = await openLedger(init)
  inits.set(ledger, init)
  return ledger
}

after(() => rmSync(folder, { recursive: true, force: true }))

const factory: LedgerFactory = {
  create: (now) => open({ path: join(folder, `${files++}.sqlite`), ...(now === undefined ? {} : { now }) }),
  async reopen(ledger) {
    await ledger.close()
    return open(inits.get(ledger)!)
  },
  beside: (ledger) => open(inits.get(ledger)!),
}

ledgerBehaviour('SQLite', factory)
journalBehaviour('SQLite', factory)
