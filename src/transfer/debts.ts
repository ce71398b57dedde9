import { DEBT_HALF_LIFE_MILLISECONDS } from './constants.ts'

/** Bytes that were never signed for, by whom they are held against. Half of them are forgotten every hour. */
export interface Debts {
  of(subject: string): number
  add(subject: string, bytes: number): void
  /** Forgets what is long over. */
  sweep(): void
  /** What is owed by now. */
  all(): { subject: string; bytes: number }[]
}

export function createDebts(now: () => number): Debts {
  const debts = new Map<string, { bytes: number; at: number }>()

  function of(subject: string): number {
    const debt = debts.get(subject)
    return debt === undefined ? 0 : debt.bytes * 0.5 ** ((now() - debt.at) / DEBT_HALF_LIFE_MILLISECONDS)
  }

  return {
    of,
    all: () => [...debts.keys()].map((subject) => ({ subject, bytes: of(subject) })),
    add(subject, bytes) {
      debts.set(subject, { bytes: of(subject) + bytes, at: now() })
    },
    sweep() {
      for (const subject of debts.keys()) if (of(subject) < 1) debts.delete(subject)
    },
  }
}
