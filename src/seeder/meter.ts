// Counts what passes the desk, for whoever watches the seeder. Money is counted by the ledger, never here.
import { BitCdnError } from '../errors.ts'
import { type Admission, type Debt, RefusedError, type ServingDesk } from '../transfer/index.ts'

/** Since this process started. */
export interface Counts {
  readonly admitted: number
  /** By the word that the downloader hears. */
  readonly refused: ReadonlyMap<string, number>
  /** What was asked for and may not be served, by the list that names it. */
  readonly denied: ReadonlyMap<string, number>
  /** Receipts that are held. */
  readonly receipts: number
  /** Bytes that they acknowledged for the first time. */
  readonly acknowledgedBytes: number
  /** Bytes sent on sessions; what is given away is not counted. */
  readonly servedBytes: number
  readonly debts: number
  /** Bytes that nobody signed for in time. */
  readonly debtBytes: number
}

export interface Meter {
  readonly counts: Counts
  /** The same desk, counted. */
  watch(desk: ServingDesk): ServingDesk
  debt(debt: Pick<Debt, 'bytes'>): void
  denied(list: string): void
}

export function createMeter(): Meter {
  const refused = new Map<string, number>()
  const denied = new Map<string, number>()
  const counts = {
    admitted: 0,
    refused,
    denied,
    receipts: 0,
    acknowledgedBytes: 0,
    servedBytes: 0,
    debts: 0,
    debtBytes: 0,
  }

  function refusal(error: unknown): void {
    if (!(error instanceof BitCdnError)) return
    const word = error instanceof RefusedError ? error.refusal : 'logDoesNotExtend'
    refused.set(word, (refused.get(word) ?? 0) + 1)
  }

  function counted(admission: Admission): Admission {
    let held = admission.receipt?.bytesServed ?? 0n
    let served = held
    return {
      ...admission,
      async acceptReceipt(bytesServed, signature) {
        const now = await admission.acceptReceipt(bytesServed, signature)
        counts.receipts += 1
        counts.acknowledgedBytes += Number(now - held)
        held = now
        return now
      },
      noteServed(bytesServed) {
        admission.noteServed(bytesServed)
        counts.servedBytes += Math.max(0, Number(bytesServed - served))
        served = bytesServed
      },
    }
  }

  return {
    counts,
    watch: (desk) => ({
      content: (contentId) => desk.content(contentId),
      terms: () => desk.terms(),
      async admit(hello) {
        try {
          const admission = await desk.admit(hello)
          counts.admitted += 1
          return counted(admission)
        } catch (error) {
          refusal(error)
          throw error
        }
      },
    }),
    debt({ bytes }) {
      counts.debts += 1
      counts.debtBytes += bytes
    },
    denied: (list) => void denied.set(list, (denied.get(list) ?? 0) + 1),
  }
}
