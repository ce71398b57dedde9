import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BitCdnError } from '../errors.ts'

/** A long-running command of this data folder, as it describes itself in `run/<name>.json`. */
export interface Running {
  readonly name: string
  readonly pid: number
  readonly startedAt: string
  /** What it serves and where; for people and for `status --json`. */
  readonly details: Readonly<Record<string, unknown>>
}

const folder = (home: string): string => join(home, 'run')
const file = (home: string, name: string): string => join(folder(home), `${name}.json`)

/** Refuses a second one of the same name: two would share keys, ledger and nonces. */
export function refuseSecond(home: string, name: string): void {
  const other = listRunning(home).find((running) => running.name === name)
  if (other === undefined) return
  const what = name === 'seed' ? 'seeder' : name
  throw new BitCdnError('port-in-use', `A ${what} of this data folder runs already, as process ${other.pid}.`, {
    advice: `End it with "bitcdn stop ${name}", or give this one a data folder of its own with --home.`,
  })
}

/** Says that this process is the running `name`; answers how to take that back. */
export function announceRunning(home: string, name: string, details: Running['details']): () => void {
  mkdirSync(folder(home), { recursive: true, mode: 0o700 })
  const running: Running = { name, pid: process.pid, startedAt: new Date().toISOString(), details }
  writeFileSync(file(home, name), `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 })
  return () => rmSync(file(home, name), { force: true })
}

/** Those that really run; the files of those that were killed are removed. */
export function listRunning(home: string): Running[] {
  const found: Running[] = []
  for (const entry of existing(home)) {
    const running = read(join(folder(home), entry))
    if (running !== null && isAlive(running.pid)) found.push(running)
    else rmSync(join(folder(home), entry), { force: true })
  }
  return found
}

/** Asks a program to end, and waits until it has. Throws `refused` when it does not within `timeout` ms. */
export async function stopRunning(running: Running, signal: AbortSignal, timeout = 30_000): Promise<void> {
  process.kill(running.pid, 'SIGTERM')
  const deadline = performance.now() + timeout
  while (isAlive(running.pid)) {
    if (performance.now() > deadline) {
      throw new BitCdnError(
        'refused',
        `${running.name} (process ${running.pid}) has not ended after ${timeout / 1000} s.`,
        {
          advice: `It may be finishing transfers. End it at once with: kill -9 ${running.pid}`,
          retry: true,
        },
      )
    }
    await new Promise((settle) => setTimeout(settle, 50))
    signal.throwIfAborted()
  }
}

function existing(home: string): string[] {
  try {
    return readdirSync(folder(home)).filter((entry) => entry.endsWith('.json'))
  } catch {
    return []
  }
}

function read(path: string): Running | null {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Running
    return Number.isInteger(value.pid) && value.pid > 1 ? value : null
  } catch {
    return null
  }
}

/** The process exists and is ours; where /proc tells, also that the number was not given to another program since. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    if (/\) Z /.test(status)) return false
    return /cli\/main|bitcdn/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
  } catch {
    return true
  }
}
