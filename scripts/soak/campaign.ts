// The frame of a campaign: arguments, seed, and the last line with the figure.
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, type Random } from '../../test/parity/random.ts'

export interface Run {
  readonly seed: number
  /** How many cases to run. */
  readonly runs: number
  /** The first case; others than 0 repeat what failed. */
  readonly from: number
  /** A tenth of the full run: what is not counted in cases is smaller too. */
  readonly tenth: boolean
  /** Empty at the start, removed at the end (kept when the bar was missed). */
  readonly folder: string
  /** The generator of one case: the same for the same seed and case. */
  random(index?: number): Random
  /** Tells where it stands, for whoever watches. */
  say(text: string): void
}

export interface CampaignInit {
  /** What is counted, in the words of the last line. */
  readonly name: string
  /** Cases of the full run. */
  readonly runs: number
  /** Cases in CI; default a tenth. */
  readonly tenth?: number
}

/** A bar that was missed in one case: with its number the same case comes again where it does not hang on time. */
export class CaseFailure extends Error {
  readonly index: number

  constructor(index: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.index = index
  }
}

/** Runs `work`, which resolves to the figure and throws when the bar is missed. Ends the process by its exit code. */
export async function campaign(init: CampaignInit, work: (run: Run) => Promise<string>): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      runs: { type: 'string' },
      from: { type: 'string', default: '0' },
      tenth: { type: 'boolean', default: false },
    },
  })
  const seed = values.seed === undefined ? randomInt(2 ** 31) : whole('seed', values.seed)
  const { tenth } = values
  const usual = tenth ? (init.tenth ?? Math.ceil(init.runs / 10)) : init.runs
  const runs = values.runs === undefined ? usual : whole('runs', values.runs)
  const from = whole('from', values.from)
  const folder = mkdtempSync(join(tmpdir(), `bitcdn-${basename(process.argv[1] ?? 'soak', '.ts')}-`))
  const started = performance.now()
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(0)
  console.log(`${init.name}: seed ${seed}, ${runs} runs`)
  try {
    const figure = await work({
      ...{ seed, runs, from, tenth, folder },
      random: (index = 0) => createRandom(String(seed), index),
      say: (text) => console.log(`  ${seconds()} s: ${text}`),
    })
    rmSync(folder, { recursive: true, force: true })
    console.log(`${init.name}: ${figure} (seed ${seed}, ${seconds()} s)`)
  } catch (error) {
    const again = error instanceof CaseFailure ? `--from ${error.index} --runs 1` : `--runs ${runs}`
    console.error(error)
    console.error(`What it left is in ${folder}. Once more: node ${process.argv[1]} --seed ${seed} ${again}`)
    console.log(`${init.name}: MISSED: ${(error as Error).message} (seed ${seed}, ${seconds()} s)`)
    process.exitCode = 1
  }
}

function whole(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`--${name} is ${text}, expected a whole number.`)
}
