import { UNIT_BYTES } from '../content/index.ts'
import { type Backing, createBackings } from './backings.ts'
import {
  DEBT_MILLISECONDS,
  FIRST_WINDOW_BYTES,
  MAX_DEBT_BYTES,
  MAX_WINDOW_BYTES,
  STARTERS_BUDGET_PART,
  TIMELY_MILLISECONDS,
  UNSIGNED_BUDGET_BYTES,
  WINDOW_GROWTH,
} from './constants.ts'
import type { CreditBook, CreditInit, Origin, Tab } from './credit-types.ts'
import { createDebts } from './debts.ts'
import { RefusedError } from './errors.ts'
import { createStarters, type Starter } from './starters.ts'

interface Session extends Starter {
  window: number
  /** Bytes of earlier streams that were never signed. They narrow the window for good: nobody gets them twice. */
  lost: number
  signed: number
  served: number
  /** When the oldest unsigned byte left, or null. */
  since: number | null
  subjects: readonly string[]
  open: boolean
  wanting: boolean
  /** Whether what is unsigned still counts in the budget. */
  budgeted: boolean
  touched: number
  backing: Backing
}

/** Sessions and peers that nobody used for a day are forgotten; their debt is held against the subjects. */
const FORGET_MILLISECONDS = 86_400_000

/** The windows of all sessions of one seeder, the budget that they share, and the debt that outlives them. */
export function createCreditBook(init: CreditInit = {}): CreditBook {
  const budget = init.budget ?? UNSIGNED_BUDGET_BYTES
  const maxDebt = init.maxDebt ?? MAX_DEBT_BYTES
  const firstWindow = init.firstWindow ?? FIRST_WINDOW_BYTES
  const maxWindow = init.maxWindow ?? MAX_WINDOW_BYTES
  const now = init.now ?? (() => performance.now())
  const sessions = new Map<string, Session>()
  const backings = createBackings(now)
  const listeners = new Set<() => void>()
  const debts = createDebts(now)
  const starters = createStarters({ budget: budget * STARTERS_BUDGET_PART, debtOf: debts.of, now, wake })
  let unsigned = 0

  const unsignedOf = (session: Session): number => session.served - session.signed

  function wake(): void {
    for (const listener of [...listeners]) listener()
  }

  /** What the peer may still be sent on its backing. */
  const backed = ({ backing }: Session): number => Math.max(0, backing.bytes - backing.used)

  function send(session: Session, bytes: number): void {
    const own = Math.min(bytes, backed(session))
    session.served += bytes
    session.since ??= now()
    session.backing.used += own
    unsigned += bytes
    if (own > 0) starters.paying(session.peer, session.backing.wanting > 0)
    if (own < bytes) starters.sent(session, bytes - own)
  }

  /** So many bytes are unsigned no longer: signed or lost. */
  function settle(session: Session, bytes: number, how: 'signed' | 'lost'): void {
    const unbacked = Math.min(bytes, session.unbacked)
    session.backing.used -= bytes - unbacked
    unsigned -= bytes
    starters.settled(session, unbacked, how)
  }

  function want(session: Session, on: boolean): void {
    if (session.wanting === on) return
    session.wanting = on
    const { backing, peer } = session
    backing.wanting += on ? 1 : -1
    starters.wanting(peer, backing.wanting > 0)
    if (!on) starters.left(session)
  }

  function pay({ backing }: Session, bytes: number): void {
    backing.bytes = Math.min(maxDebt, backing.bytes + bytes)
    starters.earned(bytes)
  }

  function owe(id: string, session: Session, bytes: number): void {
    if (bytes <= 0) return
    session.backing.bytes = Math.max(0, session.backing.bytes - bytes)
    for (const subject of session.subjects) debts.add(subject, bytes)
    init.onDebt?.({ session: id, subjects: session.subjects, bytes })
  }

  /** Takes what a closed session left unsigned out of the budget and holds it against its subjects. */
  function becomeDebt(id: string, session: Session): void {
    if (!session.budgeted) return
    session.budgeted = false
    settle(session, unsignedOf(session), 'lost')
    owe(id, session, unsignedOf(session))
  }

  function sweep(): void {
    for (const [id, session] of sessions) {
      if (session.open) continue
      if (session.since !== null && now() - session.since >= DEBT_MILLISECONDS) becomeDebt(id, session)
      if (now() - session.touched >= FORGET_MILLISECONDS) sessions.delete(id)
    }
    backings.sweep(FORGET_MILLISECONDS)
    debts.sweep()
  }

  /** What a session that comes back at `signed` leaves unsigned for good. */
  const leftBy = (session: Session, signed: number): number =>
    Math.max(0, session.served - Math.max(signed, session.signed))

  function reopen(id: string, session: Session, signed: number): void {
    const left = leftBy(session, signed)
    if (session.budgeted) {
      const answered = unsignedOf(session) - left
      settle(session, answered, 'signed')
      settle(session, left, 'lost')
      pay(session, answered)
      owe(id, session, left)
    }
    session.lost += left
    session.signed = Math.max(signed, session.signed)
    session.served = session.signed
    session.since = null
    session.budgeted = true
  }

  function open(id: string, signed: number, subjects: readonly string[], from: Origin = {}): Tab {
    const { peer = `session ${id}`, served = signed } = from
    sweep()
    for (const subject of subjects) {
      if (debts.of(subject) > maxDebt) {
        throw new RefusedError('needsPayment', `${subject} left ${Math.round(debts.of(subject))} bytes unsigned.`)
      }
    }
    const kept = sessions.get(id)
    const session = kept ?? {
      ...{ window: firstWindow, lost: signed === 0 ? served : 0, signed, served: signed, since: null, unbacked: 0 },
      ...{
        subjects,
        starters: [],
        peer,
        backing: backings.of(peer),
        open: true,
        wanting: false,
        budgeted: true,
        touched: now(),
      },
    }
    const lost = session.lost + (kept === undefined ? 0 : leftBy(kept, signed))
    // Less than a unit is no room at all: data travels in units.
    if (session.window - lost < UNIT_BYTES) {
      throw new RefusedError('needsPayment', `The session left ${lost} bytes unsigned, as many as its window.`)
    }
    if (kept === undefined) sessions.set(id, session)
    else reopen(id, kept, signed)
    session.subjects = subjects
    session.starters = subjects.filter((subject) => !subject.startsWith('sponsor '))
    session.peer = peer
    session.backing = backings.of(peer)
    session.open = true
    session.touched = now()
    return tabOf(id, session)
  }

  function tabOf(id: string, session: Session): Tab {
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
        const room = Math.min(session.window - session.lost - unsignedOf(session), budget - unsigned)
        const own = backed(session)
        return Math.max(0, room <= own ? room : Math.min(room, own + starters.room(session)))
      },
      want: (on) => want(session, on),
      serve: (bytes) => send(session, bytes),
      sign(bytesServed) {
        if (bytesServed <= session.signed) return session.window
        const before = unsignedOf(session)
        const timely = session.since !== null && now() - session.since <= TIMELY_MILLISECONDS
        pay(session, bytesServed - session.signed)
        session.signed = bytesServed
        session.served = Math.max(session.served, bytesServed)
        session.since = unsignedOf(session) > 0 ? now() : null
        settle(session, before - unsignedOf(session), 'signed')
        if (timely) {
          const grown = Math.max(firstWindow, WINDOW_GROWTH * bytesServed)
          session.window = Math.max(session.window, Math.min(maxWindow, session.window * 2, grown))
        }
        wake()
        return session.window
      },
      overdue: () => session.since !== null && now() - session.since >= DEBT_MILLISECONDS,
      close() {
        if (!session.open) return
        session.open = false
        session.touched = now()
        want(session, false)
        starters.left(session)
        if (session.since !== null && now() - session.since >= DEBT_MILLISECONDS) becomeDebt(id, session)
        wake()
      },
    }
  }

  return {
    open,
    get unsigned() {
      return unsigned
    },
    debtOf: debts.of,
    get debts() {
      return debts.all()
    },
    recall(owed) {
      for (const { subject, bytes } of owed) debts.add(subject, bytes)
    },
    writeOff() {
      for (const [id, session] of sessions) if (!session.open) becomeDebt(id, session)
    },
    sweep,
    onRoom(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
