import { UNIT_BYTES } from '../content/index.ts'
import {
  DEBT_HALF_LIFE_MILLISECONDS,
  DEBT_MILLISECONDS,
  FIRST_WINDOW_BYTES,
  MAX_DEBT_BYTES,
  MAX_WINDOW_BYTES,
  STARTER_SHARE,
  TIMELY_MILLISECONDS,
  UNSIGNED_BUDGET_BYTES,
} from './constants.ts'
import { RefusedError } from './errors.ts'

/** Unsigned bytes that nobody answered for in time: told to whoever watches the payer. */
export interface Debt {
  readonly session: string
  /** Whom it is held against: sponsor, pass holder, address prefix. */
  readonly subjects: readonly string[]
  readonly bytes: number
}

export interface CreditInit {
  /** Default {@link UNSIGNED_BUDGET_BYTES}. */
  budget?: number
  /** Default {@link MAX_DEBT_BYTES}. */
  maxDebt?: number
  /** Default {@link FIRST_WINDOW_BYTES}. */
  firstWindow?: number
  /** Default {@link MAX_WINDOW_BYTES}. */
  maxWindow?: number
  /** Milliseconds that only grow. */
  now?: () => number
  onDebt?: (debt: Debt) => void
}

/** What one stream may still be sent on trust. Byte counts are those of the session: cumulative, as receipts are. */
export interface Tab {
  /** W: how far the bytes sent may be ahead of the last durable receipt. */
  readonly window: number
  /** Acknowledged by the highest durable receipt. */
  readonly signed: number
  readonly served: number
  /** Bytes that may be sent now. */
  room(): number
  /** Bytes were sent. */
  serve(bytes: number): void
  /** A receipt is durable. Returns the window from here on. */
  sign(bytesServed: number): number
  /** Whether the oldest unsigned byte has waited for longer than a debt may. */
  overdue(): boolean
  /** The stream is gone; what is unsigned stays on the book. */
  close(): void
}

export interface CreditBook {
  /**
   * Opens the tab of a session at `signed` bytes. Throws `needsPayment` when its earlier streams, or one of `subjects`,
   * left too much unsigned.
   */
  open(session: string, signed: number, subjects: readonly string[]): Tab
  /** Unsigned bytes of all sessions, debt not counted. */
  readonly unsigned: number
  debtOf(subject: string): number
  /** Turns what waited for too long into debt and forgets what is long over. */
  sweep(): void
  /** Calls back when room may have come back for a tab that had none. */
  onRoom(listener: () => void): () => void
}

interface Session {
  window: number
  /** Bytes of earlier streams that were never signed. They narrow the window for good: nobody gets them twice. */
  lost: number
  signed: number
  served: number
  /** When the oldest unsigned byte left, or null. */
  since: number | null
  subjects: readonly string[]
  open: boolean
  /** Whether what is unsigned still counts in the budget. */
  budgeted: boolean
}

/** Sessions that nobody used for a day are forgotten; their debt is held against the subjects. */
const FORGET_MILLISECONDS = 86_400_000

/** The windows of all sessions of one seeder, the budget that they share, and the debt that outlives them. */
export function createCreditBook(init: CreditInit = {}): CreditBook {
  const budget = init.budget ?? UNSIGNED_BUDGET_BYTES
  const maxDebt = init.maxDebt ?? MAX_DEBT_BYTES
  const firstWindow = init.firstWindow ?? FIRST_WINDOW_BYTES
  const maxWindow = init.maxWindow ?? MAX_WINDOW_BYTES
  const now = init.now ?? (() => performance.now())
  const sessions = new Map<string, Session & { touched: number }>()
  const debts = new Map<string, { bytes: number; at: number }>()
  const listeners = new Set<() => void>()
  /** Unsigned bytes without a first receipt by address prefix and holder; a sponsor's buyers are many. */
  const unprovenBy = new Map<string, number>()
  let unsigned = 0
  let unproven = 0

  const unsignedOf = (session: Session): number => session.served - session.signed
  const isProven = (session: Session): boolean => session.signed > 0

  const starters = ({ subjects }: Session): string[] => subjects.filter((subject) => !subject.startsWith('sponsor '))

  function count(session: Session, bytes: number): void {
    unsigned += bytes
    if (isProven(session)) return
    unproven += bytes
    for (const subject of starters(session)) {
      const sum = (unprovenBy.get(subject) ?? 0) + bytes
      if (sum > 0) unprovenBy.set(subject, sum)
      else unprovenBy.delete(subject)
    }
  }

  /** What is left for a session without a first receipt, of everybody's quarter and of its own subjects' part. */
  function startersRoom(session: Session): number {
    const quarter = budget / 4
    const own = starters(session).map((subject) => quarter * STARTER_SHARE - (unprovenBy.get(subject) ?? 0))
    return Math.min(quarter - unproven, ...own)
  }

  function wake(): void {
    for (const listener of [...listeners]) listener()
  }

  function debtOf(subject: string): number {
    const debt = debts.get(subject)
    if (debt === undefined) return 0
    return debt.bytes * 0.5 ** ((now() - debt.at) / DEBT_HALF_LIFE_MILLISECONDS)
  }

  function owe(id: string, session: Session, bytes: number): void {
    if (bytes <= 0) return
    for (const subject of session.subjects) debts.set(subject, { bytes: debtOf(subject) + bytes, at: now() })
    init.onDebt?.({ session: id, subjects: session.subjects, bytes })
  }

  /** Takes what a closed session left unsigned out of the budget and holds it against its subjects. */
  function writeOff(id: string, session: Session): void {
    if (!session.budgeted) return
    session.budgeted = false
    count(session, -unsignedOf(session))
    owe(id, session, unsignedOf(session))
  }

  function sweep(): void {
    for (const [id, session] of sessions) {
      if (session.open) continue
      if (session.since !== null && now() - session.since >= DEBT_MILLISECONDS) writeOff(id, session)
      if (now() - session.touched >= FORGET_MILLISECONDS) sessions.delete(id)
    }
    for (const [subject] of debts) if (debtOf(subject) < 1) debts.delete(subject)
  }

  /** What a session that comes back at `signed` leaves unsigned for good. */
  const leftBy = (session: Session, signed: number): number =>
    Math.max(0, session.served - Math.max(signed, session.signed))

  function reopen(id: string, session: Session, signed: number): void {
    const left = leftBy(session, signed)
    if (session.budgeted) {
      count(session, -unsignedOf(session))
      owe(id, session, left)
    }
    session.lost += left
    session.signed = Math.max(signed, session.signed)
    session.served = session.signed
    session.since = null
    session.budgeted = true
  }

  function open(id: string, signed: number, subjects: readonly string[]): Tab {
    sweep()
    for (const subject of subjects) {
      if (debtOf(subject) > maxDebt) {
        throw new RefusedError('needsPayment', `${subject} left ${Math.round(debtOf(subject))} bytes unsigned.`)
      }
    }
    const kept = sessions.get(id)
    const session = kept ?? {
      ...{ window: firstWindow, lost: 0, signed, served: signed, since: null },
      ...{ subjects, open: true, budgeted: true, touched: now() },
    }
    const lost = session.lost + (kept === undefined ? 0 : leftBy(kept, signed))
    // Less than a unit is no room at all: data travels in units.
    if (session.window - lost < UNIT_BYTES) {
      throw new RefusedError('needsPayment', `The session left ${lost} bytes unsigned, as many as its window.`)
    }
    if (kept === undefined) sessions.set(id, session)
    else reopen(id, kept, signed)
    session.subjects = subjects
    session.open = true
    session.touched = now()
    return tabOf(id, session)
  }

  function tabOf(id: string, session: Session & { touched: number }): Tab {
    return {
      get window() {
        return session.window
      },
      get signed() {
        return session.signed
      },
      get served() {
        return session.served
      },
      room() {
        const own = session.window - session.lost - unsignedOf(session)
        const shared = budget - unsigned
        return Math.max(0, Math.min(own, shared, isProven(session) ? shared : startersRoom(session)))
      },
      serve(bytes) {
        session.served += bytes
        session.since ??= now()
        count(session, bytes)
      },
      sign(bytesServed) {
        if (bytesServed <= session.signed) return session.window
        count(session, -unsignedOf(session))
        const timely = session.since !== null && now() - session.since <= TIMELY_MILLISECONDS
        session.signed = bytesServed
        session.served = Math.max(session.served, bytesServed)
        session.since = unsignedOf(session) > 0 ? now() : null
        count(session, unsignedOf(session))
        if (timely) session.window = Math.min(maxWindow, session.window * 2)
        wake()
        return session.window
      },
      overdue: () => session.since !== null && now() - session.since >= DEBT_MILLISECONDS,
      close() {
        if (!session.open) return
        session.open = false
        session.touched = now()
        if (session.since !== null && now() - session.since >= DEBT_MILLISECONDS) writeOff(id, session)
        wake()
      },
    }
  }

  return {
    open,
    get unsigned() {
      return unsigned
    },
    debtOf,
    sweep,
    onRoom(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
