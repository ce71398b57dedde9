// Which sessions may not go on: a pass is sold or ends while its old holder still downloads.
import { randomUUID } from 'node:crypto'
import type { Hex } from 'viem'
import { blockTime, type Chain } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import type { WatchAnswer } from '../gateway-client/index.ts'
import type { Head, SponsorLine, SponsorLog } from '../receipts/index.ts'
import type { AccessCheck } from './access.ts'
import type { GatewayContent } from './contents.ts'

export type Watch = (sessions: readonly Head[]) => Promise<WatchAnswer>

export interface WatchComponents {
  readonly chain: Chain
  readonly log: SponsorLog
  readonly access: AccessCheck
  readonly contents: readonly GatewayContent[]
}

/** Asks about each holder and content once, however many sessions they have. Sessions of which nothing is known go on. */
export function createWatch({ chain, log, access, contents }: WatchComponents): Watch {
  const epoch = randomUUID()

  /** Why `holder` may download this content no longer; null while it may, or while nobody can tell. */
  async function objection({ contentId, holder }: SponsorLine, now: bigint): Promise<string | null> {
    const content = contents.find((one) => `0x${one.contentId}` === contentId)
    if (content === undefined) return null
    try {
      await access(content, holder, now)
      return null
    } catch (error) {
      const over = error instanceof BitCdnError && (error.code === 'no-pass' || error.code === 'pass-expired')
      if (over) return error.message
      if (error instanceof BitCdnError && error.code === 'rpc-unreachable') return null
      throw error
    }
  }

  return async (sessions) => {
    const found = await Promise.all(sessions.map((session) => log.line(session)))
    const lines = found.filter((line) => line !== null)
    if (lines.length === 0) return { epoch, ended: [] }
    const now = await blockTime(chain)
    const asked = new Map<string, Promise<string | null>>()
    const ended: { session: Hex; reason: string }[] = []
    for (const line of lines) {
      const key = `${line.contentId}:${line.holder}`
      const answer = asked.get(key) ?? objection(line, now)
      asked.set(key, answer)
      const reason = await answer
      if (reason !== null) ended.push({ session: line.session, reason })
    }
    return { epoch, ended }
  }
}
