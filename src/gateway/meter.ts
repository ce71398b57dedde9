// Counts what passes the gateway, for whoever watches it. Money is counted by the log and the chain, never here.

/** Since this process started. */
export interface GatewayCounts {
  /** By route and status, such as `/v1/sessions 200`. */
  readonly requests: ReadonlyMap<string, number>
  /** Lines that were signed. */
  readonly sessions: number
  /** Seeders that could be given no line. */
  readonly sessionsRefused: number
  readonly vouchers: number
  /** Token units that they are worth. */
  readonly vouchered: bigint
  readonly purchases: number
}

export interface GatewayMeter {
  readonly counts: GatewayCounts
  answered(route: string | undefined, status: number): void
  granted(answer: { readonly sessions: readonly unknown[]; readonly refused: readonly unknown[] }): void
  vouched(amount: bigint): void
  relayed(): void
}

export function createGatewayMeter(): GatewayMeter {
  const requests = new Map<string, number>()
  const counts = { requests, sessions: 0, sessionsRefused: 0, vouchers: 0, vouchered: 0n, purchases: 0 }
  return {
    counts,
    answered(route = 'none', status) {
      const key = `${route} ${status}`
      requests.set(key, (requests.get(key) ?? 0) + 1)
    },
    granted({ sessions, refused }) {
      counts.sessions += sessions.length
      counts.sessionsRefused += refused.length
    },
    vouched(amount) {
      counts.vouchers += 1
      counts.vouchered += amount
    },
    relayed() {
      counts.purchases += 1
    },
  }
}
