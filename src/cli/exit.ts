import { BitCdnError, type ErrorCode } from '../errors.ts'
import { withoutSecrets } from '../secrets.ts'
import { type CommandIo, toJson } from './io.ts'
import { inCoins } from './words.ts'

/** The process's exit code for each kind of failure. `docs/CLI.md` lists them; a test compares both. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  'file-missing': 3,
  'file-unreadable': 3,
  'file-empty': 3,
  'file-invalid': 3,
  'disk-full': 4,
  'disk-failed': 4,
  'database-unreachable': 4,
  'lease-lost': 4,
  'port-in-use': 4,
  'rpc-unreachable': 5,
  'wrong-chain': 5,
  'transaction-failed': 5,
  'gateway-unreachable': 5,
  'signer-unreachable': 5,
  'monitor-unreachable': 5,
  'no-funds': 6,
  'price-too-high': 6,
  'no-pass': 7,
  'pass-expired': 7,
  refused: 7,
  'wrong-password': 7,
  'unknown-content': 8,
  'no-sources': 8,
  'verification-failed': 9,
  protocol: 9,
  interrupted: 130,
}

/** A failure that nobody foresaw. */
export const EXIT_UNEXPECTED = 1

/** Says what went wrong, once, and answers the exit code. */
export function report(io: CommandIo, json: boolean, error: unknown): number {
  if (!(error instanceof BitCdnError)) {
    const message = withoutSecrets(error instanceof Error ? error.message : String(error))
    if (json) io.out(toJson({ error: { code: 'unexpected', message } }))
    else {
      io.err(`bitcdn: unexpected failure: ${message}`)
      if (io.env.BITCDN_DEBUG && error instanceof Error) io.err(withoutSecrets(error.stack ?? ''))
      else io.err('Set BITCDN_DEBUG=1 to see where it happened, and please report it.')
    }
    return EXIT_UNEXPECTED
  }
  const message = withoutSecrets(error.message)
  const advice = error.advice === undefined ? undefined : withoutSecrets(error.advice)
  if (json) io.out(toJson({ error: { code: error.code, message, advice } }))
  else {
    io.err(`bitcdn: ${inCoins(message)}`)
    if (advice) io.err(inCoins(advice))
    if (io.env.BITCDN_DEBUG) io.err(withoutSecrets(error.stack ?? ''))
  }
  return EXIT_CODES[error.code]
}
