// A sponsor for tests: keeps its session logs in memory and signs every line that it is asked for.
import { getAddress, type Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { SessionGrant, SessionSource } from '../../src/downloader/index.ts'
import {
  type AuthorizedSession,
  type Domain,
  firstHead,
  type Head,
  type LogLine,
  nextHead,
  signerFromAccount,
  signHead,
} from '../../src/receipts/index.ts'

export const SPONSOR_KEY: Hex = `0x${'51'.repeat(32)}`

export interface TestSponsor extends SessionSource {
  /** Every line that was authorised, in order. */
  readonly granted: AuthorizedSession[]
  /** Seeders that get no line, with the reason. */
  readonly refuse: Map<string, string>
  questions: number
}

/** It pays `price` where it is more than what is asked, and every bid. */
export function createSponsor(domain: Domain, price = 0n, key = SPONSOR_KEY): TestSponsor {
  const signer = signerFromAccount(privateKeyToAccount(key))
  const logs = new Map<string, { lines: LogLine[]; tip: Head }>()
  const granted: AuthorizedSession[] = []
  const refuse = new Map<string, string>()
  const expiry = BigInt(Math.floor(Date.now() / 1000) + 60 * 86_400)

  const sponsor: TestSponsor = {
    granted,
    refuse,
    questions: 0,
    async open({ requests }): Promise<SessionGrant> {
      sponsor.questions += 1
      const sessions: AuthorizedSession[] = []
      const refused: { seeder: Hex; reason: string }[] = []
      for (const { terms, sessionKey, maxBytes, bid = 0n } of requests) {
        const seeder = getAddress(terms.seeder)
        const reason = refuse.get(seeder)
        if (reason !== undefined) {
          refused.push({ seeder, reason })
          continue
        }
        const pricePerGiB = [terms.pricePerGiB, price, bid].reduce((most, each) => (each > most ? each : most))
        const lane = { sponsor: signer.address, seeder, lane: terms.lanes[0] ?? 0n, pricePerGiB }
        const from = firstHead(lane)
        const log = logs.get(from) ?? { lines: [], tip: from }
        logs.set(from, log)
        const line = { sessionKey, maxBytes }
        const session = log.tip
        log.tip = nextHead(session, line)
        log.lines.push(line)
        const signed = await signHead(domain, signer, lane, { head: log.tip, expiry })
        const lines = [...log.lines]
        sessions.push({ lane, index: lines.length - 1, session, line, from, lines, signed, ticket: null })
      }
      granted.push(...sessions)
      return { sessions, refused }
    },
  }
  return sponsor
}
