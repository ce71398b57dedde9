// One call per row of "Errors and skip reasons" in docs/CONTRACTS.md; errors.ts compares what they are answered with.
import { PASSES_CASES } from './error-cases-passes.ts'
import { REGISTRY_CASES } from './error-cases-registry.ts'
import { REVENUE_CASES } from './error-cases-revenue.ts'
import { SETTLEMENT_CASES } from './error-cases-settlement.ts'
import type { World } from './world.ts'

export type Case = (all: World) => Promise<unknown>

const CASES: Record<string, Record<string, Case>> = {
  ...SETTLEMENT_CASES,
  ...REVENUE_CASES,
  ...PASSES_CASES,
  ...REGISTRY_CASES,
}

export function caseOf(name: string, wrong: string): Case {
  const found = CASES[name]?.[wrong]
  if (!found)
    throw new Error(`docs/CONTRACTS.md has a row that no case tests: ${name}, ${wrong}. Add it to error-cases.ts.`)
  return found
}
caseOf.names = Object.entries(CASES).flatMap(([name, cases]) => Object.keys(cases).map((wrong) => `${name}, ${wrong}`))
