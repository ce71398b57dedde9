import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BitCdnError } from '../errors.ts'

/** A long-running command of this data folder, as it describes itself in `run/<name>.json`. */
export interface Running {
  readonly name: string
  readonly pid: number
  readonly startedAt: string
  /** It heard "bitcdn pause". */
  readonly paused?: boolean
  /** What it serves and where; for people and for `status --json`. */
  readonly details: Readonly<Record<string, unknown>>
}

const folder = (home: string): string => join(home, 'run')
const file = (home: string, name: string): string => join(folder(home), `${name}.json`)

/** Whether it is what people call `name`: of some commands several may run. */
export function isNamed(running: Running, name: string): boolean {
  return running.name === name || running.name.startsWith(`${name}-`)
}

/** Is there while the running `name` is to rest. */
export const pauseFile = (home: string, name: string): string => join(folder(home), `${name}.paused`)

/** Refuses a second one of the same name: two would share keys, ledger and nonces. */
export function refuseSecond(home: string, name: string): void {
  // in a container every process has the number that the last one had
  const other = listRunning(home).find((running) => running.name === name && running.pid !== process.pid)
  if (other === undefined) return
  const what = name === 'seed' ? 'seeder' : name
  throw new BitCdnError('port-in-use', `A ${what} of this data folder runs already, as process ${other.pid}.`, {
    advice: `End it with "bitcdn stop ${name}", or give this one a data folder of its own with --home.`,
  })
}

/** Says that this process is the running `name`; answers how to take that back. */
export function announceRunning(home: string, name: string, details: Running['details']): () => void {
  mkdirSync(folder(home), { recursive: true, mode: 0o700 })
  rmSync(pauseFile(home, name), { force: true })
  const running: Running = { name, pid: process.pid, startedAt: new Date().toISOString(), details }
  write(home, running)
  return () => forget(home, name)
}

/** Says that this process rests, or that it does no more. */
export function markPaused(home: string, name: string, paused: boolean): void {
  const running = read(file(home, name))
  if (running !== null) write(home, { ...running, paused })
}

/** Says anew what this process does. */
export function describeRunning(home: string, name: string, details: Running['details']): void {
  const running = read(file(home, name))
  if (running !== null) write(home, { ...running, details })
}

/** Asks a program to rest or to go on, and waits until it has heard. Throws `refused` when it does not within `timeout` ms. */
export async function askToPause(
  home: string,
  { name, pid }: Running,
  paused: boolean,
  signal: AbortSignal,
  timeout = 10_000,
): Promise<void> {
  if (paused) writeFileSync(pauseFile(home, name), '', { mode: 0o600 })
  else rmSync(pauseFile(home, name), { force: true })
  const deadline = performance.now() + timeout
  while ((read(file(home, name))?.paused ?? false) !== paused) {
    if (!isAlive(pid)) return
    if (performance.now() > deadline) {
      throw new BitCdnError('refused', `${name} (process ${pid}) has not heard it after ${timeout / 1000} s.`, {
        advice: 'It may be busy: look again with "bitcdn status".',
        retry: true,
      })
    }
    await new Promise((settle) => setTimeout(settle, 50))
    signal.throwIfAborted()
  }
}

/** Whoever reads it sees the old one or the new one. */
function write(home: string, running: Running): void {
  const path = file(home, running.name)
  writeFileSync(`${path}.new`, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function forget(home: string, name: string): void {
  rmSync(file(home, name), { force: true })
  rmSync(pauseFile(home, name), { force: true })
}

/** Those that really run; the files of those that were killed are removed. */
export function listRunning(home: string): Running[] {
  const found: Running[] = []
  for (const entry of existing(home)) {
    const running = read(join(folder(home), entry))
    if (running !== null && isAlive(running.pid)) found.push(running)
    else forget(home, entry.slice(0, -'.json'.length))
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
    return Number.isInteger(value.pid) && value.pid >= 1 ? value : null
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
    return pid > 1
  }
}
