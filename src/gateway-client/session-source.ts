import type { GatewayClient } from './client.ts'
import type { SessionsAnswer, SessionsQuestion } from './codec.ts'

/** The gateway as the one who authorises a download's lines (the downloader's `SessionSource`). */
export interface GatewaySessionSource {
  open(request: SessionsQuestion, signal: AbortSignal): Promise<SessionsAnswer>
  prepare(signal: AbortSignal): Promise<void>
}

export function createSessionSource(client: GatewayClient): GatewaySessionSource {
  return {
    open: (request, signal) => client.openSessions(request, { signal }),
    prepare: (signal) => client.signIn({ signal }),
  }
}
