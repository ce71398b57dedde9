// Gas of all work that people pay for, beside the targets of docs/CONTRACTS.md: whole transactions on Hardhat's EVM, on
// prague and on osaka. Fails when a target is missed, when the two differ, or when anything differs from the snapshot.
//   node scripts/bench/gas.ts [--json] [--write]     --write renews the snapshot
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createChain, type GasRow } from './gas/chain.ts'
import { measurePublishing } from './gas/publishing.ts'
import { measureSettling } from './gas/settling.ts'
import { measureSponsoring } from './gas/sponsoring.ts'

const SNAPSHOT = new URL('../../test/contracts/gas.json', import.meta.url)
const HARDFORKS = ['prague', 'osaka'] as const

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, write: { type: 'boolean' } } })
const [rows, onOsaka] = [await measure(HARDFORKS[0]), await measure(HARDFORKS[1])]
const measured = snapshot(rows)
const problems = [...rows.flatMap(missed), ...differences(onOsaka, rows, 'on osaka', 'on prague')]
if (options.write) writeFileSync(SNAPSHOT, measured)
else problems.push(...differences(rows, JSON.parse(readFileSync(SNAPSHOT, 'utf8')), 'now', 'in the snapshot'))

process.stdout.write(options.json ? measured : table(rows))
for (const problem of problems) process.stderr.write(`${problem}\n`)
if (problems.length > 0) {
  process.stderr.write(
    'A change that is meant: run `npm run bench:gas -- --write`, commit test/contracts/gas.json, say why.\n',
  )
  process.exitCode = 1
}

async function measure(hardfork: string): Promise<GasRow[]> {
  const chain = await createChain(hardfork)
  await measureSettling(chain)
  await measureSponsoring(chain)
  await measurePublishing(chain)
  return chain.rows
}

function missed({ name, n, perItem, target }: GasRow): string[] {
  return target === null || perItem <= target ? [] : [`${name}, N=${n}: ${perItem} gas each is over ${target}.`]
}

function differences(rows: readonly GasRow[], others: readonly GasRow[], here: string, there: string): string[] {
  const key = ({ name, n }: GasRow) => `${name}, N=${n}`
  const gas = new Map(others.map((row) => [key(row), row.gas]))
  const changed = rows.filter((row) => gas.get(key(row)) !== row.gas)
  const left = others.filter((other) => !rows.some((row) => key(row) === key(other)))
  return [
    ...changed.map((row) => `${key(row)}: ${row.gas} gas ${here}, ${gas.get(key(row)) ?? 'nothing'} ${there}.`),
    ...left.map((row) => `${key(row)}: nothing ${here}, ${row.gas} gas ${there}.`),
  ]
}

/** One row a line, so that a change shows as one. */
function snapshot(rows: readonly GasRow[]): string {
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`
}

function table(rows: readonly GasRow[]): string {
  const columns = (name: string, ...rest: unknown[]) =>
    `${name.padEnd(50)}${rest.map((value) => String(value ?? '').padStart(10)).join('')}\n`
  const lines = rows.map(({ name, n, gas, perItem, target }) => columns(name, n, gas, perItem, target))
  return columns('work', 'N', 'gas', 'each', 'target') + lines.join('')
}
