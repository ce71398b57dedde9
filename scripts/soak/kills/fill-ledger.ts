// Many receipts in a ledger, quickly, through its own port.
import { createSessionKey, headsAfter } from '../../../src/receipts/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createTestLog } from '../../../test/behaviours/log-fixture.ts'

const LINES_PER_LANE = 1_000
const AT_ONCE = 10_000

/** Stores `count` receipts, one a line, all lines closed. */
export async function fillLedger(path: string, count: number): Promise<void> {
  const ledger = await openLedger({ path })
  await ledger.releaseAll()
  const { address } = createSessionKey()
  const seeder = createSessionKey()
  for (let done = 0; done < count; done += LINES_PER_LANE) {
    const { lane, sponsor, ...log } = createTestLog({ seeder, lines: 1 })
    const line = { sessionKey: address, maxBytes: 2n ** 26n }
    const lines = Array.from({ length: Math.min(LINES_PER_LANE, count - done) }, () => line)
    const from = log.head(0)
    const heads = headsAfter(from, lines)
    const { signature } = log.receipt(0, 1n)
    const signed = { head: heads.at(-1)!, expiry: 4_102_444_800n, signer: sponsor.address, signature }
    await ledger.extendLog(lane, from, lines, signed)
    for (let at = 0; at < lines.length; at += AT_ONCE) {
      const names = [from, ...heads].slice(at, Math.min(at + AT_ONCE, lines.length))
      await Promise.all(
        names.flatMap((session) => [
          ledger.acceptReceipt(session, 2n ** 25n, signature),
          ledger.releaseSession(session, true),
        ]),
      )
    }
  }
  await ledger.close()
}
