// The power fails while a ledger works: 10,000 times, each with another part of what nobody had flushed, torn and out of
// order. Every write of the real ledger goes through disk.c; what a cut leaves is opened by the real ledger again. In one
// workload of five a flush fails now and then, too. The same with synchronous NORMAL must lose something, or the test is blind.
//   node scripts/soak/power-cut.ts [--runs 10000] [--seed N] [--from IMAGE] [--tenth]
import { type ExecFileOptions, execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { CaseFailure, campaign, type Run } from './campaign.ts'
import type { Judgement } from './disk/judge.ts'
import { buildDisk, onDisk } from './disk.ts'

const WRITER = resolve(import.meta.dirname, 'disk/writer.ts')
const JUDGE = resolve(import.meta.dirname, 'disk/judge.ts')
const IMAGES_PER_WORKLOAD = 500
const TURNS = 2_000
const CONTROL_IMAGES = 100

await campaign({ name: 'power cuts of a ledger', runs: 10_000 }, async (run) => {
  const library = buildDisk(run.folder)
  const control = await judge(run, library, 'control', { first: 0, images: CONTROL_IMAGES, mode: ['normal'] })
  run.say(`synchronous NORMAL lost something in ${control.lost} of ${control.images}`)
  if (control.lost === 0) throw new Error('With synchronous NORMAL nothing was lost: this test cannot see a loss.')

  const begun = performance.now()
  const queue: { workload: number; first: number; images: number }[] = []
  for (let image = run.from; image < run.from + run.runs; ) {
    const workload = Math.floor(image / IMAGES_PER_WORKLOAD)
    const end = Math.min((workload + 1) * IMAGES_PER_WORKLOAD, run.from + run.runs)
    queue.push({ workload, first: image - workload * IMAGES_PER_WORKLOAD, images: end - image })
    image = end
  }
  let images = 0
  let held = 0
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const mode = next.workload % 5 === 1 ? ['failing'] : []
        const found = await judge(run, library, String(next.workload), { ...next, mode })
        images += found.images
        held += found.held
        run.say(`${images} images`)
        const [example] = found.examples
        if (example === undefined) continue
        throw new CaseFailure(
          next.workload * IMAGES_PER_WORKLOAD + example.image,
          `${found.lost} of ${found.images} images lost something: ${example.what}`,
        )
      }
    }),
  )
  const rate = Math.round((images * 1000) / (performance.now() - begun))
  const average = Math.round(held / images)
  return `${images} images, ${average} receipts held before each on average, 0 lost; ${control.lost} of ${control.images} lost with synchronous NORMAL; ${rate} images/s`
})

interface Cut {
  readonly first: number
  readonly images: number
  readonly mode: readonly string[]
}

async function judge(run: Run, library: string, name: string, { first, images, mode }: Cut): Promise<Judgement> {
  const seed = `${run.seed}-${name}`
  const folder = join(run.folder, name)
  mkdirSync(folder)
  const path = join(folder, 'ledger.sqlite')
  const log = join(folder, 'log')
  await node([WRITER, path, seed, String(TURNS), ...mode], { env: onDisk(library, path, log) })
  // images live for a moment only: in memory where the system offers it
  const scratch = join(existsSync('/dev/shm') ? '/dev/shm' : run.folder, `bitcdn-cut-${process.pid}-${name}`)
  const said = await node([JUDGE, log, seed, String(images), String(first), scratch])
  const judgement = JSON.parse(said) as Judgement
  if (judgement.lost === 0) rmSync(folder, { recursive: true })
  return judgement
}

async function node(args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { ...options, encoding: 'utf8' })
  return stdout
}
