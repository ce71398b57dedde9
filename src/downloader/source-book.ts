// What sources were seen to do in earlier downloads: a fast one is asked for much at once, a liar not at all for a while.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { BitCdnError } from '../errors.ts'
import type { PeerProgress } from './progress.ts'

export interface KnownSource {
  /** Peer id, or the address of a web seed. */
  readonly name: string
  readonly kind: PeerProgress['kind']
  /** Bytes a second while it was last fetched from; 0 when it brought nothing yet. */
  readonly rate: number
  /** Verified bytes of all downloads. */
  readonly bytes: number
  /** Token units that were signed for them. */
  readonly paid: bigint
  /** Unix milliseconds. */
  readonly lastSeen: number
  /** It sent what is not the content's. */
  readonly banned: { readonly at: number; readonly reason: string } | null
}

export interface SourceBook {
  /** The one that was seen last comes first. */
  all(): readonly KnownSource[]
  /** Bytes a second to begin with; 0 when nothing is known, null for a source that is not to be asked. */
  expected(name: string): number | null
  /** What a download saw; a source that never answered is not worth a line. */
  note(peers: readonly PeerProgress[]): void
  /** Answers whether it was known. */
  forget(name: string): boolean
  /** Writes it down. Throws `disk-failed`. */
  save(): void
}

/** A liar is not asked for this long. */
export const BAN_MILLISECONDS = 86_400_000

const MAX_SOURCES = 1_000

/** A file that is damaged or missing is an empty book: nothing but guesses is lost. */
export function openSourceBook(path: string, now: () => number = Date.now): SourceBook {
  const sources = new Map<string, KnownSource>(read(path).map((source) => [source.name, source]))
  const all = (): KnownSource[] => [...sources.values()].sort((a, b) => b.lastSeen - a.lastSeen)

  return {
    all,
    expected(name) {
      const known = sources.get(name)
      if (known === undefined) return 0
      if (known.banned !== null && now() - known.banned.at < BAN_MILLISECONDS) return null
      return known.rate
    },
    note(peers) {
      for (const { peer, kind, bytes, rate, paid, failure } of peers) {
        const lied = failure?.banned === true
        if (bytes === 0 && !lied) continue
        const known = sources.get(peer)
        sources.set(peer, {
          ...{ name: peer, kind, lastSeen: now() },
          rate: rate > 0 ? rate : (known?.rate ?? 0),
          bytes: bytes + (known?.bytes ?? 0),
          paid: paid + (known?.paid ?? 0n),
          banned: lied ? { at: now(), reason: failure.message } : (known?.banned ?? null),
        })
      }
      for (const { name } of all().slice(MAX_SOURCES)) sources.delete(name)
    },
    forget: (name) => sources.delete(name),
    save() {
      const text = JSON.stringify(all(), (_key, value) => (typeof value === 'bigint' ? `${value}` : value), 1)
      try {
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600 })
        renameSync(`${path}.new`, path)
      } catch (cause) {
        throw new BitCdnError('disk-failed', `What is known of sources cannot be kept in ${path}: ${String(cause)}`, {
          advice: 'Check the free space and the permissions of the data folder.',
          cause,
        })
      }
    },
  }
}

function read(path: string): KnownSource[] {
  try {
    const list: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return Array.isArray(list) ? list.flatMap(parse) : []
  } catch {
    return []
  }
}

function parse(entry: unknown): KnownSource[] {
  const { name, kind, rate, bytes, paid, lastSeen, banned } = (entry ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || (kind !== 'seeder' && kind !== 'web seed')) return []
  if (typeof rate !== 'number' || typeof bytes !== 'number' || typeof lastSeen !== 'number') return []
  if (typeof paid !== 'string' || !/^\d+$/.test(paid)) return []
  const ban = banned as { at?: unknown; reason?: unknown } | null
  const kept = typeof ban?.at === 'number' && typeof ban.reason === 'string' ? { at: ban.at, reason: ban.reason } : null
  return [{ name, kind, rate, bytes, paid: BigInt(paid), lastSeen, banned: kept }]
}
