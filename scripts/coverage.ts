// Every line and statement of the contracts must be run by the tests. Hardhat builds instrumented code into artifacts/, so
// that this runs in a copy of the project.
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const COPIED = ['contracts', 'test/contracts', 'test/parity', 'scripts/ignition', 'src', 'types', 'docs']
const FILES = ['hardhat.config.ts', 'package.json', 'tsconfig.json']
/** Instrumented code costs other gas and has another ABI file. */
const LEFT_OUT = ['abi.ts', 'limits.ts', 'parity.ts']

const scratch = mkdtempSync(join(tmpdir(), 'bitcdn-coverage-'))
try {
  for (const path of [...COPIED, ...FILES]) cpSync(path, join(scratch, path), { recursive: true })
  symlinkSync(resolve('node_modules'), join(scratch, 'node_modules'))
  const tests = globSync('test/contracts/*.ts').filter((path) => !LEFT_OUT.includes(basename(path)))
  const hardhat = resolve('node_modules/hardhat/dist/src/cli.js')
  const options = { cwd: scratch, encoding: 'utf8', maxBuffer: 1 << 28 } as const
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [hardhat, 'test', 'mocha', ...tests, '--coverage'],
    options,
  )
  if (status !== 0) throw new Error(`The tests fail with coverage:\n${stdout}\n${stderr}`)
  const told = stripVTControlCharacters(stdout)
  process.stdout.write(told.slice(told.indexOf('Coverage Report') - 4))
  const missed = missedLines(readFileSync(join(scratch, 'coverage/lcov.info'), 'utf8'))
  const total = told.split('\n').find((line) => /^\W*Total/.test(line))
  const full = total?.match(/100\.00/g)?.length === 2
  if (missed.length > 0 || !full) {
    process.stderr.write(`Not run by any test: ${missed.join(', ') || total}. Add tests for them.\n`)
    process.exitCode = 1
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** `file:line` of every line that was never hit. */
function missedLines(lcov: string): string[] {
  let file = ''
  return lcov.split('\n').flatMap((line) => {
    file = /^SF:(.*)$/.exec(line)?.[1] ?? file
    const [, number, hits] = /^DA:(\d+),(\d+)/.exec(line) ?? []
    return hits === '0' ? [`${file}:${number}`] : []
  })
}
