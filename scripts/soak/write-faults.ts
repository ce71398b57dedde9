// A full disk (ENOSPC) and a failing one (EIO) at every write, flush and growth of a ledger's files, once and from there on,
// until the workload runs through; then disks that are really full and become larger. Nothing that was answered for may be
// lost, every failure is a typed error, what is stored can be read meanwhile, and it goes on when the disk does.
//   node scripts/soak/write-faults.ts [--runs TURNS] [--seed N] [--tenth]
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { campaign } from './campaign.ts'
import type { FailingReport } from './disk/failing.ts'
import { buildDisk, onDisk } from './disk.ts'

const FAILING = resolve(import.meta.dirname, 'disk/failing.ts')
const FULL = resolve(import.meta.dirname, 'disk/full.ts')
const ERRNOS = { ENOSPC: 28, EIO: 5 }
/** Places that one process tries. */
const BATCH = 50
const execute = promisify(execFile)

await campaign({ name: 'ENOSPC and EIO at every write', runs: 200, tenth: 20 }, async (run) => {
  const library = buildDisk(run.folder)
  /** A tenth of the time goes to every fourth place of a shorter workload. */
  const step = run.tenth ? 4 : 1
  const variants = Object.entries(ERRNOS).flatMap(([name, errno]) =>
    ['once', 'stays'].map((how) => ({ name, errno, how, next: run.seed % step, done: false })),
  )
  const sum = { places: 0, held: 0, unnoticed: 0, codes: {} as Record<string, number> }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  const disks = await fullDisks(run.tenth ? 4 : 40)
  const codes = Object.entries(sum.codes).map(([code, count]) => `${count} ${code}`)
  return `${sum.places} places, ${sum.held} receipts held, 0 lost; calls failed with ${codes.join(', ')}; ${sum.unnoticed} failures touched nobody's call; ${disks}`

  async function work(): Promise<void> {
    for (;;) {
      const variant = variants.find(({ done }) => !done)
      if (variant === undefined) return
      const first = variant.next
      variant.next += BATCH * step
      const folder = join(run.folder, `${variant.name}-${variant.how}-${first}`)
      mkdirSync(folder)
      const prefix = join(folder, 'l')
      const { stdout } = await execute(
        process.execPath,
        [FAILING, prefix, ...[run.seed, run.runs, variant.errno, variant.how, first, step, BATCH].map(String)],
        { env: onDisk(library, prefix) },
      )
      const report = JSON.parse(stdout) as FailingReport
      if (report.failure !== null) {
        const { place, what } = report.failure
        throw new Error(`${variant.name} (${variant.how}) at call ${place}: ${what}`)
      }
      if (report.ranThrough) variant.done = true
      sum.places += report.places
      sum.held += report.held
      sum.unnoticed += report.unnoticed
      for (const [code, count] of Object.entries(report.codes)) sum.codes[code] = (sum.codes[code] ?? 0) + count
      run.say(`${variant.name} ${variant.how}: ${report.places} places from ${first} on`)
    }
  }

  async function fullDisks(count: number): Promise<string> {
    const mount = join(run.folder, 'disk')
    mkdirSync(mount)
    let held = 0
    for (let at = 0; at < count; at++) {
      const script = `mount -t tmpfs -o size=2m tmpfs '${mount}' && exec "$@"`
      const args = ['-rm', 'sh', '-c', script, 'sh', process.execPath, FULL, mount, String(run.seed + at)]
      const { stdout } = await execute('unshare', args)
      const found = JSON.parse(stdout) as { heldWhenFull: number; held: number }
      if (found.held <= found.heldWhenFull) throw new Error(`Disk ${at} took nothing after it had become larger.`)
      held += found.held
    }
    return `${count} full disks that became larger, ${held} receipts held, 0 lost`
  }
})
