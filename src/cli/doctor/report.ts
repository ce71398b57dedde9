// What the doctor found, in the order in which it should be mended: what stops all earning first, causes before what follows
// from them.
import { inCoins } from '../words.ts'

export type Severity = 'error' | 'warning' | 'info'

/** Every finding there is; of one severity they are told in this order. `docs/OPERATORS.md` lists them, a test compares both. */
export const FINDINGS = [
  'settings-wrong',
  'disk-full',
  'folder-not-writable',
  'key-missing',
  'key-refused',
  'signer-unreachable',
  'chain-unreachable',
  'wrong-chain',
  'ledger-damaged',
  'ledger-unavailable',
  'ledger-held',
  'no-operator',
  'seeder-not-running',
  'resting',
  'content-denied',
  'content-missing',
  'clock-off',
  'gas-short',
  'seeder-unreachable',
  'unreachable-outside',
  'private-addresses',
  'seen-elsewhere',
  'relay-only',
  'content-not-sold',
  'price-too-high',
  'gateway-unreachable',
  'gateway-other-chain',
  'gateway-key-revoked',
  'gateway-lacks-content',
  'reserve-used-up',
  'no-reserve',
  'lines-refused',
  'disk-nearly-full',
  'nobody-asks',
] as const

export interface Finding {
  readonly code: (typeof FINDINGS)[number]
  /** `error`: nothing is earned or paid. `warning`: less than could be, or soon nothing. `info`: nothing is wrong. */
  readonly severity: Severity
  readonly what: string
  /** What it costs. */
  readonly costs: string
  /** What to do. */
  readonly advice: string
}

export interface Report {
  add(code: Finding['code'], severity: Severity, words: Pick<Finding, 'what' | 'costs' | 'advice'>): void
  /** Something that could not be looked at, and why. */
  notSeen(words: string): void
  /** What to mend first comes first. */
  findings(): Finding[]
  readonly unseen: readonly string[]
}

const ORDER: readonly Severity[] = ['error', 'warning', 'info']

/** The exit code of `bitcdn doctor`: other codes say that the doctor itself failed. */
export const EXIT_BY_SEVERITY: Readonly<Record<Severity, number>> = { error: 11, warning: 10, info: 0 }

/** For people. */
export function findingInWords({ code, severity, what, costs, advice }: Finding): string[] {
  return [
    `${severity.toUpperCase().padEnd(8)} ${code}`,
    `  ${inCoins(what)}`,
    `  Costs: ${inCoins(costs)}`,
    `  Do:    ${inCoins(advice)}`,
  ]
}

export function createReport(): Report {
  const found: Finding[] = []
  const unseen: string[] = []
  const rank = ({ severity, code }: Finding): number =>
    ORDER.indexOf(severity) * FINDINGS.length + FINDINGS.indexOf(code)
  return {
    add: (code, severity, words) => void found.push({ code, severity, ...words }),
    notSeen: (words) => void unseen.push(words),
    findings: () => found.toSorted((a, b) => rank(a) - rank(b)),
    unseen,
  }
}
