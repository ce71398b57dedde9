import type { Address } from 'viem'
import { type Chain, isOperator } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import { createExpiringMap } from './expiring.ts'

/** Throws `refused` when `asker` is neither the seeder nor an operator that it approved. */
export type RequireVoice = (seeder: Address, asker: Address) => Promise<void>

/** An operator's approval is believed for a minute. */
export function createVoice(chain: Chain): RequireVoice {
  const operators = createExpiringMap<true>({ capacity: 10_000, lifetime: 60_000 })
  return async (seeder, asker) => {
    const key = `${seeder}:${asker}`
    if (asker === seeder || operators.get(key) === true) return
    if (!(await isOperator(chain, seeder, asker))) {
      throw new BitCdnError('refused', `${asker} is neither the seeder ${seeder} nor its operator.`, {
        advice: 'Sign in with the key of the seeder.',
      })
    }
    operators.set(key, true)
  }
}
