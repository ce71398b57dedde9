import type { SeederFailure } from './errors.ts'
import type { DownloadPeer } from './source.ts'

/** One source in the progress display. */
export interface PeerProgress {
  readonly peer: string
  readonly kind: DownloadPeer['kind']
  readonly state: DownloadPeer['state']
  /** Verified bytes that it sent, in this run. */
  readonly bytes: number
  /** Bytes a second that it brings, or last brought. */
  readonly rate: number
  /** Of all bytes that came in this run, 0 to 1. */
  readonly share: number
  /** Token units that it was promised by receipts. */
  readonly paid: bigint
  readonly failure: SeederFailure | null
}

export interface DownloadProgress {
  readonly contentId: string
  readonly totalBytes: number
  readonly verifiedBytes: number
  /** Bytes a second over the last seconds. */
  readonly rate: number
  /** Seconds; null while the rate is unknown. */
  readonly timeLeft: number | null
  /** Token units that all receipts of this run amount to. */
  readonly paid: bigint
  readonly peers: readonly PeerProgress[]
}

/** Rate over the last few seconds from a cumulative count. */
export interface Meter {
  note(bytes: number): void
  rate(): number
  /** Whether it has seen as long a time as it averages over. */
  warm(): boolean
}

export function createMeter(spanMilliseconds = 3_000): Meter {
  const samples: { at: number; bytes: number }[] = []
  return {
    note(bytes) {
      const now = performance.now()
      samples.push({ at: now, bytes })
      while (samples.length > 2 && now - (samples[0]?.at ?? now) > spanMilliseconds) samples.shift()
    },
    warm: () => samples.length > 2 && (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0) >= spanMilliseconds - 200,
    rate() {
      const [first] = samples
      const last = samples.at(-1)
      if (first === undefined || last === undefined || last.at - first.at < 1) return 0
      return ((last.bytes - first.bytes) * 1000) / (last.at - first.at)
    },
  }
}

export function describePeers(peers: Iterable<DownloadPeer>): PeerProgress[] {
  const list = [...peers]
  const all = list.reduce((sum, peer) => sum + peer.bytes, 0)
  return list.map(({ name, kind, state, bytes, rate, paid, failure }) => ({
    ...{ peer: name, kind, state, bytes, rate, paid, failure },
    share: all === 0 ? 0 : bytes / all,
  }))
}
