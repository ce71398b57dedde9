// A mutation run over the contracts: how many small changes of them would the tests notice? `npm run test:mutation`.
//   --sample 0.1   a seeded tenth (CI), --seed 7 another one, --jobs 2 processes, --only PassState mutants whose place
//   contains that, --json FILE the whole list, --list only the list.
import { type ChildProcess, fork } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildSchemata, codeOf, type Mutant } from './schemata.ts'
import type { Answer, Order, Verdict } from './worker.ts'

/** How a worker's process came to its end. */
interface Ended {
  readonly ended: string
}

const LEAST = 0.95
const ROOMS = ['settlement', 'revenue', 'passes', 'registry']
/** Which test files may notice a change in a room, the likeliest first. */
const TESTS: Record<string, string[]> = {
  settlement: [
    'edges-settlement',
    'errors',
    'settlement',
    'attacks',
    'attacks-by-order-and-bytes',
    'lines',
    'reentrancy',
    'wallets',
  ],
  revenue: ['edges-revenue', 'errors', 'revenue', 'reentrancy', 'passes', 'registry'],
  passes: ['edges-passes', 'errors', 'passes', 'readers', 'wallets', 'reentrancy', 'registry'],
  registry: ['errors', 'registry', 'edges-passes', 'passes'],
}

const { values: options } = parseArgs({
  options: {
    sample: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(Math.min(availableParallelism(), 4)) },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
})

const began = performance.now()
const files = globSync(`contracts/{${ROOMS.join(',')}}/*.sol`).sort()
const { mutants: all, sources, refused } = buildSchemata(files, globSync('contracts/mocks/*Harness.sol'))
const chosen = all.filter(
  (mutant) =>
    describe(mutant).includes(options.only) && lot(`${options.seed}:${describe(mutant)}`) < Number(options.sample),
)
say(`${all.length} mutants, ${refused} more that do not compile; ${chosen.length} chosen with seed ${options.seed}`)
if (options.list) {
  for (const mutant of chosen) say(describe(mutant))
} else {
  const scratch = mkdtempSync(join(tmpdir(), 'bitcdn-mutation-'))
  try {
    writeProject(scratch)
    say(`built after ${seconds()}`)
    report(await judgeAll(scratch))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** A Hardhat project whose artifacts hold the mutants; the tests stay where they are. */
function writeProject(scratch: string): void {
  const code = codeOf(sources, { viaIR: true, optimizer: { enabled: false } })
  for (const path of globSync('artifacts/contracts/**/*.json')) {
    const artifact = JSON.parse(readFileSync(path, 'utf8'))
    const built = code[artifact.sourceName]?.[artifact.contractName]
    if (built) {
      artifact.bytecode = `0x${built.evm.bytecode.object}`
      artifact.deployedBytecode = `0x${built.evm.deployedBytecode.object}`
      artifact.buildInfoId = undefined
    }
    mkdirSync(join(scratch, dirname(path)), { recursive: true })
    writeFileSync(join(scratch, path), JSON.stringify(artifact))
  }
  for (const name of ['node_modules', 'contracts', 'test', 'docs', 'scripts'])
    symlinkSync(resolve(name), join(scratch, name))
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(
    join(scratch, 'hardhat.config.ts'),
    `import toolbox from '@nomicfoundation/hardhat-toolbox-mocha-ethers'
export default {
  plugins: [toolbox],
  solidity: '0.8.37',
  networks: {
    default: {
      type: 'edr-simulated', chainType: 'l1', hardfork: 'prague',
      allowUnlimitedContractSize: true, blockGasLimit: 24_000_000n, // a call that never ends is traced step by step, into memory
    },
  },
}
`,
  )
}

async function judgeAll(scratch: string): Promise<Map<number, Verdict>> {
  const testsOf = (room: string) =>
    TESTS[room]!.map((name) => resolve(`test/contracts/${name}.ts`)).filter((path) => globSync(path).length > 0)
  const everything = [...new Set(ROOMS.flatMap(testsOf))]
  const verdicts = new Map<number, Verdict>()
  const queue = [...chosen]
  const work = async () => {
    let child = await startWorker(scratch, everything)
    try {
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
        const order = { mutant, files: testsOf(basename(dirname(mutant.file))) }
        let verdict = await ask(child, order)
        if ('ended' in verdict) {
          child = await startWorker(scratch, everything) // by this mutant, or by a machine without memory left
          verdict = await ask(child, order)
        }
        if ('ended' in verdict) {
          child = await startWorker(scratch, everything)
          verdict = { id: mutant.id, killer: 'none: it ends the process', why: verdict.ended }
        }
        if (!('id' in verdict)) throw new Error('A worker answered something else than a verdict.')
        verdicts.set(verdict.id, verdict)
        if (!verdict.killer) say(`survived: ${describe(mutant)}`)
        if (verdicts.size % 100 === 0) say(`${verdicts.size} of ${chosen.length} after ${seconds()}`)
      }
      const last = await ask(child, 'baseline')
      if ('ended' in last) throw new Error(last.ended)
    } finally {
      child.kill()
    }
  }
  await Promise.all(Array.from({ length: Number(options.jobs) }, work))
  return verdicts
}

/** A process in which all tests pass without a mutant. */
async function startWorker(scratch: string, tests: readonly string[]): Promise<ChildProcess> {
  const child = fork(new URL('worker.ts', import.meta.url), [process.cwd(), ...tests], { cwd: scratch })
  await answer(child)
  const green = await ask(child, 'baseline')
  if (!('ready' in green)) throw new Error('A worker cannot run the tests without a mutant.')
  say(`${green.ready} tests pass without a mutant, after ${seconds()}`)
  return child
}

async function ask(child: ChildProcess, order: Order | 'baseline'): Promise<Answer | Ended> {
  if (child.connected) child.send(order)
  return answer(child)
}

function answer(child: ChildProcess): Promise<Answer | Ended> {
  return new Promise((done, fail) => {
    const ended = (code: number | null, signal: string | null) =>
      done({ ended: `A worker ended with ${signal ?? code}.` })
    if (child.exitCode !== null || child.signalCode !== null) return ended(child.exitCode, child.signalCode)
    child.once('exit', ended)
    child.once('message', (message: Answer) => {
      child.off('exit', ended)
      if ('failed' in message) fail(new Error(message.failed))
      else done(message)
    })
  })
}

function report(verdicts: ReadonlyMap<number, Verdict>): void {
  const rows = ROOMS.map((room) => {
    const its = chosen.filter(({ file }) => basename(dirname(file)) === room)
    return { room, killed: its.filter(({ id }) => verdicts.get(id)!.killer).length, of: its.length }
  })
  for (const { room, killed, of } of rows) say(`${room}: ${killed} of ${of} killed (${percent(killed, of)})`)
  const proof = rows.filter(({ room }) => room !== 'registry')
  const [killed, of] = [sum(proof.map((row) => row.killed)), sum(proof.map((row) => row.of))]
  say(`settlement, revenue and passes: ${killed} of ${of} killed, ${percent(killed, of)}, after ${seconds()}`)
  if (options.json) {
    const list = chosen.map((mutant) => ({ ...mutant, ...verdicts.get(mutant.id) }))
    writeFileSync(options.json, `${JSON.stringify({ seed: options.seed, killed, of, rows, mutants: list }, null, 1)}\n`)
  }
  if (killed < LEAST * of) {
    say(`That is below ${LEAST * 100} %: add tests that notice the survivors above, or explain them in MUTANTS.md.`)
    process.exitCode = 1
  }
}

function describe({ file, line, within, original, what }: Mutant): string {
  return `${file}:${line} ${within}: ${original} → ${what}`
}

/** 0 to 1, the same for the same text. */
function lot(text: string): number {
  let hash = 0x811c9dc5
  for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

function percent(part: number, whole: number): string {
  return whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(1)} %`
}

function seconds(): string {
  return `${((performance.now() - began) / 1000).toFixed(0)} s`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
