import type { SeederFailure } from './errors.ts'
import type { Owner } from './plan.ts'

/** One source of one download. A seeder: its streams, one line after the other, and what it was seen to do. */
export interface DownloadPeer {
  readonly kind: 'seeder' | 'web seed'
  /** The peer id once it is known, the address until then. */
  readonly name: string
  readonly state: 'connecting' | 'waiting' | 'fetching' | 'over'
  readonly bytes: number
  /** Bytes a second. */
  readonly rate: number
  readonly paid: bigint
  readonly failure: SeederFailure | null
  /** What it holds, as far as it has said. */
  readonly holds: Pick<Owner, 'whole' | 'has'>
  /** Whether it has, or may have, something to give. */
  readonly useful: boolean
  /** Whether it would fetch more and has no line for it, since others' cover what is left. */
  readonly lacksLine: boolean
  /** How long it would need for the rest of its line. */
  readonly secondsOfLine: number
  /** Closes its line, so that what it did not carry can be given to others. */
  yieldLine(): void
  /** Resolves when nothing more comes from this seeder. Never rejects: see `failure`. */
  readonly done: Promise<void>
  /** Asks for as much as it may. */
  pump(): void
  tick(): void
  /** Signs and closes everything in order. */
  finish(): Promise<void>
}
