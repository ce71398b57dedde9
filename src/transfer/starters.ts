// Bytes sent on trust alone, to peers that have not signed for as many. They share a part of the budget of unsigned bytes
// and, while others who pay want bytes, a part of the uplink: whoever never signs takes no more of it than that.
import { UNIT_BYTES } from '../content/index.ts'
import {
  CONTENTION_MILLISECONDS,
  DEBT_MILLISECONDS,
  STARTERS_BURST_BYTES,
  STARTERS_BYTES_PER_SECOND,
  STARTERS_PART,
  SUBJECT_PART,
  TURN_MILLISECONDS,
} from './constants.ts'

/** A session as far as it is sent bytes on trust alone. */
export interface Starter {
  peer: string
  /** Whom it may be behind: address prefix, pass holder. A sponsor's buyers are many: it is none. */
  starters: readonly string[]
  /** Unsigned bytes that its peer does not back. */
  unbacked: number
}

export interface StartersInit {
  /** Bytes that all of them share. */
  readonly budget: number
  debtOf(subject: string): number
  now(): number
  /** It is somebody's turn. */
  wake(): void
}

export interface Starters {
  /** Bytes that may be sent to this one now. Where the uplink is contended it waits for its turn: those with the least debt go first. */
  room(starter: Starter): number
  sent(starter: Starter, bytes: number): void
  /** Its bytes are signed, or have become debt. */
  settled(starter: Starter, bytes: number, how: 'signed' | 'lost'): void
  /** It wants nothing more. */
  left(starter: Starter): void
  /** Bytes were sent that this peer backs: it pays. `wanting`: whether it waits for more. */
  paying(peer: string, wanting: boolean): void
  /** Whether this peer waits for bytes, in any of its sessions; nothing happens for one that has not paid. */
  wanting(peer: string, on: boolean): void
  /** Any peer signed for so many bytes: they earn room for those who begin. */
  earned(bytes: number): void
}

export function createStarters({ budget, debtOf, now, wake }: StartersInit): Starters {
  const bySubject = new Map<string, number>()
  /** Who waits for a turn, and when it last asked. */
  const waiting = new Map<Starter, number>()
  let next: Starter | null = null
  let bytes = 0
  let tokens = STARTERS_BURST_BYTES
  let filledAt = now()
  /** Peers that pay: until when they count, and when they were last sent bytes. */
  const payers = new Map<string, { until: number; at: number }>()

  /** Nobody contends with itself. */
  function isContended(peer: string): boolean {
    for (const [payer, { until, at }] of payers) {
      if (now() >= Math.min(until, at + DEBT_MILLISECONDS)) payers.delete(payer)
      else if (payer !== peer) return true
    }
    return false
  }

  const untilOf = (on: boolean): number => (on ? Number.POSITIVE_INFINITY : now() + CONTENTION_MILLISECONDS)

  function add(starter: Starter, count: number): void {
    bytes += count
    starter.unbacked += count
    for (const subject of starter.starters) {
      const sum = (bySubject.get(subject) ?? 0) + count
      if (sum > 0) bySubject.set(subject, sum)
      else bySubject.delete(subject)
    }
  }

  function fill(more = 0): void {
    const seconds = (now() - filledAt) / 1000
    filledAt = now()
    tokens = Math.min(STARTERS_BURST_BYTES, tokens + more + seconds * STARTERS_BYTES_PER_SECOND)
  }

  /** Bytes held against whoever may be behind it, then its own. */
  function rank(starter: Starter): number {
    const sums = starter.starters.map((subject) => (bySubject.get(subject) ?? 0) + debtOf(subject))
    return Math.max(0, ...sums)
  }

  const isBefore = (one: Starter, other: Starter): boolean => {
    const [a, b] = [rank(one), rank(other)]
    return a < b || (a === b && one.unbacked < other.unbacked)
  }

  function isWaiting(starter: Starter): boolean {
    const asked = waiting.get(starter)
    return asked !== undefined && now() - asked < TURN_MILLISECONDS
  }

  function firstWaiting(): Starter | null {
    let first: Starter | null = null
    for (const starter of waiting.keys()) {
      if (!isWaiting(starter)) waiting.delete(starter)
      else if (first === null || isBefore(starter, first)) first = starter
    }
    return first
  }

  function isItsTurn(starter: Starter): boolean {
    waiting.set(starter, now())
    if (next === null || !isWaiting(next)) next = firstWaiting()
    else if (next !== starter && isBefore(starter, next)) next = starter
    return next === starter && tokens >= UNIT_BYTES
  }

  function leave(starter: Starter): void {
    waiting.delete(starter)
    if (next === starter) next = null
  }

  return {
    room(starter) {
      const own = starter.starters.map((subject) => budget * SUBJECT_PART - (bySubject.get(subject) ?? 0))
      const room = Math.max(0, Math.min(budget - bytes, ...own))
      if (room === 0 || !isContended(starter.peer)) return room
      fill()
      return isItsTurn(starter) ? Math.min(room, UNIT_BYTES) : 0
    },
    sent(starter, count) {
      add(starter, count)
      fill()
      tokens = Math.max(0, tokens - count)
      leave(starter)
      if (waiting.size > 0 && tokens >= UNIT_BYTES) queueMicrotask(wake)
    },
    settled(starter, count, how) {
      add(starter, -count)
      if (how === 'signed') fill(count)
    },
    left: leave,
    paying(peer, wanting) {
      payers.set(peer, { until: untilOf(wanting), at: now() })
    },
    wanting(peer, on) {
      const payer = payers.get(peer)
      if (payer !== undefined) payer.until = untilOf(on)
    },
    earned: (count) => fill(count * STARTERS_PART),
  }
}
