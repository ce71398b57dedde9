import type { ReceiptLedger } from '../../receipts/index.ts'
import { createLedger } from '../ledger/ledger.ts'
import { LEDGER_MIGRATIONS } from '../ledger/migrations.ts'
import { LEDGER_ID, type LedgerInit, openLedger, ownerPath } from './ledger.ts'
import { createOwner } from './owner.ts'
import { NoThreadError, openThreadEngine } from './thread-engine.ts'

/**
 * The same as {@link openLedger}, for who serves meanwhile: commits wait for the disk in a thread of their own. Where none
 * can be started, a warning says so.
 *
 * @param thread - the thread's program; for tests of what happens when it fails
 */
export async function openThreadedLedger(init: LedgerInit, thread?: URL): Promise<ReceiptLedger> {
  const { path, ...options } = init
  const database = { path, applicationId: LEDGER_ID, migrations: LEDGER_MIGRATIONS }
  const engine = await openThreadEngine(database, thread).catch((error: unknown) => {
    if (!(error instanceof NoThreadError)) throw error
    process.emitWarning(`Transfers wait for the disk: ${error.message}`, { code: 'BITCDN_NO_LEDGER_THREAD' })
    return null
  })
  if (engine === null) return openLedger(init)
  try {
    return await createLedger({ engine, lock: createOwner(ownerPath(path)) }, options)
  } catch (error) {
    await engine.close()
    throw error
  }
}
