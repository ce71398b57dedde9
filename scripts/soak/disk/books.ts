// What a ledger answered for, and whether it still knows it after it was opened again.
import type { Head, ReceiptLedger } from '../../../src/receipts/index.ts'
import type { Told } from './workload.ts'

export interface Books {
  tell(words: Told): void
  /** How many receipts were answered for. */
  readonly held: number
  /** Null when `ledger` holds all of it and nothing that was never offered; else what is wrong. */
  compare(ledger: ReceiptLedger): Promise<string | null>
}

interface Known {
  held: number
  offered: number
  closed: boolean
}

export function createBooks(): Books {
  const sessions = new Map<Head, Known>()
  const sums = { paying: 0, paid: 0 }
  let held = 0

  const of = (session: Head): Known => {
    const known = sessions.get(session) ?? { held: 0, offered: 0, closed: false }
    sessions.set(session, known)
    return known
  }

  return {
    get held() {
      return held
    },
    tell(words) {
      if ('line' in words) of(words.line)
      else if ('closed' in words) of(words.closed).closed = true
      else if ('offer' in words) offered(words.offer, words.bytes)
      else if ('held' in words) {
        held += 1
        const known = of(words.held)
        known.held = Math.max(known.held, words.bytes)
      } else Object.assign(sums, words)
    },
    async compare(ledger) {
      const names = [...sessions.keys()]
      const [earnings, ...found] = await Promise.all([ledger.earnings(), ...names.map((one) => ledger.session(one))])
      const paid = Number(earnings.paid)
      if (paid < sums.paid || paid > Math.max(sums.paying, sums.paid)) {
        return `${paid} are paid; ${sums.paid} were answered for, ${sums.paying} were to be paid.`
      }
      for (const [i, session] of found.entries()) {
        const known = sessions.get(names[i]!)!
        const bytes = Number(session?.receipt?.bytesServed ?? 0n)
        if (session === null) return `The line of session ${names[i]} is gone.`
        if (bytes < known.held) return `Session ${names[i]} holds ${bytes} bytes; ${known.held} were answered for.`
        if (bytes > Math.max(known.offered, known.held))
          return `Session ${names[i]} holds ${bytes} bytes, never offered.`
        if (known.closed && !['closed', 'settled'].includes(session.state)) return `Session ${names[i]} is open again.`
      }
      return null
    },
  }

  /** Before a line was stored no session is expected. */
  function offered(session: Head, bytes: number): void {
    const known = of(session)
    known.offered = Math.max(known.offered, bytes)
  }
}
