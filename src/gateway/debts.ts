// Bytes that pass holders received and never signed for, as their seeders tell. A word against a buyer costs a seeder
// nothing, so one seeder alone can never fill a holder's debt.
import type { Address } from 'viem'
import type { SessionDebt } from '../gateway-client/index.ts'
import type { SponsorLog } from '../receipts/index.ts'
import { DEBT_HALF_LIFE, DEBTORS_KEPT, SESSION_DEBT_BYTES } from './constants.ts'
import { createExpiringMap } from './expiring.ts'

export interface Debts {
  /** Sessions of other seeders, or of another sponsor, do not count. */
  tell(seeder: Address, debts: readonly SessionDebt[]): Promise<void>
  /** Bytes by now; half of them are forgotten every hour. */
  of(holder: Address): number
}

/** Two seeders together can fill a debt. */
const ONE_SEEDERS_SHARE = 0.6

interface Owed {
  bytes: number
  at: number
}

export function createDebts(log: SponsorLog, { limit }: { limit: bigint }): Debts {
  const holders = createExpiringMap<Map<Address, Owed>>({ capacity: DEBTORS_KEPT, lifetime: 24 * DEBT_HALF_LIFE })
  const told = createExpiringMap<number>({ capacity: DEBTORS_KEPT, lifetime: 24 * DEBT_HALF_LIFE })
  const most = Number(limit) * ONE_SEEDERS_SHARE

  const now = ({ bytes, at }: Owed): number => bytes * 0.5 ** ((performance.now() - at) / DEBT_HALF_LIFE)

  return {
    async tell(seeder, debts) {
      for (const { session, bytes } of debts) {
        const line = await log.line(session)
        if (line === null || line.lane.seeder !== seeder) continue
        const before = told.get(session) ?? 0
        const sum = Math.min(Number(bytes) + before, Number(line.maxBytes), SESSION_DEBT_BYTES)
        if (sum <= before) continue
        told.set(session, sum)
        const owed = holders.get(line.holder) ?? new Map<Address, Owed>()
        const known = owed.get(seeder)
        owed.set(seeder, {
          bytes: Math.min(most, (known === undefined ? 0 : now(known)) + sum - before),
          at: performance.now(),
        })
        holders.set(line.holder, owed)
      }
    },
    of: (holder) => [...(holders.get(holder)?.values() ?? [])].reduce((sum, owed) => sum + now(owed), 0),
  }
}
