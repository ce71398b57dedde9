// Runs the campaigns of campaigns.ts one after the other and prints a table for docs/MEASURED.md.
//   node scripts/soak/run.ts [--tenth] [--seed N] [--only WORD] [--table FILE]
// One seed for all; exits with 1 when a campaign missed its bar. Each campaign's output is shown as it comes.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { CAMPAIGNS, type Campaign } from './campaigns.ts'

const SCRIPTS = resolve(import.meta.dirname, '..')

const { values: options } = parseArgs({
  options: {
    tenth: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    only: { type: 'string', default: '' },
    table: { type: 'string' },
  },
})

const chosen = CAMPAIGNS.filter(({ script, tenth }) => script.includes(options.only) && (!options.tenth || tenth))
const rows: string[] = []
let missed = 0
for (const one of chosen) {
  const { code, last, seconds } = await run(one)
  if (code !== 0) missed += 1
  const command = ['node', `scripts/${one.script}.ts`, ...argsOf(one)].join(' ')
  rows.push(`| ${last.replaceAll('|', '/')}${code === 0 ? '' : ' **missed**'} | ${seconds} s | \`${command}\` |`)
}
const table = ['| Figure | Time | Command |', '|---|---|---|', ...rows].join('\n')
console.log(
  `\n${table}\n\n${chosen.length - missed} of ${chosen.length} campaigns within their bars (seed ${options.seed})`,
)
if (options.table !== undefined) writeFileSync(options.table, `${table}\n`)
if (missed > 0) process.exitCode = 1

function argsOf({ args = [] }: Campaign): string[] {
  return [...args, '--seed', options.seed, ...(options.tenth ? ['--tenth'] : [])]
}

async function run(one: Campaign): Promise<{ code: number; last: string; seconds: number }> {
  const started = performance.now()
  const child = spawn(process.execPath, [join(SCRIPTS, `${one.script}.ts`), ...argsOf(one)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let last = `${one.script}: no output`
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line)
    if (line.trim() !== '') last = line
  })
  const code = await new Promise<number>((settle, fail) => {
    child.once('error', fail)
    child.once('close', (status) => settle(status ?? 128))
  })
  return { code, last, seconds: Math.round((performance.now() - started) / 1000) }
}
