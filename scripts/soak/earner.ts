// A seeder that is owed more and more by one sponsor, for campaigns that settle: whole token units for each MiB, so that
// no rounding hides what was lost.
import { privateKeyToAccount } from 'viem/accounts'
import { type Chain, deposit, type LocalAccount, readCredit } from '../../src/chain/index.ts'
import { createSessionKey, type ReceiptLedger, type SessionKey } from '../../src/receipts/index.ts'
import { createTestLog, MIB, type TestLog } from '../../test/behaviours/log-fixture.ts'
import type { TestChain } from '../../test/chain.ts'
import type { Random } from '../../test/parity/random.ts'

export const UNITS_PER_MIB = 1_000n

export interface Earner {
  readonly account: LocalAccount
  readonly seeder: SessionKey
  readonly logs: readonly TestLog[]
  /** Token units that receipts were signed for. */
  readonly owed: bigint
  /** Some lines more on one lane, each with a receipt that `ledger` holds. Resolves to what they are worth. */
  earn(ledger: ReceiptLedger, random: Random, most?: number): Promise<bigint>
  credit(at?: bigint): Promise<bigint>
}

export async function createEarner(
  chain: TestChain,
  init: { lanes?: number; connect: (account: LocalAccount) => Promise<Chain> },
): Promise<Earner> {
  const [sponsor, seeder] = [createSessionKey(), createSessionKey()]
  await chain.fund(sponsor.address, { coin: 10n ** 18n, usd: 10n ** 12n })
  await chain.fund(seeder.address, { coin: 10n ** 20n })
  await deposit(await chain.as(privateKeyToAccount(sponsor.privateKey)), { amount: 10n ** 12n })
  const account = privateKeyToAccount(seeder.privateKey)
  const reader = await init.connect(account)
  const { domain } = reader
  const pricePerGiB = UNITS_PER_MIB * 1024n
  const logs = Array.from({ length: init.lanes ?? 1 }, (_, lane) =>
    createTestLog({ sponsor, seeder, lane: BigInt(lane), pricePerGiB, domain }),
  )
  let owed = 0n
  return {
    ...{ account, seeder, logs },
    get owed() {
      return owed
    },
    async earn(ledger, random, most = 3) {
      const log = random.pick(logs)
      const from = log.lines.length
      log.grow(1 + random.below(most))
      await ledger.extendLog(log.lane, log.head(from), log.plain(from), await log.signed())
      let earned = 0n
      for (let place = from; place < log.lines.length; place++) {
        const mib = 1n + random.bigBelow(64n)
        const { session, bytesServed, signature } = log.receipt(place, mib * MIB)
        await ledger.openSession(session, { contentId: 'c', holder: null })
        await ledger.acceptReceipt(session, bytesServed, signature)
        await ledger.releaseSession(session, true)
        earned += mib * UNITS_PER_MIB
      }
      owed += earned
      return earned
    },
    credit: (at) => readCredit(reader, seeder.address, at === undefined ? {} : { at }),
  }
}
