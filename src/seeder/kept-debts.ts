// Debts outlive the process: whoever left bytes unsigned finds no empty book after a restart.
import type { ReceiptLedger } from '../receipts/index.ts'
import type { Logger } from '../telemetry/index.ts'
import type { CreditBook } from '../transfer/index.ts'
import { DEBT_HALF_LIFE, DEBT_SAVE_DELAY, DEBTS_KEPT } from './constants.ts'

export interface KeptDebtsComponents {
  readonly ledger: Pick<ReceiptLedger, 'debts' | 'keepDebts'>
  readonly credit: Pick<CreditBook, 'debts' | 'recall'>
  readonly logger: Logger
}

export interface KeptDebts {
  /** Puts what was kept into the book, less what time has forgotten. */
  recall(): Promise<void>
  /** A debt was added: it is kept soon. */
  noted(): void
  /** Keeps them now. Never rejects: a debt is no money. */
  keep(): Promise<void>
}

/** `now`: Unix milliseconds. A clock that was set back forgets nothing. */
export function createKeptDebts({ ledger, credit, logger }: KeptDebtsComponents, now = Date.now): KeptDebts {
  let timer: NodeJS.Timeout | null = null
  /** What other processes keep: kept here as well, it would double with every start. */
  const others = new Map<string, number>()
  let recalledAt = now()

  const left = (bytes: number, at: number): number => bytes * 0.5 ** (Math.max(0, now() - at) / DEBT_HALF_LIFE)

  async function keep(): Promise<void> {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const at = now()
    const own = [...credit.debts].map(({ subject, bytes }) => {
      return { subject, bytes: bytes - left(others.get(subject) ?? 0, recalledAt), at }
    })
    const largest = own.filter(({ bytes }) => bytes >= 1).sort((a, b) => b.bytes - a.bytes)
    try {
      await ledger.keepDebts(largest.slice(0, DEBTS_KEPT))
    } catch (error) {
      logger.warn({ err: error }, 'debts are not kept; they are tried again with the next')
    }
  }

  return {
    async recall() {
      const kept = (await ledger.debts()).slice(0, DEBTS_KEPT)
      recalledAt = now()
      const debts = kept.map(({ subject, bytes, at, own }) => ({ subject, bytes: left(bytes, at), own }))
      for (const { subject, bytes, own } of debts) {
        if (!own) others.set(subject, (others.get(subject) ?? 0) + bytes)
      }
      credit.recall(debts)
    },
    noted() {
      timer ??= setTimeout(() => void keep(), DEBT_SAVE_DELAY).unref()
    },
    keep,
  }
}
